"""README and CHANGELOG say what is."""

import re
import shlex
from pathlib import Path

import pytest

from kandinsky_studio import __version__, cli

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
KINDS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")


def _commands() -> list[str]:
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    blocks = "\n".join(text for language, text in fenced if not language)
    return [*filter(None, blocks.splitlines()), *re.findall(r"`(python3 start\.py.*?)`", README)]


def test_readme_begins_with_the_two_commands():
    commands = _commands()
    assert commands[0] == "python3 start.py"
    assert "python3 start.py test" in commands


@pytest.mark.parametrize("command", _commands())
def test_readmes_commands_exist(command):
    words = shlex.split(command)
    assert words[0] == "python3"
    if words[1] != "start.py":
        assert (ROOT / words[1]).is_file()
        return
    if words[2:3] == ["test"]:
        return
    if words[-1] == "--help":
        with pytest.raises(SystemExit) as end:
            cli._parsed(words[2:])
        assert end.value.code == 0
    else:
        assert callable(cli._parsed(words[2:]).run)


def test_readme_names_files_that_are_there():
    named = re.findall(r"\]\((?!https?:)(.+?)\)|`((?:kandinsky_studio|resources|tests|\.ci)/[\w./-]+)`", README)
    paths = {link or code for link, code in named}
    assert len(paths) >= 5
    for path in paths:
        assert (ROOT / path).exists(), path


def test_readme_names_every_room():
    rooms = {path.name for path in (ROOT / "kandinsky_studio").iterdir() if (path / "__init__.py").exists()}
    files = {path.stem for path in (ROOT / "kandinsky_studio").glob("*.py") if not path.stem.startswith("_")}
    table = README.split("## The rooms")[1].split("## ")[0]
    named = set(re.findall(r"`(\w+)/?`", "\n".join(line.split("|")[1] for line in table.splitlines() if "|" in line)))
    assert named == rooms | files


def test_changelog_is_kept_in_its_form():
    assert CHANGELOG.startswith("# Changelog\n")
    headings = re.findall(r"^## (.+)$", CHANGELOG, re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    released = [re.fullmatch(r"\[(\d+)\.(\d+)\.(\d+)\] - \d{4}-\d{2}-\d{2}", heading) for heading in headings[1:]]
    assert all(released)
    numbers = [tuple(map(int, match.groups())) for match in released]
    assert numbers == sorted(numbers, reverse=True)
    assert not numbers or ".".join(map(str, numbers[0])) == __version__
    kinds = re.findall(r"^### (.+)$", CHANGELOG, re.MULTILINE)
    assert kinds
    assert set(kinds) <= set(KINDS)


def test_changelog_has_whole_sentences():
    entries = re.findall(r"^- (.+?)(?=^- |^#|\Z)", CHANGELOG, re.DOTALL | re.MULTILINE)
    assert entries
    for entry in entries:
        assert entry.strip().endswith("."), entry


def test_readmes_keys_are_those_of_the_window(qapp):
    from PySide6.QtGui import QAction, QKeySequence

    from kandinsky_studio.ui.actions import Actions
    from kandinsky_studio.ui.theme import Theme

    theme = Theme(qapp)
    theme.use("light")
    actions = Actions(theme)
    known = {
        key.toString(QKeySequence.SequenceFormat.PortableText).replace("Return", "Enter")
        for action in actions.findChildren(QAction)
        for key in action.shortcuts()
    }
    theme.close()
    table = README.split("| Key | What it does |")[1].split("\n\n")[0]
    told = [key for line in table.splitlines()[2:] for key in line.split("|")[1].strip().split(", ")]
    assert len(told) > 10
    assert set(told) <= known
