"""The list of panels is whole."""

from __future__ import annotations

import importlib
from pathlib import Path

from kandinsky_studio.ui import panels
from kandinsky_studio.ui.panel import Panel
from kandinsky_studio.ui.panels import PANELS


def test_every_file_of_the_folder_is_in_the_list():
    found = set()
    for file in Path(panels.__file__).parent.glob("[!_]*.py"):
        module = importlib.import_module(f"kandinsky_studio.ui.panels.{file.stem}")
        found |= {
            thing
            for thing in vars(module).values()
            if isinstance(thing, type) and issubclass(thing, Panel) and thing.__module__ == module.__name__
        }
    assert found == set(PANELS)
    assert len({panel.key for panel in PANELS}) == len(PANELS)


def test_every_panel_is_docked_and_can_be_hidden_from_the_menu(qtbot, window):
    window.studio.editor.new(64, 64)
    for dock in window.docks:
        if not dock.panel.open_at_first:
            assert dock.isHidden()
            dock.toggleViewAction().trigger()
        if not dock.isVisible():  # a tab behind another one
            dock.raise_()
            qtbot.waitUntil(dock.isVisible, timeout=1000)
        dock.toggleViewAction().trigger()
        assert not dock.isVisible()
    window.actions_.go_to_prompt.trigger()
    assert window.prompt.isVisible(), "the key brings its panel back"


def test_unsaved_pictures_are_offered_a_folder_before_the_window_goes(
    qtbot, window, fake_engine, tmp_path, monkeypatch
):
    from PySide6.QtWidgets import QFileDialog, QMessageBox

    from kandinsky_studio.errors import FolderNotWritable
    from kandinsky_studio.storage.library import Library
    from kandinsky_studio.storage.pictures import read_request

    def refuse(self, result):
        raise FolderNotWritable(folder=self.folder)

    monkeypatch.setattr(Library, "add", refuse)
    window.studio.settings.set(prompt="dear to me")
    with qtbot.waitSignal(window.studio.generation.ended, timeout=3000):
        window.actions_.generate.trigger()
    asked = []

    def answer(box):
        asked.append(box.text())
        box.buttons()[0].click()

    monkeypatch.setattr(QMessageBox, "exec", answer)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    window.close()
    assert len(asked) == 1
    (file,) = tmp_path.glob("*.png")
    assert read_request(file).prompt == "dear to me"


def test_a_model_without_a_prior_shows_no_idea(window):
    form, settings = window.prompt.form, window.studio.settings
    form.advanced_fold.set_open(True)
    of_the_idea = (form.prior_seed, form.numbers["prior_num_inference_steps"], form.numbers["prior_guidance_scale"])
    for model, shown in (("kandinsky-2.0", False), ("kandinsky-2.1", True), ("builtin", True)):
        window.studio.choose_model(model)
        assert settings.values.model == model
        assert [widget.isVisible() for widget in of_the_idea] == [shown] * 3
        assert form.seed.isVisible()
    window.studio.choose_model("kandinsky-2.0")
    assert settings.values.guidance_scale == 10
    assert (settings.values.width, settings.values.height) == (512, 512)
