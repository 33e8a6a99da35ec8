"""What a tablet really tells: for whoever wonders whether it is the pen, its driver or the program."""

from __future__ import annotations

import platform
from collections import deque
from dataclasses import dataclass, field

from PySide6.QtCore import QEvent, QPointF, Qt, QTimer, Signal, qVersion
from PySide6.QtGui import (
    QColor,
    QGuiApplication,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPointingDevice,
    QPolygonF,
    QResizeEvent,
    QTabletEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

_WINDOW = 1.0  # seconds over which events are counted
_SHOWN = 400  # events in the curve of pressure
_WIDEST = 24.0  # pixels of a line drawn with all might
_REFRESH = 100  # milliseconds between two looks at the figures


@dataclass(frozen=True)
class PenEvent:
    """One event: place in pixels, seconds of any clock, pressure 0 … 1, tilt in degrees from upright."""

    at: QPointF
    time: float
    pressure: float
    tilt_x: float = 0.0
    tilt_y: float = 0.0
    eraser: bool = False
    pen: bool = False
    down: bool = False


@dataclass
class Record:
    """What was seen since the last clearing."""

    device: str = ""
    capabilities: str = ""
    events: deque[PenEvent] = field(default_factory=lambda: deque(maxlen=_SHOWN))
    count: int = 0
    pressures: set[float] = field(default_factory=set)
    gap: float = 0.0  # the longest between two events of a stroke, in seconds
    fastest: float = 0.0  # events per second
    pen: bool = False
    eraser: bool = False
    tilted: bool = False
    _recent: deque[float] = field(default_factory=deque)

    def add(self, event: PenEvent) -> None:
        """Take one event in."""
        if self.events and event.down and self.events[-1].down:
            self.gap = max(self.gap, event.time - self.events[-1].time)
        self.events.append(event)
        self.count += 1
        self._recent.append(event.time)
        while self._recent[0] < event.time - _WINDOW:
            self._recent.popleft()
        span = event.time - self._recent[0]
        if span >= _WINDOW / 4:
            self.fastest = max(self.fastest, (len(self._recent) - 1) / span)
        if event.down and event.pen:
            self.pressures.add(event.pressure)
        self.pen |= event.pen and not event.eraser
        self.eraser |= event.eraser
        self.tilted |= bool(event.tilt_x or event.tilt_y)

    @property
    def rate(self) -> float:
        """Events per second, just now."""
        span = self._recent[-1] - self._recent[0] if len(self._recent) > 1 else 0.0
        return (len(self._recent) - 1) / span if span > 0 else 0.0


class Sheet(QWidget):
    """Paper to try a pen on; ``told`` carries each ``PenEvent``, ``device_told`` the device of a pen."""

    told = Signal(object)
    device_told = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(360, 240)
        self.setTabletTracking(True)
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self._paper = QImage()
        self._last: PenEvent | None = None
        self.clear()

    def clear(self) -> None:
        """Take a new sheet."""
        ratio = self.devicePixelRatioF()
        self._paper = QImage(self.size() * ratio, QImage.Format.Format_RGB32)
        self._paper.setDevicePixelRatio(ratio)
        self._paper.fill(Qt.GlobalColor.white)
        self._last = None
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        old = self._paper
        self.clear()
        painter = QPainter(self._paper)
        painter.drawImage(0, 0, old)
        painter.end()

    def tabletEvent(self, event: QTabletEvent) -> None:
        event.accept()  # or the mouse would draw it once more
        self.device_told.emit(event.pointingDevice())
        self._take(
            PenEvent(
                event.position(),
                event.timestamp() / 1000,
                event.pressure(),
                event.xTilt(),
                event.yTilt(),
                event.pointerType() == QPointingDevice.PointerType.Eraser,
                pen=True,
                down=event.type() != QEvent.Type.TabletRelease and event.pressure() > 0,
            )
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._take(PenEvent(event.position(), event.timestamp() / 1000, 1.0, down=bool(event.buttons())))

    mouseMoveEvent = mousePressEvent
    mouseReleaseEvent = mousePressEvent

    def _take(self, event: PenEvent) -> None:
        last, self._last = self._last, event
        if event.down and last is not None and last.down:
            painter = QPainter(self._paper)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            ink = QColor("#b3261e") if event.eraser else QColor("#1c1c1c")
            width = max(1.0, _WIDEST * event.pressure)
            painter.setPen(QPen(ink, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.drawLine(last.at, event.at)
            painter.end()
            self.update()
        self.told.emit(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.drawImage(0, 0, self._paper)
        painter.end()


class Curve(QWidget):
    """Pressure over the last events: a pen's is a curve, a mouse's a line at the top."""

    def __init__(self, record: Record, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.record = record
        self.setMinimumHeight(72)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        painter.fillRect(self.rect(), palette.base())
        height, step = self.height() - 4, self.width() / _SHOWN
        painter.setPen(QPen(palette.placeholderText().color(), 1))
        painter.drawLine(0, self.height() // 2, self.width(), self.height() // 2)
        line = QPolygonF()
        for number, told in enumerate(self.record.events):
            line.append(QPointF(number * step, 2 + height * (1 - told.pressure)))
        painter.setPen(QPen(palette.highlight().color(), 2))
        painter.drawPolyline(line)
        painter.end()


class TabletTester(QDialog):
    """Draw with the pen: what it tells is shown, and can be copied as text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Test the tablet"))
        self.record = Record()
        hint = QLabel(
            self.tr("Draw on the sheet, lightly and firmly, and turn the pen over. A pen that presses draws thick.")
        )
        hint.setWordWrap(True)
        self.sheet = Sheet()
        self.sheet.told.connect(self._told)
        self.sheet.device_told.connect(self._device_told)
        self.curve = Curve(self.record)
        names = {
            "device": self.tr("Device"),
            "end": self.tr("End"),
            "pressure": self.tr("Pressure"),
            "tilt": self.tr("Tilt"),
            "rate": self.tr("Events per second"),
            "gap": self.tr("Longest gap in a stroke"),
        }
        self._names = names
        self.figures: dict[str, QLabel] = {}
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for key, name in names.items():
            self.figures[key] = QLabel("–")
            self.figures[key].setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            form.addRow(name, self.figures[key])
        form.addRow(QLabel(self.tr("Pressure over time")))
        side = QVBoxLayout()
        side.addLayout(form)
        side.addWidget(self.curve)
        side.addStretch(1)
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addWidget(self.sheet, 1)
        row.addLayout(side)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        self.copy_button = QPushButton(self.tr("Copy report"))
        self.copy_button.clicked.connect(self._copy)
        buttons.addButton(self.copy_button, QDialogButtonBox.ButtonRole.ActionRole)
        clear = QPushButton(self.tr("Clear"))
        clear.clicked.connect(self._clear)
        buttons.addButton(clear, QDialogButtonBox.ButtonRole.ResetRole)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(16)
        layout.addWidget(hint)
        layout.addLayout(row, 1)
        layout.addWidget(buttons)
        self.resize(820, 480)
        self._stale = QTimer(self)  # a fast pen tells more often than anybody can read
        self._stale.setSingleShot(True)
        self._stale.setInterval(_REFRESH)
        self._stale.timeout.connect(self.refresh)

    def report(self) -> str:
        """All figures as lines of text, to be sent to whoever can help."""
        self.refresh()
        record = self.record
        lines = [f"{name}: {self.figures[key].text()}" for key, name in self._names.items()]
        lines += [
            self.tr("Different pressures: {count}").format(count=len(record.pressures)),
            self.tr("Events: {count}").format(count=record.count),
            f"Qt {qVersion()}, {QGuiApplication.platformName()}, {platform.platform()}, "
            f"{self.devicePixelRatioF():g}×, {record.capabilities or '–'}",
        ]
        return "\n".join(lines)

    def refresh(self) -> None:
        """Show the figures of now."""
        record = self.record
        if record.events:
            last = record.events[-1]
            ends = {True: self.tr("eraser"), False: self.tr("tip")}
            seen = [ends[eraser] for eraser, was in ((False, record.pen), (True, record.eraser)) if was]
            self._show("device", record.device or self.tr("Mouse"))
            end = f"{ends[last.eraser]} ({', '.join(seen)})" if len(seen) > 1 else ends[last.eraser]
            self._show("end", end if last.pen else self.tr("none: a mouse"))
            lowest, highest = min(record.pressures, default=0.0), max(record.pressures, default=0.0)
            self._show("pressure", f"{last.pressure:.0%} ({lowest:.0%} … {highest:.0%})")
            tilt = f"{last.tilt_x:.0f}°, {last.tilt_y:.0f}°" if record.tilted else self.tr("not told")
            self._show("tilt", tilt)
            self._show("rate", f"{record.rate:.0f} (≤ {record.fastest:.0f})")
            self._show("gap", self.tr("{count} ms").format(count=round(record.gap * 1000)))
        self.curve.update()

    def _show(self, key: str, text: str) -> None:
        self.figures[key].setText(text)

    def _told(self, event: PenEvent) -> None:
        self.record.add(event)
        if not event.pen:
            self.record.device = ""
        if not self._stale.isActive():
            self._stale.start()

    def _device_told(self, device: QPointingDevice) -> None:
        self.record.device = device.name() or self.tr("Pen without a name")
        self.record.capabilities = device.capabilities().name or ""

    def _clear(self) -> None:
        self.record = self.curve.record = Record()
        self.sheet.clear()
        for label in self.figures.values():
            label.setText("–")
        self.curve.update()

    def _copy(self) -> None:
        QApplication.clipboard().setText(self.report())
