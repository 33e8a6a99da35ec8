"""The rooms' contracts hold, and each of them is seen to break."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]

VIOLATIONS = [
    ("direction", "storage/durable.py", "import kandinsky_studio.app"),
    ("direction", "engine/request.py", "import kandinsky_studio.storage.pictures"),
    ("direction", "errors/base.py", "import kandinsky_studio.paths"),
    ("direction", "app/messages.py", "import kandinsky_studio.cli"),
    ("direction", "options.py", "import kandinsky_studio.asking"),
    ("direction", "reporting.py", "import kandinsky_studio.generating"),
    ("direction", "stray.py", "number = 1"),
    ("direction", "stray/__init__.py", "number = 1"),
    ("torch", "app/messages.py", "import torch"),
    ("torch", "ui/theme.py", "from transformers import CLIPModel"),
    ("torch", "cli.py", "def later():\n    import diffusers"),
    ("direction", "document/layers.py", "import kandinsky_studio.tools.base"),
    ("direction", "tools/base.py", "import kandinsky_studio.engine.request"),
    ("headless", "log.py", "import PySide6.QtCore"),
    ("headless", "engine/spec.py", "from PySide6 import QtGui"),
    ("headless", "paths.py", "import PySide6"),
    ("arrays", "engine/request.py", "import kandinsky_studio.storage.library"),
    ("arrays", "engine/request.py", "import kandinsky_studio.document.geometry"),
    ("arrays", "engine/spec.py", "import kandinsky_studio.app.messages"),
    ("through-app", "ui/theme.py", "import kandinsky_studio.storage.library"),
    ("through-app", "ui/main_window.py", "import kandinsky_studio.engine.engine"),
    ("panels", "ui/panels/prompt.py", "import kandinsky_studio.ui.panels.gallery"),
]


def _lint(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    copy = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "pyproject.toml", copy)
    package = ROOT / "kandinsky_studio"
    shutil.copytree(package, copy / package.name, ignore=shutil.ignore_patterns("__pycache__", "resources"))
    return copy


def test_the_contracts_are_kept():
    done = _lint(ROOT)
    assert done.returncode == 0, done.stdout
    assert f"Contracts: {len(CONTRACTS)} kept, 0 broken." in done.stdout


@pytest.mark.parametrize(("contract", "file", "line"), VIOLATIONS, ids=lambda text: text.replace("/", "."))
def test_a_contract_is_seen_to_break(copy, contract, file, line):
    planted = copy / "kandinsky_studio" / file
    before = planted.read_text(encoding="utf-8") if planted.exists() else None
    planted.parent.mkdir(exist_ok=True)
    planted.write_text(f"{before or ''}\n{line}\n", encoding="utf-8")
    try:
        done = _lint(copy, "--contract", contract)
    finally:
        if before is None:
            planted.unlink()
            shutil.rmtree(planted.parent / "__pycache__", ignore_errors=True)
            if planted.parent.name == "stray":
                planted.parent.rmdir()
        else:
            planted.write_text(before, encoding="utf-8")
    assert done.returncode == 1, done.stdout
    assert "0 kept, 1 broken" in done.stdout


def test_the_copy_is_whole_again(copy):
    done = _lint(copy)
    assert done.returncode == 0, done.stdout


def test_each_contract_has_a_violation():
    assert {contract for contract, _, _ in VIOLATIONS} == {contract["id"] for contract in CONTRACTS}
