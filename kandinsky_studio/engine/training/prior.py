"""Stage ``prior``: from a caption to a whole picture's embedding, filling in what the caption left open."""

from __future__ import annotations

import numpy as np
import torch
from diffusers import DDPMScheduler, PriorTransformer
from transformers import CLIPTextModelWithProjection, CLIPTokenizer

from kandinsky_studio.engine.training.captions import captions_of
from kandinsky_studio.engine.training.code import embed_scenes
from kandinsky_studio.engine.training.loop import Loss
from kandinsky_studio.engine.training.scenes import random_scene
from kandinsky_studio.engine.training.text import tokenize

BATCH = 96
EMPTY_SHARE = 0.1
TOKENS = 77
EXTRA = 4  # pooled text, time, noisy embedding, prediction


def measure_statistics(prior: PriorTransformer, count: int = 20_000, seed: int = 8) -> None:
    """Set ``clip_mean`` and ``clip_std`` to the embeddings' own, in place."""
    rng = np.random.default_rng(seed)
    codes = embed_scenes(random_scene(rng) for _ in range(count))
    prior.clip_mean.data[:] = torch.from_numpy(codes.mean(0))
    prior.clip_std.data[:] = torch.from_numpy(codes.std(0))


def noise_schedule() -> DDPMScheduler:
    """The forward process of the prior's UnCLIP sampler."""
    return DDPMScheduler(beta_schedule="squaredcos_cap_v2", prediction_type="sample", num_train_timesteps=1000)


def predict(
    prior: PriorTransformer,
    noisy: torch.Tensor,
    timesteps: torch.Tensor,
    text_embeds: torch.Tensor,
    states: torch.Tensor,
    mask: torch.Tensor,
) -> torch.Tensor:
    """The prior's forward pass with text of any length, not only the 77 tokens it was configured for.

    Padding is masked out, so leaving it away gives the same prediction for a quarter of the work; the position
    table and the causal mask are cut to fit meanwhile.
    """
    kept = [*range(states.shape[1]), *range(TOKENS, TOKENS + EXTRA)]
    cut = {
        "positional_embedding": prior.positional_embedding[:, kept],
        "causal_attention_mask": prior.causal_attention_mask[:, kept][:, :, kept],
    }
    words = {"proj_embedding": text_embeds, "encoder_hidden_states": states, "attention_mask": mask}
    output: torch.Tensor = torch.func.functional_call(prior, cut, (noisy, timesteps), words).predicted_image_embedding
    return output


def prior_loss(
    prior: PriorTransformer,
    text_encoder: CLIPTextModelWithProjection,
    tokenizer: CLIPTokenizer,
    device: str = "cpu",
) -> Loss:
    """Squared error of the predicted clean embedding, in normalised space."""
    schedule = noise_schedule()
    mean, std = prior.clip_mean.detach().to(device), prior.clip_std.detach().to(device)

    def loss(step: int, rng: np.random.Generator) -> torch.Tensor:
        scenes = [random_scene(rng) for _ in range(BATCH)]
        texts = [each.text for each in captions_of(scenes, rng)]
        texts = ["" if rng.random() < EMPTY_SHARE else text for text in texts]
        ids, mask = tokenize(tokenizer, texts, device)
        with torch.no_grad():
            text = text_encoder(input_ids=ids, attention_mask=mask)
        codes = torch.from_numpy(embed_scenes(scenes)).to(device)
        clean = (codes - mean) / std
        timesteps = torch.randint(0, 1000, (BATCH,), device=device)
        noise = torch.randn_like(clean)
        noisy = schedule.add_noise(clean, noise, timesteps)
        output = predict(prior, noisy, timesteps, text.text_embeds.float(), text.last_hidden_state.float(), mask)
        return torch.nn.functional.mse_loss(output.float(), clean)

    return loss
