"""Stages ``tokenizer`` and ``text``: the text tower learns to write down exactly what a caption states."""

from __future__ import annotations

import numpy as np
import torch
from transformers import CLIPTextModelWithProjection, CLIPTokenizer

from kandinsky_studio.engine.training.captions import LANGUAGES, Caption, caption, captions_of
from kandinsky_studio.engine.training.code import SLOT_SIZE, embed, first_slot, read
from kandinsky_studio.engine.training.loop import Loss
from kandinsky_studio.engine.training.scenes import COLOUR_NAMES, Scene, random_scene

BATCH = 128
EMPTY_SHARE = 0.05  # captions that say nothing, so that the unconditional half of guidance is known


def training_texts(count: int = 20_000, seed: int = 7) -> list[str]:
    """Captions in all languages, for the tokenizer."""
    rng = np.random.default_rng(seed)
    return [each.text for each in captions_of([random_scene(rng) for _ in range(count)], rng)]


def tokenize(tokenizer: CLIPTokenizer, texts: list[str], device: str = "cpu") -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and mask, int64 (batch, longest): padded only as far as needed, which changes nothing but the time."""
    tokens = tokenizer(texts, padding="longest", truncation=True, max_length=77, return_tensors="pt")
    return tokens.input_ids.to(device), tokens.attention_mask.to(device)


def stated(captions: list[Caption], rng: np.random.Generator) -> tuple[list[str], np.ndarray]:
    """Texts and their target embeddings (batch, 256), a few of them empty with the zero vector."""
    texts = [each.text for each in captions]
    targets = embed(np.stack([each.attributes() for each in captions]))
    empty = rng.random(len(texts)) < EMPTY_SHARE
    targets[empty] = 0
    return ["" if blank else text for text, blank in zip(texts, empty, strict=True)], targets


def text_loss(model: CLIPTextModelWithProjection, tokenizer: CLIPTokenizer, device: str = "cpu") -> Loss:
    """Mean squared error to the stated attributes' embedding."""

    def loss(step: int, rng: np.random.Generator) -> torch.Tensor:
        scenes = [random_scene(rng) for _ in range(BATCH)]
        texts, targets = stated(captions_of(scenes, rng), rng)
        ids, mask = tokenize(tokenizer, texts, device)
        output = model(input_ids=ids, attention_mask=mask).text_embeds
        return torch.nn.functional.mse_loss(output.float(), torch.from_numpy(targets).to(device))

    return loss


@torch.inference_mode()
def embed_texts(model: CLIPTextModelWithProjection, tokenizer: CLIPTokenizer, texts: list[str]) -> np.ndarray:
    """Embeddings float32 (n, 256) of texts, computed where the model is."""
    device = str(next(model.parameters()).device)
    embeds = []
    for start in range(0, len(texts), BATCH):
        ids, mask = tokenize(tokenizer, texts[start : start + BATCH], device)
        embeds.append(model(input_ids=ids, attention_mask=mask).text_embeds.float().cpu().numpy())
    return np.concatenate(embeds)


def text_accuracy(
    model: CLIPTextModelWithProjection, tokenizer: CLIPTokenizer, count: int = 400, seed: int = 901
) -> dict[str, float]:
    """Share of held-out captions, by language, whose stated first colour, kind and ground are all read right."""
    rng = np.random.default_rng(seed)
    result = {}
    for language in LANGUAGES:
        scenes: list[Scene] = [random_scene(rng, 1 + k % 2) for k in range(count)]
        captions = [caption(scene, language, rng) for scene in scenes]
        embeds = embed_texts(model, tokenizer, [each.text for each in captions])
        got, true = read(embeds), np.stack([each.attributes() for each in captions])
        right = np.ones(count, bool)
        for slot_got, slot_true in zip(_choices(got), _choices(true), strict=True):
            known = np.abs(slot_true).sum(-1) > 0.1
            right &= ~known | (slot_got.argmax(-1) == slot_true.argmax(-1))
        result[language.code] = float(right.mean())
    return result


def _choices(values: np.ndarray) -> list[np.ndarray]:
    """The one-hot groups of attribute vectors: both shapes' colours and kinds, and the ground."""
    return [*first_slot(values), *first_slot(values[..., SLOT_SIZE:]), values[..., -len(COLOUR_NAMES) :]]
