"""Run the benchmarks that are named, or all, and print what ``RESULTS.md`` has in it."""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys

BENCHMARKS = {
    "startup": "from the start of the process to a usable window, against an empty window of Qt",
    "loading": "seconds until the model is in memory, against the stock pipelines",
    "pictures": "seconds per picture, against the stock pipelines with the same components",
    "quality": "seconds per picture at equal quality: our default against the stock pipelines' default",
    "loops": "our loop against the stock one, with a tiny model and with one of full size",
    "dtypes": "seconds per step of a decoder of full size, by what it computes in",
    "fullsize": "memory at the size of Kandinsky 2.2, against the estimate and the stock pipelines",
    "weights": "loading at the size of Kandinsky 2.2, against the stock pipelines: seconds, memory",
    "older": "memory at the sizes of Kandinsky 2.0 and 2.1, against the estimate",
    "memory": "peak memory of one picture, against the stock pipelines",
    "depth": "seconds to estimate depth at the size of Depth Anything V2 Small, and silhouettes of figure and ground",
    "ideas": "drifting to words, adding a style, and how near drafts are to whole pictures",
    "seams": "how steep the picture is across the border of what was filled, against a plain paste",
    "fuzzing": "damaged files: opened, or refused with a reason",
    "journal": "how long the journal holds up whoever paints, and how large it becomes",
    "kills": "kills at random moments: what of documents, files and pictures is lost",
    "canvas": "how fluid painting, panning, zooming and undo are, at rest and while a picture is made",
    "opening": "how long it takes until a large document is seen, saved by us and by other programs",
    "window": "the canvas in the real window: opening, strokes by events of the mouse, memory",
    "peer": "the real window and Krita side by side: opening, memory, and how far the paint is behind the pointer",
    "brushes": "milliseconds of one event of a pen, by the size and kind of the brush",
    "latency": "how late the window answers to the wheel while a picture is made",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="; ".join(f"{n}: {t}" for n, t in BENCHMARKS.items()))
    options, rest = parser.parse_known_args()
    names = options.names or list(BENCHMARKS)
    if unknown := set(names) - set(BENCHMARKS):
        parser.error(f"there is no benchmark called {', '.join(sorted(unknown))}")
    if rest and names not in (["fuzzing"], ["kills"]):
        parser.error(f"only fuzzing and kills take {' '.join(rest)}")
    if len(names) > 1:  # each in a process of its own: what one imports, another measures the importing of
        return max(subprocess.call([sys.executable, "-m", "benchmarks", name]) for name in names)
    [name] = names
    print(f"\n## {name}: {BENCHMARKS[name]}\n", flush=True)
    print(importlib.import_module(f"benchmarks.{name}").run(*([rest] if rest else [])), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
