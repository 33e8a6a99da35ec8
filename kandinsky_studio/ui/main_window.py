"""The one window: canvas in the middle, panels around it, everything reachable from the menus.

It is on the screen, empty, before most of the program is read; :meth:`MainWindow.furnish` reads what it is built of.
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, QEventLoop, QLocale, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QGuiApplication, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QFileDialog, QMainWindow, QMenu, QMessageBox

from kandinsky_studio import paths
from kandinsky_studio.ui.theme import Theme

if TYPE_CHECKING:
    from kandinsky_studio.app.studio import Studio
    from kandinsky_studio.ui.panel import Panel

START_SIZE = (1280, 800)
TITLE = "Kandinsky Studio"
LATEST_PAINTING = 250  # milliseconds after which the window is furnished although nobody saw it empty
LATEST_START = 1500  # milliseconds after which the engine starts although nothing was painted (minimised window)


class MainWindow(QMainWindow):
    """Shows nothing until it is furnished with a :class:`Studio`; closing it ends the studio.

    ``geometry`` is what Qt saved of its place when it was closed last, in base64. ``painted`` tells, once, that it can be
    seen with everything in it.
    """

    painted = Signal()

    def __init__(self, theme: Theme, geometry: str = "") -> None:
        super().__init__()
        self.theme = theme
        self.furnished = False
        self.has_painted = False
        self.closed_cleanly = True
        self._session_ends = False
        self._painted = QEventLoop(self)  # ends when the empty window was painted
        self.setWindowTitle(TITLE)
        if not self.restoreGeometry(_bytes(geometry)):
            self.resize(*START_SIZE)

    def appear(self) -> None:
        """Be on the screen, empty, in the place and the colours that it will have."""
        self.show()
        deadline = QTimer(self)
        deadline.timeout.connect(self._painted.quit)
        deadline.start(LATEST_PAINTING)
        self._painted.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
        deadline.stop()
        # To Qt it is hidden from here on, or it would lay out and show each part by itself, and forget how large the
        # panels were; on the screen it stays. “show” shows it with everything in it.
        self.setAttribute(Qt.WidgetAttribute.WA_WState_Visible, False)
        self.setAttribute(Qt.WidgetAttribute.WA_WState_Hidden, True)

    def furnish(self, studio: Studio) -> None:
        """Build everything that is in the window."""
        from kandinsky_studio.ui.actions import Actions
        from kandinsky_studio.ui.command_palette import CommandPalette
        from kandinsky_studio.ui.panel import PanelDock
        from kandinsky_studio.ui.panels import PANELS
        from kandinsky_studio.ui.status import Status
        from kandinsky_studio.ui.welcome_deeds import WelcomeDeeds
        from kandinsky_studio.ui.workbench import Workbench

        place = self.geometry()
        self.studio = studio
        self.theme.begin(studio.remembering.values.theme, studio.remembering.values.font_scale)
        self.actions_ = Actions(self.theme, self, studio.remembering)
        self.bench = Workbench(studio, self.theme, self.actions_)
        self.stage = self.bench.stage
        self.picture_bar = self.bench.picture_bar
        self.messages = self.bench.messages
        self.status = Status(studio)
        self.docks = [PanelDock(panel(studio, self.theme, self.actions_)) for panel in PANELS]
        self.setCentralWidget(self.bench)
        self.setStatusBar(self.status)
        self.setDockNestingEnabled(True)
        self.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
        self._add_deeds()
        self.palette_ = CommandPalette(self, self.actions_.commands, self.theme, studio.remembering)
        self._build_menus()
        self._connect()
        self.furnished = True
        self.theme.dress()
        self.retranslate()
        self.areas.restore(_bytes(studio.remembering.values.window_state))
        if not self.windowState() & (Qt.WindowState.WindowMaximized | Qt.WindowState.WindowFullScreen):
            self.setGeometry(place)  # it may have grown for docks that were not in their places yet
        self.first = WelcomeDeeds(self)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.update()  # the screen has it already, and will not ask for what is new in it

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.furnished:
            super().paintEvent(event)
            if not self.has_painted:
                self.has_painted = True
                self.painted.emit()
        else:
            QPainter(self).fillRect(event.rect(), self.theme.colour("window"))
            self._painted.quit()

    # ------------------------------------------------------------------ building

    def _add_deeds(self) -> None:
        """What carries out the commands."""
        from kandinsky_studio.ui.arrivals import Arrivals
        from kandinsky_studio.ui.deeds import Deeds
        from kandinsky_studio.ui.depth_deeds import DepthDeeds
        from kandinsky_studio.ui.dialog_deeds import DialogDeeds
        from kandinsky_studio.ui.document_deeds import DocumentDeeds
        from kandinsky_studio.ui.idea_deeds import IdeaDeeds
        from kandinsky_studio.ui.panels.gallery import GalleryPanel
        from kandinsky_studio.ui.panels.ideas import IdeasPanel
        from kandinsky_studio.ui.panels.layers import LayersPanel
        from kandinsky_studio.ui.panels.prompt import PromptPanel
        from kandinsky_studio.ui.sheet_deeds import SheetDeeds
        from kandinsky_studio.ui.window_deeds import WindowDeeds

        studio, actions, bench = self.studio, self.actions_, self.bench
        self.prompt = next(dock.panel for dock in self.docks if isinstance(dock.panel, PromptPanel))
        self.gallery = next(dock.panel for dock in self.docks if isinstance(dock.panel, GalleryPanel))
        self.layers = next(dock.panel for dock in self.docks if isinstance(dock.panel, LayersPanel))
        ideas = next(dock.panel for dock in self.docks if isinstance(dock.panel, IdeasPanel))
        self.deeds = Deeds(studio, actions, self.prompt, self.gallery, lambda: bench.shows_document, self)
        self.sheet_deeds = SheetDeeds(studio, actions, bench, self)
        self.document_deeds = DocumentDeeds(studio, actions, bench, self.layers.selected, self)
        self.depth_deeds = DepthDeeds(studio, actions, bench, self)
        self.arrivals = Arrivals(studio, actions, bench, self)
        self.areas = WindowDeeds(actions, bench, self.docks, self)
        marked, commit = self.gallery.selected, self.prompt.form.commit
        self.idea_deeds = IdeaDeeds(studio, actions, ideas, lambda: self._go_to_key("ideas"), marked, commit, self)
        self.dialogs = DialogDeeds(studio, self.theme, actions, self)

    @Slot()
    def _show_verb(self) -> None:
        """The button says what it does to the document in front."""
        from kandinsky_studio.app.canvas_plan import Verb

        verb = Verb.MIX if self.studio.mixing.active else None
        verb = self.studio.candidates.verb if self.bench.shows_document else verb
        self.prompt.set_verb(self.bench.page.task_bar.verb_words(verb) if verb is not None else "")

    def _build_menus(self) -> None:
        from kandinsky_studio.ui.actions import dress
        from kandinsky_studio.ui.menus import build_menus

        a = self.actions_
        others = {"recent": self.sheet_deeds.recent}
        for key, choices in (
            ("panels", [dock.toggleViewAction() for dock in self.docks]),
            ("theme", a.themes.actions()),
            ("language", a.languages.actions()),
        ):
            others[key] = dress(QMenu(self), a.commands)
            others[key].addActions(choices)
        self._menus = build_menus(self, a, others)

    def _connect(self) -> None:
        a = self.actions_
        a.commands.add_place("gallery", self.stage)
        implement = a.commands.implement
        implement("file.quit", self.close)
        for id, stage, view in (
            ("view.zoom_in", self.stage.zoom_in, self.bench.page.view.zoom_in),
            ("view.zoom_out", self.stage.zoom_out, self.bench.page.view.zoom_out),
            ("view.fit", self.stage.fit, self.bench.page.view.fit),
            ("view.actual", self.stage.actual_size, self.bench.page.view.actual_size),
        ):
            implement(id, lambda _=False, stage=stage, view=view: (view if self.bench.shows_document else stage)())
        implement("generation.go_to_prompt", lambda: self._go_to(self.prompt))
        implement("generation.weigh_words", self._weigh_words)
        handbook = next(dock.panel for dock in self.docks if dock.panel.key == "handbook")
        implement("generation.handbook", lambda: self._go_to(handbook))
        implement("generation.show_queue", lambda: self._go_to_key("queue"))
        self.status.queue.clicked.connect(a.commands.action("generation.show_queue").trigger)
        self.status.network.clicked.connect(a.get_real_pictures.trigger)
        implement("gallery.search", lambda: self._go_to(self.gallery))
        implement("window.command_palette", self.palette_.open)
        for choice in (*a.theme_choices.values(), *a.language_choices.values()):
            implement(choice.objectName())
        for dock in self.docks:
            a.commands.adopt(f"window.panel_{dock.panel.key}", dock.toggleViewAction(), "panel dock панель")
        a.themes.triggered.connect(lambda action: self.studio.remembering.set(theme=action.data()))
        a.languages.triggered.connect(lambda action: self.studio.remembering.set(language=action.data()))
        self.studio.remembering.changed.connect(self._preference_changed)
        self.bench.front_changed.connect(self.deeds.update_enabled)
        self.bench.front_changed.connect(self._show_verb)
        self.studio.candidates.verb_changed.connect(self._show_verb)
        self.studio.generation.mix_changed.connect(self._show_verb)
        self.studio.editor.colour_wanted.connect(lambda _: self._go_to_key("colours"))
        self.studio.easel.changed.connect(self._show_picture)
        self.studio.generation.submitted.connect(self.messages.dismiss_passing)
        self.stage.zoom_changed.connect(self.picture_bar.show_zoom)
        self.stage.empty.chosen.connect(self.use_example)
        self.painted.connect(self._start, Qt.ConnectionType.QueuedConnection)
        self.studio.messages.connect_window(self.messages.show_message)
        self._check_choices()
        self._show_picture()

    @Slot()
    def _start(self) -> None:
        """The window is on the screen: now the slow things may begin."""
        QTimer.singleShot(0, self.studio.start)

    def start_anyway(self) -> None:
        """Begin even if nothing gets painted, because the window was opened minimised."""
        QTimer.singleShot(LATEST_START, self.studio, self.studio.start)

    # ------------------------------------------------------------------ words

    def retranslate(self) -> None:
        self.setLocale(QLocale())  # how numbers are written
        self.actions_.retranslate()
        self.palette_.retranslate()
        for key, title in {
            "file": self.tr("&File"),
            "edit": self.tr("&Edit"),
            "recent": self.tr("Open a recent document"),
            "pictures": self.tr("Picture of the gallery"),
            "image": self.tr("&Image"),
            "layer": self.tr("&Layer"),
            "depth": self.tr("&Depth"),
            "select": self.tr("&Select"),
            "mask": self.tr("&Mask"),
            "generate": self.tr("&Picture"),
            "view": self.tr("&View"),
            "panels": self.tr("&Panels"),
            "theme": self.tr("&Theme"),
            "language": self.tr("&Language"),
            "help": self.tr("&Help"),
        }.items():
            self._menus[key].setTitle(title)
        self._show_picture()
        self._show_verb()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange and self.furnished:
            self.retranslate()
        super().changeEvent(event)

    # ------------------------------------------------------------------ what happens

    @Slot()
    def _show_picture(self) -> None:
        easel = self.studio.easel
        prompt = easel.request.prompt if easel.request is not None else ""
        if easel.is_preview:
            prompt = self.tr("Preview")
        self.picture_bar.show_picture(prompt, easel.size)
        self.picture_bar.show_zoom(self.stage.zoom)

    @Slot(str)
    def use_example(self, prompt: str) -> None:
        """An example is there to see something at once."""
        self.studio.settings.set(prompt=prompt)
        self.actions_.generate.trigger()
        self._go_to(self.prompt)  # the button that had the focus goes away; it would pass to whatever is next

    def _go_to(self, panel: Panel) -> None:
        self.areas.show_dock(next(dock for dock in self.docks if dock.panel is panel))
        panel.focus_first()

    @Slot()
    def _weigh_words(self) -> None:
        """Those of the picture in front, or else of the prompt."""
        from kandinsky_studio.app.explaining import Source

        explaining, picture = self.studio.explaining, self.studio.easel.picture
        explaining.choose(Source.PROMPT if self.bench.shows_document or picture is None else Source.PICTURE)
        self._go_to_key("words")
        if explaining.worths is None and explaining.weighing is None:
            explaining.weigh()

    @property
    def help_menu(self) -> QMenu:
        return self._menus["help"]

    def show_panel(self, key: str) -> None:
        """Bring a panel to the front, even if it was closed."""
        self._go_to_key(key)

    def _go_to_key(self, key: str) -> None:
        self.areas.show_dock(next(dock for dock in self.docks if dock.panel.key == key))

    @Slot(str)
    def _preference_changed(self, name: str) -> None:
        values = self.studio.remembering.values
        if name in ("theme", "font_scale"):
            self.theme.use(values.theme, values.font_scale)
        self._check_choices()

    def _check_choices(self) -> None:
        values = self.studio.remembering.values
        self.actions_.theme_choices[values.theme].setChecked(True)
        self.actions_.language_choices[values.language].setChecked(True)

    @Slot()
    def come_to_front(self) -> None:
        """Another start of the program asked for this window."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    # ------------------------------------------------------------------ the layout, remembered

    def _remember_layout(self) -> None:
        geometry = _text(self.saveGeometry())  # before panels are shown that need more room
        self.studio.remembering.set(window_geometry=geometry, window_state=_text(self.areas.to_remember()))

    # ------------------------------------------------------------------ the end

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask about documents that are not saved; then cancel what runs and save every picture that there is.

        When the session ends nobody can answer: the journals have the documents, and the next start brings them back.
        """
        if not self.furnished:
            event.ignore()
            QTimer.singleShot(0, self, self._close_again)  # when it is; it is being read now
            return
        if not (self._session_ends or _session_is_saved()) and not self.sheet_deeds.may_close_all(self._close_again):
            event.ignore()
            if self.isMinimized():  # the question must be seen
                self.come_to_front()
            return
        self.prompt.form.commit()
        self._remember_layout()
        self.studio.queue.rest()  # what waits is kept for the next start
        self.studio.generation.cancel_all()
        if not self.studio.gallery.unsaved:
            self.hide()  # what is left to do is not worth looking at
        worker_ended = self.studio.worker.close()
        self.studio.gallery.flush()
        while self.studio.gallery.unsaved and self._keep_unsaved():
            self.studio.gallery.flush()
        self.closed_cleanly = self.studio.close() and worker_ended
        event.accept()
        super().closeEvent(event)

    def _close_again(self) -> None:
        self.close()

    def end_session(self) -> None:
        """Close without a question."""
        self._session_ends = True
        self.close()

    def _keep_unsaved(self) -> bool:
        """Ask for a folder and save there what could not be saved. False if the user gives the pictures up."""
        unsaved = self.studio.gallery.unsaved
        question = QMessageBox(self)
        question.setIcon(QMessageBox.Icon.Warning)
        question.setWindowTitle(TITLE)
        question.setText(self.tr("Pictures that could not be saved: {count}.").format(count=len(unsaved)))
        question.setInformativeText(self.tr("Choose a folder to save them in, or they are lost."))
        save = question.addButton(self.tr("Choose a folder…"), QMessageBox.ButtonRole.AcceptRole)
        question.addButton(self.tr("Quit without them"), QMessageBox.ButtonRole.DestructiveRole)
        question.exec()
        if question.clickedButton() is not save:
            return False
        name = QFileDialog.getExistingDirectory(self, self.tr("Save the pictures in"), str(paths.data()))
        if name:
            from kandinsky_studio.ui.deeds import file_name

            self.studio.gallery.export_unsaved(Path(name), file_name)
        return True


def _session_is_saved() -> bool:
    application = QGuiApplication.instance()
    return isinstance(application, QGuiApplication) and application.isSavingSession()


def _text(content: QByteArray) -> str:
    return base64.b64encode(content.data()).decode("ascii")


def _bytes(text: str) -> QByteArray:
    try:
        return QByteArray(base64.b64decode(text))
    except (binascii.Error, ValueError):
        return QByteArray()
