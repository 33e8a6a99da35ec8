"""A display that is scaled by half more: in a process of its own, since Qt takes the scale when it starts."""

from __future__ import annotations

import os
import subprocess
import sys

SCRIPT = """
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget
from kandinsky_studio.document.document import Document
from kandinsky_studio.tools.base import Desk
from kandinsky_studio.ui.easel.view import DocumentView
from tests.ui.easel.stamping import Stamp

application = QApplication([])
image = QImage(101, 80, QImage.Format.Format_ARGB32_Premultiplied)
for y in range(80):
    for x in range(101):
        image.setPixelColor(x, y, QColor(255, 255, 255) if (x + y) % 2 else QColor(0, 0, 0))
desk = Desk(Document.new(101, 80, background=image), foreground=QColor(0, 0, 255))
window = QWidget()
row = QHBoxLayout(window)
row.setContentsMargins(7, 5, 0, 0)  # 10.5 and 7.5 device pixels: the view begins between two of them
view = DocumentView(desk)
view.set_background(QColor(119, 119, 119))
row.addWidget(view)
window.resize(407, 305)
window.show()
assert view.devicePixelRatioF() == 1.5
view.set_tool(Stamp(desk))
view.set_grid(False)

def colours():
    application.processEvents()
    while view.unfinished:
        application.processEvents()
    shot = window.grab().toImage()
    return {shot.pixelColor(x, y).name() for x in range(20, shot.width()) for y in range(20, shot.height())} - border

border = {"#4d4d4d", "#333333", "#4e4e4e", "#4c4c4c"}
for zoom in (1, 2, 3):
    view.set_zoom(zoom)
    found = colours()
    assert found <= {"#000000", "#ffffff", "#777777"}, (zoom, found)
    for _ in range(3):
        view.viewport.pan(1.0, 0.4)  # one and a half device pixels
        found = colours()
        assert found <= {"#000000", "#ffffff", "#777777"}, (zoom, found)

view.set_zoom(3)
place = view.widget_point(QPointF(50.5, 40.5)).toPoint()
QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=place)
pointer = view.tool.told[-1][1]
assert abs(pointer.x - 50.5) < 0.6 and abs(pointer.y - 40.5) < 0.6, pointer
shot = window.grab().toImage()
device = QPointF(view.mapTo(window, place)) * 1.5
assert shot.pixelColor(device.toPoint()).name() == "#0000ff"
view.fit()
application.processEvents()
room = view.height() * 1.5 - 24 * 1.5
assert abs(view.zoom - min(room / 80, (view.width() - 24) * 1.5 / 101, 6.0)) < 1e-6
print("fine")
"""


def test_pixels_are_those_of_the_screen_at_one_and_a_half(qapp):
    environment = {**os.environ, "QT_SCALE_FACTOR": "1.5", "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=300)
    assert done.stdout.strip() == "fine", done.stderr
