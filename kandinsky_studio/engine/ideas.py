"""The idea of a picture: the image embedding that its decoder draws.

2.1 and 2.2 find it in the same way. Words become one by the prior; a mix is made of words, pictures and saved
embeddings; and the prior can pull a mix or a picture towards words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image

from kandinsky_studio.engine import embeddings
from kandinsky_studio.engine.embeddings import Slot
from kandinsky_studio.engine.models.kandinsky_2_2 import VISION_PARTS as VISION_PARTS
from kandinsky_studio.engine.prior import Drift, TextEncoding, encode_nothing, encode_text, sample_prior
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.request import GenerationRequest
from kandinsky_studio.engine.schedulers import build_prior_scheduler, steps_of_the_way
from kandinsky_studio.engine.weights import ModelFiles
from kandinsky_studio.errors import IdeaOfAnotherModel, OtherEncoder

if TYPE_CHECKING:
    from kandinsky_studio.engine.loaded import LoadedModel

OnStep = Callable[[int], None]

_LONG = 16  # times its short side: more of a picture lies outside of what the vision tower is shown

_MEAN, _DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)  # CLIP's, by channel


def idea(model: LoadedModel, request: GenerationRequest, on_step: OnStep) -> tuple[torch.Tensor, torch.Tensor | None]:
    """The embedding of ``request``'s picture and of what guidance leads away from, (1, D), float32 on the CPU.

    The second is None if there is no guidance. Kept: what was computed for the same words, pictures, seed and settings
    runs no network a second time, and then ``on_step`` is not called.
    """
    positive, negative = request.mixed, [slot for slot in request.slots if slot.negative]
    away = None
    if positive:
        found = _mixed(model, request, positive, on_step)
        if request.prior_strength > 0:
            found = _drifted(model, request, found, on_step)
    elif request.prior_strength > 0 and request.image is not None:
        found = _drifted(model, request, image_embedding(model, request.image), on_step)
    else:
        both = _of_words(model, request, on_step)
        found, away = both[:1], both[1:]
    if request.added:
        found = _moved(model, request, found, on_step)
    if request.guidance_scale <= 1:
        return found, None
    if negative:
        return found, _mixed(model, request, negative, on_step)
    if away is not None and len(away):
        return found, away
    if request.negative_prompt.strip() or is_blind(model):  # the sample that it would have been beside the words
        return found, _of_words(model, request, on_step)[1:]
    return found, nothing(model)


def is_blind(model: LoadedModel) -> bool:
    """Whether nobody can say what an image of zeros looks like: the vision tower was not fetched.

    Guidance then leads away from the prior's idea of no words at all, as the authors' own notebooks do
    (``ai-forever/Kandinsky-2``, notebooks); pictures differ a little from those with the tower.
    """
    return "image_encoder" not in model.files and not model.knows("nothing")


def check_saved(files: ModelFiles, request: GenerationRequest) -> None:
    """Raise ``OtherEncoder`` or ``IdeaOfAnotherModel`` if a saved idea of ``request`` is not one of the model's.

    An idea that does not say which image encoder it is of is taken by its length.
    """
    saved = [slot.embedding for slot in request.slots if slot.embedding is not None]
    if not saved:
        return
    needed = int(files.config("prior")["embedding_dim"])
    for idea in saved:
        if len(idea.values) != needed:
            raise OtherEncoder(model=files.title, length=len(idea.values), needed=needed)
    known = {idea.encoder for idea in saved} - {""}
    own = files.encoder() if known else ""
    if own and known != {own}:
        raise IdeaOfAnotherModel(model=files.title)


def step_count(request: GenerationRequest, blind: bool = False) -> int:
    """The steps of the prior for one picture of ``request``, over all of its runs, if nothing is remembered.

    ``blind`` is what :func:`is_blind` says of the model.
    """
    guided = request.guidance_scale > 1
    positive = request.mixed
    negative = [slot for slot in request.slots if slot.negative] if guided else []
    steps = request.prior_num_inference_steps
    runs = sum(slot.prompt is not None for slot in (*positive, *negative, *request.added))
    drifts = request.prior_strength > 0 and (bool(positive) or request.image is not None)
    if not positive and not drifts:
        runs += 1  # of the prompt, which finds the negative prompt's beside it
    elif guided and not negative and (request.negative_prompt.strip() or blind):
        runs += 1
    return runs * steps + (steps_of_the_way(steps, request.prior_strength) if drifts else 0)


def image_embedding(model: LoadedModel, picture: Raster) -> torch.Tensor:
    """The vision tower's embedding (1, D) of a picture, float32 on the CPU; kept by the picture's content."""

    def encode() -> torch.Tensor:
        model.need(VISION_PARTS)
        with torch.inference_mode():
            pixels = _prepared(picture, model.part("image_processor"), model.part("image_encoder"))
            embeds: torch.Tensor = model.part("image_encoder")(pixels).image_embeds
        return embeds.float().cpu()

    return model.images.get(picture.digest, encode)


def text_embedding(model: LoadedModel, prompt: str) -> torch.Tensor:
    """The text tower's own embedding (1, D) of words, which is compared with those of pictures."""
    return text_encoding(model, prompt).text_embeds.float().cpu()


def text_encoding(model: LoadedModel, prompt: str) -> TextEncoding:
    """``prompt`` as the prior reads it; kept."""
    key = ("clip", prompt)
    if key not in model.texts:
        model.need(model.version.idea_parts(None))
    encoding: TextEncoding = model.texts.get(
        key, lambda: encode_text(model.part("tokenizer"), model.part("text_encoder"), prompt)
    )
    return encoding


