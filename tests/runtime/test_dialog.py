"""The window of the runtime packs says what there is and does what its buttons say, in both languages."""

from __future__ import annotations

from importlib.metadata import version
from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from kandinsky_studio import paths
from kandinsky_studio.app.messages import Messages
from kandinsky_studio.app.remembering import Remembering
from kandinsky_studio.app.runtimes import Deed, Doing, Runtimes
from kandinsky_studio.app.translation import Translation
from kandinsky_studio.errors import PackCheckFailed
from kandinsky_studio.runtime import attaching, card, checking
from kandinsky_studio.runtime.card import Card, Sight
from kandinsky_studio.runtime.pack import Pack
from kandinsky_studio.storage.models.manifest import PublishedFile
from kandinsky_studio.storage.runtimes import offers
from kandinsky_studio.storage.runtimes.offers import Offer
from kandinsky_studio.ui.dialogs.runtimes import RuntimesDialog
from kandinsky_studio.ui.theme import Theme
from tests.runtime.packs import listing, write_folder, write_zip

LEFT = Qt.MouseButton.LeftButton
AMPERE = Sight((Card("NVIDIA GeForce RTX 3060", "580.95.05", 12 * 2**30, (8, 6)),))


@pytest.fixture
def sight(monkeypatch):
    """What there is to see; a test puts something else into it."""
    seen = [AMPERE]
    monkeypatch.setattr(card, "look", lambda check_wanted: seen[-1])
    monkeypatch.setattr(checking, "check", lambda name, check_wanted: "")
    return seen


@pytest.fixture
def show(qtbot, qapp, sight):
    """Starts the program and opens the window of its packs."""
    opened = []

    def run():
        attaching.attach()
        messages = Messages()
        remembering = Remembering(messages)
        runtimes = Runtimes(remembering, messages)
        parent = QWidget()
        qtbot.addWidget(parent)
        theme = Theme(qapp)
        dialog = RuntimesDialog(SimpleNamespace(runtimes=runtimes), theme, None, parent)
        dialog.show()
        runtimes.flush()
        opened.append((parent, runtimes, remembering, theme))
        return dialog

    yield run
    for _, *services in opened:
        for service in services:
            service.close()


def press(qtbot, button):
    qtbot.waitUntil(button.isVisible)  # a card that is new shows in its turn
    assert button.isEnabled()
    qtbot.mouseClick(button, LEFT)


def wait(qtbot, dialog):
    qtbot.waitUntil(lambda: dialog._runtimes.doing is None, timeout=20_000)
    dialog._runtimes.flush()


def test_from_source_it_says_whose_torch_it_is(show):
    dialog = show()
    assert f"PyTorch {version('torch')} of the Python environment" in dialog.used.text()
    assert dialog.card.text() == "NVIDIA GeForce RTX 3060, 12 GB, driver 580.95.05"
    assert "install the build of PyTorch" in dialog.advice.text()
    assert not dialog.cards
    assert not dialog.install.isVisible()
    assert "Nothing has to be installed" in dialog.advice.text()
    assert dialog.height() <= dialog.heightForWidth(dialog.width()) + 1, "no empty room where packs would be"
    assert dialog.focusWidget() is dialog.close_button
    dialog.close_button.click()
    assert not dialog.isVisible()


def test_from_source_without_a_card_it_says_that_none_is_needed(show, sight):
    sight.append(Sight())
    dialog = show()
    assert dialog.card.text() == "No NVIDIA graphics card was found."
    assert "No card is needed" in dialog.advice.text()


@pytest.mark.parametrize(
    ("seen", "said", "advice"),
    [
        (Sight(), "No NVIDIA graphics card was found.", "nothing to do"),
        (Sight(silent=True), "its driver is missing or does not answer", "Install the driver"),
        (Sight((Card("GTX 1080", "470.82", 2**33, (6, 1)),)), "GTX 1080, 8 GB, driver 470.82", "Update the driver"),
        (Sight((Card("GT 710", "470.82", 2**31, (3, 5)),)), "GT 710, 2 GB", "older than the cards that PyTorch"),
        (AMPERE, "RTX 3060, 12 GB", "cu130 fits it"),
    ],
)
def test_it_says_which_card_there_is_and_what_fits_it(show, program, sight, seen, said, advice):
    sight.append(seen)
    dialog = show()
    assert "on the processor" in dialog.used.text()
    assert said in dialog.card.text()
    assert advice in dialog.advice.text()


