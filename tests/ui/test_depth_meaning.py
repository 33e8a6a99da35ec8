"""From a drawn shape over its depth to another picture with the same silhouette: the built-in model, the real window."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtTest import QTest

from kandinsky_studio.app.canvas_plan import Verb
from kandinsky_studio.app.mix_slots import Words
from kandinsky_studio.document import depth_operations
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.document.surface import Depth, new_image
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.request import Task
from kandinsky_studio.engine.training.judge import judge, overlap, silhouette
from kandinsky_studio.engine.training.scenes import COLOUR_NAMES

SIDE = 128


@pytest.fixture
def fake_engine(built_in_engine):
    return built_in_engine


@pytest.fixture(autouse=True)
def no_cache_of_the_hub(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))


def disc(x, y, radius):
    image = new_image(SIDE, SIDE, Depth.RGBA)
    image.fill(QColor("#2654c8"))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor("#fad732"))
    painter.drawEllipse(x - radius, y - radius, 2 * radius, 2 * radius)
    painter.end()
    return image


@pytest.mark.parametrize(("x", "y", "radius"), [(42, 50, 26), (84, 76, 32)])
def test_the_silhouette_stays_and_the_colour_is_the_one_asked_for(make_window, qtbot, x, y, radius):
    window = make_window()
    studio = window.studio
    document = studio.editor.add_picture(disc(x, y, radius), "Disc").document
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=2000)
    window.actions_.commands.action("depth.estimate").trigger()
    qtbot.waitUntil(lambda: depth_operations.of(document) is not None, timeout=20_000)
    near = depth_operations.of(document).array(document.state.canvas)
    wanted = near > 127
    drawn = silhouette(document_picture(document))
    assert overlap(wanted, drawn) > 0.97
    assert document.active.kind is Kind.DEPTH
    qtbot.waitUntil(lambda: studio.candidates.verb is Verb.DEPTH, timeout=3000)
    studio.settings.set(
        prompt="a green circle on a white background",
        num_inference_steps=20,
        seed=5,
        prior_seed=5,
        seed_locked=True,
        prior_seed_locked=True,
    )

    def made():
        with qtbot.waitSignal(studio.generation.picture_made, timeout=60_000) as signal:
            QTest.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        qtbot.waitUntil(lambda: not studio.generation.busy, timeout=10_000)
        return signal.args[1]

    result = made()
    assert result.request.task is Task.depth
    assert result.request.hint == Raster(near)
    verdict = judge(result.image)
    [shape] = verdict.shapes
    assert (COLOUR_NAMES[shape.colour], COLOUR_NAMES[verdict.background]) == ("green", "white")
    assert overlap(wanted, silhouette(result.image)) > 0.9
    # Where depth does not count, the model puts the circle where it likes.
    controls = window.bench.page.task_bar.depth_controls
    controls.scale.changed.emit(0.0)
    free = made()
    assert free.request.controlnet_conditioning_scale == 0
    assert overlap(wanted, silhouette(free.image)) < overlap(wanted, silhouette(result.image))


def test_a_mix_is_drawn_in_the_places_that_the_depth_layer_gives(make_window, qtbot):
    window = make_window()
    studio = window.studio
    document = studio.editor.add_picture(disc(42, 50, 26), "Disc").document
    window.actions_.commands.action("depth.estimate").trigger()
    qtbot.waitUntil(lambda: depth_operations.of(document) is not None, timeout=20_000)
    wanted = depth_operations.of(document).array(document.state.canvas) > 127
    studio.settings.set(
        prompt="", num_inference_steps=20, seed=5, prior_seed=5, seed_locked=True, prior_seed_locked=True
    )
    studio.mixing.add(Words("a green circle on a white background"))
    qtbot.waitUntil(lambda: studio.candidates.outlook.mixes, timeout=3000)
    assert studio.candidates.verb is Verb.DEPTH
    assert "what is in the mix" in window.bench.page.task_bar.sentence.text()

    def made():
        with qtbot.waitSignal(studio.generation.picture_made, timeout=60_000) as signal:
            window.actions_.generate.trigger()
        qtbot.waitUntil(lambda: not studio.generation.busy, timeout=10_000)
        return signal.args[1]

    followed = made()
    assert followed.request.task is Task.depth
    assert [slot.prompt for slot in followed.request.slots] == ["a green circle on a white background"]
    verdict = judge(followed.image)
    [shape] = verdict.shapes
    assert (COLOUR_NAMES[shape.colour], COLOUR_NAMES[verdict.background]) == ("green", "white")
    assert overlap(wanted, silhouette(followed.image)) > 0.9
    hidden = document.state.of_kind(Kind.DEPTH).id
    document.change("Hide", document.state.with_layer(hidden, visible=False))
    qtbot.waitUntil(lambda: studio.candidates.verb is Verb.MIX, timeout=3000)
    free = made()
    assert free.request.task is Task.mix
    assert overlap(wanted, silhouette(free.image)) < overlap(wanted, silhouette(followed.image))


def document_picture(document):
    """The picture without depth, uint8 (height, width, 3)."""
    from kandinsky_studio.document.surface import to_rgba

    return to_rgba(document.render())[..., :3].copy()
