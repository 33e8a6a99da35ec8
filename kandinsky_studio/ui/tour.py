"""The tour of the window: a few things to do, one after the other, each shown where it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QRect, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QToolButton, QWidget

from kandinsky_studio.app.canvas_plan import Verb
from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.ui.tour_bubble import Ring, TourBubble

if TYPE_CHECKING:
    from kandinsky_studio.ui.main_window import MainWindow

LOOK = 100  # milliseconds between two looks at where things are and what was done
_PICTURES, _DOCUMENT = "pictures", "document"  # what has to be in front


class Place(NamedTuple):
    """A part of a widget, in its own pixels."""

    widget: QWidget
    rect: QRect


@dataclass(frozen=True)
class Step:
    """``find`` is where it is done, ``state`` what it changes, and ``done`` tells from the states before and now.

    ``front`` is the page it needs, ``panel`` the panel to bring out; ``key`` is a command whose key the words name;
    ``settle`` are the milliseconds for which nothing more may happen: who types is not done at the first letter.
    """

    title: str
    words: str
    find: Callable[[MainWindow], Place | None]
    state: Callable[[Tour], object]
    done: Callable[[object, object], bool]
    front: str = ""
    panel: str = ""
    key: str = ""
    settle: int = 0


def _whole(widget: QWidget) -> Place:
    return Place(widget, widget.rect())


def _prompt(window: MainWindow) -> Place:
    return _whole(window.prompt.form.prompt)


def _button(window: MainWindow) -> Place:
    return _whole(window.prompt.button)


def _paint(window: MainWindow) -> Place:
    return _whole(window.picture_bar.paint)


def _mask_brush(window: MainWindow) -> Place | None:
    action = window.actions_.commands.action("tool.mask_brush")
    buttons = window.bench.page.tools.findChildren(QToolButton)
    found = next((button for button in buttons if button.defaultAction() is action), None)
    return _whole(found) if found is not None else None


def _help(window: MainWindow) -> Place:
    return Place(window.menuBar(), window.menuBar().actionGeometry(window.help_menu.menuAction()))


def _mix(window: MainWindow) -> Place:
    return _whole(next(dock.panel for dock in window.docks if dock.panel.key == "mix"))


def _written(tour: Tour) -> object:
    return tour.window.studio.settings.values.prompt.strip()


def _pictures_made(tour: Tour) -> object:
    return tour.made


def _documents_opened(tour: Tour) -> object:
    return tour.opened


def _verb(tour: Tour) -> object:
    return tour.window.studio.candidates.verb


def _candidates(tour: Tour) -> object:
    return tour.window.studio.candidates.count


def _slots(tour: Tour) -> object:
    return len(tour.window.studio.mixing.slots)


def _palette_open(tour: Tour) -> object:
    return tour.window.palette_.isVisible()


def _differs(before: object, now: object) -> bool:
    return bool(now) and now != before


STEPS: tuple[Step, ...] = (
    Step(
        QT_TRANSLATE_NOOP("tour", "Describe a picture"),
        QT_TRANSLATE_NOOP("tour", "Say here what is to be seen, such as: a green star on a white background."),
        _prompt,
        _written,
        _differs,
        front=_PICTURES,
        panel="prompt",
        settle=1500,
    ),
    Step(
        QT_TRANSLATE_NOOP("tour", "Make it"),
        QT_TRANSLATE_NOOP(
            "tour",
            "This button ({key}) always says what it will do. The picture comes in the middle, and the gallery keeps it.",
        ),
        _button,
        _pictures_made,
        _differs,
        front=_PICTURES,
        panel="prompt",
        key="generation.generate",
    ),
    Step(
        QT_TRANSLATE_NOOP("tour", "Take it to the canvas"),
        QT_TRANSLATE_NOOP(
            "tour", "“Paint on it” opens the picture as a document with layers. A double click does, too."
        ),
        _paint,
        _documents_opened,
        _differs,
        front=_PICTURES,
    ),
    Step(
        QT_TRANSLATE_NOOP("tour", "Paint a mask"),
        QT_TRANSLATE_NOOP(
            "tour", "Take the mask brush and paint over the part that is to change. The red is no paint."
        ),
        _mask_brush,
        _verb,
        lambda _, now: now is Verb.FILL,
        front=_DOCUMENT,
        settle=600,
    ),
    Step(
        QT_TRANSLATE_NOOP("tour", "Fill it"),
        QT_TRANSLATE_NOOP(
            "tour",
            "Write what is to be there instead, then press Fill. Outside the mask nothing changes. Below the canvas you "
            "keep what came, or drop it.",
        ),
        _button,
        _candidates,
        _differs,
        front=_DOCUMENT,
        panel="prompt",
    ),
    Step(
        QT_TRANSLATE_NOOP("tour", "Mix pictures"),
        QT_TRANSLATE_NOOP(
            "tour", "Drag two pictures from the gallery into this panel. What you make then lies between them."
        ),
        _mix,
        _slots,
        lambda _, now: isinstance(now, int) and now >= 2,
        panel="mix",
    ),
    Step(
        QT_TRANSLATE_NOOP("tour", "Find everything"),
        QT_TRANSLATE_NOOP(
            "tour",
            "{key} finds every command by a few letters. The Help menu has all keys, a sample to play with, and this tour.",
        ),
        _help,
        _palette_open,
        _differs,
        key="window.command_palette",
        settle=600,
    ),
)
"""In the order in which they are done."""


class Tour(QObject):
    """Goes through ``STEPS`` over ``window``. ``ended`` tells that it is over, however."""

    ended = Signal()

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window = window
        self.made = self.opened = 0  # pictures and documents since the program started
        self.number = 0
        self.running = False
        self._before: object = None
        self._now: object = None
        self._still = 0  # milliseconds since something happened
        self.bubble = TourBubble(window.theme, window)
        self.ring = Ring(window.theme, window)
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK)
        self._timer.timeout.connect(self.look)
        self.bubble.went_on.connect(self.go_on)
        self.bubble.went_back.connect(self.go_back)
        self.bubble.left.connect(self.end)
        window.studio.generation.picture_made.connect(self._made)
        window.studio.editor.opened.connect(self._opened)

    @Slot()
    def _made(self) -> None:
        self.made += 1

    @Slot()
    def _opened(self) -> None:
        self.opened += 1

    @property
    def step(self) -> Step:
        """What is to be done now."""
        return STEPS[self.number]

    def start(self) -> None:
        """From the first step; one that runs begins anew."""
        self.running = True
        self.window.removeEventFilter(self)
        self.window.installEventFilter(self)
        self._go(0)
        self.bubble.next.setFocus()

    def end(self) -> None:
        """Take everything away again; the keyboard goes back to the prompt if the bubble had it."""
        if not self.running:
            return
        self.running = False
        self._timer.stop()
        self.window.removeEventFilter(self)
        focus = QApplication.focusWidget()
        had = focus is not None and self.bubble.isAncestorOf(focus)
        self.bubble.hide()
        self.ring.hide()
        if had:
            self.window.prompt.focus_first()
        self.ended.emit()

    @Slot()
    def go_on(self) -> None:
        """To the next step, done or not; after the last one it is over."""
        if self.number + 1 < len(STEPS):
            self._go(self.number + 1)
        else:
            self.end()

    @Slot()
    def go_back(self) -> None:
        """To the step before."""
        if self.number:
            self._go(self.number - 1)

    def _go(self, number: int) -> None:
        self.number = number
        step, bench = self.step, self.window.bench
        if step.front == _PICTURES:
            bench.show_pictures()
        elif step.front == _DOCUMENT and self.window.studio.editor.sheets:
            bench.show_document()
        if step.panel:
            dock = next(dock for dock in self.window.docks if dock.panel.key == step.panel)
            self.window.areas.show_dock(dock)
        self._before = self._now = step.state(self)
        self._still = 0
        self._timer.start()
        self.look()

    @Slot()
    def look(self) -> None:
        """Follow what is pointed at, and go on when the thing was done."""
        if not self.running:
            return
        now = self.step.state(self)
        self._still = self._still + LOOK if now == self._now else 0
        self._now = now
        if self.step.done(self._before, now) and self._still >= self.step.settle:
            self.go_on()
            return
        target = self._target()
        self.bubble.show_step(self.number + 1, len(STEPS), self._tr(self.step.title), self._words(target))
        self.ring.show_around(target)
        self.bubble.point_at(target)

    def _target(self) -> QRect | None:
        """Where it is done, in pixels of the window; None if that can't be seen now."""
        place = self.step.find(self.window)
        if place is None or place.widget.window() is not self.window or not place.widget.isVisible():
            return None
        seen = place.widget.visibleRegion().boundingRect().intersected(place.rect)
        if seen.isEmpty():
            return None
        return QRect(place.widget.mapTo(self.window, seen.topLeft()), seen.size())

    def _words(self, target: QRect | None) -> str:
        words = self._tr(self.step.words)
        if self.step.key:
            words = words.format(key=self.window.actions_.commands.key_text(self.step.key) or "–")
        if target is not None:
            return words
        if self.step.front == _DOCUMENT and not self.window.bench.shows_document:
            return f"{words} {self._tr(NO_DOCUMENT)}"
        return f"{words} {self._tr(NOT_SEEN)}"

    @staticmethod
    def _tr(text: str) -> str:
        return QCoreApplication.translate("tour", text)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Esc that nobody else wanted ends the tour, and so does closing the window."""
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Escape and not event.modifiers():
                self.end()
                return True
        elif event.type() is QEvent.Type.Close:
            self.end()
        elif event.type() is QEvent.Type.Resize:
            QTimer.singleShot(0, self, self.look)
        return False


NO_DOCUMENT = QT_TRANSLATE_NOOP("tour", "There is no document in front yet: go a step back and open a picture.")
NOT_SEEN = QT_TRANSLATE_NOOP("tour", "It can’t be seen now: “Put the panels back” in the View menu brings it back.")
