"""Kills at random moments: what the next start has of documents, of the file they are saved to, and of pictures.

``python -m benchmarks kills --count 200``. Each round is a process of its own with the real window and a scripted
painter in it; ten rounds follow one another in one home, so that each next start is a recovery as users have it.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.scripted_painter import Digest
from benchmarks.table import percentile, spread, table

COUNT = 200
ROUNDS = 10  # in one home
LAG = 1.0  # seconds that may be lost
REAL = 5  # of so many homes, one has the real engine
PATIENCE = 120.0  # seconds until a process must have come to the moment at which it is to be killed
AFTER = {"stroke": 0.06, "undo": 0.02, "layers": 0.03, "fill": 0.12, "save": 0.25, "documents": 0.05, "start": 1.2}
GENERATION = {"generation": 2.5, "picture": 0.8}


@dataclass
class Round:
    """One process and its end. ``faults`` are the promises that it broke."""

    moment: str
    lags: list[float] = field(default_factory=list)  # seconds by which each document is behind
    documents: int = 0
    steps: int = 0
    torn: int = 0  # journals that end in the middle of a record
    pictures: int = 0
    file: str = "none"
    faults: list[str] = field(default_factory=list)


@dataclass
class _Told:
    """What processes said of one document: the digests, and when each was finished."""

    digests: list[str] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    closing: bool = False


class Home:
    """A home of the program, and what every process in it said."""

    def __init__(self, folder: Path, seed: int, real: bool, latest: int) -> None:
        self._latest = latest
        self._folder = folder
        self._file = folder / "work.ora"
        self._chance = random.Random(seed)
        self._real = real
        self._digest = Digest()
        self._told: dict[str, _Told] = {}
        self._written: list[str] = []  # digests of what the file may have
        self._pictures: set[Path] = set()

    def round(self) -> Round:
        """Start the program, kill it, and look at what is left."""
        moments = [
            *AFTER,
            "save",
            "stroke",
            *(["generation", "generation", "picture", "picture", "picture"] if self._real else []),
        ]
        moment = self._chance.choice(moments)
        found = Round(moment)
        before = {name: told.digests[-1] for name, told in self._told.items() if told.digests}
        lines, killed = self._run(moment, found)
        self._hear(lines, found, before)
        self._look_at_journals(killed, found)
        self._look_at_the_file(found)
        self._look_at_pictures(found)
        found.pictures = len(self._pictures)
        return found

    def _run(self, moment: str, found: Round) -> tuple[list[str], int]:
        seed, engine = self._chance.randrange(10**6), "real" if self._real else "none"
        command = [sys.executable, "-m", "benchmarks.scripted_painter", str(seed), str(self._file), engine]
        environment = {
            **os.environ,
            "KANDINSKY_STUDIO_HOME": str(self._folder / "home"),
            "QT_QPA_PLATFORM": "offscreen",
        }
        errors = self._folder / "errors.txt"
        with errors.open("wb") as trouble:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=trouble, env=environment, cwd=_ROOT)
        assert process.stdout is not None
        lines: list[str] = []
        number = self._chance.randrange(1, 4 if moment in GENERATION else self._latest)
        began = time.monotonic()
        wanted = {"start": "", "picture": "picture"}.get(moment, f"at {moment}")
        while wanted and number:
            line = process.stdout.readline().decode()
            if not line or time.monotonic() - began > PATIENCE:
                found.faults.append(f"ended by itself: {errors.read_text()[-400:]}")
                break
            lines.append(line)
            word, _, *more = line.split()
            number -= wanted in (word, f"{word} {more[0] if more else ''}")
        time.sleep(self._chance.uniform(0, GENERATION.get(moment) or AFTER[moment]))
        killed = time.monotonic_ns()
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().decode()
        process.wait()
        process.stdout.close()
        return [*lines, *rest.splitlines(keepends=True)], killed

    def _hear(self, lines: Iterable[str], found: Round, before: dict[str, str]) -> None:
        for line in lines:
            if not line.endswith("\n"):
                continue
            word, at, *more = line.split()
            if word in ("opened", "done"):
                told = self._told.setdefault(more[0], _Told())
                if word == "opened" and more[0] in before and more[1] != before[more[0]]:
                    found.faults.append(f"the window has another document than {more[0]}")
                found.steps += word == "done"
                told.digests.append(more[1])
                told.times.append(int(at))
            elif word == "closing":
                self._told[more[0]].closing = True
            elif word == "save":
                self._written.append(more[1])
            elif word == "saved":
                found.faults += [] if more[1] in self._written else ["saved what nobody wanted to save"]
                self._written = self._written[self._written.index(more[1]) :]
            elif word == "picture":
                self._pictures.add(Path(more[0]))

    def _look_at_journals(self, killed: int, found: Round) -> None:
        from kandinsky_studio.storage.recovering import orphans, recover

        folder = self._folder / "home" / "data" / "journals"
        there = {orphan.folder.name: orphan for orphan in orphans(folder)}
        if damaged := [place.name for place in folder.glob("*.damaged")]:
            found.faults.append(f"given up: {damaged}")
        for name, told in list(self._told.items()):
            if name not in there:
                lag = (killed - told.times[0]) / 1e9
                untouched = len(set(told.digests)) == 1  # an empty one is not opened again
                if not told.closing and not untouched and lag > LAG:
                    found.faults.append(f"{name} is gone")
                elif not told.closing and not untouched:
                    found.lags.append(lag)
                del self._told[name]
                continue
            found.documents += 1
            try:
                recovered = recover(there[name].folder)
            except Exception as error:  # noqa: BLE001  the worst that can be found
                found.faults.append(f"{name} can't be read: {error!r} {error.__cause__!r}")
                continue
            document = recovered.document
            found.torn += not recovered.complete
            digest = self._digest(document.state)
            if digest not in told.digests:
                found.faults.append(f"{name} is what it never was")
                continue
            last = len(told.digests) - 1 - told.digests[::-1].index(digest)
            behind = (killed - told.times[last + 1]) / 1e9 if last + 1 < len(told.digests) else 0.0
            found.lags.append(behind)
            if behind > LAG:
                found.faults.append(f"{name} is {behind:.2f} s behind")
            while document.undo():
                if self._digest(document.state) not in told.digests:
                    found.faults.append(f"{name}: a step back leads to what never was")
                    break
            document.history.close()
            del told.digests[last + 1 :]  # the next start goes on from here
            del told.times[last + 1 :]

    def _look_at_the_file(self, found: Round) -> None:
        """Whole, and either what was there before the last saving or what it was to become."""
        from kandinsky_studio.errors import StudioError
        from kandinsky_studio.storage.documents import read_document
        from kandinsky_studio.storage.durable import previous_path

        for file in (self._file, previous_path(self._file)):
            if not file.exists():
                continue
            try:
                digest = self._digest(read_document(file).state)
            except StudioError as error:
                found.faults.append(f"{file.name} is broken: {error}")
                continue
            if file == self._file:
                if digest not in self._written:
                    found.faults.append(f"{file.name} is neither what it was nor what it was to be")
                    continue
                found.file = "the newest" if digest == self._written[-1] else "the one before"
                self._written = self._written[self._written.index(digest) :]

    def _look_at_pictures(self, found: Round) -> None:
        from kandinsky_studio.storage.library import Library
        from kandinsky_studio.storage.pictures import is_whole_png

        if not self._pictures:
            return
        library = Library(self._folder / "home" / "data" / "library")
        listed = {entry.path for entry in library.entries(limit=100_000)}
        library.close()
        for path in self._pictures:
            if path not in listed or not is_whole_png(path):
                found.faults.append(f"{path.name} is not in the library")


_ROOT = Path(__file__).parents[1]


def kill(count: int, seed: int, folder: Path, real: bool = False, latest: int = 9) -> list[Round]:
    """``count`` kills in the home ``folder``, each before something was begun for the ``latest`` time."""
    folder.mkdir(parents=True)
    home = Home(folder, seed, real, latest)
    return [home.round() for _ in range(count)]


def run(arguments: Sequence[str] = ()) -> str:
    parser = argparse.ArgumentParser(prog="python -m benchmarks kills", description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--real", action="store_true", help=f"make pictures in every home, not in one of {REAL}")
    parser.add_argument("--jobs", type=int, default=2, help="homes at a time")
    options = parser.parse_args(arguments)
    homes = -(-options.count // ROUNDS)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(options.jobs) as threads:

        def live(number: int) -> list[Round]:
            count = min(options.count - number * ROUNDS, ROUNDS)
            rounds = kill(count, options.seed + number, Path(folder) / str(number), options.real or number % REAL == 0)
            for at, one in enumerate(rounds):
                for fault in one.faults:
                    print(f"home {number}, round {at}, {one.moment}: {fault}", file=sys.stderr, flush=True)
            print(f"home {number}: {len(rounds)} kills", file=sys.stderr, flush=True)
            return rounds

        done = [one for rounds in threads.map(live, range(homes)) for one in rounds]
    return _figures(done)


def _figures(done: list[Round]) -> str:
    rows = []
    for moment, count in Counter(one.moment for one in done).most_common():
        those = [one for one in done if one.moment == moment]
        lags = [1000 * lag for one in those for lag in one.lags]
        rows.append(
            [
                moment,
                str(count),
                str(sum(one.documents for one in those)),
                str(sum(one.torn for one in those)),
                f"{sum(lag == 0 for lag in lags)} of {len(lags)}",
                f"{max(lags, default=0):.0f}",
                str(sum(len(one.faults) for one in those)),
            ]
        )
    lags = [1000 * lag for one in done for lag in one.lags]
    files = Counter(one.file for one in done)
    return (
        f"{len(done)} kills, {sum(one.steps for one in done)} steps; steps of one round: "
        f"{spread([float(one.steps) for one in done], 0)}. What a document is behind, ms: median {percentile(lags, 0.5):.0f}, "
        f"p99 {percentile(lags, 0.99):.0f}, most {max(lags):.0f}. The file after a kill: the newest {files['the newest']} "
        f"times, the one before {files['the one before']}, none yet {files['none']}. Pictures announced, all of "
        f"them in their libraries: {sum(one.pictures for one in done[ROUNDS - 1 :: ROUNDS])}. "
        f"Broken promises: {sum(len(one.faults) for one in done)}.\n\n"
        + table(
            [
                "killed during",
                "kills",
                "documents open",
                "journals with a torn end",
                "nothing lost",
                "most behind, ms",
                "broken promises",
            ],
            rows,
        )
    )
