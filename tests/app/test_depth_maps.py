"""The depth layer from what is seen, from files and to files; which way of estimating is used, and what is said of it."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QColor

from kandinsky_studio import paths
from kandinsky_studio.app import depth_maps
from kandinsky_studio.document import depth_operations, generation_frame, layer_operations
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.document.surface import Surface
from kandinsky_studio.engine.request import Progress, Stage
from kandinsky_studio.errors import EngineFailed
from tests.engine.depth_checkpoint import write


@pytest.fixture(autouse=True)
def no_cache_of_the_hub(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.fixture
def messages(studio):
    told = []
    studio.messages.connect_window(told.append)
    return told


def patch(document, rect, colour="#c02020"):
    """Paint a rectangle on the active layer."""
    pixels = np.zeros((rect.height, rect.width, 4), np.uint8)
    tone = QColor(colour)
    pixels[:] = (tone.blue(), tone.green(), tone.red(), 255)
    surface = Surface.from_array(pixels, rect.x, rect.y)
    whole = document.active.pixels.copy()
    whole.fill_from(rect, surface.read(rect))
    document.change("Paint", document.state.with_layer(document.active_id, pixels=whole))


@pytest.fixture
def document(studio):
    document = studio.editor.new(256, 192, QColor("#f0f0f0")).document
    patch(document, Rect(60, 50, 80, 70))
    return document


def values(document):
    return depth_operations.of(document).array(document.state.canvas)


def estimated(studio, qtbot, **asked):
    steps = len(studio.editor.document.history.done)
    studio.depth.estimate(**asked)
    qtbot.waitUntil(lambda: studio.depth.going is None, timeout=10_000)
    return len(studio.editor.document.history.done) - steps


def test_the_figure_comes_to_lie_before_the_ground_in_one_step(studio, qtbot, document, messages):
    assert estimated(studio, qtbot) == 1
    wanted = np.zeros((192, 256), np.uint8)
    wanted[50:120, 60:140] = 255
    assert (values(document) == wanted).all()
    assert document.active.kind is Kind.DEPTH  # so that it is seen
    assert "by colour" in messages[-1].text
    assert estimated(studio, qtbot) == 0  # nothing changed
    document.undo()
    assert depth_operations.of(document) is None
    count = len(messages)
    assert estimated(studio, qtbot) == 1
    assert len(messages) == count  # it was said


def test_only_the_generation_frame_is_made_anew(studio, qtbot, document):
    depth_operations.put(document, np.full((192, 256), 90, np.uint8), document.state.canvas)
    generation_frame.set_frame(document, Rect(20, 30, 100, 100))
    assert estimated(studio, qtbot) == 1
    found = values(document)
    assert found[40, 40] == 0
    assert found[80, 90] == 255
    found[30:130, 20:120] = 90
    assert (found == 90).all()


def test_one_layer_alone_can_be_taken(studio, qtbot, document):
    upper = layer_operations.add_layer(document)
    patch(document, Rect(10, 10, 30, 30), "#f0f0f0")  # as light as the ground below: seen on its own only
    assert estimated(studio, qtbot, layer=upper) == 1
    found = values(document)
    assert (found[10:40, 10:40] == 255).all()
    assert found.astype(int).sum() == 30 * 30 * 255


def test_a_stroke_is_not_disturbed(studio, qtbot, document):
    edit = document.edit("Stroke")
    studio.depth.going = None
    sheet = studio.editor.sheet
    studio.depth._put_when_idle(
        sheet, lambda: studio.depth._arrived(sheet, np.full((192, 256), 9, np.uint8), document.state.canvas, True)
    )
    qtbot.wait(150)
    assert depth_operations.of(document) is None
    edit.cancel()
    qtbot.waitUntil(lambda: depth_operations.of(document) is not None, timeout=2000)


def test_it_can_be_given_up_and_closing_the_document_does(studio, qtbot, document, monkeypatch):
    begun = threading.Event()

    def slow(picture, files, *, device, on_progress):
        begun.set()
        while True:
            on_progress(Progress(Stage.encoding, 1, 2, 0, 1, 0.5))

    monkeypatch.setattr(depth_maps.depth, "estimate", slow)
    for give_up in (studio.depth.cancel, lambda: studio.editor.close_sheet(studio.editor.sheet)):
        begun.clear()
        studio.depth.estimate()
        qtbot.waitUntil(lambda: studio.depth.going is not None and studio.depth.going.fraction == 0.5, timeout=5000)
        give_up()
        assert studio.depth.going is None
    monkeypatch.undo()
    qtbot.wait(50)
    assert depth_operations.of(document) is None


def test_what_goes_wrong_is_told_and_changes_nothing(studio, qtbot, document, messages, monkeypatch):
    def broken(*_, **__):
        raise EngineFailed(reason="of a test")

    monkeypatch.setattr(depth_maps.depth, "estimate", broken)
    assert estimated(studio, qtbot) == 0
    assert "of a test" in messages[-1].text
    layer_operations.add_layer(document, Kind.DEPTH)
    document.change("", document.state.with_layer(document.active_id, locked=True))
    monkeypatch.undo()
    assert estimated(studio, qtbot) == 0
    assert not messages[-1].text.startswith("Told")


def test_the_estimator_is_used_once_it_is_here(studio, qtbot, document, messages, tmp_path):
    assert not studio.depth.installed
    studio.depth.open_folder(tmp_path)
    assert messages[-1].weight.value == "error"
    assert str(tmp_path) in messages[-1].text
    folder = write(tmp_path)
    studio.depth.open_folder(folder)
    assert studio.depth.installed
    assert studio.remembering.values.depth_folder == str(folder)
    assert depth_maps.ESTIMATOR.title in messages[-1].text
    assert estimated(studio, qtbot) == 1
    found = values(document)
    assert (found.min(), found.max()) == (0, 255)
    assert len(np.unique(found)) > 20  # no figure and ground
    assert "by colour" not in messages[-1].text


def test_it_is_found_in_the_models_folder_when_one_comes_back(studio, monkeypatch):
    assert not studio.depth.installed
    told = []
    studio.depth.changed.connect(lambda: told.append(studio.depth.installed))
    folder = write(paths.models())
    studio.models.look_again()
    assert told == [True]
    (folder / "model.safetensors").write_bytes(b"cut off")
    studio.models.look_again()
    assert not studio.depth.installed
    assert studio.depth.flaw is None or studio.depth.flaw.values["model"] == depth_maps.ESTIMATOR.title


def test_a_folder_that_went_away_is_no_obstacle(studio, tmp_path):
    studio.remembering.set(depth_folder=str(tmp_path / "gone"))
    assert not studio.depth.installed
    write(paths.models())
    studio.depth.look_again()
    assert studio.depth.installed


def test_maps_go_to_files_and_come_back(studio, qtbot, document, tmp_path):
    ramp = np.tile(np.arange(256, dtype=np.uint8), (192, 1))
    depth_operations.put(document, ramp, document.state.canvas)
    for sixteen in (False, True):
        studio.depth.export_map(tmp_path / "map.png", sixteen)
        studio.depth.flush()
        with Image.open(tmp_path / "map.png") as written:
            assert written.mode == ("I;16" if sixteen else "L")
            assert (np.asarray(written) == ramp.astype(int) * (257 if sixteen else 1)).all()
        depth_operations.invert(document)
        studio.depth.import_map(tmp_path / "map.png")
        studio.depth.flush()
        assert np.abs(values(document).astype(int) - ramp).max() <= 1


def test_a_map_of_any_size_fits_the_canvas(studio, document, tmp_path):
    Image.fromarray(np.full((20, 30), 77, np.uint8)).save(tmp_path / "small.png")
    studio.depth.import_map(tmp_path / "small.png")
    studio.depth.flush()
    assert (values(document) == 77).all()


def test_a_file_that_is_no_picture_is_refused(studio, document, messages, tmp_path):
    (tmp_path / "map.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    studio.depth.import_map(tmp_path / "map.png")
    studio.depth.flush()
    assert messages[-1].weight.value == "error"
    assert depth_operations.of(document) is None


def test_a_model_that_can_not_match_depth_says_so(studio):
    assert studio.depth.obstacle() == ""
    studio.choose_model("kandinsky-2.1")
    assert "Kandinsky 2.1 can’t match depth" in studio.depth.obstacle()
    assert "Kandinsky 2.2" in studio.depth.obstacle()


def test_so_does_one_whose_decoder_for_depth_is_not_here(studio, monkeypatch):
    studio.choose_model("kandinsky-2.2")
    assert studio.depth.obstacle() == ""  # nothing of it is here: that is another story
    parts = {"unet"}
    monkeypatch.setattr(depth_maps, "find_model", lambda model: parts)
    assert "The part of Kandinsky 2.2 that matches depth is not here" in studio.depth.obstacle()
    parts.add("depth_unet")
    studio.models.look_again()
    assert studio.depth.obstacle() == ""
