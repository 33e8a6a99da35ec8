"""New layers are called in the language of the window, and keep that name in another one."""

import pytest
from PySide6.QtGui import QImage

from kandinsky_studio.app.editor import Editor
from kandinsky_studio.app.messages import Messages
from kandinsky_studio.app.translation import Translation
from kandinsky_studio.document import layer_operations as layers
from kandinsky_studio.document import mask_operations, pixel_operations
from kandinsky_studio.document.layers import Kind


@pytest.fixture
def editor(qapp):
    editor = Editor(Messages())
    yield editor
    editor.close()


@pytest.fixture
def russian(qapp):
    translation = Translation()
    translation.use("ru")
    yield translation
    translation.use("en")
    translation.remove()


def test_every_way_to_a_layer_names_it_in_the_language_of_the_window(editor, russian):
    document = editor.new(40, 30).document
    layers.add_layer(document)
    layers.group(document, [document.active_id])
    pixel_operations.paste(document, QImage(4, 4, QImage.Format.Format_RGB32), (2, 2))
    mask_operations.fill(document)
    layers.add_layer(document, Kind.DEPTH)
    names = [layer.name for layer in document.state.walk()]
    expected = ["Слой 1", "Слой 2", "Группа 1", "Вставленный слой 1", "Маска дорисовки", "Глубина"]
    assert sorted(names) == sorted(expected)
    russian.use("en")
    assert [layer.name for layer in document.state.walk()] == names
