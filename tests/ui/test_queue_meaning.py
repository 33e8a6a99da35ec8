"""The queue with the built-in model, in the real window: pictures come out in the order the rows were put into."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from kandinsky_studio.app.queue_list import Standing
from tests.ui.seen import colour_of

PROMPTS = {
    "red": "a red circle on a white background",
    "blue": "a blue circle on a white background",
    "green": "a green circle on a white background",
}


@pytest.fixture
def fake_engine(built_in_engine):
    return built_in_engine


def test_pictures_are_made_in_the_order_the_rows_were_put_into(make_window, qtbot):
    window = make_window()
    studio, queue = window.studio, window.studio.queue
    action = window.actions_.commands.action
    made = []
    studio.generation.picture_made.connect(lambda _, result: made.append(result.image))
    action("generation.show_queue").trigger()
    action("generation.pause_queue").trigger()
    studio.settings.set(num_inference_steps=12, seed=3, prior_seed=3, seed_locked=True, prior_seed_locked=True)
    for prompt in PROMPTS.values():
        studio.settings.set(prompt=prompt)
        window.actions_.generate.trigger()
    assert queue.waiting == 3
    view = next(dock.panel.view for dock in window.docks if dock.panel.key == "queue")
    qtbot.waitUntil(view.isVisible, timeout=1000)
    view.setCurrentIndex(queue.list.index(2))
    for _ in range(2):
        qtbot.keyClick(view, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    action("generation.pause_queue").trigger()
    qtbot.waitUntil(lambda: len(queue.list.of(Standing.done)) == 3, timeout=60_000)
    assert [colour_of(image) for image in made] == ["green", "red", "blue"]
    studio.gallery.flush()
    newest_first = [studio.gallery_list.item(studio.gallery_list.index(row)) for row in range(3)]
    assert [item.request.prompt for item in newest_first] == [PROMPTS[name] for name in ("blue", "red", "green")]
    row = queue.list.of(Standing.done)[0]
    again = studio.generation.submit(row.request)
    assert queue.left(queue.list.find(again)) is not None, "the time of such a picture is known now"
    qtbot.waitUntil(lambda: not studio.generation.busy, timeout=60_000)
