"""What the commands do with the window itself: canvas only, full screen, from panel to panel, panels put back."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QByteArray, QEvent, QObject, Qt, QTimer, Slot
from PySide6.QtWidgets import QApplication, QMainWindow, QTabBar, QTabWidget, QWidget

from kandinsky_studio.ui.actions import Actions, takes_text
from kandinsky_studio.ui.panel import PanelDock
from kandinsky_studio.ui.workbench import Workbench

LAYOUT_VERSION = 4
_RIGHT, _BELOW = 352, 168  # pixels wide and high at first
_UPPER, _LOWER = 54, 46  # shares of the prompt and the layers
_BEHIND = (  # who stands behind whom at first
    ("prompt", ("mix", "ideas", "pad", "colours", "steps")),
    ("layers", ("handbook", "words")),
    ("gallery", ("strip", "queue")),
)
_LOST = 1 << 20  # pixels
_BY_KEY = Qt.FocusReason.TabFocusReason


class Area(NamedTuple):
    """A part of the window that F6 comes to."""

    widget: QWidget
    focus: Callable[[], None]


class WindowDeeds(QObject):
    """Arranges the docks of ``window`` around ``bench`` and connects the commands of the window."""

    def __init__(self, actions: Actions, bench: Workbench, docks: list[PanelDock], window: QMainWindow) -> None:
        super().__init__(window)
        self._bench = bench
        self._docks = docks
        self._window = window
        self._named = {dock.panel.key: dock for dock in docks}
        self._hidden: list[QWidget] = []  # by the command that shows the canvas alone
        self._fresh = True  # the layers have not been shown in the layout that comes with the program
        self._canvas_only = actions.commands.implement("view.canvas_only", self.show_canvas_only)
        self._full = actions.commands.implement("view.full_screen", self.show_full_screen)
        actions.commands.implement("window.next_area", self.next_area)
        actions.commands.implement("window.reset_layout", self.reset_layout)
        actions.commands.add_place("canvas", bench.page.view)
        actions.commands.add_place("layers", self._named["layers"].panel)
        bench.front_changed.connect(self.show_docks)
        bench.page.view.installEventFilter(self)
        window.installEventFilter(self)
        self._titling = QTimer(self)  # docks tell of each other's moves one by one
        self._titling.setSingleShot(True)
        self._titling.setInterval(0)
        self._titling.timeout.connect(self.title_docks)
        for dock in docks:
            for signal in (dock.visibilityChanged, dock.dockLocationChanged, dock.topLevelChanged):
                signal.connect(self._titling.start)
        self.arrange()

    # ------------------------------------------------------------------ where panels are

    def arrange(self) -> None:
        """Every panel where it is at a first start: colour and steps behind the prompt, the layers below them."""
        for dock in self._docks:
            self._window.addDockWidget(dock.panel.area, dock)
        for front, behind in _BEHIND:
            for key in behind:
                self._window.tabifyDockWidget(self._named[front], self._named[key])
            self._named[front].raise_()
        for dock in self._docks:
            if not dock.panel.open_at_first:
                dock.hide()
        for area in (Qt.DockWidgetArea.RightDockWidgetArea, Qt.DockWidgetArea.BottomDockWidgetArea):
            self._window.setTabPosition(area, QTabWidget.TabPosition.North)

    def size(self) -> None:
        """As wide and high as at a first start."""
        for area, length, way in (
            (Qt.DockWidgetArea.RightDockWidgetArea, _RIGHT, Qt.Orientation.Horizontal),
            (Qt.DockWidgetArea.BottomDockWidgetArea, _BELOW, Qt.Orientation.Vertical),
        ):
            docks = [dock for dock in self._docks if dock.panel.area is area and not dock.isHidden()]
            self._window.resizeDocks(docks, [length] * len(docks), way)
        self._share_height()

    def _share_height(self) -> None:
        """The layers get a good part of the column the first time they are seen."""
        layers, prompt = self._named["layers"], self._named["prompt"]
        if self._fresh and layers.isVisible() and prompt.isVisible():
            self._fresh = False
            self._window.resizeDocks([prompt, layers], [_UPPER * 10, _LOWER * 10], Qt.Orientation.Vertical)

    def restore(self, state: QByteArray) -> None:
        """The layout that :meth:`to_remember` told of, in which panels of documents that were closed stay so; or that
        of a first start."""
        if self._window.restoreState(state, LAYOUT_VERSION):
            self._fresh = False
            for dock in self._docks:
                dock.wanted = not dock.isHidden()
        else:
            self.size()
        self.show_docks()
        if (layout := self._window.layout()) is not None:
            layout.invalidate()
            layout.activate()  # the least size of the window was that of docks that were not in their places yet
        self.title_docks()

    def to_remember(self) -> QByteArray:
        """The layout, with all in it that the user wants to see, in front or not."""
        self.show_canvas_only(False)
        for dock in self._docks:
            dock.setVisible(dock.wanted)
        return self._window.saveState(LAYOUT_VERSION)

    @Slot()
    def show_docks(self) -> None:
        """Panels of documents come and go with them, but for those that the user closed."""
        document = self._bench.shows_document
        for dock in self._docks:
            if dock.panel.of_document:
                dock.toggleViewAction().setEnabled(document)
                if not self._hidden:
                    dock.setVisible(document and dock.wanted)
        if document and not self._hidden:
            QTimer.singleShot(0, self, self._share_height)  # once the docks have found their places

    def show_dock(self, dock: PanelDock) -> None:
        """Bring a panel to the front, even if it was closed."""
        self.show_canvas_only(False)
        new = dock.isHidden() and not dock.panel.open_at_first
        dock.wanted = True
        dock.show()
        dock.raise_()
        if new and not self._named["layers"].isVisible():
            QTimer.singleShot(0, self, lambda: self._share_with(dock))  # once it has found its place

    def _share_with(self, dock: PanelDock) -> None:
        """A panel that was asked for gets a good part of the column."""
        self._window.resizeDocks([self._named["prompt"], dock], [_UPPER * 10, _LOWER * 10], Qt.Orientation.Vertical)

    @Slot()
    def reset_layout(self) -> None:
        """The panels where they were at first, as large and as open."""
        self.show_canvas_only(False)
        for dock in self._docks:
            dock.setFloating(False)
            dock.wanted = dock.panel.open_at_first
            self._window.removeDockWidget(dock)
        self.arrange()
        self._fresh = True
        for dock in self._docks:
            dock.setVisible(dock.wanted and (not dock.panel.of_document or self._bench.shows_document))
        self._named["prompt"].raise_()
        self.size()

    def _sweep_tabs(self) -> None:
        """Put away bars of tabs that Qt lost track of while the docks were arranged: they would lie over the window."""
        places: dict[frozenset[str], list[tuple[int, QTabBar]]] = {}
        for bar in self._window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
            titles = frozenset(bar.tabText(number) for number in range(bar.count()))
            docks = [dock for dock in self._docks if dock.windowTitle() in titles and not dock.isHidden()]
            others = self._window.tabifiedDockWidgets(docks[0]) if docks else []
            real = {dock.windowTitle() for dock in (*docks[:1], *others) if not dock.isHidden()}
            away = min(((dock.pos() - bar.geometry().bottomLeft()).manhattanLength() for dock in docks), default=_LOST)
            places.setdefault(titles, []).append((away if titles == real else _LOST, bar))
        for bars in places.values():
            nearest = min(away for away, _ in bars)
            for away, bar in bars:
                if away == _LOST or away > nearest:
                    bar.move(-2 * bar.width(), -2 * bar.height())

    @Slot()
    def title_docks(self) -> None:
        """A panel that has a tab needs no title below it."""
        self._sweep_tabs()
        for dock in self._docks:
            beside = [other for other in self._window.tabifiedDockWidgets(dock) if not other.isHidden()]
            dock.show_title(not beside)
        for tabs in self._window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
            tabs.setChangeCurrentOnDrag(True)  # what is dragged from one panel can be dropped in one behind it

    # ------------------------------------------------------------------ the canvas alone, the whole screen

    @Slot(bool)
    def show_canvas_only(self, on: bool) -> None:
        """Hide everything but the canvas, or bring back what was hidden."""
        if on == bool(self._hidden):
            return
        if on:
            bench, page = self._bench, self._bench.page
            around: list[QWidget] = [*self._docks, self._window.menuBar(), bench.tabs, bench.picture_bar]
            around += [page.tools, page.options, page.bar, page.task_bar, self._window.statusBar()]
            self._hidden = [widget for widget in around if not widget.isHidden()]
            for widget in self._hidden:
                widget.hide()
            self._canvas().setFocus()
        else:
            hidden, self._hidden = self._hidden, []
            for widget in hidden:
                widget.show()
            self._bench.tabs.setVisible(self._bench.tabs.count() > 1)
            self.show_docks()
        self._canvas_only.setChecked(on)

    @Slot(bool)
    def show_full_screen(self, on: bool) -> None:
        """Over the whole screen; back to the size it had."""
        state = self._window.windowState()
        full = Qt.WindowState.WindowFullScreen
        self._window.setWindowState(state | full if on else state & ~full)

    # ------------------------------------------------------------------ the keyboard

    def _canvas(self) -> QWidget:
        page = self._bench.page
        return (page.stack.currentWidget() or page.view) if self._bench.shows_document else self._bench.stage

    def areas(self) -> list[Area]:
        """What can be seen and has something to work with, in the order of F6."""
        page, canvas = self._bench.page, self._canvas()
        found = [Area(canvas, lambda: canvas.setFocus(_BY_KEY))]
        found += [Area(part, lambda part=part: _focus_in(part)) for part in (page.options, page.tools)]  # type: ignore[misc]
        found += [Area(dock, dock.panel.focus_first) for dock in self._docks]
        return [area for area in found if not area.widget.visibleRegion().isEmpty()]

    @Slot()
    def next_area(self) -> None:
        """The keyboard to the next part of the window."""
        areas, focus = self.areas(), QApplication.focusWidget()
        here = [number for number, area in enumerate(areas) if focus is not None and _holds(area.widget, focus)]
        areas[(here[0] + 1) % len(areas) if here else 0].focus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A pointer that comes to the canvas brings the keyboard: after a slider, Space and B are the painter's again."""
        if event.type() is QEvent.Type.Enter and watched is self._bench.page.view:
            focus = QApplication.focusWidget()
            elsewhere = focus is not None and focus.window() is self._window and not takes_text(focus)
            if elsewhere and focus is not watched and QApplication.activePopupWidget() is None:
                self._bench.page.view.setFocus(Qt.FocusReason.OtherFocusReason)
        elif event.type() is QEvent.Type.WindowStateChange and watched is self._window:
            self._full.setChecked(self._window.isFullScreen())
        return False


def _holds(area: QWidget, widget: QWidget) -> bool:
    return area is widget or area.isAncestorOf(widget)


def _focus_in(area: QWidget) -> None:
    """To the first thing in ``area`` that the Tab key comes to."""
    for widget in area.findChildren(QWidget):
        if widget.isVisible() and widget.isEnabled() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            widget.setFocus(_BY_KEY)
            return