def test_a_pack_is_installed_from_a_file_and_used_after_a_new_start(qtbot, show, program, tmp_path, monkeypatch):
    file = write_zip(tmp_path / "a.zip")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(file), ""))
    dialog = show()
    assert list(dialog.cards) == ["cpu"]
    assert dialog.cards["cpu"].state.text() == "In use"
    assert "lists no packs to download" in dialog._listed.text()
    press(qtbot, dialog.install)
    wait(qtbot, dialog)
    assert dialog.cards["cu130"].title() == "For NVIDIA graphics cards: cu130"
    assert dialog.cards["cu130"].state.text() == "Used from the next start on"
    assert dialog.cards["cpu"].state.text() == "In use until the program ends"
    assert dialog.note.isVisible()
    assert "Start the program again" in dialog.note.text()
    assert not dialog.failure.isVisible()
    press(qtbot, dialog.cards["cpu"].use)
    wait(qtbot, dialog)
    assert dialog.cards["cpu"].state.text() == "In use"
    assert not dialog.note.isVisible()


def test_on_the_card(show, program):
    write_folder(paths.runtimes(), "cu130")
    attaching.choose("cu130")
    dialog = show()
    assert "on the graphics card" in dialog.used.text()
    assert dialog.cards["cu130"].state.text() == "In use"
    assert not dialog.cards["cu130"].remove.isEnabled()
    assert not dialog.cards["cu130"].use.isVisible()
    assert not dialog.advice.isVisible()


def test_what_fails_is_said_there(qtbot, show, program, tmp_path, monkeypatch):
    def check(name, check_wanted):
        raise PackCheckFailed(name=name, reason="no card")

    monkeypatch.setattr(checking, "check", check)
    write_folder(paths.runtimes(), "cu130")
    dialog = show()
    press(qtbot, dialog.cards["cu130"].use)
    wait(qtbot, dialog)
    assert dialog.failure.isVisible()
    assert "does not work on this computer: no card. The program goes on" in dialog.failure.text()
    assert dialog.cards["cpu"].state.text() == "In use"


def test_one_that_does_not_fit_says_why(show, program):
    write_folder(paths.runtimes(), "cu126", changes={"torch": "2.4.0", "capability": [[5, 0], [7, 0]]})
    shown = show().cards["cu126"]
    assert "PyTorch 2.4.0" in shown.flaw.text()
    assert "newer than those" in shown._fit.text()
    assert not shown.use.isVisible()
    assert shown.remove.isEnabled()


def test_removing_asks_first(qtbot, show, program):
    write_folder(paths.runtimes(), "cu130")
    dialog = show()
    press(qtbot, dialog.cards["cu130"].remove)
    (box,) = dialog.findChildren(QMessageBox)
    assert "cu130" in box.text()
    assert (paths.runtimes() / "cu130").exists()
    (delete,) = [button for button in box.buttons() if button.text() == "Delete"]
    qtbot.mouseClick(delete, LEFT)
    wait(qtbot, dialog)
    assert list(dialog.cards) == ["cpu"]
    assert not (paths.runtimes() / "cu130").exists()


def test_what_can_be_fetched_has_its_price(show, program, monkeypatch):
    part = PublishedFile("a.zip", 2_700_000_000, "sha256", "0" * 64)
    offer = Offer(Pack.from_json({**listing(), "files": []}), 5_000_000_000, "https://example.org", (part,))
    monkeypatch.setattr(offers, "read", lambda: (offer,))
    dialog = show()
    assert dialog.cards["cu130"].state.text() == "Not on this computer"
    assert dialog.cards["cu130"].get.text() == "Get it, 2.7 GB"
    assert dialog.cards["cu130"].get.objectName() == "primary", "it is the one that fits"
    assert not dialog._listed.text()


def test_what_is_under_way_can_be_stopped(qtbot, show, program, monkeypatch):
    dialog = show()
    stopped = []
    monkeypatch.setattr(dialog._runtimes, "_release", SimpleNamespace(abort=lambda: stopped.append(True)))
    for doing, words, most in (
        (Doing(Deed.unpack, "cu130", 0.4), "Unpacking…", 1000),
        (Doing(Deed.check, "cu130"), "Trying it out…", 0),
        (Doing(Deed.remove, "cu130"), "Deleting…", 0),
    ):
        dialog._runtimes.doing = doing
        dialog._runtimes.changed.emit()
        assert dialog._doing.text() == words
        assert dialog.bar.maximum() == most
        assert not dialog.install.isEnabled()
    press(qtbot, dialog.stop)
    assert stopped == [True]
    dialog._runtimes.doing = dialog._runtimes._release = None


def test_it_speaks_the_language_of_the_window(show, program, qapp):
    dialog = show()
    translation = Translation()
    translation.use("ru")
    try:
        dialog.retranslate()
        dialog.cards["cpu"].retranslate()
        assert dialog.windowTitle() == "Видеокарта и PyTorch"
        assert dialog.used.text() == "Картины создаются на процессоре."
        assert dialog.cards["cpu"].title() == "Для процессора"
        assert dialog.cards["cpu"].state.text() == "Используется"
    finally:
        translation.remove()
