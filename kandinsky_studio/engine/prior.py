"""From words to an image embedding: the text encoder, and the prior's own sampling loop.

The prior reads a causal sequence of text tokens, text embedding, timestep, noisy image embedding and a token to
answer in. What stands before the timestep never sees it, so its keys and values are computed once per picture and
not once per step: of 81 tokens, a step computes three.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from kandinsky_studio.engine.schedulers import part_of_the_way, step_arguments

_ANSWER_TOKENS = 3  # timestep, noisy image embedding, answer


@dataclass(frozen=True, eq=False)
class TextEncoding:
    """A prompt as the prior reads it, on the model's device and in its dtype.

    ``hidden_states`` (1, n, D) of the n tokens without padding, ``text_embeds`` (1, D).
    """

    hidden_states: torch.Tensor
    text_embeds: torch.Tensor


@torch.inference_mode()
def encode_text(tokenizer: Any, text_encoder: Any, prompt: str) -> TextEncoding:
    """``prompt``, cut off after the tokenizer's 77 tokens.

    Padding is left out: the encoder is causal and the prior masks it, so that it changes nothing.
    """
    readable = prompt.encode("utf-8", "replace").decode()  # a lone surrogate from a terminal would stop the tokenizer
    tokens = tokenizer(readable, truncation=True, max_length=tokenizer.model_max_length, return_tensors="pt")
    encoded = text_encoder(tokens.input_ids.to(text_encoder.device))
    return TextEncoding(encoded.last_hidden_state, encoded.text_embeds)


@torch.inference_mode()
def encode_nothing(image_encoder: Any) -> torch.Tensor:
    """The embedding (1, D), float32 on the CPU, of an image of zeros: what guidance leads away from by default."""
    size = image_encoder.config.image_size
    zeros = torch.zeros(1, 3, size, size, device=image_encoder.device, dtype=image_encoder.dtype)
    embeds: torch.Tensor = image_encoder(zeros).image_embeds
    return embeds.float().cpu()


@dataclass(frozen=True, eq=False)
class Drift:
    """Where the prior starts if not from noise: ``image_embeds`` (1, D), of which the share ``strength`` (0…1) of its
    steps may change what they can."""

    image_embeds: torch.Tensor
    strength: float


@torch.inference_mode()
def sample_prior(
    prior: Any,
    scheduler: Any,
    prompt: TextEncoding,
    empty: TextEncoding | None,
    negative: TextEncoding | None,
    *,
    num_inference_steps: int,
    guidance_scale: float,
    generator: torch.Generator,
    on_step: Callable[[int], None],
    drift: Drift | None = None,
) -> torch.Tensor:
    """Image embeddings (1, D) of ``prompt``, or (2, D) of ``prompt`` and ``negative``: float32, on the CPU.

    ``scheduler`` is what :func:`schedulers.build_prior_scheduler` made. Guidance leads away from ``negative``, or from
    ``empty`` (the encoding of ``""``, not needed otherwise); up to 1 there is none. The negative prompt is a second
    sample of the same noise stream, as in the stock pipeline: guided away from itself, that is not guided at all.

    ``drift`` starts from an embedding instead of from noise, as KandinskyV22PriorEmb2EmbPipeline does, but noises it
    in the prior's own normalised space. ``on_step`` is called after each step with the number of steps done.
    """
    samples = [prompt] if negative is None else [prompt, negative]
    rows, of_sample = list(samples), list(range(len(samples)))  # a row of the batch → the sample it continues
    guided = guidance_scale > 1
    if guided:
        away = negative or empty
        assert away is not None
        rows.append(away)
        of_sample.append(0)
    context = _Context(prior, rows)
    mean, deviation = prior.clip_mean.float().cpu(), prior.clip_std.float().cpu()

    scheduler.set_timesteps(num_inference_steps)
    timesteps = scheduler.timesteps
    latents = torch.randn((len(samples), prior.config.embedding_dim), generator=generator)
    if drift is None:
        latents = latents * scheduler.init_noise_sigma
    else:
        timesteps = part_of_the_way(scheduler, drift.strength)
        start = ((drift.image_embeds - mean) / deviation).expand_as(latents)
        latents = scheduler.add_noise(start, latents, timesteps[:1].expand(len(latents)))
    extra = step_arguments(scheduler, generator)
    takes_previous = "prev_timestep" in inspect.signature(scheduler.step).parameters
    for i, t in enumerate(timesteps):
        predicted = context.predict(scheduler.scale_model_input(latents, t)[of_sample], t)
        if guided:
            unguided = predicted[-1:]
            predicted = torch.cat([unguided + guidance_scale * (predicted[:1] - unguided), predicted[1:-1]])
        if takes_previous:
            extra["prev_timestep"] = timesteps[i + 1] if i + 1 < len(timesteps) else None
        latents = scheduler.step(predicted, t, latents, **extra, return_dict=False)[0]
        on_step(i + 1)
    embeds: torch.Tensor = latents * deviation + mean
    return embeds


class _Context:
    """The part of the prior's sequence that no step changes: its keys and values in every block."""

    def __init__(self, prior: Any, rows: Sequence[TextEncoding]) -> None:
        self._prior = prior
        lengths = [row.hidden_states.shape[1] for row in rows]
        longest = max(lengths)
        position = prior.positional_embedding  # (1, 77 + 4, C)
        hidden = torch.cat(
            [functional.pad(row.hidden_states, (0, 0, 0, longest - n)) for row, n in zip(rows, lengths, strict=True)]
        )
        hidden = prior.encoder_hidden_states_proj(hidden) + position[:, :longest]
        embeds = prior.embedding_proj(torch.cat([row.text_embeds for row in rows])) + position[:, -4]
        tokens = torch.cat([hidden, embeds[:, None]], dim=1)  # (rows, n + 1, C)

        # Of the n + 1 + 3 tokens each may look at the ones up to itself that are not padding.
        total = longest + 1 + _ANSWER_TOKENS
        real = torch.ones(len(rows), total, dtype=torch.bool, device=tokens.device)
        for row, n in enumerate(lengths):
            real[row, n:longest] = False
        causal = torch.ones(total, total, dtype=torch.bool, device=tokens.device).tril()
        visible = (causal & real[:, None]).unsqueeze(1)  # (rows, 1, total, total)
        self._visible = visible[:, :, -_ANSWER_TOKENS:]
        own = visible[:, :, : longest + 1, : longest + 1]

        self._position = position[:, -_ANSWER_TOKENS:]
        self._past: list[tuple[torch.Tensor, torch.Tensor]] = []
        for block in prior.transformer_blocks:
            tokens, keys, values = _block(block, tokens, own)
            self._past.append((keys, values))

    def predict(self, latents: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        """The predicted embeddings (rows, D), float32 on the CPU, for noisy ones (rows, D) at ``timestep``."""
        prior = self._prior
        latents = latents.to(prior.device, prior.dtype)
        time = prior.time_embedding(prior.time_proj(timestep[None].to(prior.device)).to(prior.dtype))
        rows = latents.shape[0]
        tokens = torch.stack(
            [time.expand(rows, -1), prior.proj_in(latents), prior.prd_embedding[0].expand(rows, -1)], dim=1
        )
        tokens = tokens + self._position
        for block, past in zip(prior.transformer_blocks, self._past, strict=True):
            tokens, _, _ = _block(block, tokens, self._visible, past)
        predicted: torch.Tensor = prior.proj_to_clip_embeddings(prior.norm_out(tokens)[:, -1])
        return predicted.float().cpu()


def _block(
    block: Any, tokens: torch.Tensor, visible: torch.Tensor, past: tuple[torch.Tensor, torch.Tensor] | None = None
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """One block of the prior's transformer on ``tokens`` (B, n, C), which see ``past`` and themselves.

    ``visible`` (B, 1, n, all) says what they see. Returns the new tokens, and keys and values (B, heads, n, C / heads)
    of these tokens.
    """
    attention = block.attn1
    normed = block.norm1(tokens)
    query, keys, values = (
        project(normed).unflatten(-1, (attention.heads, -1)).transpose(1, 2)
        for project in (attention.to_q, attention.to_k, attention.to_v)
    )
    seen_keys, seen_values = (
        (keys, values)
        if past is None
        else (
            torch.cat([past[0], keys], dim=2),
            torch.cat([past[1], values], dim=2),
        )
    )
    attended = functional.scaled_dot_product_attention(query, seen_keys, seen_values, attn_mask=visible)
    tokens = tokens + attention.to_out[0](attended.transpose(1, 2).flatten(2))
    return tokens + block.ff(block.norm3(tokens)), keys, values
