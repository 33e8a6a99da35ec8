"""Words with the built-in model, in the real window: what was chosen is what is drawn, and what was sent repeats."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt

from kandinsky_studio.app.generation import Generation
from kandinsky_studio.storage.pictures import read_request
from kandinsky_studio.ui.panels.handbook import HandbookPanel
from tests.ui.seen import colour_of, ground_of

pytestmark = pytest.mark.usefixtures("steady_seeds")


@pytest.fixture
def fake_engine(built_in_engine):
    return built_in_engine


def results(qtbot, window):
    """What comes of a click on the button."""
    made = []
    generation: Generation = window.studio.generation
    taken = generation.picture_made.connect(lambda _, result: made.append(result))
    with qtbot.waitSignal(generation.ended, timeout=120_000):
        qtbot.mouseClick(window.prompt.button, Qt.MouseButton.LeftButton)
    generation.picture_made.disconnect(taken)
    return made


def test_alternatives_are_drawn_kept_and_repeated(make_window, qtbot):
    window = make_window()
    studio = window.studio
    studio.settings.set(
        prompt="a {red|blue} circle on a white background", num_images_per_prompt=6, num_inference_steps=12
    )
    made = results(qtbot, window)
    named = [result.request.prompt.split()[1] for result in made]
    assert set(named) == {"red", "blue"}
    assert [colour_of(result.image) for result in made] == named
    # What the gallery has on the disk says which it was, and makes the same picture again, alone.
    model = studio.gallery_list
    qtbot.waitUntil(lambda: model.rowCount() == 6, timeout=10_000)
    qtbot.waitUntil(lambda: all(model.item(model.index(row)).path for row in range(6)), timeout=10_000)
    kept = [read_request(model.item(model.index(row)).path) for row in range(6)]
    assert sorted(request.prompt for request in kept) == sorted(result.request.prompt for result in made)
    assert {request.prompt_template for request in kept} == {"a {red|blue} circle on a white background"}
    for request in kept[:2]:
        [original] = [result for result in made if result.request.prior_seed == request.prior_seed]
        with qtbot.waitSignal(studio.generation.picture_made, timeout=60_000) as again:
            studio.generation.submit(request)
        assert (again.args[1].image == original.image).all()
        assert again.args[1].request == original.request
    qtbot.waitUntil(lambda: not studio.generation.busy, timeout=10_000)


def test_all_combinations_are_drawn(make_window, qtbot):
    window = make_window()
    studio = window.studio
    studio.settings.set(prompt="a {red|blue} circle on a {white|black} background", num_inference_steps=12)
    studio.words.set_every(True)
    made = results(qtbot, window)
    seen = [(colour_of(result.image), ground_of(result.image)) for result in made]
    assert seen == [("red", "white"), ("red", "black"), ("blue", "white"), ("blue", "black")]


def test_a_style_and_a_word_of_the_handbook_change_the_picture(make_window, qtbot):
    window = make_window()
    studio = window.studio
    studio.settings.set(prompt="a circle", num_inference_steps=12, seed=3, prior_seed=3)
    studio.settings.set(seed_locked=True, prior_seed_locked=True)
    window.actions_.commands.action("generation.handbook").trigger()
    panel = next(dock.panel for dock in window.docks if isinstance(dock.panel, HandbookPanel))
    window.prompt.form.prompt.setFocus()
    window.prompt.form.prompt.setTextCursor(window.prompt.form.prompt.cursorForPosition(window.rect().topLeft()))
    panel.list.open_group("colours")
    titles = [panel.list.item(number).text() for number in range(panel.list.count())]
    for colour in ("blue", "red"):
        if colour == "red":
            panel.list.itemClicked.emit(panel.list.item(titles.index("blue")))
            assert studio.settings.values.prompt == "a circle"
        panel.list.itemClicked.emit(panel.list.item(titles.index(colour)))
        assert studio.settings.values.prompt == f"a {colour} circle"
        studio.words.styles.put_on("On a black ground")
        [result] = results(qtbot, window)
        assert result.request.prompt == f"a {colour} circle on a black background"
        assert (colour_of(result.image), ground_of(result.image)) == (colour, "black")
    studio.words.styles.take_off("On a black ground")
    [plain] = results(qtbot, window)
    assert plain.request.prompt == "a red circle"


def test_the_counter_is_the_tokenizers(make_window, qtbot, built_in_engine):
    window = make_window()
    form, words = window.prompt.form, window.studio.words
    text = ", ".join(["a red circle above a blue square on a white background"] * 9)
    form.prompt.setFocus()
    form.prompt.setPlainText(text)
    qtbot.waitUntil(lambda: words.reading("prompt").exact and words.typed.prompt == text, timeout=20_000)
    [reading] = built_in_engine.read_prompt(text, "builtin")
    assert form.words.count.text() == f"{reading.tokens} / {reading.limit}"
    assert form.prompt.unread_from == reading.cut
    [unread] = form.prompt.extraSelections()
    assert unread.cursor.selectedText() == text[reading.cut :]
    # Nothing of the grey end has any say in the picture.
    studio = window.studio
    studio.settings.set(num_inference_steps=4, prior_num_inference_steps=4, seed=1, prior_seed=1)
    studio.settings.set(seed_locked=True, prior_seed_locked=True)
    [whole] = results(qtbot, window)
    form.prompt.setPlainText(text[: reading.cut])
    [read] = results(qtbot, window)
    assert np.array_equal(whole.image, read.image)
    form.prompt.setPlainText(text[: reading.cut].replace("blue", "green"))
    [other] = results(qtbot, window)
    assert not np.array_equal(whole.image, other.image)
