"""The interpolation strip: frames between two ends, more between them, what becomes of them, and their files."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QColor

from kandinsky_studio.app.mix_slots import OfLayer, Picture, Words
from kandinsky_studio.app.strip_export import Pace
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.storage.pictures import read_request


@pytest.fixture
def strip(studio):
    strip = studio.strip
    studio.settings.set(prior_seed=5, seed=6)
    strip.add(Picture("dark", Raster(np.full((64, 64, 3), 10, np.uint8))))
    strip.add(Words("a star"))
    strip.set_count(5)
    return strip


def made(strip, qtbot, count=5):
    qtbot.waitUntil(lambda: strip.made == count and not strip.busy, timeout=5000)


def test_it_needs_two_ends(studio):
    strip = studio.strip
    assert not strip.ready
    strip.make()
    strip.add(Words("one"))
    strip.add(Words("two"))
    strip.add(Words("three"))
    assert strip.ends == (Words("one"), Words("three"))
    strip.swap()
    assert strip.ends == (Words("three"), Words("one"))
    strip.set_end(0, Words(" "))
    assert not strip.ready
    assert not strip.frames


@pytest.mark.parametrize(("asked", "given"), [(1, 3), (3, 3), (31, 31), (99, 31)])
def test_three_to_thirty_one(strip, asked, given):
    strip.set_count(asked)
    assert strip.count == given


def test_frames_come_from_coarse_to_fine_with_one_noise(strip, fake_engine, qtbot, studio):
    strip.make()
    assert [frame.share for frame in strip.frames] == [0, 0.25, 0.5, 0.75, 1]
    made(strip, qtbot)
    weights = [[slot.weight for slot in request.slots] for request in fake_engine.requests]
    assert weights == [[1, 0], [0, 1], [0.5, 0.5], [0.75, 0.25], [0.25, 0.75]]
    assert {(one.prior_seed, one.seed, one.num_images_per_prompt) for one in fake_engine.requests} == {(5, 6, 1)}
    assert len({id(request.slots[0].image) for request in fake_engine.requests}) == 1
    assert studio.gallery_list.rowCount() == 0  # drafts are nobody's yet


def test_more_between_two_again_and_again(strip, fake_engine, qtbot):
    strip.make()
    made(strip, qtbot)
    strip.refine(strip.frames[1])
    made(strip, qtbot, 6)
    strip.refine(strip.frames[1], 3)
    made(strip, qtbot, 9)
    shares = [frame.share for frame in strip.frames]
    assert shares == [0, 0.25, 0.28125, 0.3125, 0.34375, 0.375, 0.5, 0.75, 1]
    assert [frame.result.request.slots[1].weight for frame in strip.frames] == shares
    assert not strip.can_refine(strip.frames[-1])
    assert (fake_engine.requests[-1].prior_seed, fake_engine.requests[-1].seed) == (5, 6)


def test_jobs_come_in_between_and_it_can_be_cancelled(strip, fake_engine, qtbot, studio):
    strip.set_count(9)
    fake_engine.hold.clear()
    strip.make()
    qtbot.waitUntil(lambda: len(fake_engine.requests) == 1, timeout=3000)
    job = studio.generation.generate()
    assert job is None or studio.generation.busy
    strip.cancel()
    assert not strip.frames
    assert not strip.busy
    fake_engine.hold.set()
    strip.make()
    made(strip, qtbot, 9)
    fake_engine.hold.clear()
    strip.refine(strip.frames[0])
    strip.cancel()
    fake_engine.hold.set()
    assert strip.made == len(strip.frames) == 9


def test_what_fails_is_said_and_what_is_made_stays(strip, fake_engine, qtbot, studio):
    said = []
    studio.messages.connect_window(said.append)
    strip.frame_changed.connect(lambda frame: frame.result and setattr(fake_engine, "error", RuntimeError("broken")))
    strip.make()
    qtbot.waitUntil(lambda: bool(said), timeout=3000)
    assert not strip.busy
    assert strip.made == len(strip.frames) >= 1
    fake_engine.error = None


def test_a_frame_is_used(strip, qtbot, studio):
    strip.make()
    made(strip, qtbot)
    frame = strip.frames[1]
    with qtbot.waitSignal(studio.gallery.added, timeout=3000):
        strip.open(frame)
    assert studio.easel.item is frame.item
    assert studio.gallery_list.rowCount() == 1
    studio.editor.new(160, 80, QColor("white"))
    strip.use_on_canvas(frame)
    studio.gallery.flush()
    assert studio.gallery_list.rowCount() == 1  # kept once
    shown = studio.candidates.shown
    assert (shown.area.width, shown.area.height) == (80, 80)  # not distorted
    assert shown.area.x == 40
    studio.candidates.keep()
    assert len(studio.editor.document.state.layers) == 2
    strip.use_in_mix(frame)
    assert [slot.weight for slot in studio.mixing.slots] == [0.75, 0.25]
    assert [slot.source for slot in studio.mixing.slots] == list(strip.ends)


def test_ends_come_from_the_mix(strip, studio):
    mixing = studio.mixing
    for text in ("hill", "sea", "town"):
        mixing.add_words(text)
    mixing.set_negative(mixing.slots[0], True)
    mixing.set_spherical(True)
    strip.take_mix()
    assert strip.ends == (Words("sea"), Words("town"))
    assert strip.spherical


def test_at_the_size_of_the_canvas(strip, fake_engine, qtbot, studio):
    sheet = studio.editor.new(160, 80, QColor("white"))
    strip.set_end(0, OfLayer(sheet, sheet.document.active_id))
    strip.set_count(3)
    strip.make()
    made(strip, qtbot, 3)
    assert fake_engine.requests[0].width == 2 * fake_engine.requests[0].height
    studio.editor.close_sheet(sheet)
    assert isinstance(strip.ends[0], Picture)


@pytest.mark.parametrize("suffix", ["gif", "webp", "mp4"])
def test_a_film_is_written_and_its_frames_are_kept(strip, studio, qtbot, tmp_path, suffix):
    strip.make()
    made(strip, qtbot)
    path = tmp_path / f"way.{suffix}"
    with qtbot.waitSignal(studio.strip_export.written, timeout=20_000):
        studio.strip_export.film(path, Pace(10, back=True))
        assert studio.strip_export.progress == (0, 8)
    assert path.stat().st_size > 100
    assert list(tmp_path.glob("*partial*")) == []
    studio.gallery.flush()
    assert studio.gallery_list.rowCount() == 5
    assert studio.strip_export.progress is None


def test_single_frames_say_how_they_were_made(strip, studio, qtbot, tmp_path):
    strip.make()
    made(strip, qtbot)
    (tmp_path / "way").mkdir()
    with qtbot.waitSignal(studio.strip_export.written, timeout=5000) as written:
        studio.strip_export.frames(tmp_path / "way")
    [folder] = written.args
    assert folder == tmp_path / "way 2"
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == [f"way 2 0{number}.png" for number in range(1, 6)]
    assert [read_request(file).slots[1].weight for file in files] == [0, 0.25, 0.5, 0.75, 1]
    assert (np.asarray(Image.open(files[0])) == strip.frames[0].result.image).all()


def test_an_export_is_given_up(strip, studio, qtbot, tmp_path):
    strip.make()
    made(strip, qtbot)
    export = studio.strip_export
    export.frames(tmp_path / "way")
    export.cancel()
    qtbot.waitUntil(lambda: export.progress is None, timeout=5000)
    assert list(tmp_path.glob("*way*")) == []
