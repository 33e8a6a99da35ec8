"""The icons: each is a drawing of its own, and each that is asked for is there."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from kandinsky_studio import paths
from kandinsky_studio.ui import icons
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.theme import Theme

SOURCE = Path(icons.__file__).parents[1]
NAMES = sorted(icons.names())


def ink(name: str, side: int) -> np.ndarray:
    """How much each pixel of the icon is covered: (side, side), uint8."""
    image = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QSvgRenderer(QByteArray(icons.coloured(name, "#000000"))).render(painter, QRectF(0, 0, side, side))
    painter.end()
    return np.frombuffer(image.constBits(), np.uint8).reshape(side, side, 4)[..., 3].copy()


@pytest.mark.parametrize("name", NAMES)
def test_an_icon_is_drawn_as_all_are(name):
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", name)
    root = ElementTree.fromstring(icons.drawing(name))
    drawn_as_all = {
        "viewBox": "0 0 24 24",
        "fill": "none",
        "stroke": "currentColor",
        "stroke-width": "1.5",
        "stroke-linecap": "round",
        "stroke-linejoin": "round",
    }
    assert root.attrib == drawn_as_all
    colours = {node.get(key) for node in root.iter() for key in ("fill", "stroke")}
    assert colours <= {None, "none", "currentColor"}


@pytest.mark.parametrize("name", NAMES)
def test_an_icon_can_be_seen_when_small_and_is_whole(name):
    small = ink(name, 16)
    small = ink(name, 16)
    assert small.sum() / 255 >= 7  # pixels
    assert small.max() >= 160  # not two rows of grey where one of ink should be
    large = ink(name, 96)
    assert max(large[0].max(), large[-1].max(), large[:, 0].max(), large[:, -1].max()) == 0
    rows, columns = np.nonzero(large > 64)
    assert max(np.ptp(rows), np.ptp(columns)) >= 44  # about half of the room, at the least
    assert abs(columns.mean() - 47.5) < 14
    assert abs(rows.mean() - 47.5) < 14


def test_no_two_icons_look_alike(qapp):
    drawn = {name: ink(name, 24).astype(np.int16) for name in NAMES}
    alike = [(one, other) for one, other in combinations(NAMES, 2) if np.abs(drawn[one] - drawn[other]).mean() < 4]
    assert alike == []


def _asked_for() -> dict[str, str]:
    """The names of icons in the source, with the files that ask for them."""
    found: dict[str, str] = {}
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for name in _names_in(node):
                found[name] = path.name
    return found


def _names_in(node: ast.AST) -> list[str]:
    """Where an icon is named: the first word of ``icon("x")``, of ``IconButton(theme, "x")``, ``icon="x"``, ``icon: … = "x"``."""
    words: list[ast.expr | None] = []
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func).split(".")[-1]
        words += [keyword.value for keyword in node.keywords if keyword.arg == "icon"]
        if called in ("icon", "_icon", "_action"):
            words += node.args[:1]
        elif called == "Command":
            words += node.args[3:4]
        elif called in ("IconButton", "set_icon"):
            words += node.args[:2]
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(ast.unparse(target) in ("icon", "ICON") for target in targets):
            words.append(node.value)
    return [
        word.value for word in words if isinstance(word, ast.Constant) and isinstance(word.value, str) and word.value
    ]


def test_every_icon_that_is_asked_for_is_there():
    asked = _asked_for()
    assert {"dice", "search", "trash"} <= asked.keys()  # the search finds what is known to be asked for
    assert {name: file for name, file in asked.items() if name not in icons.names()} == {}


def test_the_style_sheet_asks_for_icons_that_are_there():
    text = (paths.resources() / "theme" / "studio.qss").read_text(encoding="utf-8").split("*/", 1)[1]
    asked = set(re.findall(r"@icon\((\w+),", text))
    assert len(asked) > 5
    assert asked <= icons.names()


@pytest.fixture
def theme(qapp):
    theme = Theme(qapp)
    theme.use("dark")
    yield theme
    theme.close()


def colour_of(icon: QIcon, mode: QIcon.Mode, state: QIcon.State) -> QColor:
    return icon.pixmap(QSize(24, 24), mode, state).toImage().pixelColor(12, 12)


def test_an_icon_takes_the_colour_of_its_state(theme):
    icon = theme.icon("plus")
    off, on = QIcon.State.Off, QIcon.State.On
    assert colour_of(icon, QIcon.Mode.Normal, off) == theme.colour("text")
    assert colour_of(icon, QIcon.Mode.Active, off) == theme.colour("text")
    assert colour_of(icon, QIcon.Mode.Selected, off) == theme.colour("text")
    assert colour_of(icon, QIcon.Mode.Disabled, off) == theme.colour("disabled")
    assert colour_of(icon, QIcon.Mode.Normal, on) == theme.colour("accent_line")
    assert colour_of(icon, QIcon.Mode.Disabled, on) == theme.colour("disabled")
    assert colour_of(theme.icon("plus", "danger"), QIcon.Mode.Normal, off) == theme.colour("danger")


@pytest.mark.parametrize("scale", [1.0, 1.25, 1.5, 2.0])
def test_an_icon_is_drawn_for_the_pixels_of_its_screen(theme, scale):
    pixmap = theme.icon("grid").pixmap(QSize(20, 20), scale)
    side = round(20 * scale)
    assert (pixmap.width(), pixmap.height()) == (side, side)
    alpha = np.frombuffer(
        pixmap.toImage().convertToFormat(QImage.Format.Format_ARGB32_Premultiplied).constBits(), np.uint8
    ).reshape(side, side, 4)[..., 3]
    difference = np.abs(alpha.astype(int) - ink("grid", side))
    assert difference.max() <= 2  # as if drawn at that size, not as a smaller one made larger


def test_an_icon_is_made_once_for_each_look(theme):
    dark = theme.icon("plus")
    assert theme.icon("plus").cacheKey() == dark.cacheKey()
    theme.use("light")
    assert theme.icon("plus").cacheKey() != dark.cacheKey()


def test_commands_get_their_icons_while_nothing_else_is_to_do(qtbot, theme):
    actions = Actions(theme)
    shown = [actions.commands.action(id) for id in actions.commands.icons()]
    assert all(action.icon().isNull() for action in shown), "the window waits for none of them"
    qtbot.waitUntil(lambda: not any(action.icon().isNull() for action in shown), timeout=3000)
    theme.use("light")
    light = theme.icon("undo").cacheKey()
    qtbot.waitUntil(lambda: actions.commands.action("edit.undo").icon().cacheKey() == light, timeout=3000)


def test_files_outlive_a_theme(qapp):
    """A widget that is still there when its theme has gone finds them."""
    theme = Theme(qapp)
    theme.use("dark")
    theme.icon("brush")
    file = Path(icons.IconFiles().file("brush", theme.colour("text").name()))
    theme.close()
    assert file.read_bytes() == icons.coloured("brush", theme.colour("text").name())


REMOVING = """
from pathlib import Path
from kandinsky_studio.ui import icons
first = Path(icons.IconFiles().file("brush", "#1c1c1c"))
again = Path(icons.IconFiles().file("brush", "#1c1c1c"))
icons.remove_files()
gone = not first.parent.exists()
new = Path(icons.IconFiles().file("brush", "#1c1c1c"))
print(first == again, gone, new.read_bytes() == icons.coloured("brush", "#1c1c1c"))
print(new.parent)
"""


def test_files_are_removed_at_the_end():
    done = subprocess.run([sys.executable, "-c", REMOVING], capture_output=True, text=True, check=True)
    said, folder = done.stdout.splitlines()
    assert said == "True True True"
    assert not Path(folder).exists(), "by Python, too, when it ends"
