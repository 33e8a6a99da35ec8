"""Commands that are followed by what to do: ``models download``, ``runtime install``."""

from __future__ import annotations

import argparse
from collections.abc import Callable

Deed = Callable[[argparse.Namespace], int]


def add_deeds(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str, first: Deed
) -> Callable[[str, Deed, str], argparse.ArgumentParser]:
    """Add the command ``name``, which does ``first`` by itself; returns what adds the deeds it can be followed by.

    Each has ``--json``.
    """
    parser = commands.add_parser(name, help=text)
    parser.set_defaults(run=first, json=False)
    deeds = parser.add_subparsers(title="what to do with them", metavar="WHAT")

    def deed(name: str, run: Deed, text: str) -> argparse.ArgumentParser:
        made = deeds.add_parser(name, help=text, description=text)
        made.set_defaults(run=run)
        made.add_argument("--json", action="store_true", help="one JSON object a line")
        return made

    return deed
