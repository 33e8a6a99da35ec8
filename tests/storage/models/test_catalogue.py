"""The catalogue is data that says only what is known; a task fetches what it needs and no more."""

from __future__ import annotations

import json

import pytest

from kandinsky_studio import paths
from kandinsky_studio.engine.models import MODELS
from kandinsky_studio.errors import BrokenCatalogue, NotThere
from kandinsky_studio.storage.models import catalogue
from kandinsky_studio.storage.models.catalogue import by_repository, size_of, wanted_of
from kandinsky_studio.storage.models.manifest import Manifest, PublishedFile

FILE = paths.resources() / "models" / "catalogue.json"


def published(*names: str) -> Manifest:
    return Manifest("a/b", "0" * 40, tuple(PublishedFile(name, 1, "sha256", "0" * 64) for name in names))


@pytest.fixture(scope="module")
def shipped():
    return catalogue.read()


def test_every_version_is_offered_with_all_its_tasks(shipped):
    for spec in MODELS:
        if spec.key != "builtin":
            assert set(shipped.offers[spec.key].tasks) == {str(task) for task in spec.tasks}


def test_sizes_are_about_what_the_versions_say(shipped):
    for spec in MODELS:
        if spec.key != "builtin":
            whole = size_of(
                shipped.offers[spec.key].parts(["text2image", "mix"] if spec.prior_schedulers else ["text2image"])
            )
            assert whole == pytest.approx(spec.disk_size, rel=0.3)


def test_words_need_no_vision_tower_and_no_decoder_for_anything_else(shipped):
    parts = shipped.offers["kandinsky-2.2"].parts(["text2image"])
    assert "image_encoder" not in {part.name for part in parts}
    assert {repository.folder for repository in by_repository(parts)} == {
        "kandinsky-2-2-prior",
        "kandinsky-2-2-decoder",
    }
    assert size_of(parts) < size_of(shipped.offers["kandinsky-2.2"].parts(["text2image", "mix"])) - 3_000_000_000


def test_what_two_tasks_share_is_fetched_once(shipped):
    offer = shipped.offers["kandinsky-2.2"]
    parts = offer.parts(["text2image", "inpaint", "outpaint", "depth"])
    assert len(parts) == len(set(parts))
    assert len([part for part in parts if part.name == "unet"]) == 3


def test_nothing_is_told_that_nobody_verified(shipped):
    for repository in shipped.repositories:
        assert repository.licence == "apache-2.0"
        if not repository.verified:
            assert repository.revision is None
            assert repository.files == ()
            assert repository.pinned() is None


def test_half_precision_is_chosen_where_it_is_published(shipped):
    [part] = [part for part in shipped.offers["kandinsky-2.2"].parts(["text2image"]) if part.name == "movq"]
    names = ("movq/config.json", "movq/diffusion_pytorch_model.safetensors", "movq/diffusion_pytorch_model.bin")
    assert part.chosen(names) == list(names[:2])
    half = "movq/diffusion_pytorch_model.fp16.safetensors"
    assert part.chosen((*names, half)) == [names[0], half]
    with pytest.raises(NotThere):
        part.chosen(("movq/config.json", "movq/diffusion_pytorch_model.bin"))


def test_a_pickle_is_taken_only_where_nothing_else_is_published(shipped):
    parts = shipped.offers["kandinsky-2.2"].parts(["depth"])
    [unet] = [part for part in parts if part.repository.folder.endswith("depth") and part.name == "unet"]
    pickle = "unet/diffusion_pytorch_model.bin"
    assert unet.chosen(("unet/config.json", pickle)) == ["unet/config.json", pickle]
    safe = "unet/diffusion_pytorch_model.safetensors"
    assert unet.chosen(("unet/config.json", pickle, safe)) == ["unet/config.json", safe]


def test_what_may_be_absent_may_be_absent(shipped):
    [part] = [part for part in shipped.offers["kandinsky-2.2"].parts(["mix"]) if part.name == "image_encoder"]
    names = ("image_encoder/config.json", "image_encoder/model.safetensors")
    assert part.chosen(names) == list(names)
    extra = "image_processor/preprocessor_config.json"
    assert part.chosen((*names, extra)) == [*names, extra]


def test_of_a_repository_only_the_parts_are_wanted(shipped):
    parts = [part for part in shipped.offers["kandinsky-2.2"].parts(["text2image"]) if part.name == "movq"]
    everything = published("README.md", "movq/config.json", "movq/diffusion_pytorch_model.safetensors", "unet/x.bin")
    wanted = wanted_of(everything, parts)
    assert [file.path for file in wanted.files] == ["movq/config.json", "movq/diffusion_pytorch_model.safetensors"]


@pytest.mark.parametrize(
    "change",
    [
        lambda values: values.pop("version"),
        lambda values: values.update(version=2),
        lambda values: values["models"]["kandinsky-2.2"].update(mix=["no:such"]),
        lambda values: values["models"]["kandinsky-2.2"].update(mix=["@depth"]),
        lambda values: values["repositories"]["kandinsky-2-1"].update(
            files=[{"path": "a", "size": 1, "algorithm": "sha256", "digest": "0" * 64}]
        ),
        lambda values: values["repositories"]["kandinsky-2-1"].update(parts=3),
    ],
)
def test_a_damaged_catalogue_is_said_to_be_so(tmp_path, change):
    values = json.loads(FILE.read_text(encoding="utf-8"))
    change(values)
    (tmp_path / "c.json").write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(BrokenCatalogue):
        catalogue.read(tmp_path / "c.json")
