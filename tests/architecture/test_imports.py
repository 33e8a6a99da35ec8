"""What may be imported without torch, and what without Qt, seen by taking them away."""

import json
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

import kandinsky_studio

HEAVY = ("torch", "diffusers", "transformers", "accelerate", "safetensors", "huggingface_hub")
QT = ("PySide6", "shiboken6")

# What the window reads from the engine's room.
LIGHT_ENGINE = (
    "kandinsky_studio.engine",
    "kandinsky_studio.engine.arrays",
    "kandinsky_studio.engine.embeddings",
    "kandinsky_studio.engine.raster",
    "kandinsky_studio.engine.request",
    "kandinsky_studio.engine.spec",
    "kandinsky_studio.engine.validation",
    "kandinsky_studio.engine.weights",
    "kandinsky_studio.engine.progress",
    "kandinsky_studio.engine.training",
    "kandinsky_studio.engine.training.command",
)

SCRIPT = """
import importlib, json, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ImportError(f"{name} is blocked")

modules, BLOCKED = json.loads(sys.argv[1])
sys.meta_path.insert(0, Blocker())
failed = {}
for name in modules:
    try:
        importlib.import_module(name)
    except ImportError as error:
        failed[name] = str(error)
print(json.dumps(failed))
"""


def _modules() -> list[str]:
    root = Path(kandinsky_studio.__file__).parent
    found = pkgutil.walk_packages([str(root)], "kandinsky_studio.", onerror=lambda name: None)
    return ["kandinsky_studio", *(module.name for module in found)]


def _is_engine(name: str) -> bool:
    return name.startswith("kandinsky_studio.engine")


def _light(name: str) -> bool:
    return not _is_engine(name) or name in LIGHT_ENGINE or name.startswith("kandinsky_studio.engine.models")


def _failed(modules: list[str], blocked: tuple[str, ...]) -> dict[str, str]:
    command = [sys.executable, "-c", SCRIPT, json.dumps([modules, blocked])]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_the_block_blocks():
    assert set(_failed(["torch", "PySide6.QtCore", "json"], HEAVY + QT)) == {"torch", "PySide6.QtCore"}


def test_the_window_opens_without_torch():
    modules = [name for name in _modules() if _light(name)]
    assert {"kandinsky_studio.ui.main", "kandinsky_studio.app.studio", "kandinsky_studio.cli"} <= set(modules)
    assert _failed(modules, HEAVY) == {}


def _paints(name: str) -> bool:
    """Whether a module works on documents, which are made of Qt's images."""
    graph = grimp.build_graph("kandinsky_studio")
    return "kandinsky_studio.document.surface" in {name, *graph.find_upstream_modules(name)}


def test_the_lower_rooms_work_without_qt_and_torch():
    above = ("kandinsky_studio.ui", "kandinsky_studio.app", "kandinsky_studio.tools", "kandinsky_studio.document")
    modules = [name for name in _modules() if _light(name) and not name.startswith(above)]
    modules = [name for name in modules if not (name.startswith("kandinsky_studio.storage.") and _paints(name))]
    assert {"kandinsky_studio.storage.library", "kandinsky_studio.generating", "kandinsky_studio.exploring"} <= set(
        modules
    )
    assert _failed(modules, HEAVY + QT) == {}


def test_the_engine_works_without_qt():
    modules = [name for name in _modules() if _is_engine(name)]
    assert "kandinsky_studio.engine.engine" in modules
    assert _failed(modules, QT) == {}


@pytest.mark.parametrize("name", LIGHT_ENGINE)
def test_the_light_modules_are_there(name):
    assert name in _modules()
