"""What waits to be made: in which order, how far it is, how long it will take."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QPoint, QSize, Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from kandinsky_studio.app.queue_list import Row, Standing
from kandinsky_studio.app.queue_words import TIERS, in_all, kind_of, prompt_of, state_of
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.panel import Panel
from kandinsky_studio.ui.queue_view import Part, QueueView
from kandinsky_studio.ui.sizes import SMALL, TIGHT, WIDE
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.status_line import StatusLine
from kandinsky_studio.ui.widgets.tool_button import IconButton


class _Total(StatusLine):
    """As wide as its words where there is room, and never in the way."""

    def __init__(self) -> None:
        super().__init__(Qt.AlignmentFlag.AlignRight)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.sizeHint().height())


class QueuePanel(Panel):
    """The rows; in the title bar what concerns all of them. Keys: Del cancels, Alt+Up and Alt+Down move."""

    key = "queue"
    area = Qt.DockWidgetArea.BottomDockWidgetArea

    def __init__(self, studio: Studio, theme: Theme, actions: Actions) -> None:
        super().__init__(studio, theme, actions)
        self._queue = studio.queue
        action = actions.commands.action
        self.view = QueueView(theme, self._queue, studio.models)
        self.total = _Total()
        self.total.setObjectName("queueTotal")
        self.pause = IconButton.of(theme, action("generation.pause_queue"), "pause")
        self.cancel_all = IconButton.of(theme, action("generation.cancel_all"), "stop")
        self.clear = IconButton.of(theme, action("generation.clear_queue"), "trash")
        self._header = QWidget()
        row = QHBoxLayout(self._header)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(TIGHT)
        row.addWidget(self.total, 1)
        row.addSpacing(SMALL)
        for button in (self.pause, self.cancel_all, self.clear):
            row.addWidget(button)
        self._empty = QLabel()
        self._empty.setObjectName("galleryEmpty")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self._empty.setContentsMargins(WIDE, 0, WIDE, SMALL)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._empty)
        self._pages.addWidget(self.view)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, SMALL)
        layout.addWidget(self._pages)
        self._connect()
        self.retranslate()

    def _connect(self) -> None:
        queue, commands = self._queue, self.actions_.commands
        queue.list.words = self.words_of
        queue.changed.connect(self._show)
        queue.times_changed.connect(self._show_total)
        self.view.pressed_part.connect(self._pressed)
        self.view.removed.connect(queue.cancel)
        self.view.shifted.connect(queue.shift)
        self.view.dropped.connect(queue.move)
        self.view.opened.connect(queue.retry)
        self.view.menu_wanted.connect(self._open_menu)
        commands.implement("generation.pause_queue", self._pause)
        commands.implement("generation.clear_queue", queue.clear)

    def header(self) -> QWidget | None:
        return self._header

    def title(self) -> str:
        return self.tr("Queue")

    def focus_first(self) -> None:
        shown = self.view if len(self._queue.list) else self.pause
        shown.setFocus(Qt.FocusReason.TabFocusReason)
        if not self.view.currentIndex().isValid():
            self.view.setCurrentIndex(self._queue.list.index(0))

    def retranslate(self) -> None:
        self.view.setAccessibleName(self.tr("Queue"))
        self._empty.setText(
            self.tr(
                "Nothing waits. Generate as often as you like while a picture is being made: here you drag the jobs "
                "into the order you want, pause them, or cancel them. They are kept until they are made, even when the "
                "program is closed."
            )
        )
        self._show()
        self._show_total()

    def words_of(self, row: Row) -> str:
        """All that a row shows, for tooltips and screen readers."""
        kind = kind_of(row, self.studio.models.title(row.request.model))
        return "\n".join([prompt_of(row.request), kind, state_of(row, self._queue.left(row), self._queue.holds(row))])

    # ------------------------------------------------------------------ what is shown

    @Slot()
    def _show(self) -> None:
        queue, commands = self._queue, self.actions_.commands
        self._pages.setCurrentWidget(self.view if len(queue.list) else self._empty)
        pause = commands.action("generation.pause_queue")
        pause.setChecked(queue.paused)
        self.pause.set_icon("play" if queue.paused else "pause")
        if queue.paused:
            self.pause.set_words(self.tr("Go on with the queue"))
        else:
            self.pause.set_words(self.tr("Pause the queue; what is being made is finished"))
        commands.action("generation.clear_queue").setEnabled(bool(queue.list.of(Standing.failed, Standing.done)))

    @Slot()
    def _show_total(self) -> None:
        self.total.setText(in_all(self._queue.waiting, *self._queue.seconds_left))
        self.view.viewport().update()

    # ------------------------------------------------------------------ what is done

    @Slot()
    def _pause(self) -> None:
        if self._queue.paused:
            self._queue.go_on()
        else:
            self._queue.pause()

    @Slot(int, object)
    def _pressed(self, id: int, part: Part) -> None:
        if part is Part.REMOVE:
            self._queue.cancel([id])
        elif part is Part.RETRY:
            self._queue.retry([id])
        else:
            self._queue.shift([id], -1 if part is Part.UP else 1)

    @Slot(object)
    def _open_menu(self, place: QPoint) -> None:
        queue, ids = self._queue, self.view.chosen()
        rows = [row for id in ids if (row := queue.list.find(id)) is not None]
        standings = {row.standing for row in rows}
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if Standing.waiting in standings:
            first = next(iter(queue.list.of(Standing.waiting))).id
            menu.addAction(self.tr("To the front"), lambda: queue.move(ids, first if first not in ids else None))
            menu.addAction(self.tr("Up"), lambda: queue.shift(ids, -1))
            menu.addAction(self.tr("Down"), lambda: queue.shift(ids, 1))
            menu.addSeparator()
        if Standing.failed in standings:
            menu.addAction(self.theme.icon("retry"), self.tr("Try again"), lambda: queue.retry(ids))
            tiers = menu.addMenu(self.tr("Try again and keep in memory"))
            for tier in queue.tiers:
                choice = tiers.addAction(QCoreApplication.translate("queue", TIERS[tier]))
                choice.triggered.connect(lambda _=False, tier=tier: queue.retry(ids, tier))
            menu.addSeparator()
        over = standings <= {Standing.failed, Standing.done}
        words = self.tr("Take out of the list") if over else self.tr("Cancel")
        menu.addAction(self.theme.icon("close"), words, lambda: queue.cancel(ids))
        menu.popup(place)

    def sizeHint(self) -> QSize:
        return QSize(self.theme.px(320), self.theme.px(160))
