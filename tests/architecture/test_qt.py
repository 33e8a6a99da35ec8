"""Which parts of Qt a room may use: below the window there are images, but no widgets."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "kandinsky_studio"
ALLOWED = {
    "document": {"QtCore", "QtGui"},
    "tools": {"QtCore", "QtGui"},
    "storage": {"QtCore", "QtGui"},
    "app": {"QtCore", "QtGui", "QtNetwork"},
}
# An event loop, timers or signals would make the rooms below app something else than plain objects.
NO_OBJECTS = {"document", "tools", "storage"}
OBJECTS = {"QObject", "Signal", "Slot", "QTimer", "QThread", "QCoreApplication", "QGuiApplication", "QEventLoop"}


def used(source: str) -> set[tuple[str, str]]:
    """Pairs of a module of PySide6 and the name that is taken from it, or ``*``."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("PySide6"):
            module = (node.module or "").removeprefix("PySide6").lstrip(".")
            found |= {(module or name.name, name.name if module else "*") for name in node.names}
        elif isinstance(node, ast.Import):
            found |= {(name.name.partition(".")[2], "*") for name in node.names if name.name.startswith("PySide6")}
    return found


def wrong(room: str, source: str) -> set[str]:
    names = used(source)
    bad = {module for module, _ in names if module not in ALLOWED[room]}
    if room in NO_OBJECTS:
        bad |= {name for _, name in names if name in OBJECTS or name == "*"}
    return bad


@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_uses_what_it_may(room):
    files = sorted((PACKAGE / room).rglob("*.py"))
    assert files
    assert {file.name: bad for file in files if (bad := wrong(room, file.read_text(encoding="utf-8")))} == {}


@pytest.mark.parametrize(
    ("room", "line", "bad"),
    [
        ("document", "from PySide6.QtWidgets import QWidget", {"QtWidgets"}),
        ("tools", "import PySide6.QtWidgets", {"QtWidgets", "*"}),
        ("tools", "from PySide6.QtCore import QTimer", {"QTimer"}),
        ("storage", "def f():\n    from PySide6 import QtGui", {"*"}),
        ("app", "from PySide6 import QtWidgets", {"QtWidgets"}),
        ("document", "from PySide6.QtGui import QImage", set()),
    ],
)
def test_the_rule_is_seen_to_break(room, line, bad):
    assert wrong(room, line) == bad
