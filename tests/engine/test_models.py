from __future__ import annotations

import json
from pathlib import Path

import pytest

from kandinsky_studio.engine import models
from kandinsky_studio.engine.models import MODELS, spec_of
from kandinsky_studio.engine.request import GenerationRequest, Task
from kandinsky_studio.errors import BrokenModel, ModelNotFound, UnknownModel


def test_every_file_is_in_the_list() -> None:
    """A model whose file is forgotten in ``MODELS`` would be missing in the window without a word."""
    files = {path.stem for path in Path(models.__file__).parent.glob("*.py")} - {"__init__"}
    assert files == {spec.key.replace("-", "_").replace(".", "_") for spec in MODELS}


def test_a_bare_request_is_that_of_the_built_in_model() -> None:
    """It is what the window starts with, and what a library user writes first."""
    assert GenerationRequest("a red circle") == MODELS[0].request("a red circle")


def test_keys_are_unique_and_the_built_in_comes_first() -> None:
    keys = [spec.key for spec in MODELS]
    assert keys[0] == "builtin"
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("spec", MODELS, ids=lambda spec: spec.key)
def test_a_spec_is_consistent(spec: models.ModelSpec) -> None:
    assert Task.text2image in spec.tasks
    assert spec.native_size == spec.size.default
    assert spec.native_size % spec.size_multiple == 0
    for limits in (
        spec.size,
        spec.num_inference_steps,
        spec.guidance_scale,
        spec.prior_num_inference_steps,
        spec.prior_guidance_scale,
    ):
        assert limits.minimum <= limits.default <= limits.maximum  # type: ignore[operator]
    assert spec_of(spec.key) is spec


def test_a_folder(tiny_model: str) -> None:
    spec = spec_of(tiny_model)
    assert (spec.key, spec.title) == (tiny_model, "tiny")
    assert spec.native_size == 128
    assert spec.size.maximum == 512
    assert 500_000 < spec.memory_size < spec.disk_size


def test_a_folder_of_a_fine_tuned_2_2(own_model: Path) -> None:
    config = own_model / "tiny-decoder" / "unet" / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "encoder_hid_dim": 1280, "sample_size": 64}))
    spec = spec_of(str(own_model))
    assert (spec.native_size, spec.size.maximum, spec.languages) == (768, 4096, ("en",))


@pytest.mark.parametrize("name", ["", "kandinsky-9", "no/such/folder", "\0"])
def test_unknown(name: str) -> None:
    with pytest.raises(UnknownModel) as caught:
        spec_of(name)
    assert "kandinsky-2.2" in caught.value.remedy


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound):
        spec_of(str(tmp_path))


@pytest.mark.parametrize(
    "change", [{"encoder_hid_dim_type": "text_proj"}, {"encoder_hid_dim": None}, {"sample_size": "big"}], ids=str
)
def test_a_folder_with_another_kind_of_model(own_model: Path, change: dict[str, object]) -> None:
    config = own_model / "tiny-decoder" / "unet" / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), **change}))
    with pytest.raises(BrokenModel):
        spec_of(str(own_model))
