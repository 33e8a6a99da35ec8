"""The window of the models: cards that fetch, pause, use and remove; where models are kept, and from where they come."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QMessageBox, QPushButton

from kandinsky_studio import paths
from kandinsky_studio.app.models import BUILTIN, REAL, Models
from kandinsky_studio.storage.models import manifest, shelf
from kandinsky_studio.ui.dialogs.models import CARDS, ModelsDialog
from kandinsky_studio.ui.dialogs.preferences import PreferencesDialog
from tests.hub import FakeHub, Faults

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen one can't raise a window

LEFT = Qt.MouseButton.LeftButton
DEPTH = "depth-anything-v2-small"
FOLDER = "Depth-Anything-V2-Small-hf"
FILES = {
    "config.json": b'{"model_type": "depth_anything"}',
    "preprocessor_config.json": b"{}",
    "model.safetensors": bytes(range(256)) * 4000,
}


@pytest.fixture
def hub():
    made = FakeHub({f"depth-anything/{FOLDER}": FILES})
    yield made
    made.close()


@pytest.fixture
def missing(window, monkeypatch):
    """Only the built-in model is on this computer, until a test says otherwise."""
    gone = {model for model in CARDS if model != BUILTIN}
    monkeypatch.setattr(Models, "installed", lambda self, model: model not in gone)
    window.studio.models.look_again()
    return gone


@pytest.fixture
def dialog(qtbot, window, missing, hub):
    window.studio.remembering.set(hub_address=hub.endpoint)
    window.actions_.get_real_pictures.trigger()
    [shown] = window.findChildren(ModelsDialog)
    qtbot.waitUntil(lambda: window.studio.looking.machine is not None, timeout=20_000)
    return shown


def press(qtbot, button):
    assert button.isVisible()
    assert button.isEnabled()
    qtbot.mouseClick(button, LEFT)


def boxes(dialog):
    return [box for box in dialog.findChildren(QMessageBox) if box.isVisible()]


def answer(qtbot, dialog, words):
    [box] = boxes(dialog)
    [button] = [button for button in box.buttons() if button.text() == words]
    qtbot.mouseClick(button, LEFT)


def test_a_card_says_what_a_model_needs_and_how_it_fits_this_computer(dialog):
    for model in ("kandinsky-2.2", "kandinsky-2.1", "kandinsky-2.0"):
        facts = dialog.cards[model].findChild(QLabel, "muted").text()
        texts = [label.text() for label in dialog.cards[model].findChildren(QLabel)]
        assert any("of memory" in text and "licence Apache-2.0" in text for text in texts), facts
        assert any("runs on your" in text or "too little memory" in text for text in texts)
    assert dialog.cards[BUILTIN].state.text() == "Ready"


def test_the_price_of_a_box_is_the_price_of_the_button(qtbot, dialog):
    card = dialog.cards["kandinsky-2.2"]
    words, mix, fill, depth = card.boxes.values()
    assert (words.isChecked(), mix.isChecked(), fill.isChecked(), depth.isChecked()) == (True, True, False, False)
    assert card.get.text() == "Get it, 15.9 GB"
    qtbot.mouseClick(mix, LEFT, pos=mix.rect().center() - mix.rect().center() / 2)
    mix.setChecked(False)
    assert card.get.text() == "Get it, 12.2 GB"
    words.click()
    depth.setChecked(True)
    assert card.get.text() == "Get it, 17.2 GB"


def test_a_model_comes_with_one_click_and_says_how_far_it_is(qtbot, dialog, hub, window):
    hub.faults = Faults(rate=500_000, only=".safetensors")
    card = dialog.cards[DEPTH]
    press(qtbot, card.get)
    qtbot.waitUntil(lambda: "a second" in card.delivery.progress.text(), timeout=20_000)
    assert card.delivery.bar.isVisible()
    assert " of 1 MB" in card.delivery.progress.text()
    assert not card.get.isVisible()
    press(qtbot, card.pause)
    assert "paused" in card.delivery.progress.text()
    assert card.get.text().startswith("Go on")
    hub.faults = Faults()
    window.studio.deliveries.flush()
    press(qtbot, card.get)
    qtbot.waitUntil(lambda: "On this computer" in card.state.text(), timeout=20_000)
    assert (paths.models() / FOLDER / "model.safetensors").read_bytes() == FILES["model.safetensors"]
    assert not card.delivery.bar.isVisible()
    assert not card.get.isVisible()
    assert card.more.isVisible()


def test_every_file_says_how_far_it_is(qtbot, dialog, hub, window):
    hub.faults = Faults(rate=700_000, only=".safetensors")
    card = dialog.cards[DEPTH]
    assert not card.delivery.isVisible()
    press(qtbot, card.get)
    qtbot.waitUntil(card.delivery.fold.isVisible, timeout=20_000)
    assert not card.delivery.files.isVisible()
    press(qtbot, card.delivery.fold.button)
    files = card.delivery.files
    qtbot.waitUntil(lambda: files.words("model.safetensors")[1] == "coming", timeout=20_000)
    assert files.words("config.json") == ("32 B", "here and checked")
    qtbot.waitUntil(lambda: " of 1 MB" in files.words("model.safetensors")[0], timeout=20_000)
    press(qtbot, card.pause)
    window.actions_.language_choices["ru"].trigger()
    qtbot.waitUntil(lambda: files.words("config.json")[1] == "получен и проверен", timeout=5000)
    window.actions_.language_choices["en"].trigger()
    hub.faults = Faults()
    press(qtbot, card.get)
    qtbot.waitUntil(lambda: "On this computer" in card.state.text(), timeout=20_000)
    assert not card.delivery.isVisible()


def test_a_file_that_came_damaged_says_so_while_it_comes_again(qtbot, dialog, hub):
    whole = hub.files[f"depth-anything/{FOLDER}"]["model.safetensors"]
    damaged = bytes([whole[0] ^ 1]) + whole[1:]
    hub.faults = Faults(send=damaged, rate=1_500_000, only=".safetensors")
    card = dialog.cards[DEPTH]
    press(qtbot, card.get)
    card.delivery.fold.set_open(True)

    def heard():
        return card.delivery.files._lines and "was damaged" in card.delivery.files.words("model.safetensors")[1]

    qtbot.waitUntil(lambda: hub.sent > len(whole) // 3, timeout=20_000)
    hub.faults = Faults(rate=700_000, only=".safetensors")
    qtbot.waitUntil(heard, timeout=20_000)
    qtbot.waitUntil(lambda: "On this computer" in card.state.text(), timeout=20_000)


def test_a_newer_edition_is_found_when_asked_for_and_replaces_the_old_one(qtbot, dialog, hub, window):
    card = dialog.cards[DEPTH]
    press(qtbot, card.get)
    qtbot.waitUntil(lambda: "On this computer" in card.state.text(), timeout=20_000)
    assert not card.update_it.isVisible()
    folder = paths.models() / FOLDER
    here = manifest.read(folder)
    older = dataclasses.replace(here, revision="a" * 40, files=tuple(f for f in here.files))
    manifest.write(folder, older)
    window.studio.deliveries.stock.look()
    asked = len(hub.log)
    assert not card.update_it.isVisible()
    press(qtbot, dialog.look)
    qtbot.waitUntil(lambda: bool(boxes(dialog)), timeout=20_000)
    assert boxes(dialog)[0].text() == "There are newer editions of: Depth Anything V2, small."
    answer(qtbot, dialog, "OK")
    assert [entry[1].partition("?")[0] for entry in hub.log[asked:]] == [
        f"/api/models/depth-anything/{FOLDER}/revision/main"
    ]
    qtbot.waitUntil(card.update_it.isVisible, timeout=5000)
    assert card.newer.isVisible()
    sent = hub.sent
    press(qtbot, card.update_it)
    qtbot.waitUntil(lambda: manifest.read(folder).revision == here.revision, timeout=20_000)
    qtbot.waitUntil(lambda: not card.update_it.isVisible(), timeout=5000)
    assert hub.sent == sent, "no file of it has changed"
    press(qtbot, dialog.look)
    qtbot.waitUntil(lambda: bool(boxes(dialog)), timeout=20_000)
    assert boxes(dialog)[0].text() == "What is here is the newest there is."
    answer(qtbot, dialog, "OK")


def test_switched_off_nobody_is_asked_for_updates(qtbot, dialog, hub, window):
    press(qtbot, dialog.cards[DEPTH].get)
    qtbot.waitUntil(dialog.look.isEnabled, timeout=20_000)
    qtbot.waitUntil(lambda: not window.studio.deliveries.underway, timeout=20_000)
    press(qtbot, dialog.network)
    asked = len(hub.log)
    press(qtbot, dialog.look)
    window.studio.deliveries.flush()
    assert len(hub.log) == asked
    assert window.messages.isVisible()


def test_the_window_reads_no_disk_while_bytes_come(qtbot, dialog, hub, window, monkeypatch):
    """What the cards show was read in another thread."""
    threads = set()
    looked = shelf.look
    monkeypatch.setattr(shelf, "look", lambda folder: threads.add(threading.current_thread().name) or looked(folder))
    press(qtbot, dialog.cards[DEPTH].get)
    qtbot.waitUntil(lambda: "On this computer" in dialog.cards[DEPTH].state.text(), timeout=20_000)
    window.studio.models.look_again()
    window.studio.deliveries.flush()
    assert threads
    assert "MainThread" not in threads


def test_what_goes_wrong_stands_on_the_card(qtbot, dialog, hub, window):
    hub.faults = Faults(send=b"<html>", headers={"Content-Type": "text/html"})
    card = dialog.cards[DEPTH]
    press(qtbot, card.get)
    qtbot.waitUntil(card.delivery.error.isVisible, timeout=20_000)
    assert "Open a browser and log in" in card.delivery.error.text()
    press(qtbot, card.cancel)
    window.studio.deliveries.flush()
    assert not card.delivery.error.isVisible()
    assert card.get.text().startswith("Get it")


def test_checked_and_removed_after_a_question(qtbot, dialog, window):
    card = dialog.cards[DEPTH]
    press(qtbot, card.get)
    qtbot.waitUntil(lambda: "On this computer" in card.state.text(), timeout=20_000)
    card._check.trigger()
    qtbot.waitUntil(lambda: bool(boxes(dialog)), timeout=20_000)
    assert boxes(dialog)[0].text() == "All files of Depth Anything V2, small are as they were published."
    answer(qtbot, dialog, "OK")
    (paths.models() / FOLDER / "model.safetensors").write_bytes(bytes(len(FILES["model.safetensors"])))
    card._check.trigger()
    qtbot.waitUntil(lambda: bool(boxes(dialog)), timeout=20_000)
    assert boxes(dialog)[0].informativeText() == "model.safetensors"
    answer(qtbot, dialog, "OK")
    card._remove.trigger()
    answer(qtbot, dialog, "Cancel")
    assert (paths.models() / FOLDER).is_dir()
    card._remove.trigger()
    answer(qtbot, dialog, "Delete")
    qtbot.waitUntil(lambda: not (paths.models() / FOLDER).exists(), timeout=20_000)
    qtbot.waitUntil(lambda: card.state.text() == "Not on this computer", timeout=2000)


def test_switched_off_a_click_asks_nobody_and_says_so(qtbot, dialog, hub, window):
    press(qtbot, dialog.network)
    assert window.studio.remembering.values.network is False
    press(qtbot, dialog.cards[DEPTH].get)
    assert hub.log == []
    assert window.messages.isVisible()


def test_weights_of_a_stick_are_copied_after_a_question(qtbot, dialog, window, tmp_path, monkeypatch):
    source = tmp_path / "stick" / FOLDER
    source.mkdir(parents=True)
    for name, content in FILES.items():
        (source / name).write_bytes(content)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "stick"))
    press(qtbot, dialog.take)
    qtbot.waitUntil(lambda: bool(boxes(dialog)), timeout=20_000)
    assert boxes(dialog)[0].informativeText() == FOLDER
    answer(qtbot, dialog, "Copy")
    qtbot.waitUntil((paths.models() / FOLDER / "model.safetensors").exists, timeout=20_000)
    window.studio.deliveries.flush()


def test_an_empty_folder_is_said_to_be_so(qtbot, dialog, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "empty"))
    press(qtbot, dialog.take)
    qtbot.waitUntil(lambda: bool(boxes(dialog)), timeout=20_000)
    assert "no weights" in boxes(dialog)[0].text()


def test_models_move_to_another_disk(qtbot, dialog, tmp_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "disk"))
    press(qtbot, dialog.move_models)
    qtbot.waitUntil(lambda: dialog.place.text() == str(tmp_path / "disk"), timeout=20_000)
    assert paths.models() == tmp_path / "disk"


def test_the_folder_opens_in_the_file_manager(qtbot, dialog, window, monkeypatch):
    urls = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: urls.append(url.toLocalFile()))
    press(qtbot, dialog.open_folder)
    assert [Path(url) for url in urls] == [window.studio.models.folder]
    assert window.studio.models.folder.is_dir(), "it is made before it is shown"


def test_who_comes_back_with_the_weights_is_offered_them(qtbot, dialog, window, missing):
    card = dialog.cards[REAL]
    missing.discard(REAL)
    QApplication.sendEvent(dialog, QEvent(QEvent.Type.WindowActivate))
    press(qtbot, card.use)
    assert window.studio.settings.values.model == REAL
    assert not card.use.isEnabled()


def test_half_a_copy_is_told_of(qtbot, dialog, window):
    for name in ("kandinsky-2-2-prior/prior", "kandinsky-2-2-decoder/unet"):
        (window.studio.models.folder / name).mkdir(parents=True)
    window.studio.models.look_again()
    qtbot.waitUntil(lambda: str(window.studio.models.folder) in dialog.cards[REAL].delivery.error.text(), timeout=5000)


def test_another_folder_is_opened_the_way_it_always_was(qtbot, dialog, monkeypatch):
    asked = []
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: asked.append(True) or "")
    press(qtbot, dialog.open_model)
    assert asked == [True]


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("scale", [100, 200])
def test_no_word_is_cut_off(qtbot, dialog, window, language, scale):
    window.actions_.language_choices[language].trigger()
    window.studio.remembering.set(font_scale=scale)
    dialog.resize(dialog.minimumSizeHint().width(), 2400)

    def clipped():
        """What is narrower or lower than its words, once the new language and the new size have arrived everywhere."""
        dialog.grab()
        labels = [label for label in dialog.findChildren(QLabel) if label.isVisible() and label.wordWrap()]
        low = [label.text() for label in labels if label.height() < label.heightForWidth(label.width())]
        buttons = [button for button in dialog.findChildren(QPushButton) if button.isVisible()]
        narrow = [button.text() for button in buttons if button.width() < button.minimumSizeHint().width()]
        return low + narrow

    title = {"en": "Models", "ru": "Модели"}[language]
    qtbot.waitUntil(lambda: dialog.windowTitle() == title and not clipped(), timeout=5000)
    assert clipped() == []
    for card in dialog.cards.values():
        assert card.geometry().right() <= card.parentWidget().width()


def test_the_status_bar_says_whether_the_network_is_used(qtbot, dialog, hub, window):
    said = window.status.network.text
    assert said() == "Network not used"
    hub.faults = Faults(rate=500_000, only=".safetensors")
    press(qtbot, dialog.cards[DEPTH].get)
    qtbot.waitUntil(lambda: "is coming" in said(), timeout=20_000)
    press(qtbot, dialog.cards[DEPTH].pause)
    assert said() == "Download paused"
    window.studio.remembering.set(network=False)
    assert said() == "Network off"


def test_the_status_bar_leads_to_the_models(qtbot, window, missing):
    qtbot.mouseClick(window.status.network, LEFT)
    assert len(window.findChildren(ModelsDialog)) == 1


def test_mirror_proxy_and_token_are_preferences(qtbot, window, monkeypatch):
    window.actions_.commands.action("edit.preferences").trigger()
    [preferences] = window.findChildren(PreferencesDialog)
    for field, text in (
        (preferences.hub_address, " https://mirror.example/hf "),
        (preferences.proxy, "socks5://127.0.0.1:1080"),
        (preferences.token, "hf_secret"),
    ):
        field.setFocus()
        qtbot.keyClicks(field, text)
        qtbot.keyClick(field, Qt.Key.Key_Tab)
    qtbot.mouseClick(preferences.network, LEFT)
    values = window.studio.remembering.values
    assert (values.hub_address, values.proxy) == ("https://mirror.example/hf", "socks5://127.0.0.1:1080")
    assert values.network is False
    assert window.studio.deliveries.token.value == "hf_secret"
    assert "hf_secret" not in repr(values), "it is written nowhere"
    preferences.close()


def test_the_list_of_models_greys_what_is_not_here_and_says_why(qtbot, window, missing):
    combo = window.prompt.form.model
    rows = {combo.itemData(row): row for row in range(combo.count())}
    for model in ("kandinsky-2.2", "kandinsky-2.1", "kandinsky-2.0"):
        assert not combo.model().flags(combo.model().index(rows[model], 0)) & Qt.ItemFlag.ItemIsEnabled
        assert combo.itemData(rows[model], Qt.ItemDataRole.ToolTipRole).startswith("Not on this computer")
    assert combo.model().flags(combo.model().index(rows[BUILTIN], 0)) & Qt.ItemFlag.ItemIsEnabled
    combo.setCurrentIndex(rows["?"])
    combo.activated.emit(rows["?"])
    assert len(window.findChildren(ModelsDialog)) == 1
    assert combo.currentData() == BUILTIN, "it is not a model that one could choose"
    missing.clear()
    window.studio.models.look_again()
    row = combo.findData(REAL)
    assert combo.model().flags(combo.model().index(row, 0)) & Qt.ItemFlag.ItemIsEnabled
