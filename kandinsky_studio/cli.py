"""The command line: the window, and everything that can be done without it.

Exit codes: 0 done, 1 it failed, 2 what was asked for makes no sense, 130 interrupted. Nothing heavy is imported
before it is needed: ``--help`` and ``--version`` answer at once.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import logging
import os
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from kandinsky_studio import __version__, diagnosing, equipping, log, options, paths, runtime, stocking
from kandinsky_studio.engine.training import command as training
from kandinsky_studio.errors import (
    BrokenPicture,
    Cancelled,
    FileMissing,
    InvalidRequest,
    NewerFile,
    NoRequestInPicture,
    StudioError,
)

FAILED = 1
MISUSED = 2
INTERRUPTED = 130

_MISTAKES = (InvalidRequest, BrokenPicture, FileMissing, NoRequestInPicture, NewerFile)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program with these arguments (``sys.argv[1:]``, if they are not given); returns the exit code."""
    runtime.attach()
    for stream in (sys.stdout, sys.stderr):
        # A prompt may have letters that this terminal can't show; that must not end the program.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    words = sys.argv[1:] if argv is None else list(argv)
    try:
        arguments = _parsed(words)
    except SystemExit as end:  # argparse has said everything
        return end.code if isinstance(end.code, int) else FAILED
    try:
        if arguments.run is not _run_window:  # which starts it itself, once it is the only window
            log.start()
        return int(arguments.run(arguments))
    except StudioError as caught:
        error = options.as_typed(caught, arguments, words)
        _complain(f"{error} {error.remedy}")
        if getattr(arguments, "json", False):
            told = {"event": "error", "error": type(error).__name__, "message": str(error), "hint": error.remedy}
            sys.stdout.write(json.dumps(told) + "\n")
        logging.getLogger(__name__).warning("ended by %s", type(error).__name__)
        return MISUSED if isinstance(error, _MISTAKES) else FAILED
    except (Cancelled, KeyboardInterrupt):
        _complain("Interrupted.")
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has left, as “head” does
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception:
        logging.getLogger(__name__).exception("unforeseen")
        _complain(f"Something went wrong. The details are at the end of {log.file()}")
        return FAILED


def _complain(sentence: str) -> None:
    sys.stderr.write(f"kandinsky-studio: {sentence}\n")


def _parsed(words: Sequence[str]) -> argparse.Namespace:
    """What was typed: a command and what it needs, or files for the window. Raises ``SystemExit``."""
    parser, commands = _parser()
    if words and words[0] not in commands and _is_file(words[0]):
        behind = words.index("--") if "--" in words else len(words)
        unknown = [word for word in words[:behind] if word.startswith("-")]
        if unknown:
            parser.error(f"unrecognized arguments: {' '.join(unknown)}")
        return argparse.Namespace(run=_run_window, files=[*words[:behind], *words[behind + 1 :]])
    return parser.parse_args(words)


def _is_file(word: str) -> bool:
    """Whether the first word is a file to be opened. A slip in the name of a command is none: it has no suffix."""
    if word.startswith("-"):
        return word == "--"
    path = Path(word)
    return bool(path.suffix or "/" in word or os.sep in word) or path.exists()


def _parser() -> tuple[argparse.ArgumentParser, Collection[str]]:
    """The parser, and the names of the commands."""
    parser = argparse.ArgumentParser(
        prog="kandinsky-studio",
        usage="%(prog)s [-h] [--version] [FILE … | COMMAND …]",
        description="Kandinsky Studio: pictures from words, on your own computer. Without a command: the window, with "
        "the pictures and documents FILE … open in it.",
    )
    parser.add_argument("--version", action="version", version=f"Kandinsky Studio {__version__}")
    parser.set_defaults(run=_run_window, files=[])
    commands: argparse._SubParsersAction[argparse.ArgumentParser] = parser.add_subparsers(
        title="commands", metavar="COMMAND", prog="kandinsky-studio", parser_class=options.Parser
    )
    options.add_commands(commands, make=_run_generate, embed=_run_embed, explain=_run_explain)
    training.add_parser(commands)
    stocking.add_parser(commands)
    equipping.add_parser(commands)
    screenshot = commands.add_parser("screenshot", help="make a picture of the window, without a display")
    screenshot.add_argument("file", type=Path, help="the PNG file to write")
    screenshot.add_argument("--picture", type=Path, metavar="FILE", help="a picture to show in the window")
    screenshot.set_defaults(run=_run_screenshot)
    self_test = commands.add_parser("self-test", help="check that everything works here")
    self_test.add_argument("--device", help="cpu or cuda; the best there is, if not given")
    self_test.add_argument("--json", action="store_true", help="one JSON object a line")
    self_test.add_argument("--report", type=Path, metavar="FILE", help="write it there, too, without names of folders")
    self_test.set_defaults(run=_run_self_test)
    diagnosing.add_parser(commands)
    return parser, commands.choices


def _run_window(arguments: argparse.Namespace) -> int:
    if sys.platform.startswith("linux") and not any(
        map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
    ):
        _complain("There is no display to open the window on. “kandinsky-studio generate PROMPT” works without one.")
        return FAILED
    from kandinsky_studio.ui.main import run

    return run([sys.argv[0]], [paths.of_argument(word) for word in arguments.files])


def _run_screenshot(arguments: argparse.Namespace) -> int:
    from kandinsky_studio.storage.pictures import check_writable
    from kandinsky_studio.ui.main import picture_of_window

    check_writable(arguments.file.absolute().parent)
    picture_of_window(arguments.file, arguments.picture)
    sys.stdout.write(f"{arguments.file}\n")
    return 0


def _run_generate(arguments: argparse.Namespace) -> int:
    runtime.check_there()
    from kandinsky_studio import generating

    return generating.run(arguments)


def _run_embed(arguments: argparse.Namespace) -> int:
    runtime.check_there()
    from kandinsky_studio import exploring

    return exploring.embed(arguments)


def _run_explain(arguments: argparse.Namespace) -> int:
    runtime.check_there()
    from kandinsky_studio import exploring

    return exploring.explain(arguments)


def _run_self_test(arguments: argparse.Namespace) -> int:
    from kandinsky_studio import selftest

    return selftest.run(arguments.device, arguments.json, arguments.report)
