"""The mix panel in the real window: what is dropped, the rows, the pigments, the button."""

from __future__ import annotations

import re

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDragMoveEvent, QDropEvent, QImage
from PySide6.QtWidgets import QApplication, QCheckBox, QInputDialog, QLabel, QPushButton

from kandinsky_studio.app.canvas_plan import Verb
from kandinsky_studio.app.mix_slots import OfLayer, OfPalette, OfSelection, Picture, Words
from kandinsky_studio.document import selection_operations
from kandinsky_studio.document.surface import Depth, new_image
from kandinsky_studio.engine.models import kandinsky_2_0
from kandinsky_studio.engine.request import GenerationRequest, GenerationResult, Task
from kandinsky_studio.ui.panels.layers import LayersPanel
from kandinsky_studio.ui.panels.mix import MixPanel
from kandinsky_studio.ui.widgets.pigment_shelf import pigment_data


@pytest.fixture
def panel(window):
    dock = next(dock for dock in window.docks if isinstance(dock.panel, MixPanel))
    window.resize(1280, 900)
    window.areas.show_dock(dock)
    QApplication.processEvents()
    return dock.panel


def coloured(colour, side=64):
    image = new_image(side, side, Depth.RGBA)
    image.fill(QColor(colour))
    return image


def drop(panel, data, place=None):
    """Bring ``data`` over the panel and let it go, as the window system does; the event of the drop."""
    place = place or QPoint(panel.width() // 2, panel.height() - 150)
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    actions = copy | Qt.DropAction.MoveAction
    for kind in (QDragEnterEvent, QDragMoveEvent):
        event = kind(place, actions, data, left, none)
        QApplication.sendEvent(panel, event)
        assert event.isAccepted()
    event = QDropEvent(QPointF(place), actions, data, left, none)
    QApplication.sendEvent(panel, event)
    return event


def on(panel, widget):
    """The middle of a widget, in the panel."""
    return widget.mapTo(panel, widget.rect().center())


def files(*paths):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def words(text):
    data = QMimeData()
    data.setText(text)
    return data


def picture_data(colour):
    data = QMimeData()
    data.setImageData(QImage(coloured(colour)))
    return data


def kept(studio, prompt="ochre", colour=(200, 150, 40)):
    result = GenerationResult(np.full((64, 64, 3), colour, np.uint8), GenerationRequest(prompt), np.ones(8, np.float32))
    studio.pigments.save_result(result)
    studio.pigments.flush()


# ---------------------------------------------------------------------- the empty panel


def test_an_empty_mix_says_what_to_do(panel):
    form = panel.form
    assert form.empty.isVisible()
    assert "Drag" in form.empty.text()
    assert not form.controls.isVisible()
    assert not form.used.isVisible()
    assert not panel.button.isVisible()
    assert form.add_picture.isEnabled()
    assert not form.add_layer.isEnabled()
    assert not form.add_selection.isEnabled()
    assert form.no_pigments.isVisible()


def test_words_are_typed_at_once(panel, qtbot):
    panel.form.add_words.click()
    [row] = panel.rows.values()
    assert not panel.button.isEnabled()  # words that are nothing yet
    qtbot.keyClicks(row.words, "a blue star")
    assert panel.mixing.slots[0].source == Words("a blue star")
    assert panel.button.isEnabled()
    assert not panel.form.empty.isVisible()


# ---------------------------------------------------------------------- dropping


def test_files_are_dropped(panel, tmp_path):
    paths = [tmp_path / "one.png", tmp_path / "two.png"]
    for path, colour in zip(paths, ("#102030", "#405060"), strict=True):
        coloured(colour).save(str(path))
    drop(panel, files(*paths))
    panel.mixing.flush()
    assert [slot.source.title() for slot in panel.mixing.slots] == ["one", "two"]
    row = panel.rows[panel.mixing.slots[1]]
    assert row.name.text() == "two"
    assert row.picture.image.pixelColor(5, 5) == QColor("#405060")


def test_a_picture_of_the_gallery_is_dropped(panel, window, qtbot):
    window.studio.settings.set(prompt="a star")
    with qtbot.waitSignal(window.studio.gallery.added, timeout=5000):
        window.actions_.generate.trigger()
    model = window.studio.gallery_list
    qtbot.waitUntil(lambda: model.rowCount() == 1, timeout=3000)
    drop(panel, model.mimeData([model.index(0)]))
    panel.mixing.flush()
    [slot] = panel.mixing.slots
    assert isinstance(slot.source, Picture)
    assert (slot.source.raster.pixels == window.studio.easel.picture).all()


def test_an_image_and_words_of_another_program_are_dropped(panel):
    drop(panel, picture_data("#c03010"))
    drop(panel, words("a green  hill\n"))
    first, second = panel.mixing.slots
    assert (first.source.raster.pixels == (0xC0, 0x30, 0x10)).all()
    assert second.source == Words("a green hill")
    assert panel.rows[second].words.text() == "a green hill"


def test_an_address_is_refused_with_a_sentence(panel, window):
    data = QMimeData()
    data.setUrls([QUrl("https://example.org/cat.png")])
    drop(panel, data)
    assert panel.mixing.slots == ()
    assert window.messages.isVisible()


def test_layers_are_dropped_and_stay_in_their_list(panel, window):
    sheet = window.studio.editor.add_picture(coloured("#306090", 128), "Sky")
    layers = next(dock.panel for dock in window.docks if isinstance(dock.panel, LayersPanel))
    indexes = [index for index in layers.tree.selectedIndexes() if index.column() == 0]
    data = layers.tree.model().mimeData(indexes)
    event = drop(panel, data)
    assert event.dropAction() is Qt.DropAction.IgnoreAction
    [slot] = panel.mixing.slots
    assert isinstance(slot.source, OfLayer)
    assert panel.rows[slot].name.text() == "Sky"
    assert [layer.name for layer in sheet.document.state.layers] == ["Sky"]


def test_the_small_picture_follows_what_is_painted(panel, window, qtbot):
    sheet = window.studio.editor.add_picture(coloured("#306090", 128), "Sky")
    panel.form.add_layer.click()
    [row] = panel.rows.values()
    assert row.picture.image.pixelColor(5, 5) == QColor("#306090")
    document = sheet.document
    with document.edit("Paint") as edit:
        edit.write(document.active.pixels, document.state.canvas, coloured("#903060", 128))
    qtbot.waitUntil(lambda: row.picture.image.pixelColor(5, 5) == QColor("#903060"), timeout=3000)


def test_the_selection_goes_in(panel, window):
    sheet = window.studio.editor.add_picture(coloured("#306090", 128), "Sky")
    assert not panel.form.add_selection.isEnabled()
    selection_operations.select_all(sheet.document)
    assert panel.form.add_selection.isEnabled()
    panel.form.add_selection.click()
    assert isinstance(panel.mixing.slots[0].source, OfSelection)


def test_what_is_dropped_on_a_small_picture_takes_its_place(panel):
    drop(panel, words("a"))
    drop(panel, words("b"))
    QApplication.processEvents()
    first, second = panel.mixing.slots
    panel.mixing.set_weight(first, 0.8)
    drop(panel, picture_data("#c03010"), on(panel, panel.rows[first].picture))
    assert panel.mixing.slots == (first, second)
    assert isinstance(first.source, Picture)
    assert first.weight == 0.8
    assert panel.rows[first].name.text() == "Dropped"


# ---------------------------------------------------------------------- rows


def test_sliders_locks_and_buttons(panel, qtbot):
    for text in "abc":
        drop(panel, words(text))
    rows = list(panel.rows.values())
    assert [row.weight.number for row in rows] == [33, 33, 33]
    rows[0].weight.type_number("60")
    qtbot.keyClick(rows[0].weight.field, Qt.Key.Key_Return)
    assert [row.weight.number for row in rows] == [60, 20, 20]
    rows[1].lock.click()
    rows[0].weight.type_number("30")
    qtbot.keyClick(rows[0].weight.field, Qt.Key.Key_Return)
    assert [row.weight.number for row in rows] == [30, 20, 50]
    assert panel.form.total.text() == "Total 100 %"
    assert not panel.form.normalise.isEnabled()
    panel.form.linked.click()
    rows[0].weight.type_number("90")
    qtbot.keyClick(rows[0].weight.field, Qt.Key.Key_Return)
    assert panel.form.total.text() == "Total 160 %"
    panel.form.normalise.click()
    assert panel.form.total.text() == "Total 100 %"
    assert rows[1].weight.number == 20
    panel.form.even.click()
    assert [row.weight.number for row in rows] == [40, 20, 40]
    rows[2].negative.click()
    assert panel.mixing.slots[2].negative
    assert rows[2].weight.accessibleName() == "Away from it"
    rows[0].remove.click()
    assert [slot.source.title() for slot in panel.mixing.slots] == ["b", "c"]
    assert len(panel.rows) == 2


def test_how_it_is_mixed(panel, window):
    drop(panel, words("a"))
    assert panel.form.pull.number == 30
    panel.form.way.setCurrentIndex(1)
    panel.form.way.activated.emit(1)
    panel.form.pull._choose(70)
    request = window.studio.generation.request()
    assert request.spherical
    assert request.prior_strength == 0.7
    panel.form.used.click()
    assert window.studio.generation.request().task is Task.text2image
    assert not panel.button.isEnabled()


def test_a_model_that_can_not_mix_is_named_and_those_that_can(panel, window):
    drop(panel, words("a"))
    window.studio.choose_model(kandinsky_2_0.SPEC.key)
    assert panel.form.unable.isVisible()
    named = re.findall(r"Kandinsky 2\.\d|Built-in", panel.form.unable.text())
    assert (named[0], set(named[1:])) == ("Kandinsky 2.0", {"Kandinsky 2.1", "Kandinsky 2.2", "Built-in"})
    assert not panel.button.isEnabled()


# ---------------------------------------------------------------------- the button


def test_the_button_mixes_without_a_document(panel, window, qtbot, fake_engine):
    assert window.prompt.button.text() == "Generate"
    drop(panel, words("a"))
    assert window.prompt.button.text() == "Mix"
    with qtbot.waitSignal(window.studio.gallery.added, timeout=5000):
        qtbot.mouseClick(panel.button, Qt.MouseButton.LeftButton)
    assert fake_engine.requests[-1].task is Task.mix
    assert [slot.prompt for slot in fake_engine.requests[-1].slots] == ["a"]


def test_the_button_mixes_over_the_canvas(panel, window, qtbot, fake_engine):
    studio = window.studio
    studio.editor.add_picture(coloured("#306090", 128), "Sky")
    panel.form.add_layer.click()
    qtbot.waitUntil(lambda: studio.candidates.verb is Verb.MIX, timeout=3000)
    assert window.prompt.button.text() == "Mix"
    assert window.bench.page.task_bar.sentence.text().startswith("Mix: ")
    window.actions_.generate.trigger()
    qtbot.waitUntil(lambda: studio.candidates.count == 1 and not studio.candidates.busy, timeout=5000)
    request = fake_engine.requests[-1]
    assert request.task is Task.mix
    assert (request.slots[0].image.pixels == (0x30, 0x60, 0x90)).all()
    assert studio.candidates.shown.area == studio.editor.document.state.canvas
    studio.candidates.keep()
    assert len(studio.editor.document.state.layers) == 2
    panel.form.used.click()
    qtbot.waitUntil(lambda: studio.candidates.verb is Verb.REFINE, timeout=3000)


def test_the_button_stops_what_runs(panel, window, qtbot, fake_engine):
    drop(panel, words("a"))
    fake_engine.hold.clear()
    panel.button.click()
    qtbot.waitUntil(lambda: panel.button.text() == "Cancel", timeout=3000)
    panel.button.click()
    qtbot.waitUntil(lambda: panel.button.text() == "Mix", timeout=5000)


# ---------------------------------------------------------------------- pigments


def test_a_pigment_is_saved_from_the_picture_that_is_shown(panel, window, qtbot):
    assert not panel.form.save.isEnabled()
    window.studio.settings.set(prompt="a star")
    window.actions_.generate.trigger()
    qtbot.waitUntil(lambda: window.studio.easel.item is not None, timeout=5000)
    assert panel.form.save.isEnabled()
    with qtbot.waitSignal(window.studio.pigments.saved, timeout=5000):
        panel.form.save.click()
    [chip] = panel.form.shelf.chips
    assert chip.name == "a star"
    qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
    [slot] = panel.mixing.slots
    assert isinstance(slot.source, OfPalette)


def test_a_pigment_is_saved_from_a_candidate(panel, window, qtbot):
    studio = window.studio
    studio.editor.add_picture(coloured("#306090", 128), "Sky")
    studio.settings.set(prompt="a hill")
    qtbot.waitUntil(lambda: studio.candidates.verb is Verb.REFINE, timeout=3000)
    window.actions_.generate.trigger()
    qtbot.waitUntil(lambda: studio.candidates.count == 1 and not studio.candidates.busy, timeout=5000)
    with qtbot.waitSignal(studio.pigments.saved, timeout=5000):
        panel.form.save.click()
    assert [chip.name for chip in panel.form.shelf.chips] == ["a hill"]


def test_a_pigment_is_dropped_renamed_and_thrown_away(panel, window, qtbot):
    studio = window.studio
    kept(studio)
    drop(panel, pigment_data("ochre"))
    assert panel.mixing.slots[0].source.title() == "ochre"
    [chip] = panel.form.shelf.chips
    qtbot.keyClick(chip, Qt.Key.Key_F2)
    dialog = window.findChild(QInputDialog)
    dialog.setTextValue("Охра")
    dialog.accept()
    qtbot.waitUntil(lambda: [chip.name for chip in panel.form.shelf.chips] == ["Охра"], timeout=3000)
    qtbot.keyClick(panel.form.shelf.chips[0], Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: panel.form.shelf.chips == [], timeout=3000)
    assert panel.form.no_pigments.isVisible()
    assert len(panel.mixing.slots) == 1  # what is in the mix stays


def test_the_menu_of_a_pigment(panel, window, qtbot):
    kept(window.studio)
    menu = panel.form.shelf.menu_of("ochre")
    put, _rename, delete = menu.actions()
    put.trigger()
    assert len(panel.mixing.slots) == 1
    delete.trigger()
    qtbot.waitUntil(lambda: panel.form.shelf.chips == [], timeout=3000)


# ---------------------------------------------------------------------- looks


def test_russian_leaves_no_english(panel, window, qtbot):
    kept(window.studio, "охра")
    drop(panel, words("звезда"))
    drop(panel, words("круг"))
    panel.rows[panel.mixing.slots[1]].negative.click()
    window.actions_.language_choices["ru"].trigger()
    qtbot.waitUntil(lambda: panel.button.text() == "Смешать", timeout=2000)
    assert window.prompt.button.text() == "Смешать"
    found = [widget.text() for kind in (QLabel, QPushButton, QCheckBox) for widget in panel.findChildren(kind)]
    found += [panel.form.way.itemText(row) for row in range(2)]
    found += [widget.toolTip() for widget in panel.findChildren(QPushButton)]
    for row in panel.rows.values():
        found += [row.weight.accessibleName(), row.lock.toolTip(), row.negative.toolTip(), row.remove.toolTip()]
        found.append(row.words.placeholderText())
    english = [
        text for text in found if re.search(r"[A-Za-z]{3,}", re.sub(r"Kandinsky|Ctrl|Enter|layer|Shift", "", text))
    ]
    assert english == []


@pytest.mark.parametrize("language", ["en", "ru"])
def test_nothing_is_cut_off_at_the_narrowest(panel, window, qtbot, language):
    window.actions_.language_choices[language].trigger()
    drop(panel, words("a"))
    window.resizeDocks([panel.parentWidget()], [1], Qt.Orientation.Horizontal)
    row = panel.rows[panel.mixing.slots[0]]

    def narrow():
        seen = [button for button in panel.findChildren(QPushButton) if button.isVisible()]
        return [button.text() for button in seen if button.width() < button.sizeHint().width()]

    def right():
        return row.remove.mapTo(panel, QPoint(row.remove.width(), 0)).x()

    # Other words and widths take a pass or two of the event loop.
    qtbot.waitUntil(lambda: narrow() == [] and 0 < right() <= panel.width(), timeout=3000)
    assert panel.form.width() <= panel.width()
