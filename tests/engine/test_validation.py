from __future__ import annotations

import dataclasses
import math
import subprocess
import sys

import pytest

from kandinsky_studio.engine.models import MODELS
from kandinsky_studio.engine.request import MAX_PROMPT_LENGTH, GenerationRequest, Task
from kandinsky_studio.engine.spec import ModelSpec
from kandinsky_studio.engine.validation import check
from kandinsky_studio.errors import (
    EmptyPrompt,
    InvalidRequest,
    MissingInput,
    PromptTooLong,
    SizeOutOfRange,
    UnknownScheduler,
    ValueOutOfRange,
)

BUILTIN = MODELS[0]
GOOD = GenerationRequest("a red circle")


@pytest.mark.parametrize("spec", MODELS, ids=lambda spec: spec.key)
def test_the_defaults_of_every_model_are_valid(spec: ModelSpec) -> None:
    request = GenerationRequest(
        "a red circle",
        model=spec.key,
        width=spec.size.default,
        height=spec.size.default,
        num_inference_steps=spec.num_inference_steps.default,
        guidance_scale=spec.guidance_scale.default,
        prior_num_inference_steps=spec.prior_num_inference_steps.default,
        prior_guidance_scale=spec.prior_guidance_scale.default,
        scheduler=spec.schedulers[0],
    )
    check(request, spec)


def test_a_request_as_it_is_made_suits_the_built_in_model() -> None:
    check(GOOD, BUILTIN)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"prompt": ""}, EmptyPrompt),
        ({"prompt": " \t\n\u00a0"}, EmptyPrompt),
        ({"prompt": "a" * (MAX_PROMPT_LENGTH + 1)}, PromptTooLong),
        ({"negative_prompt": "я" * 10**6}, PromptTooLong),
        ({"width": 63}, SizeOutOfRange),
        ({"height": 513}, SizeOutOfRange),
        ({"width": 0}, SizeOutOfRange),
        ({"width": -128}, SizeOutOfRange),
        ({"width": 128.5}, SizeOutOfRange),
        ({"height": 2**63}, SizeOutOfRange),
        ({"num_inference_steps": 1}, ValueOutOfRange),
        ({"num_inference_steps": 101}, ValueOutOfRange),
        ({"num_inference_steps": 20.0}, ValueOutOfRange),
        ({"num_inference_steps": True}, ValueOutOfRange),
        ({"prior_num_inference_steps": 1}, ValueOutOfRange),
        ({"guidance_scale": 0.99}, ValueOutOfRange),
        ({"guidance_scale": math.nan}, ValueOutOfRange),
        ({"guidance_scale": math.inf}, ValueOutOfRange),
        ({"guidance_scale": "2"}, ValueOutOfRange),
        ({"prior_guidance_scale": -math.inf}, ValueOutOfRange),
        ({"strength": 1.01}, ValueOutOfRange),
        ({"strength": math.nan}, ValueOutOfRange),
        ({"num_images_per_prompt": 0}, ValueOutOfRange),
        ({"num_images_per_prompt": 65}, ValueOutOfRange),
        ({"seed": -1}, ValueOutOfRange),
        ({"seed": 2**32}, ValueOutOfRange),
        ({"prior_seed": 2**40}, ValueOutOfRange),
        ({"scheduler": "DPM"}, UnknownScheduler),
        ({"scheduler": ""}, UnknownScheduler),
        ({"task": Task.depth}, MissingInput),
    ],
    ids=str,
)
def test_what_is_refused(fields: dict[str, object], error: type[InvalidRequest]) -> None:
    with pytest.raises(error) as caught:
        check(dataclasses.replace(GOOD, **fields), BUILTIN)  # type: ignore[arg-type]
    assert str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": "a" * MAX_PROMPT_LENGTH},
        {"width": 64, "height": 512},
        {"width": 101, "height": 77},
        {"seed": 2**32 - 1, "prior_seed": 0},
        {"guidance_scale": 1},
        {"num_images_per_prompt": 64},
    ],
    ids=lambda fields: ",".join(fields),
)
def test_what_lies_on_the_edge_is_accepted(fields: dict[str, object]) -> None:
    check(dataclasses.replace(GOOD, **fields), BUILTIN)  # type: ignore[arg-type]


def test_checking_needs_no_torch() -> None:
    code = (
        "import sys; from kandinsky_studio.engine import models, request, schedulers, validation, weights; "
        "heavy = {'torch', 'diffusers', 'transformers', 'accelerate', 'safetensors'} & set(sys.modules); "
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
