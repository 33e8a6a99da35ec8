"""The list of tools: each has all that the window asks of it, in every language."""

from __future__ import annotations

import importlib
import pkgutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from kandinsky_studio import paths, tools
from kandinsky_studio.app.command_table import COMMANDS
from kandinsky_studio.document.document import Document
from kandinsky_studio.tools import TOOLS
from kandinsky_studio.tools.base import Desk, Tool

CURSORS = {"brush", "cross", "hand", "zoom", "move", "picker"}
KINDS = {"number", "switch", "choice", "curve", "button"}
TRANSLATIONS = sorted((paths.resources() / "i18n").glob("*.ts"))


def _classes(cls):
    return {cls, *(found for below in cls.__subclasses__() for found in _classes(below))}


def test_every_tool_is_in_the_list_once():
    for module in pkgutil.iter_modules([str(Path(tools.__file__).parent)]):
        importlib.import_module(f"kandinsky_studio.tools.{module.name}")
    whole = {cls for cls in _classes(Tool) if "id" in vars(cls) and cls.__module__.startswith(tools.__name__)}
    assert whole == set(TOOLS)
    assert len({tool.id for tool in TOOLS}) == len(TOOLS)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.id)
def test_a_tool_has_a_command_an_icon_and_options_that_work(tool):
    assert f"tool.{tool.id}" in {command.id for command in COMMANDS}
    assert (paths.resources() / "icons" / f"{tool.id}.svg").is_file()
    assert tool.__module__ == f"{tools.__name__}.{tool.id}"
    assert tool.cursor in CURSORS
    made = tool(Desk(Document.new(64, 64)))
    for option in tool.options:
        assert option.kind in KINDS
        value = getattr(made, option.attribute)
        if option.kind == "number":
            assert option.minimum <= value <= option.maximum, option.attribute
        elif option.kind == "switch":
            assert isinstance(value, bool), option.attribute
        elif option.kind == "choice":
            assert value in [choice for choice, _ in option.choices], option.attribute
        elif option.kind == "button":
            assert callable(value)
    assert len({option.attribute for option in tool.options}) == len(tool.options)


@pytest.mark.parametrize("file", TRANSLATIONS, ids=lambda file: file.name)
@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.id)
def test_a_tools_words_are_translated(tool, file):
    known = {
        (context.findtext("name"), message.findtext("source"))
        for context in ET.parse(file).getroot().iter("context")
        for message in context.iter("message")
        if message.findtext("translation")
    }
    texts = [tool.title, tool.hint]
    texts += [option.title for option in tool.options]
    texts += [title for option in tool.options for _, title in option.choices]
    needed = {("tools", text) for text in texts if any(map(str.isalpha, text))}
    if hasattr(tool, "step"):
        needed.add(("steps", tool.step))
    assert needed <= known
