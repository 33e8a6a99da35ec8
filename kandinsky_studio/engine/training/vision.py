"""Stage ``vision``: the vision tower learns to read a scene's attributes off its picture.

A dense loss beside the main one (what lies under each patch) teaches the shapes early; its head is thrown away.
"""

from __future__ import annotations

import numpy as np
import torch
from transformers import CLIPImageProcessorPil, CLIPVisionModelWithProjection

from kandinsky_studio.engine.request import Pixels
from kandinsky_studio.engine.training.code import embed_scenes, first_slot, read
from kandinsky_studio.engine.training.components import VISION_SIZE
from kandinsky_studio.engine.training.loop import Loss
from kandinsky_studio.engine.training.scenes import COLOUR_NAMES, SHAPES, Floats, Scene, coverage, draw, random_scene

BATCH = 64
PATCHES = 8  # along a side
BLANKS = 2  # inputs of zeros a batch, which say nothing: the stock pipelines' unconditional embedding
PIXEL_NOISE = 0.05


def make_dense_head(width: int = 192) -> torch.nn.Linear:
    """Per patch: scores for every shape kind and nothing, and the colour of what lies there."""
    return torch.nn.Linear(width, len(SHAPES) + 1 + len(COLOUR_NAMES))


def normalised(pictures: Pixels, processor: CLIPImageProcessorPil, device: str = "cpu") -> torch.Tensor:
    """uint8 (batch, 64, 64, 3) as the tower's input, float32 (batch, 3, 64, 64)."""
    mean, std = (torch.tensor(values)[:, None, None] for values in (processor.image_mean, processor.image_std))
    pixels = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
    return ((pixels - mean) / std).to(device)


def patch_truth(scenes: list[Scene]) -> tuple[np.ndarray, np.ndarray]:
    """Kind (``len(SHAPES)`` is none) and colour of what covers most of each patch: int64 (batch, 64)."""
    kinds = np.full((len(scenes), PATCHES, PATCHES), len(SHAPES), np.int64)
    colours = np.empty_like(kinds)
    for row, scene in enumerate(scenes):
        colours[row] = scene.background
        covers = coverage(scene.shapes, VISION_SIZE)
        side = VISION_SIZE // PATCHES
        shares: Floats = covers.reshape(len(covers), PATCHES, side, PATCHES, side).mean((2, 4))
        for shape, share in zip(scene.shapes, shares, strict=True):
            kinds[row][share > 0.15] = shape.kind
            colours[row][share > 0.5] = shape.colour
    return kinds.reshape(len(scenes), -1), colours.reshape(len(scenes), -1)


def vision_loss(
    model: CLIPVisionModelWithProjection,
    head: torch.nn.Linear,
    processor: CLIPImageProcessorPil,
    device: str = "cpu",
) -> Loss:
    """Squared error to the scene's embedding, and cross entropy per patch."""

    def loss(step: int, rng: np.random.Generator) -> torch.Tensor:
        scenes = [random_scene(rng) for _ in range(BATCH)]
        pixels = normalised(draw(scenes, VISION_SIZE, rng), processor, device)
        pixels = pixels + PIXEL_NOISE * torch.randn_like(pixels) * torch.rand(len(pixels), 1, 1, 1, device=device)
        targets = torch.from_numpy(embed_scenes(scenes)).to(device)
        pixels[:BLANKS] = 0
        targets[:BLANKS] = 0
        output = model(pixel_values=pixels)
        main = torch.nn.functional.mse_loss(output.image_embeds.float(), targets)
        scores = head(output.last_hidden_state[BLANKS:, 1:]).float()
        kinds, colours = (torch.from_numpy(truth[BLANKS:]).to(device) for truth in patch_truth(scenes))
        split = len(SHAPES) + 1
        dense = torch.nn.functional.cross_entropy(scores[..., :split].flatten(0, 1), kinds.flatten())
        dense = dense + torch.nn.functional.cross_entropy(scores[..., split:].flatten(0, 1), colours.flatten())
        return main + 0.1 * dense

    return loss


@torch.inference_mode()
def embed_pictures(model: CLIPVisionModelWithProjection, processor: CLIPImageProcessorPil, pictures: Pixels) -> Floats:
    """Embeddings float32 (batch, 256) of uint8 (batch, 64, 64, 3) pictures."""
    device = str(next(model.parameters()).device)
    parts = [
        model(pixel_values=normalised(pictures[start : start + BATCH], processor, device)).image_embeds.float().cpu()
        for start in range(0, len(pictures), BATCH)
    ]
    return torch.cat(parts).numpy()


def vision_accuracy(
    model: CLIPVisionModelWithProjection, processor: CLIPImageProcessorPil, count: int = 400, seed: int = 902
) -> dict[str, float]:
    """Shares of held-out one-shape pictures whose kind, colour and ground the tower reads right."""
    rng = np.random.default_rng(seed)
    scenes = [random_scene(rng, 1) for _ in range(count)]
    values = read(embed_pictures(model, processor, draw(scenes, VISION_SIZE, rng)))
    colours, kinds = first_slot(values)
    return {
        "shape": float(np.mean(kinds.argmax(-1) == [scene.shapes[0].kind for scene in scenes])),
        "colour": float(np.mean(colours.argmax(-1) == [scene.shapes[0].colour for scene in scenes])),
        "background": float(
            np.mean(values[:, -len(COLOUR_NAMES) :].argmax(-1) == [scene.background for scene in scenes])
        ),
    }
