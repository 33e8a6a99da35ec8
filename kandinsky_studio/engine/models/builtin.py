"""The model that is shipped with the program: the component classes of 2.2, small, drawing coloured shapes."""

from kandinsky_studio.engine.request import Task
from kandinsky_studio.engine.schedulers import SCHEDULERS
from kandinsky_studio.engine.spec import Limits, ModelSpec

SPEC = ModelSpec(
    key="builtin",
    title="Built-in",
    tasks=frozenset({Task.text2image}),
    native_size=128,
    size=Limits(64, 512, 128),
    size_multiple=64,
    num_inference_steps=Limits(2, 100, 20),
    guidance_scale=Limits(1.0, 10.0, 2.0),
    prior_num_inference_steps=Limits(2, 100, 15),
    prior_guidance_scale=Limits(1.0, 10.0, 2.0),
    schedulers=tuple(SCHEDULERS),
    languages=("en", "ru", "de", "fr", "es"),
    disk_size=39_440_956,
    memory_size=39_260_590,
)
