"""What the program says of itself, and the licences of what it is made of."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QWidget

from kandinsky_studio import __version__, paths
from kandinsky_studio.app.notices import model_licences
from kandinsky_studio.storage import notices
from kandinsky_studio.storage.notices import Notice
from kandinsky_studio.ui.dialogs.about import AboutDialog
from kandinsky_studio.ui.dialogs.licences import LicencesDialog
from kandinsky_studio.ui.theme import Theme

FOUND = (
    Notice("brush", "1.0", "MIT", "https://example.org", texts=(("LICENSE", "Do as you like."),)),
    Notice("PySide6_Essentials", "6.0", "LGPL-3.0-only", note="How to replace it.", texts=(("LGPL", "Lesser"),)),
    Notice("torch", "2.13.0", "BSD-3-Clause", part="cpu", texts=(("LICENSE", "As is."),)),
)


@pytest.fixture
def open_about(make_studio, qapp, qtbot):
    """Opens it over a window of no importance."""
    theme, parent = Theme(qapp), QWidget()
    theme.use("light")

    def open_it():
        parent.studio = make_studio()
        qtbot.addWidget(parent)
        dialog = AboutDialog(parent.studio, theme, parent)
        dialog.open()
        return dialog

    yield open_it
    theme.close()


@pytest.fixture
def about(open_about):
    return open_about()


@pytest.fixture
def licences(about, qtbot, monkeypatch):
    """The dialog with the licences, with those of a packaged program."""
    monkeypatch.setattr(notices, "shown", lambda: (FOUND, True))
    return _opened(about, about.others, qtbot)


def _opened(about, button, qtbot):
    button.click()
    dialog = about.findChild(LicencesDialog)
    qtbot.waitUntil(lambda: dialog.list.count() > 0, timeout=20_000)
    return dialog


def _seen(dialog):
    items = [dialog.list.item(row) for row in range(dialog.list.count())]
    return [item.text() for item in items if not item.isHidden()]


def test_about_tells_the_version_and_every_models_licence(about):
    told = [label.text() for label in about.findChildren(type(about.licences[0]))]
    assert any(__version__ in text for text in told)
    assert len(about.licences) == len(model_licences()) == 5
    assert about.licences[0].text() == "part of this program"
    assert about.licences[1].text() == "Apache-2.0, published by kandinsky-community"
    assert "kandinsky-community/kandinsky-2-2-prior" in about.licences[1].toolTip()
    assert any("GNU Lesser General Public License" in text for text in told)


@pytest.mark.parametrize("folder", [None, "portable"])
def test_about_tells_what_is_portable(open_about, monkeypatch, tmp_path, folder):
    monkeypatch.setattr(paths, "portable", lambda: tmp_path / folder if folder else None)
    about = open_about()
    assert about.portable.isVisibleTo(about) is (folder is not None)


def test_it_is_in_the_menu(make_window):
    window = make_window()
    window.actions_.commands.action("help.about").trigger()
    assert window.findChild(AboutDialog).isVisible()


def test_about_speaks_russian(about, qtbot):
    about.parent().studio.remembering.set(language="ru")
    qtbot.waitUntil(lambda: about.others.text() == "Лицензии компонентов…")
    about.parent().studio.remembering.set(language="en")


def test_without_the_list_of_models_the_built_in_one_is_left(about, monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "resources", lambda: tmp_path)
    assert [one.model for one in model_licences()] == ["builtin"]


def test_the_licences_are_read_and_searched(licences):
    assert _seen(licences) == [
        f"Kandinsky Studio {__version__}",
        "brush 1.0",
        "PySide6_Essentials 6.0",
        "torch 2.13.0 (cpu)",
    ]
    assert "Apache License" in licences.text.toPlainText()
    assert "when this program was built" in licences.origin.text()
    licences.search.setText("mit")
    assert _seen(licences) == ["brush 1.0"]
    assert licences.text.toPlainText().startswith("brush 1.0\nLicence: MIT\nhttps://example.org\n")
    assert licences.text.toPlainText().endswith("Do as you like.")
    licences.search.setText("cpu torch")
    assert "In the runtime pack cpu" in licences.text.toPlainText()
    licences.search.setText("nothing like it")
    assert _seen(licences) == []
    assert not licences.text.toPlainText()
    licences.search.clear()
    assert len(_seen(licences)) == 4


def test_qts_licence_has_a_button_of_its_own(about, qtbot, monkeypatch):
    monkeypatch.setattr(notices, "shown", lambda: (FOUND, True))
    dialog = _opened(about, about.qt_licence, qtbot)
    assert "How to replace it." in dialog.text.toPlainText()


def test_from_source_it_says_where_they_come_from(about, qtbot):
    dialog = _opened(about, about.others, qtbot)
    assert "runs from its source" in dialog.origin.text()
    assert any(text.startswith("PySide6_Essentials 6.") for text in _seen(dialog))


def test_a_list_that_can_not_be_read_is_told(about, qtbot, monkeypatch):
    def broken():
        raise ValueError("no notices")

    monkeypatch.setattr(notices, "shown", broken)
    about.others.click()
    dialog = about.findChild(LicencesDialog)
    qtbot.waitUntil(lambda: "Something went wrong" in dialog.origin.text())
    assert dialog.list.count() == 0
