"""A kept embedding comes back bit by bit or not at all, and so does a slot."""

import copy
import json
import math
import pickle
import struct
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from kandinsky_studio.engine import embeddings, files
from kandinsky_studio.engine.embeddings import FORMAT, SavedEmbedding, Slot, load, save
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.errors import NewerFile
from tests.engine.vectors import some

# --- saved embeddings -------------------------------------------------------------------------------------------------


def test_a_saved_embedding_is_equal_bit_by_bit():
    [values] = some(1)
    one, same = SavedEmbedding(values, "clip"), SavedEmbedding(values.copy(), "clip")
    assert one == same
    assert hash(one) == hash(same)
    assert one != SavedEmbedding(values, "another")
    assert one != SavedEmbedding(np.nextafter(values, np.float32(9)), "clip")
    assert one != values.tobytes()
    assert copy.deepcopy(one) is one
    values[:] = 0
    assert one == same


def test_a_saved_embedding_can_not_be_changed():
    saved = SavedEmbedding(*some(1), "clip")
    with pytest.raises(ValueError, match="read-only"):
        saved.values[0] = 1
    with pytest.raises(ValueError, match="WRITEABLE"):
        saved.values.setflags(write=True)


@pytest.mark.parametrize(
    ("values", "encoder"),
    [
        (np.zeros(4), "clip"),
        (np.zeros(4, np.float16), "clip"),
        ([0.0], "clip"),
        (np.zeros((1, 4), np.float32), "clip"),
        (np.zeros(0, np.float32), "clip"),
        (np.zeros(embeddings.MAX_DIMENSIONS + 1, np.float32), "clip"),
        (np.array([math.nan], np.float32), "clip"),
        (np.array([math.inf], np.float32), "clip"),
        (np.zeros(4, np.float32), None),
        (np.zeros(4, np.float32), "\udc41"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_what_is_no_embedding_is_refused(values, encoder):
    with pytest.raises((ValueError, TypeError)):
        SavedEmbedding(values, encoder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with nothing else in it."""
    folder = tmp_path / "embeddings"
    folder.mkdir()
    return folder


def test_a_file_brings_it_back(folder):
    path = folder / "ёж 🐈.safetensors"
    for values in (*some(2), np.array([-0.0, 1e-45, 3.4e38], np.float32)):
        saved = SavedEmbedding(values, "клип “1”")
        save(path, saved)
        assert load(path) == saved
        assert load(path).values.tobytes() == values.tobytes()
    assert [file.name for file in folder.iterdir()] == [path.name], "nothing is left beside it"


def test_the_file_says_what_it_is(folder):
    [values] = some(1)
    save(folder / "a", SavedEmbedding(values, "clip"))
    with safetensors.safe_open(folder / "a", framework="numpy") as file:
        assert file.metadata() == {"encoder": "clip", "format": "kandinsky-studio embedding 1"}
        assert np.array_equal(file.get_tensor("image_embeds"), values)


def test_a_write_that_fails_leaves_what_was_there(folder, monkeypatch):
    one, other = (SavedEmbedding(values, "clip") for values in some(2))
    save(folder / "a", one)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        save(folder / "a", other)
    assert load(folder / "a") == one
    assert [file.name for file in folder.iterdir()] == ["a"]


def test_a_missing_file(folder):
    with pytest.raises(FileNotFoundError):
        load(folder / "a")
    with pytest.raises(FileNotFoundError):
        save(folder / "folder" / "a", SavedEmbedding(*some(1), "clip"))


ABOUT = {"encoder": "clip", "format": FORMAT}
FINE = safetensors.numpy.save({"image_embeds": np.ones(4, np.float32)}, ABOUT)


def of(tensors: dict[str, np.ndarray], about: dict[str, str] | None = ABOUT) -> bytes:
    return safetensors.numpy.save(tensors, about)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"rubbish",
        bytes(1000),
        struct.pack("<Q", 2**63) + b"{}",
        pickle.dumps(np.ones(4, np.float32)),
        FINE[:-1],
        FINE[:40],
        FINE + b"more",
        bytes((1 << 20) + 1),
        of({}),
        of({"another": np.ones(4, np.float32)}),
        of({"image_embeds": np.ones(4, np.float32), "more": np.ones(4, np.float32)}),
        of({"image_embeds": np.ones(4, np.float16)}),
        of({"image_embeds": np.ones(4, np.int32)}),
        of({"image_embeds": np.ones((1, 4), np.float32)}),
        of({"image_embeds": np.ones((), np.float32)}),
        of({"image_embeds": np.ones(0, np.float32)}),
        of({"image_embeds": np.ones(embeddings.MAX_DIMENSIONS + 1, np.float32)}),
        of({"image_embeds": np.array([1, math.nan], np.float32)}),
        of({"image_embeds": np.array([1, math.inf], np.float32)}),
        of({"image_embeds": np.ones(4, np.float32)}, None),
        of({"image_embeds": np.ones(4, np.float32)}, {**ABOUT, "format": "kandinsky-studio embedding"}),
        of({"image_embeds": np.ones(4, np.float32)}, {**ABOUT, "format": "another embedding 2"}),
        FINE.replace(b"F32", b"BF1", 1),
    ],
    ids=lambda content: f"{len(content)} bytes, {content[:12]!r}"[:40],
)
def test_a_file_of_rubbish_is_refused(folder, content):
    (folder / "a").write_bytes(content)
    with pytest.raises(ValueError, match=r"^[a-z].{5,60}$"):
        load(folder / "a")


def test_a_file_of_a_newer_program_is_called_that(folder):
    (folder / "a").write_bytes(
        of({"image_embeds": np.ones(4, np.float32)}, {**ABOUT, "format": "kandinsky-studio embedding 2"})
    )
    with pytest.raises(NewerFile):
        load(folder / "a")


def test_a_large_file_is_refused_before_it_is_opened(folder):
    (folder / "a").write_bytes(of({"image_embeds": np.ones(300_000, np.float32)}))
    with pytest.raises(ValueError, match="too large"):
        load(folder / "a")


def test_the_fine_file_is_fine(folder):
    (folder / "a").write_bytes(FINE)
    assert load(folder / "a") == SavedEmbedding(np.ones(4, np.float32), "clip")


# --- slots ------------------------------------------------------------------------------------------------------------

IMAGE = Raster(np.random.default_rng(3).integers(0, 256, (5, 7, 3), dtype=np.uint8))
SAVED = SavedEmbedding(*some(1), "clip")
SLOTS = [
    Slot("кот 🐈 half \udc41"),
    Slot("", weight=-0.1, negative=True),
    Slot(image=IMAGE, weight=0.3),
    Slot(embedding=SAVED, weight=1e-300),
]


@pytest.mark.parametrize("slot", SLOTS, ids=["prompt", "negative", "image", "embedding"])
def test_json_brings_a_slot_back(slot):
    back = Slot.from_json(json.loads(json.dumps(slot.to_json())))
    assert back == slot
    assert hash(back) == hash(slot)


def test_without_pixels_it_is_still_the_same_slot():
    values = json.loads(json.dumps(SLOTS[2].to_json(with_pixels=False)))
    assert "png" not in values["image"]
    back = Slot.from_json(values)
    assert back == SLOTS[2]
    assert back.image is not None
    assert not back.image.present


def test_slots_differ_by_all_they_hold():
    every = [*SLOTS, Slot("кот"), Slot("кот", weight=2), Slot("кот", negative=True), replace(SLOTS[2], weight=0.4)]
    assert len(set(every)) == len(every)
    assert Slot("кот", weight=1) == Slot("кот")
    assert type(Slot("кот", weight=1).weight) is float
    with pytest.raises(FrozenInstanceError):
        SLOTS[0].weight = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"prompt": "a", "image": IMAGE},
        {"prompt": "a", "embedding": SAVED},
        {"image": IMAGE, "embedding": SAVED},
        {"prompt": b"a"},
        {"image": IMAGE.pixels},
        {"embedding": (1.0, 2.0)},
        {"prompt": "a", "weight": math.nan},
        {"prompt": "a", "weight": -math.inf},
        {"prompt": "a", "weight": 10**400},
        {"prompt": "a", "weight": "1"},
        {"prompt": "a", "weight": True},
        {"prompt": "a", "weight": None},
        {"prompt": "a", "negative": 1},
    ],
    ids=lambda fields: " ".join(f"{name}={value}" for name, value in fields.items())[:40],
)
def test_what_is_no_slot_is_refused(fields):
    with pytest.raises((ValueError, TypeError)):
        Slot(**fields)


GOOD = SLOTS[3].to_json()


@pytest.mark.parametrize(
    "values",
    [
        None,
        [],
        "a",
        {},
        {"weight": 1},
        {"prompt": None},
        {"prompt": 3},
        {"prompt": "a", "weight": "heavy"},
        {"prompt": "a", "negative": "no"},
        {"prompt": "a", "image": None},
        {"image": {}},
        {"image": "x"},
        {**GOOD, "prompt": "a"},
        {"embedding": None},
        {"embedding": {}},
        {"embedding": {**GOOD["embedding"], "encoder": None}},
        {"embedding": {**GOOD["embedding"], "values": [1.0]}},
        {"embedding": {**GOOD["embedding"], "values": ""}},
        {"embedding": {**GOOD["embedding"], "values": "@@"}},
        {"embedding": {**GOOD["embedding"], "values": "AAA="}},
        {"embedding": {**GOOD["embedding"], "values": "AADAfw=="}},  # not a number
    ],
    ids=lambda values: str(values)[:40],
)
def test_json_that_is_no_slot_is_refused(values):
    with pytest.raises((ValueError, TypeError)):
        Slot.from_json(values)
