"""How the mixing pad looks: the plane, the pictures at its corners, the trail and the puck."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPainterPath, QPen, QPolygonF, QTextOption

from kandinsky_studio.ui.sizes import RADIUS
from kandinsky_studio.ui.theme import Theme


@dataclass(frozen=True, eq=False)
class Corner:
    """What lies at a corner: a picture, or the words ``name``. ``icon`` stands for what can't be shown."""

    name: str
    image: QImage | None = None
    icon: str = ""


@dataclass(frozen=True, eq=False)
class Mark:
    """A place of the trail, ``at`` in pixels; ``finished`` ones have a whole line around them."""

    at: QPointF
    image: QImage | None
    finished: bool


def draw_plane(painter: QPainter, theme: Theme, corners: Sequence[QPointF]) -> None:
    """The ground between the corners; for two a thick line."""
    painter.setPen(QPen(theme.colour("field_line"), 1))
    if len(corners) == 2:
        painter.setPen(QPen(theme.colour("field_line"), theme.px(6), Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(corners[0], corners[1])
    else:
        painter.setBrush(theme.colour("field"))
        painter.drawPolygon(QPolygonF(list(corners)))
        painter.setBrush(Qt.BrushStyle.NoBrush)


def draw_ties(
    painter: QPainter, theme: Theme, puck: QPointF, corners: Sequence[QPointF], weights: Sequence[float]
) -> None:
    """A line from the puck to each corner, as strong as it counts."""
    for corner, weight in zip(corners, weights, strict=True):
        colour = QColor(theme.colour("accent_line"))
        colour.setAlphaF(min(0.15 + 0.85 * weight, 1.0))
        width = theme.px(1) + theme.px(5) * weight
        painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        if weight > 0:
            painter.drawLine(puck, corner)


def draw_trail(painter: QPainter, theme: Theme, marks: Sequence[Mark], side: float, chosen: int | None) -> None:
    """The places in their order, each a small round picture of ``side`` pixels; a ring around the ``chosen`` one."""
    painter.setPen(QPen(theme.colour("muted"), 1, Qt.PenStyle.DotLine))
    painter.drawPolyline([mark.at for mark in marks])
    for number, mark in enumerate(marks):
        area = QRectF(0, 0, side, side)
        area.moveCenter(mark.at)
        shape = QPainterPath()
        shape.addEllipse(area)
        painter.fillPath(shape, theme.colour("raised"))
        if mark.image is not None:
            painter.save()
            painter.setClipPath(shape)
            draw_filling(painter, mark.image, area)
            painter.restore()
        here = number == chosen
        style = Qt.PenStyle.SolidLine if mark.finished else Qt.PenStyle.DotLine
        painter.setPen(QPen(theme.colour("accent_line" if here else "text"), 2 if here else 1, style))
        painter.drawPath(shape)


def draw_puck(painter: QPainter, theme: Theme, puck: QPointF, radius: float, focus: bool) -> None:
    """What is dragged."""
    painter.setPen(QPen(theme.colour("accent_text"), 2))
    painter.setBrush(theme.colour("accent"))
    painter.drawEllipse(puck, radius, radius)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if focus:
        painter.setPen(QPen(theme.colour("accent_line"), 2))
        painter.drawEllipse(puck, radius + 4, radius + 4)


def draw_corner(painter: QPainter, theme: Theme, area: QRectF, corner: Corner | None, percent: str, ring: bool) -> None:
    """A picture or words in a square with what it counts below; a plus where something can be put."""
    shape = QPainterPath()
    shape.addRoundedRect(area, theme.px(RADIUS), theme.px(RADIUS))
    painter.fillPath(shape, theme.colour("raised"))
    if corner is None:
        side = theme.px(20)
        icon = QRectF(0, 0, side, side)
        icon.moveCenter(area.center())
        theme.icon("plus", "muted").paint(painter, icon.toRect())
    elif corner.image is not None:
        painter.save()
        painter.setClipPath(shape)
        draw_filling(painter, corner.image, area)
        painter.restore()
    elif corner.icon:
        side = theme.px(24)
        icon = QRectF(0, 0, side, side)
        icon.moveCenter(area.center())
        theme.icon(corner.icon, "muted").paint(painter, icon.toRect())
    else:
        _draw_words(painter, theme, area, corner.name, bool(percent))
    if percent and corner is not None:
        _draw_percent(painter, theme, area, percent, shape)
    if corner is None:
        painter.setPen(QPen(theme.colour("field_line"), 1, Qt.PenStyle.DashLine))
    else:
        painter.setPen(QPen(theme.colour("field_line"), 1))
    if ring:
        painter.setPen(QPen(theme.colour("accent_line"), 2))
    painter.drawPath(shape)


def draw_filling(painter: QPainter, image: QImage, area: QRectF) -> None:
    """The middle of ``image`` in the whole of ``area``."""
    side = min(image.width(), image.height())
    middle = QRectF((image.width() - side) / 2, (image.height() - side) / 2, side, side)
    painter.drawImage(area, image, middle)


def _draw_words(painter: QPainter, theme: Theme, area: QRectF, words: str, cut: bool) -> None:
    font = QFont(painter.font())
    font.setPointSizeF(font.pointSizeF() * 0.8)
    painter.save()
    painter.setFont(font)
    painter.setPen(theme.colour("text"))
    metrics = painter.fontMetrics()
    inner = area.adjusted(4, 3, -4, -3 - (metrics.height() if cut else 0))
    lines = max(int(inner.height() // (metrics.lineSpacing() + 1)), 1)  # whole ones only
    inner.setHeight(min(lines * (metrics.lineSpacing() + 1), inner.height()))
    painter.setClipRect(inner)
    way = QTextOption(Qt.AlignmentFlag.AlignHCenter)
    way.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    painter.drawText(inner, words, way)
    painter.restore()


def _draw_percent(painter: QPainter, theme: Theme, area: QRectF, percent: str, shape: QPainterPath) -> None:
    font = QFont(painter.font())
    font.setPointSizeF(font.pointSizeF() * 0.85)
    painter.save()
    painter.setFont(font)
    height = painter.fontMetrics().height()
    strip = QRectF(area.left(), area.bottom() - height, area.width(), height)
    painter.setClipPath(shape)
    painter.fillRect(strip, theme.colour("canvas_chip"))
    painter.setPen(theme.colour("text"))
    painter.drawText(strip, Qt.AlignmentFlag.AlignCenter, percent)
    painter.restore()
