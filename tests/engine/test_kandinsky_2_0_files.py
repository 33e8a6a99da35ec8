"""The files of Kandinsky 2.0: where they are looked for, how they are read, and what of them is refused."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kandinsky_studio.engine.engine import Engine
from kandinsky_studio.engine.memory import Tier
from kandinsky_studio.engine.models import find, spec_of, version_of
from kandinsky_studio.engine.models.kandinsky_2_0 import SPEC, Kandinsky20
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.request import GenerationRequest, Progress, Stage, Task
from kandinsky_studio.engine.schedulers import SCHEDULERS
from kandinsky_studio.errors import BrokenModel, Cancelled, ModelNotFound
from tests.engine.test_kandinsky_2_0 import FOLDERS

INPUTS: dict[str, Any] = {
    "image": Raster(np.full((64, 64, 3), 90, np.uint8)),
    "mask": Raster(np.full((64, 64), 255, np.uint8)),
}


@pytest.fixture(scope="module", params=FOLDERS, ids=lambda folder: folder.name)
def folder(request: pytest.FixtureRequest) -> Path:
    """The folder of a model, to be read only."""
    return Path(request.param) / "Kandinsky_2.0"


@pytest.fixture
def own(folder: Path, tmp_path: Path) -> Path:
    """A copy of the model that a test may damage."""
    return Path(shutil.copytree(folder, tmp_path / "own"))


def small(model: object, **fields: Any) -> GenerationRequest:
    own: dict[str, Any] = {"width": 64, "height": 64, "num_inference_steps": 2, "seed": 7, **fields}
    return GenerationRequest("a cat, кот", model=str(model), **own)


def test_the_spec_of_a_folder(folder: Path) -> None:
    spec = spec_of(str(folder))
    assert isinstance(version_of(str(folder)), Kandinsky20)
    assert (spec.key, spec.title) == (str(folder), folder.name)
    assert (spec.native_size, spec.size, spec.tasks) == (SPEC.native_size, SPEC.size, SPEC.tasks)
    assert (spec.schedulers, spec.prior_schedulers) == (tuple(SCHEDULERS), ())
    assert 0 < spec.memory_size < spec.disk_size < 10_000_000


@pytest.mark.parametrize("owner", ["ai-forever", "sberbank-ai"])
def test_it_is_found_in_the_hub_cache(
    folder: Path, owner: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the library of the Hub writes it: the files are links to blobs."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(ModelNotFound, match="hub"):
        find(SPEC.key)
    repository = tmp_path / "hub" / f"models--{owner}--Kandinsky_2.0"
    for path in folder.rglob("*"):
        if path.is_file():
            link = repository / "snapshots" / "abc" / path.relative_to(folder)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc")
    files = find(SPEC.key)
    assert files.folder("unet").parent == repository / "snapshots" / "abc"
    assert files.fingerprint() == find(str(folder)).fingerprint()
    files.check()


@pytest.mark.parametrize("name", ["kandinsky-2.0", "Kandinsky_2.0"])
def test_it_is_found_among_the_models(folder: Path, home: Path, name: str) -> None:
    shutil.copytree(folder, home / "data" / "models" / name)
    files = find(SPEC.key)
    assert (files.model, files.home) == (SPEC.key, home / "data" / "models" / name)
    assert spec_of(SPEC.key) == SPEC
    [found], [given] = (Engine("cpu").generate(small(model)) for model in (SPEC.key, folder))
    assert np.array_equal(found.image, given.image)
    assert found.weights == given.weights


def test_without_the_inpainting_checkpoint_only_inpainting_is_missing(own: Path) -> None:
    (own / "Kandinsky-2-0-inpainting.pt").unlink()
    engine = Engine("cpu")
    reports: list[Progress] = []
    with pytest.raises(ModelNotFound, match=r"Kandinsky-2-0-inpainting\.pt"):
        engine.generate(small(own, task=Task.inpaint, **INPUTS), on_progress=reports.append)
    assert reports == []  # it shows before gigabytes are read
    assert engine.tier is None
    assert len(engine.generate(small(own))) == 1


@pytest.mark.parametrize(
    "name",
    ["vae.ckpt", "text_encoder1/tokenizer.json", "text_encoder2/spiece.model", "text_encoder1/pytorch_model.bin"],
)
def test_a_missing_file_is_named(own: Path, name: str) -> None:
    (own / name).unlink()
    with pytest.raises(ModelNotFound, match=re.escape(name.removesuffix("/pytorch_model.bin"))):
        Engine("cpu").load(str(own))


@pytest.mark.parametrize("name", ["vae.ckpt", "Kandinsky-2-0.pt", "text_encoder2/pytorch_model.bin"])
def test_a_damaged_file(own: Path, name: str) -> None:
    path = own / name
    path.write_bytes(path.read_bytes()[:-1000])
    engine = Engine("cpu")
    with pytest.raises(BrokenModel, match=re.escape(Path(name).name)):
        engine.load(str(own))
    assert engine.tier is None


def test_a_vae_of_another_shape(own: Path) -> None:
    content = torch.load(own / "Kandinsky-2-0.pt", weights_only=True)
    torch.save({"state_dict": content}, own / "vae.ckpt")
    with pytest.raises(BrokenModel, match="vae"):
        Engine("cpu").load(str(own))


class Trap:
    """What makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


@pytest.mark.parametrize(
    "name",
    ["Kandinsky-2-0.pt", "Kandinsky-2-0-inpainting.pt", "vae.ckpt", "text_encoder1/pytorch_model.bin"],
)
def test_nothing_in_a_file_is_run(own: Path, tmp_path: Path, name: str) -> None:
    torch.save({"state_dict": {"a": torch.zeros(2)}, "b": Trap(tmp_path / "sprung")}, own / name)
    task = Task.inpaint if "inpainting" in name else Task.image2image
    with pytest.raises(BrokenModel, match=re.escape(Path(name).name)):
        Engine("cpu").generate(small(own, task=task, **INPUTS))
    assert not (tmp_path / "sprung").exists()
    torch.load(own / name, weights_only=False)
    assert (tmp_path / "sprung").exists()


def test_loading_is_told_part_by_part_and_can_be_cancelled_between(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts: list[str] = []
    read = Kandinsky20.read

    def watch(self: Kandinsky20, files: Any, part: str, *how: Any) -> Any:
        parts.append(part)
        return read(self, files, part, *how)

    monkeypatch.setattr(Kandinsky20, "read", watch)
    reports: list[Progress] = []
    engine = Engine("cpu")
    assert engine.load(str(folder), on_progress=reports.append) == spec_of(str(folder))
    assert sorted(parts) == ["projection", "scheduler", "text_encoders", "unet", "vae"]
    assert [(report.stage, report.step) for report in reports] == [(Stage.loading, k + 1) for k in range(5)]
    assert reports[-1].fraction == 1

    for number in range(1, 6):

        def cancel(progress: Progress, number: int = number) -> None:
            if progress.step == number:
                raise Cancelled

        parts.clear()
        engine = Engine("cpu")
        with pytest.raises(Cancelled):
            engine.load(str(folder), on_progress=cancel)
        assert len(parts) == number
        assert engine.tier is None
    assert engine.load(str(folder)).key == str(folder)
    assert engine.tier is Tier.resident
