"""How much the undo list may hold, in memory and on the disk."""

import gc

import numpy as np
import pytest

from kandinsky_studio.document.document import Document
from kandinsky_studio.document.geometry import TILE, Rect
from kandinsky_studio.document.history import History
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.document.scratch import Scratch
from kandinsky_studio.document.surface import readable, writable
from kandinsky_studio.errors import DiskFull

TILE_BYTES = TILE * TILE * 4


def _noise(document, surface, keys, seed):
    """Paint whole tiles that can't be packed."""
    rng = np.random.default_rng(seed)
    with document.edit("Noise") as edit:
        for key in keys:
            pixels = writable(edit.tile(surface, key))
            pixels[:] = rng.integers(0, 256, pixels.shape, np.uint8)
            edit.touched(surface, Rect.of_tile(key))


def _pixels(surface):
    return {key: readable(tile.image).tobytes() for key, tile in surface.tiles.items()}


def _held(document):
    """Bytes that steps hold beside the document, counted anew."""
    live = {id(tile) for surface in document.state.surfaces() for tile in surface.tiles.values()}
    held = {}
    for step in (*document.history.done, *document.history.undone):
        tiles = [tile for change in step.tiles.values() for pair in change.values() for tile in pair if tile]
        tiles += [tile for surface in step.surfaces() for tile in surface.tiles.values()]
        held.update({id(tile): tile.size for tile in tiles if id(tile) not in live})
    return sum(held.values())


def test_the_number_of_steps_is_bounded():
    document = Document.new(9, 9)
    document.history.steps = 3
    for value in range(1, 6):
        document.change(f"Opacity {value}", document.state.with_layer(1, opacity=value / 10))
    assert document.history.names == ["Opacity 3", "Opacity 4", "Opacity 5"]
    document.go_to(0)
    assert document.active.opacity == 0.2
    assert not document.history.saved, "the step that led away from the saved state is gone"


def test_steps_hold_no_more_memory_than_they_may(tmp_path):
    memory = 6 * TILE_BYTES
    document = Document(Document.new(768, 768).state, History(memory, folder=tmp_path))
    pixels = document.active.pixels
    after = [_pixels(pixels)]
    for seed in range(8):
        _noise(document, pixels, [(seed % 3, row) for row in range(3)], seed)
        after.append(_pixels(pixels))
        assert _held(document) <= memory
    document.change("Remove", document.state.without(1))
    assert _held(document) <= memory
    document.change("Add", document.state.inserted(document.new_layer(Kind.PIXELS, "New")))
    for number in (10, 8, 5, 0, 3, 8, 1, 10, 0):
        document.go_to(number)
        assert _held(document) <= memory
        if number < 9:
            assert _pixels(pixels) == after[number], "as it was, back from the disk"
    assert not [path for path in tmp_path.iterdir() if path.is_file()], "the file has no name"
    document.history.close()


def test_a_full_disk_while_trimming_loses_nothing(monkeypatch):
    document = Document.new(768, 768)
    document.history.memory = 0
    pixels = document.active.pixels
    after = [_pixels(pixels)]
    calls = []
    write = Scratch.write

    def full_at_times(self, data):
        calls.append(1)
        if len(calls) % 3 == 0:
            raise DiskFull(folder="scratch")
        return write(self, data)

    monkeypatch.setattr(Scratch, "write", full_at_times)
    for seed in range(5):
        _noise(document, pixels, [(0, 0), (1, 1), (2, 2)], seed)
        after.append(_pixels(pixels))
    assert len(calls) > 3
    for number in (0, 5, 2, 4):
        document.go_to(number)
        assert _pixels(pixels) == after[number]
    document.history.close()


def test_the_disk_is_used_again_for_what_nobody_needs_any_more(tmp_path):
    scratch = Scratch(tmp_path)
    rng = np.random.default_rng(0)
    parts = [rng.integers(0, 256, 50_000 + 3000 * number, np.uint8).tobytes() for number in range(8)]
    blocks = [scratch.write(part) for part in parts]
    assert [block.read() for block in blocks] == parts
    size = scratch.size
    kept = blocks[1::2]
    del blocks
    gc.collect()
    again = [scratch.write(part) for part in parts[::2]]
    assert scratch.size == size
    assert [block.read() for block in again] == parts[::2]
    assert [block.read() for block in kept] == parts[1::2]
    scratch.close()
    assert scratch.size == 0


def test_what_packs_well_is_packed_and_noise_comes_back_too(tmp_path):
    scratch = Scratch(tmp_path)
    noise = np.random.default_rng(0).integers(0, 256, 2**18, np.uint8).tobytes()
    flat, both = bytes(2**18), noise[: 2**17] + bytes(2**17)
    first = scratch.write(flat)
    assert scratch.size < 2**13
    blocks = [first, *(scratch.write(part) for part in (noise, both, b"", b"x"))]
    assert [block.read() for block in blocks] == [flat, noise, both, b"", b"x"]
    scratch.close()


def test_a_folder_that_can_not_be_written_to_is_a_full_disk(tmp_path):
    with pytest.raises(DiskFull):
        Scratch(tmp_path / "missing").write(b"x")


def test_what_lies_far_back_leaves_memory_while_nobody_waits(tmp_path):
    document = Document(Document.new(2048, 2048).state, History(folder=tmp_path))
    pixels, history = document.active.pixels, document.history
    keys = [(column, row) for column in range(8) for row in range(8)]  # 16 MiB
    after = [_pixels(pixels)]
    for seed in range(6):
        _noise(document, pixels, keys, seed)
        after.append(_pixels(pixels))
    if history._beside is not None:
        history._beside.join()
    _noise(document, pixels, keys, 6)
    assert history._beside is not None
    history._beside.join()
    assert _held(document) <= 36 * 2**20, "it would have been six times 16 MiB"
    assert all(tile.in_memory for tile in history.done[-1].changed_tiles(after=False)), "one step back is at hand"
    for number in (3, 6, 0, 5):
        document.go_to(number)
        assert _pixels(pixels) == after[number], "as it was, back from the disk"
    history.close()
