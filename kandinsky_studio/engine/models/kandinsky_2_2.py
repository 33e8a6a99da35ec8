"""Kandinsky 2.2: a prior from English words to a CLIP bigG embedding, and a decoder from the embedding to a picture."""

from kandinsky_studio.engine.request import Task
from kandinsky_studio.engine.schedulers import SCHEDULERS
from kandinsky_studio.engine.spec import Limits, ModelSpec

SPEC = ModelSpec(
    key="kandinsky-2.2",
    title="Kandinsky 2.2",
    tasks=frozenset({Task.text2image}),
    native_size=768,
    size=Limits(64, 2048, 768),
    size_multiple=64,
    num_inference_steps=Limits(2, 200, 25),
    guidance_scale=Limits(1.0, 20.0, 4.0),
    prior_num_inference_steps=Limits(2, 200, 25),  # UnCLIPScheduler divides by zero with one step
    prior_guidance_scale=Limits(1.0, 20.0, 4.0),
    schedulers=tuple(SCHEDULERS),
    languages=("en",),
    disk_size=15_900_000_000,  # as published: float32, but for the image encoder
    memory_size=9_780_000_000,
)
