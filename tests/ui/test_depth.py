"""Depth in the window: what is shown where, what the popup does, how one comes by the estimator, what is grey and why."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QFileDialog

from kandinsky_studio.app.canvas_plan import Verb
from kandinsky_studio.app.depth_maps import ESTIMATOR
from kandinsky_studio.document import depth_operations
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.ui.dialogs.depth_estimator import DepthEstimatorDialog
from tests.engine.depth_checkpoint import write

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # of the platform without a screen

SIDE = 128


@pytest.fixture(autouse=True)
def no_cache_of_the_hub(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.fixture
def document(window):
    return window.studio.editor.new(SIDE, SIDE, QColor("#2030c0")).document


@pytest.fixture
def controls(window):
    return window.bench.page.task_bar.depth_controls


def ramp():
    return np.tile(np.linspace(0, 255, SIDE).astype(np.uint8), (SIDE, 1))


def values(document):
    return depth_operations.of(document).array(document.state.canvas)


def with_depth(window, qtbot, document):
    depth_operations.put(document, ramp(), document.state.canvas)
    qtbot.waitUntil(lambda: window.studio.candidates.verb is Verb.DEPTH, timeout=2000)


def action(window, id):
    return window.actions_.commands.action(id)


def test_strength_stands_beside_the_verb(window, qtbot, document, controls):
    assert controls.isHidden()
    with_depth(window, qtbot, document)
    assert controls.isVisible()
    assert controls.scale.isEnabled()
    controls.scale.changed.emit(40.0)
    assert window.studio.settings.values.controlnet_conditioning_scale == 0.4
    assert window.studio.generation.request().controlnet_conditioning_scale == 0.4
    assert controls.popup.scale.number == 40
    document.change("", document.state.with_layer(document.state.of_kind(Kind.DEPTH).id, visible=False))
    qtbot.waitUntil(controls.isHidden, timeout=2000)


def test_one_end_of_the_part_pushes_the_other(window, qtbot, document, controls):
    with_depth(window, qtbot, document)
    popup, settings = controls.popup, window.studio.settings
    popup.end.changed.emit(60.0)
    assert (settings.values.control_guidance_start, settings.values.control_guidance_end) == (0.0, 0.6)
    popup.start.changed.emit(80.0)
    assert (settings.values.control_guidance_start, settings.values.control_guidance_end) == (0.8, 0.8)
    assert (popup.start.number, popup.end.number) == (80, 80)


def test_a_model_without_depth_is_grey_with_the_reason(window, qtbot, document, controls):
    with_depth(window, qtbot, document)
    window.studio.choose_model("kandinsky-2.1")
    qtbot.waitUntil(lambda: window.studio.candidates.verb is not Verb.DEPTH, timeout=2000)
    reason = window.studio.depth.obstacle()
    assert "Kandinsky 2.1" in reason
    assert controls.isVisible()
    assert not controls.scale.isEnabled()
    assert reason in controls.scale.toolTip()
    controls.popup.open_above(controls.more)
    assert controls.popup.obstacle.text() == reason
    assert not controls.popup.start.isEnabled()
    assert controls.popup.near.isEnabled()  # the layer can be worked on all the same
    controls.popup.close()
    document.activate(document.state.of_kind(Kind.DEPTH).id)
    assert window.layers.depth_row.note.text() == reason
    window.studio.choose_model("builtin")
    qtbot.waitUntil(lambda: window.studio.candidates.verb is Verb.DEPTH, timeout=2000)
    assert controls.scale.isEnabled()


def test_the_range_is_tried_out_as_one_step(window, qtbot, document, controls):
    with_depth(window, qtbot, document)
    popup = controls.popup
    popup.open_above(controls.more)
    for near in (240.0, 200.0, 128.0):
        popup.near.set_number(near)
        popup.near.changed.emit(near)
    assert (values(document) == depth_operations.Range(near=128).table()[ramp()]).all()
    popup.gamma.set_number(2)
    popup.gamma.changed.emit(2.0)
    assert (values(document) == depth_operations.Range(near=128, gamma=2).table()[ramp()]).all()
    assert len(document.history.done) == 2
    popup.close()
    popup.open_above(controls.more)  # begins anew from what is there
    assert (popup.near.number, popup.gamma.number) == (255, 1)
    popup.far.set_number(100)
    popup.far.changed.emit(100.0)
    assert len(document.history.done) == 3
    popup.close()
    action(window, "edit.undo").trigger()
    action(window, "edit.undo").trigger()
    assert (values(document) == ramp()).all()


def test_the_commands_need_what_they_work_on(window, document):
    assert action(window, "depth.estimate").isEnabled()
    assert not action(window, "depth.invert").isEnabled()
    assert action(window, "depth.estimate_layer").isEnabled()
    action(window, "depth.from_luminance").trigger()
    assert action(window, "depth.invert").isEnabled()
    before = values(document)
    action(window, "depth.invert").trigger()
    assert (values(document) == 255 - before).all()
    document.activate(document.state.of_kind(Kind.DEPTH).id)
    assert not action(window, "depth.estimate_layer").isEnabled()
    window.bench.show_pictures()
    assert not action(window, "depth.estimate").isEnabled()


def test_the_layers_panel_estimates_and_gives_up(window, qtbot, document, monkeypatch):
    from kandinsky_studio.app import depth_maps
    from kandinsky_studio.engine.request import Progress, Stage

    action(window, "layer.new_depth").trigger()
    row = window.layers.depth_row
    assert row.isVisible()
    qtbot.mouseClick(row.estimate, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.studio.depth.going is None, timeout=10_000)
    assert row.estimate.text() == "Estimate depth"

    def slow(picture, files, *, device, on_progress):
        while True:
            on_progress(Progress(Stage.encoding, 1, 2, 0, 1, 0.5))

    monkeypatch.setattr(depth_maps.depth, "estimate", slow)
    qtbot.mouseClick(row.estimate, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: row.estimate.text() == "Cancel (50 %)", timeout=5000)
    qtbot.mouseClick(row.estimate, Qt.MouseButton.LeftButton)
    assert row.estimate.text() == "Estimate depth"


def test_it_is_seen_as_a_picture_or_over_the_picture(window, qtbot, document):
    view = window.bench.page.view
    depth_operations.put(document, np.full((SIDE, SIDE), 255, np.uint8), document.state.canvas)
    layer = document.state.of_kind(Kind.DEPTH)
    view.actual_size()

    def seen():
        for _ in range(5):
            qtbot.wait(20)
        middle = view.rect().center()
        return view.grab().toImage().pixelColor(middle * view.devicePixelRatioF())

    ground = document.state.layers[0].id
    assert seen() == QColor("#2030c0")
    document.activate(layer.id)
    assert seen() == QColor(255, 255, 255)
    window.layers.depth_row.opacity_changed.emit(0.5)
    half = seen()
    assert abs(half.red() - (0x20 + 255) / 2) < 4
    assert abs(half.blue() - (0xC0 + 255) / 2) < 4
    document.activate(ground)
    assert seen() == QColor("#2030c0")
    action(window, "depth.show").trigger()
    assert seen() == half
    action(window, "depth.show").trigger()
    assert seen() == QColor("#2030c0")


def test_the_tools_paint_near_and_far_on_it(window, qtbot, document):
    from kandinsky_studio.tools.base import Pointer

    editor = window.studio.editor
    depth_operations.put(document, np.full((SIDE, SIDE), 100, np.uint8), document.state.canvas)
    document.activate(document.state.of_kind(Kind.DEPTH).id)

    def drag(tool, *points, colour="#ffffff", **options):
        editor.take(tool)
        editor.set_colours(QColor(colour), QColor("#000000"))
        for name, value in options.items():
            setattr(editor.tool, name, value)
        first, *rest = [Pointer(*point) for point in points]
        editor.tool.press(first)
        for pointer in rest:
            editor.tool.move(pointer)
        editor.tool.release(rest[-1] if rest else first)
        return values(document)

    painted = drag("brush", (30, 30), (60, 30), size=20.0, hardness=1.0)
    assert painted[30, 45] == 255
    assert painted[90, 90] == 100
    grey = drag("brush", (30, 60), (60, 60), colour="#ff0000", size=20.0, hardness=1.0)
    assert grey[60, 45] == round(255 * 0.2126)  # as light as the red is
    wiped = drag("eraser", (45, 30), (46, 30), size=10.0, hardness=1.0)
    assert wiped[30, 45] == 0
    filled = drag("fill", (100, 100), colour="#c8c8c8")
    assert filled[100, 100] == 200
    faded = drag("gradient", (0, 64), (SIDE, 64))
    assert faded[64, 2] > 240
    assert faded[64, SIDE - 3] < 15
    assert abs(int(faded[64, 64]) - 127) < 8
    assert document.state.layers[0].pixels.bounds == Rect(0, 0, 256, 256)  # the picture below is as it was


def test_the_colour_panel_shows_the_grey_that_is_painted(window, document):
    editor, picker = window.studio.editor, next(d.panel for d in window.docks if d.panel.key == "colours").picker
    editor.set_colours(QColor("#ff0000"))
    assert picker.colour == QColor("#ff0000")
    depth_operations.put(document, ramp(), document.state.canvas)
    document.activate(document.state.of_kind(Kind.DEPTH).id)
    assert picker.colour == QColor(54, 54, 54)
    pair = window.bench.page.tools.colours
    assert "#363636" in pair.front.toolTip()
    pair.swap()  # what is seen is grey, what is swapped is not
    assert editor.desk.background == QColor("#ff0000")
    pair.swap()
    assert editor.desk.foreground == QColor("#ff0000")  # which comes back with the other layer
    document.activate(document.state.layers[0].id)
    assert picker.colour == QColor("#ff0000")
    assert "#FF0000" in pair.front.toolTip()


def test_the_offer_says_what_it_is_and_takes_a_folder(window, qtbot, document, tmp_path, monkeypatch):
    action(window, "depth.get_estimator").trigger()
    [dialog] = window.findChildren(DepthEstimatorDialog)
    words = " ".join(label.text() for label in (dialog._about, dialog._how))
    for said in (ESTIMATOR.title, "99 MB", "Apache-2.0", "Depth-Anything-V2-Small-hf", "model.safetensors"):
        assert said in words
    assert not dialog.estimate.isVisible()
    opened = []
    window.actions_.get_real_pictures.triggered.connect(lambda: opened.append(True))
    dialog.fetch.click()
    assert len(opened) == 1
    action(window, "depth.get_estimator").trigger()
    assert len(window.findChildren(DepthEstimatorDialog)) == 1
    folder = write(tmp_path)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
    dialog.open_folder.click()
    assert window.studio.depth.installed
    assert dialog.estimate.isVisible()
    dialog.estimate.click()
    qtbot.waitUntil(lambda: depth_operations.of(document) is not None, timeout=20_000)
    assert len(np.unique(values(document))) >= 1
    popup = window.bench.page.task_bar.depth_controls.popup
    popup.open_above(window.bench.page.task_bar)
    assert ESTIMATOR.title in popup.way.text()
    assert not popup.offer.isVisible()
    popup.close()


def test_files_are_asked_for(window, qtbot, document, tmp_path, monkeypatch):
    depth_operations.put(document, ramp(), document.state.canvas)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "map"), ""))
    action(window, "depth.export_png").trigger()
    window.studio.depth.flush()
    assert (tmp_path / "map.png").exists()
    action(window, "depth.invert").trigger()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "map.png"), ""))
    action(window, "depth.import_png").trigger()
    window.studio.depth.flush()
    assert (values(document) == ramp()).all()


def test_every_word_of_it_is_translated(window, qtbot, document, controls):
    window.studio.remembering.set(language="ru")
    with_depth(window, qtbot, document)
    popup = controls.popup
    popup.open_above(controls.more)
    for widget in (popup.invert, popup.estimate, popup.layer, popup.offer, *popup._titles):
        assert any("а" <= letter.lower() <= "я" for letter in widget.text())
    popup.close()
