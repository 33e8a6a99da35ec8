"""Has the program list the runtime packs of its release, before it is frozen.

python packaging/runtime_lists.py FOLDER     joins the lists in FOLDER, each made by “pack.py list” where its pack was

The outcome is ``resources/models/runtimes.json``; it is not committed, since only the release knows these hashes.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from contents import ROOT

from kandinsky_studio.errors import BrokenCatalogue
from kandinsky_studio.storage.runtimes import offers

CATALOGUE = ROOT / "resources" / "models" / "runtimes.json"


class NoLists(Exception):
    """There is nothing that could be listed; the text says why."""


def joined(folder: Path) -> dict[str, Any]:
    """One list of all those in ``folder``. Raises ``NoLists`` if there are none, or they are not of one release."""
    lists = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    if not lists or not all(one["packs"] for one in lists):
        raise NoLists(f"A list of runtime packs is missing or empty in {folder}")
    if len({(one["version"], one["address"]) for one in lists}) > 1:
        raise NoLists(f"The lists in {folder} are of different releases")
    packs = [pack for one in lists for pack in one["packs"]]
    names = [(pack["name"], pack["python"], pack["platform"]) for pack in packs]
    if len(set(names)) < len(names):
        raise NoLists(f"A pack is listed twice in {folder}")
    return {**lists[0], "packs": sorted(packs, key=lambda pack: (pack["platform"], pack["name"]))}


def fill(folder: Path, catalogue: Path = CATALOGUE) -> int:
    """Write what :func:`joined` tells into ``catalogue``; returns how many packs that are.

    Raises ``NoLists``, ``OSError``, and ``BrokenCatalogue`` if the program could not read it.
    """
    told = joined(folder)
    partial = catalogue.with_suffix(".partial")
    partial.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8", newline="\n")
    try:
        offers.read(partial)
    except BrokenCatalogue:
        partial.unlink()
        raise
    partial.replace(catalogue)
    return len(told["packs"])


def main() -> int:
    """What the command line asks for; returns the exit code."""
    parser = argparse.ArgumentParser(description="Have the program list the runtime packs of its release.")
    parser.add_argument("folder", type=Path)
    try:
        count = fill(parser.parse_args().folder)
    except (NoLists, OSError, KeyError, ValueError, BrokenCatalogue) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 1
    sys.stdout.write(f"{CATALOGUE.name} lists {count} packs\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