def nothing(model: LoadedModel) -> torch.Tensor:
    """The embedding (1, D) of an image of zeros: what guidance leads away from without a negative prompt.

    A constant of the checkpoint, and all that text2image needs the vision tower for, the largest part of 2.2 but one.
    It is kept on disk.
    """

    def encode() -> torch.Tensor:
        model.need(("image_encoder",))
        embeds = encode_nothing(model.part("image_encoder"))
        model.release(("image_encoder",))
        return embeds

    return model.constant("nothing", encode)


def neutral(model: LoadedModel) -> torch.Tensor:
    """The mean (1, D) of the embeddings that the prior was trained on, float32 on the CPU; a part of the prior."""
    model.need(("prior",))
    mean: torch.Tensor = model.part("prior").clip_mean
    return mean.float().cpu().reshape(1, -1)


def _of_words(model: LoadedModel, request: GenerationRequest, on_step: OnStep) -> torch.Tensor:
    """The prior's embedding of the prompt, (1, D), and below it, as (2, D), that of the negative prompt if any."""
    nothing_known = "" if request.guidance_scale > 1 and is_blind(model) else None
    negative_prompt = request.negative_prompt if request.negative_prompt.strip() else nothing_known
    return _sampled(model, request, request.prompt, negative_prompt, None, on_step)


def _drifted(model: LoadedModel, request: GenerationRequest, start: torch.Tensor, on_step: OnStep) -> torch.Tensor:
    """``start`` pulled towards the prompt; without words it is only settled where the prior finds pictures."""
    return _sampled(model, request, request.prompt, None, Drift(start, request.prior_strength), on_step)


def _sampled(
    model: LoadedModel,
    request: GenerationRequest,
    prompt: str,
    negative_prompt: str | None,
    drift: Drift | None,
    on_step: OnStep,
) -> torch.Tensor:
    key = (
        prompt,
        negative_prompt,
        request.prior_seed,
        request.prior_num_inference_steps,
        request.prior_guidance_scale,
        request.prior_scheduler,
        None if drift is None else (drift.strength, drift.image_embeds.numpy().tobytes()),
    )

    def sample() -> torch.Tensor:
        model.need(model.version.idea_parts(None))
        guided = request.prior_guidance_scale > 1
        return sample_prior(
            model.part("prior"),
            build_prior_scheduler(request.prior_scheduler, model.part("prior_scheduler")),
            text_encoding(model, prompt),
            text_encoding(model, "") if guided and negative_prompt is None else None,
            text_encoding(model, negative_prompt) if negative_prompt is not None else None,
            num_inference_steps=request.prior_num_inference_steps,
            guidance_scale=request.prior_guidance_scale,
            generator=torch.Generator().manual_seed(request.prior_seed),
            on_step=on_step,
            drift=drift,
        )

    return model.ideas.get(key, sample)


def _mixed(model: LoadedModel, request: GenerationRequest, slots: Sequence[Slot], on_step: OnStep) -> torch.Tensor:
    """The weighted mix (1, D) of ``slots``."""
    found = [_of_slot(model, request, slot, on_step)[0].numpy() for slot in slots]
    mixed = embeddings.mix(
        found,
        [slot.weight for slot in slots],
        spherical=request.spherical,
        normalised=request.normalised_weights,
    )
    return torch.from_numpy(mixed)[None]


def _moved(model: LoadedModel, request: GenerationRequest, found: torch.Tensor, on_step: OnStep) -> torch.Tensor:
    """``found`` (1, D) with what is added to it."""
    directions = [_of_slot(model, request, slot, on_step)[0].numpy() for slot in request.added]
    moved = embeddings.add(found[0].numpy(), directions, [slot.weight for slot in request.added])
    return torch.from_numpy(moved)[None]


def _of_slot(model: LoadedModel, request: GenerationRequest, slot: Slot, on_step: OnStep) -> torch.Tensor:
    if slot.image is not None:
        return image_embedding(model, slot.image)
    if slot.embedding is not None:
        return torch.from_numpy(np.array(slot.embedding.values, dtype=np.float32))[None]
    assert slot.prompt is not None
    return _sampled(model, request, slot.prompt, None, None, on_step)


def _prepared(picture: Raster, processor: dict[str, Any], encoder: Any) -> torch.Tensor:
    """``picture`` as CLIP's vision tower sees it, (1, 3, s, s): the short side scaled to s, the middle cut out.

    ``processor`` is the content of ``preprocessor_config.json``, or empty. Written out because the library's own
    processor needs torchvision or changes its name with the release.
    """
    side = int(encoder.config.image_size)
    image = Image.fromarray(picture.as_picture().pixels)
    short = min(image.size)
    if max(image.size) > _LONG * short:  # scaled as a whole, a thin strip would fill the memory
        length = _LONG * short
        left, top = ((whole - min(whole, length)) // 2 for whole in image.size)
        image = image.crop((left, top, left + min(image.width, length), top + min(image.height, length)))
    size = tuple(side * length // min(image.size) for length in image.size)
    image = image.resize((size[0], size[1]), Image.Resampling.BICUBIC)
    left, top = (size[0] - side) // 2, (size[1] - side) // 2
    image = image.crop((left, top, left + side, top + side))
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 255
    mean, deviation = (
        torch.tensor(processor.get(name, own)).view(1, 3, 1, 1)
        for name, own in (("image_mean", _MEAN), ("image_std", _DEVIATION))
    )
    return ((pixels - mean) / deviation).to(encoder.device, encoder.dtype)
