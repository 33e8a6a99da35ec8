"""The text that other programs for generated pictures write and read under the key ``parameters``."""

import json

from kandinsky_studio.engine.embeddings import Slot
from kandinsky_studio.engine.request import GenerationRequest, Task

SAMPLER_NAMES = {
    "dpmpp_2m": "DPM++ 2M",
    "dpmpp_2s": "DPM++ 2S",
    "ddim": "DDIM",
    "ddpm": "DDPM",
    "unipc": "UniPC",
    "euler": "Euler",
    "euler_a": "Euler a",
    "deis": "DEIS",
    "pndm": "PNDM",
    "lcm": "LCM",
}
"""What other programs call our schedulers."""


def parameters_text(request: GenerationRequest, program: str) -> str:
    """``request`` in the form that began with the Stable Diffusion web interface.

    The prompt, the negative prompt, then one line of ``Name: value`` pairs. It is for reading: some of the request
    is not in it.
    """
    pairs = {
        "Steps": request.num_inference_steps,
        "Sampler": SAMPLER_NAMES.get(request.scheduler, request.scheduler),
        "CFG scale": request.guidance_scale,
        "Seed": request.seed,
        "Size": f"{request.width}x{request.height}",
        "Model": request.model,
        "Prior steps": request.prior_num_inference_steps,
        "Prior CFG scale": request.prior_guidance_scale,
        "Prior seed": request.prior_seed,
        **_of_task(request),
        "Version": program,
    }
    lines = [request.prompt] if request.prompt or not request.mixed else []
    if request.negative_prompt:
        lines.append(f"Negative prompt: {request.negative_prompt}")
    lines.append(", ".join(f"{name}: {_quoted(str(value))}" for name, value in pairs.items()))
    return "\n".join(lines)


def _of_task(request: GenerationRequest) -> dict[str, object]:
    """What else says how the picture came about; nothing for one that was made from words alone."""
    pairs: dict[str, object] = {}
    if request.task is not Task.text2image:
        pairs["Task"] = request.task
    if request.image is not None:
        pairs["Denoising strength"] = request.strength
    if request.task is Task.inpaint:
        pairs["Mask blur"] = request.mask_feather
    if request.task is Task.outpaint:
        sides = (request.margin_left, request.margin_top, request.margin_right, request.margin_bottom)
        pairs["Outpaint"] = " ".join(
            f"{name} {side}" for name, side in zip(("left", "top", "right", "bottom"), sides, strict=True) if side
        )
    if request.task is Task.depth:
        pairs["Hint scale"] = request.controlnet_conditioning_scale
    mixed = [slot for slot in request.slots if not slot.added]
    if mixed:
        pairs["Mix"] = ", ".join(map(_ingredient, mixed))
    if request.added:
        pairs["Added"] = ", ".join(map(_ingredient, request.added))
    if request.prior_strength:
        pairs["Prior strength"] = request.prior_strength
    return pairs


def _ingredient(slot: Slot) -> str:
    name = "picture" if slot.image is not None else "saved idea" if slot.prompt is None else slot.prompt
    return f"{'not ' if slot.negative else ''}{name}: {slot.weight:g}"


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if any(mark in value for mark in ",:\n") else value
