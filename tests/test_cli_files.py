"""Files on the command line go to the window; commands and slips of the keyboard do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from kandinsky_studio import cli


@pytest.fixture
def opened(monkeypatch, tmp_path):
    """What the window was asked to open, and the folder that the words are typed in."""
    monkeypatch.chdir(tmp_path)
    asked = []

    def run(argv, files):
        asked.append(list(files))
        return 0

    monkeypatch.setattr("kandinsky_studio.ui.main.run", run)
    return asked


@pytest.mark.parametrize(
    ("words", "files"),
    [
        ([], []),
        (["a.png"], ["a.png"]),
        (["a.png", "Кот и пёс.ora", "b"], ["a.png", "Кот и пёс.ora", "b"]),
        (["/tmp/picture"], ["/tmp/picture"]),
        (["./generate"], ["generate"]),
        (["--", "generate"], ["generate"]),
        (["--", "--version"], ["--version"]),
        (["a.png", "--", "-b.png"], ["a.png", "-b.png"]),
        (["a.png", "generate"], ["a.png", "generate"]),
        (["file:///tmp/%D0%BA%D0%BE%D1%82.png"], ["/tmp/кот.png"]),
        (["there"], ["there"]),
    ],
)
def test_files_go_to_the_window(opened, tmp_path, words, files):
    (tmp_path / "there").touch()
    assert cli.main(words) == 0
    assert opened == [[tmp_path / file for file in files]]


def test_a_command_wins_over_a_file_of_its_name(opened, tmp_path, capsys):
    Path("generate").touch()
    assert cli.main(["generate"]) == cli.MISUSED, "it wants a prompt"
    assert opened == []


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["genrate", "a circle"], "invalid choice: 'genrate'"),
        (["a.png", "--seed", "3"], "unrecognized arguments: --seed"),
        (["--seed"], "unrecognized arguments: --seed"),
    ],
)
def test_a_slip_is_told_and_opens_nothing(opened, capsys, words, complaint):
    assert cli.main(words) == cli.MISUSED
    assert complaint in capsys.readouterr().err
    assert opened == []


def test_the_help_tells_of_files_and_each_command_of_itself(capsys):
    assert cli.main(["--help"]) == 0
    assert "[FILE … | COMMAND …]" in capsys.readouterr().out
    assert cli.main(["self-test", "--help"]) == 0
    assert capsys.readouterr().out.startswith("usage: kandinsky-studio self-test ")
