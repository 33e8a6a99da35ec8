"""Habits of the house that no other tool looks at."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
FOLDERS = ("kandinsky_studio", "benchmarks", "packaging")
SOURCES = [*(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")), ROOT / "start.py"]
TESTS = list((ROOT / "tests").rglob("*.py"))
LONGEST = 400  # lines; a file that grows past it is telling you about a missing room
WRONG_NAMES = re.compile(r"(^|_)(utils?|helpers?|managers?|misc|common)(_|\.|$)")


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_a_source_file(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST
    assert not WRONG_NAMES.search(path.name)
    assert not re.search(r"\b(TODO|FIXME|XXX)\b", text)
    assert ast.get_docstring(ast.parse(text)), "a module says what it is for"


def test_no_empty_rooms():
    for folder in (ROOT / "kandinsky_studio").rglob("*/"):
        if folder.name not in ("__pycache__", "resources") and "resources" not in folder.parts:
            assert (folder / "__init__.py").exists(), _name(folder)


@pytest.mark.parametrize("path", TESTS, ids=_name)
def test_a_test_file(path):
    text = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            assert _can_fail(node), f"{node.name} can't fail"


def _can_fail(function: ast.FunctionDef) -> bool:
    """Whether a test asserts something, itself or by a call whose name says so."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if re.search(r"raises|assert|check|wait|fail", called):
                return True
    return False


def _pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    return {str(canonicalize_name(name)): version for name, version in pins.items()}


def test_every_dependency_is_pinned_within_its_range():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = _pins()
    extras = project["optional-dependencies"]
    for text in [*project["dependencies"], *extras["test"], *extras["package"], *extras["keys"]]:
        requirement = Requirement(text)
        version = pins[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), text


def test_pins_are_for_every_system():
    for name, version in _pins().items():
        assert re.fullmatch(r"[0-9.]+", version), f"{name}=={version} is the build of one index"
        assert not name.startswith(("nvidia", "cuda", "triton", "kandinsky", "pip", "setuptools"))


def test_hooks_use_the_pinned_versions():
    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    used = re.findall(r"\[(.+?)==(.+?)\]", text)
    assert {name for name, _ in used} == {"ruff"}
    for name, version in used:
        assert _pins()[name] == version
