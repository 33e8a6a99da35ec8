"""How a pointer edits. A tool knows the document, never a widget."""

from __future__ import annotations

from kandinsky_studio.tools.base import Tool
from kandinsky_studio.tools.brush import Brush
from kandinsky_studio.tools.crop import Crop
from kandinsky_studio.tools.eraser import Eraser
from kandinsky_studio.tools.fill import Fill
from kandinsky_studio.tools.frame import Frame
from kandinsky_studio.tools.gradient import Gradient
from kandinsky_studio.tools.hand import Hand
from kandinsky_studio.tools.mask_brush import MaskBrush
from kandinsky_studio.tools.mask_eraser import MaskEraser
from kandinsky_studio.tools.move import Move
from kandinsky_studio.tools.pencil import Pencil
from kandinsky_studio.tools.picker import Picker
from kandinsky_studio.tools.rotate_view import RotateView
from kandinsky_studio.tools.select_colour_range import SelectColourRange
from kandinsky_studio.tools.select_ellipse import SelectEllipse
from kandinsky_studio.tools.select_lasso import SelectLasso
from kandinsky_studio.tools.select_polygon import SelectPolygon
from kandinsky_studio.tools.select_rectangle import SelectRectangle
from kandinsky_studio.tools.select_wand import SelectWand
from kandinsky_studio.tools.smudge import Smudge
from kandinsky_studio.tools.transform import Transform
from kandinsky_studio.tools.zoom import Zoom

TOOLS: tuple[type[Tool], ...] = (
    Brush,
    Pencil,
    Eraser,
    MaskBrush,
    MaskEraser,
    Smudge,
    Fill,
    Gradient,
    Picker,
    Move,
    Transform,
    Crop,
    Frame,
    SelectRectangle,
    SelectEllipse,
    SelectLasso,
    SelectPolygon,
    SelectWand,
    SelectColourRange,
    Hand,
    Zoom,
    RotateView,
)
