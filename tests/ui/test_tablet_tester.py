"""The page where a tablet shows what it tells."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QInputDevice, QPointingDevice, QPointingDeviceUniqueId, QTabletEvent
from PySide6.QtWidgets import QApplication

from kandinsky_studio.ui.dialogs.tablet_tester import TabletTester


def device(end):
    return QPointingDevice(
        "Bamboo",
        7,
        QInputDevice.DeviceType.Stylus,
        end,
        QInputDevice.Capability.Pressure,
        1,
        2,
        "",
        QPointingDeviceUniqueId(),
    )


PEN, ERASER = device(QPointingDevice.PointerType.Pen), device(QPointingDevice.PointerType.Eraser)


@pytest.fixture
def tester(qtbot):
    tester = TabletTester()
    qtbot.addWidget(tester)
    tester.show()
    return tester


def tell(tester, kind, place, pressure, moment, pen=PEN, tilt=(0, 0)):
    left = Qt.MouseButton.LeftButton
    event = QTabletEvent(
        kind,
        pen,
        QPointF(place),
        tester.sheet.mapToGlobal(QPointF(place)),
        pressure,
        *tilt,
        0.0,
        0.0,
        0.0,
        Qt.KeyboardModifier.NoModifier,
        left,
        left,
    )
    event.setTimestamp(moment)
    QApplication.sendEvent(tester.sheet, event)


def stroke(tester, pen=PEN):
    for number in range(101):
        kind = QEvent.Type.TabletPress if number == 0 else QEvent.Type.TabletMove
        late = 40 if number > 60 else 0
        tell(tester, kind, QPoint(20 + 2 * number, 100), number / 100, 1000 + 8 * number + late, pen, (30, -5))
    tell(tester, QEvent.Type.TabletRelease, QPoint(220, 100), 0.0, 1900, pen)


def test_it_shows_device_pressure_tilt_rate_and_end(tester):
    stroke(tester)
    tester.refresh()
    shown = {name: label.text() for name, label in tester.figures.items()}
    assert shown["device"] == "Bamboo"
    assert shown["end"] == "tip"
    assert shown["pressure"] == "0% (1% … 100%)"
    assert shown["tilt"] == "0°, 0°"
    assert shown["gap"] == "48 ms"
    assert tester.record.fastest == pytest.approx(125, abs=1)
    assert len(tester.record.pressures) == 100
    stroke(tester, ERASER)
    tester.refresh()
    assert tester.figures["end"].text() == "eraser (tip, eraser)"


def test_a_line_is_as_thick_as_the_pen_presses(tester):
    stroke(tester)
    paper = tester.sheet._paper
    ratio = paper.devicePixelRatio()

    def thick(x):
        return sum(paper.pixelColor(int(x * ratio), y) != QColor("white") for y in range(paper.height()))

    assert thick(40) < thick(120) < thick(200)


def test_a_mouse_is_called_one(qtbot, tester):
    qtbot.mousePress(tester.sheet, Qt.MouseButton.LeftButton, pos=QPoint(50, 50))
    qtbot.mouseMove(tester.sheet, QPoint(90, 50))
    qtbot.mouseRelease(tester.sheet, Qt.MouseButton.LeftButton, pos=QPoint(90, 50))
    tester.refresh()
    assert tester.figures["device"].text() == "Mouse"
    assert tester.figures["end"].text() == "none: a mouse"


def test_the_report_is_copied_and_all_is_cleared(qtbot, tester):
    stroke(tester)
    tester.copy_button.click()
    report = QApplication.clipboard().text()
    assert "Device: Bamboo" in report
    assert "Different pressures: 100" in report
    assert "Qt 6" in report
    tester._clear()
    assert tester.record.count == 0
    assert tester.figures["device"].text() == "–"
