"""The text that other programs for generated pictures write and read under the key ``parameters``."""

import json

from kandinsky_studio.engine.request import GenerationRequest

SAMPLER_NAMES = {
    "dpmpp_2m": "DPM++ 2M",
    "ddim": "DDIM",
    "ddpm": "DDPM",
    "unipc": "UniPC",
    "euler": "Euler",
    "euler_a": "Euler a",
    "deis": "DEIS",
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
        "Version": program,
    }
    lines = [request.prompt]
    if request.negative_prompt:
        lines.append(f"Negative prompt: {request.negative_prompt}")
    lines.append(", ".join(f"{name}: {_quoted(str(value))}" for name, value in pairs.items()))
    return "\n".join(lines)


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if any(mark in value for mark in ",:\n") else value
