"""Readers against damaged files: each file is opened or refused with a reason, and the process lives on.

A reader is one entry of ``KINDS``: files it opens, what opens one, and, where a checksum would refuse every damage at
the door, what makes the checksums right again. Mutation N of a kind is always the same bytes, so a number is all that
it takes to see a failure again: ``python -m benchmarks.fuzzing png 1234 file`` writes it to a file.

Files are opened in a process of their own with little memory. When that dies or hangs, it is told which file it was,
and another goes on from there.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks import fuzzing_documents as documents
from benchmarks.table import table
from kandinsky_studio.errors import StudioError
from kandinsky_studio.storage.image_files import ImageOptions, open_from_bytes
from kandinsky_studio.storage.image_writing import encoded

COUNT = 4000
MEMORY = 1_500_000_000  # bytes of address space; the interpreter and the libraries take about 0.4 GB of it
PATIENCE = 60.0  # seconds for one file
_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x1FFF, 0x2001, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


@dataclass(frozen=True)
class Kind:
    """A reader: ``seeds`` makes whole files, ``opens`` reads one or raises ``StudioError``, ``repair`` is optional."""

    seeds: Callable[[], list[bytes]]
    opens: Callable[[bytes], object]
    repair: Callable[[bytes], bytes] | None = None


@dataclass
class Tally:
    """What became of the files of one kind."""

    files: int = 0
    opened: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    escaped: list[str] = field(default_factory=list)  # other errors, and the numbers of their files
    died: list[str] = field(default_factory=list)
    slowest: float = 0.0  # seconds
    peak: int = 0  # bytes resident


def mutation(seeds: Sequence[bytes], number: int, repair: Callable[[bytes], bytes] | None = None) -> bytes:
    """The file with this number: one of ``seeds`` with one to six damages, always the same."""
    chance = random.Random(number)
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        _damage(data, chance, seeds)
    whole = bytes(data)
    return repair(whole) if repair is not None and chance.random() < 0.7 else whole


def _damage(data: bytearray, chance: random.Random, seeds: Sequence[bytes]) -> None:
    """Do one thing to ``data`` that disks, networks and people do; half of them near its beginning."""
    if not data:
        return
    near = min(len(data), 600) if chance.random() < 0.5 else len(data)
    at = chance.randrange(near)
    length = chance.choice((1, 2, 4, 8, 40, 300))
    deed = chance.randrange(9)
    if deed == 0:
        data[at] ^= 1 << chance.randrange(8)
    elif deed == 1:
        data[at] = chance.randrange(256)
    elif deed in (2, 3):
        size = chance.choice((2, 4))
        number = chance.choice(_NUMBERS) if chance.random() < 0.8 else chance.getrandbits(32)
        data[at : at + size] = (number & (1 << 8 * size) - 1).to_bytes(size, chance.choice(("little", "big")))
    elif deed == 4:
        del data[at:]
    elif deed == 5:
        del data[at : at + length]
    elif deed == 6:
        data[at:at] = data[at : at + length]
    elif deed == 7:
        data[at : at + length] = chance.randbytes(length)
    else:
        other = chance.choice(seeds)
        start = chance.randrange(len(other))
        data[at:] = other[start:] if chance.random() < 0.5 else other[start : start + length] + data[at + length :]


def _pictures() -> list[np.ndarray]:
    y, x = np.mgrid[:40, :56]
    soft = np.stack([x * 4, y * 6, (x + y) * 2, 255 - x], -1).astype(np.uint8)
    noise = np.random.default_rng(1).integers(0, 256, (40, 56, 4), dtype=np.uint8)
    return [soft, noise, np.dstack([soft[..., :3], np.full((40, 56), 255, np.uint8)])]


def _ours(form: str, *options: ImageOptions) -> list[bytes]:
    return [encoded(pixels, form, chosen) for pixels in _pictures() for chosen in options]


def _theirs(form: str, *choices: tuple[str, dict[str, object]]) -> list[bytes]:
    files = []
    for mode, values in choices:
        buffer = io.BytesIO()
        image = Image.fromarray(_pictures()[0][..., :3]).convert(mode)
        several = {"append_images": [image.rotate(90)]} if values.get("save_all") else {}
        image.save(buffer, form, **values, **several)
        files.append(buffer.getvalue())
    return files


def _png() -> list[bytes]:
    modes = ("1", "L", "LA", "P", "RGB", "I;16")
    choices: list[tuple[str, dict[str, object]]] = [(mode, {}) for mode in modes]
    choices += [("RGB", {"icc_profile": _profile(), "dpi": (300, 300)}), ("RGB", {"save_all": True})]
    return _ours("PNG", ImageOptions(), ImageOptions(bits=16)) + _theirs("PNG", *choices)


def _jpeg() -> list[bytes]:
    choices: list[tuple[str, dict[str, object]]] = [
        ("L", {}),
        ("CMYK", {}),
        ("RGB", {"progressive": True}),
        ("RGB", {"exif": _turned()}),
        ("RGB", {"restart_marker_blocks": 2}),
    ]
    return _ours("JPEG", ImageOptions(), ImageOptions(quality=60)) + _theirs("JPEG", *choices)


def _tiff() -> list[bytes]:
    packings = ["tiff_lzw", "packbits", "tiff_adobe_deflate", "jpeg", "group3", "group4", "lzma"]
    if sys.platform != "win32":  # where Pillow is built without it
        packings.append("zstd")
    choices: list[tuple[str, dict[str, object]]] = [(mode, {}) for mode in ("1", "L", "P", "CMYK", "LAB", "F", "I;16")]
    choices += [("1" if name in ("group3", "group4") else "RGB", {"compression": name}) for name in packings]
    choices += [("RGB", {"save_all": True}), ("RGB", {"tiffinfo": {274: 6}}), ("RGB", {"big_tiff": True})]
    return _ours("TIFF", ImageOptions(), ImageOptions(bits=16)) + _theirs("TIFF", *choices) + [_floating_tiff()]


def _floating_tiff() -> bytes:
    import cv2

    done, content = cv2.imencode(".tiff", _pictures()[0][..., :3].astype(np.float32) / 255)
    assert done
    return content.tobytes()


def _webp() -> list[bytes]:
    return _ours("WebP", ImageOptions(), ImageOptions(lossless=True)) + _theirs("WEBP", ("RGB", {"save_all": True}))


def _avif() -> list[bytes]:
    choices: list[tuple[str, dict[str, object]]] = [
        ("L", {}),
        ("RGB", {"save_all": True}),
        ("RGB", {"exif": _turned()}),
    ]
    return _ours("AVIF", ImageOptions(quality=60)) + _theirs("AVIF", *choices)


def _turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112], exif[0x011A], exif[0x011B], exif[0x0128] = 6, 72.0, 72.0, 2
    return exif


def _profile() -> bytes:
    """A profile that is not sRGB, so that it is used."""
    from kandinsky_studio.storage.colour import srgb_profile

    content = bytearray(srgb_profile())
    red = content.index(b"XYZ ", 400)
    content[red + 8 : red + 12] = (0x8000).to_bytes(4, "big")
    return bytes(content)


def right_crcs(data: bytes) -> bytes:
    """A PNG file with the checksum of each chunk right, as far as its lengths go."""
    whole, at = bytearray(data), 8
    while at + 12 <= len(whole):
        end = at + 8 + int.from_bytes(whole[at : at + 4], "big")
        if end + 4 > len(whole):
            break
        whole[end : end + 4] = zlib.crc32(whole[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return bytes(whole)


def _open_picture(data: bytes) -> object:
    return open_from_bytes(data, "fuzzed")


KINDS: dict[str, Kind] = {
    "png": Kind(_png, _open_picture, right_crcs),
    "jpeg": Kind(_jpeg, _open_picture),
    "webp": Kind(_webp, _open_picture),
    "tiff": Kind(_tiff, _open_picture),
    "avif": Kind(_avif, _open_picture),
    "gif": Kind(lambda: _theirs("GIF", ("P", {}), ("RGB", {"save_all": True})), _open_picture),
    "bmp": Kind(lambda: _theirs("BMP", ("1", {}), ("L", {}), ("RGB", {}), ("RGBA", {})), _open_picture),
    "ora": Kind(documents.openrasters, documents.open_openraster, documents.right_archive),
    "psd": Kind(documents.photoshops, documents.open_photoshop),
}
"""By name; to have another reader tried, add a line."""


def try_one(kind: Kind, data: bytes) -> tuple[str, str]:
    """“opened”, “refused” or “escaped”, and by which error."""
    try:
        kind.opens(data)
    except StudioError as error:
        return "refused", type(error).__name__
    except Exception as error:  # noqa: BLE001  to find these is what it is for
        last = traceback.extract_tb(error.__traceback__)[-1]
        return "escaped", f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"
    return "opened", ""


def run(arguments: Sequence[str] = ()) -> str:
    parser = argparse.ArgumentParser(prog="python -m benchmarks fuzzing", description=__doc__)
    parser.add_argument("--kind", choices=sorted(KINDS), action="append", help="all, if none is named")
    parser.add_argument("--count", type=int, default=COUNT, help="files of each kind (%(default)s)")
    parser.add_argument("--start", type=int, default=0, help="number of the first (%(default)s)")
    options = parser.parse_args(arguments)
    tallies = {name: fuzz(name, options.start, options.count) for name in options.kind or KINDS}
    rows = [
        [
            name,
            str(tally.files),
            str(tally.opened),
            ", ".join(f"{error} {number}" for error, number in tally.refused.most_common()),
            "; ".join(tally.escaped[:5]) or "none",
            "; ".join(tally.died[:5]) or "none",
            f"{tally.slowest:.2f}",
            f"{tally.peak / 1e6:.0f}",
        ]
        for name, tally in tallies.items()
    ]
    header = ["kind", "files", "opened", "refused", "other errors", "crashes and hangs", "slowest, s", "peak MB"]
    return table(header, rows)


def fuzz(name: str, start: int, count: int) -> Tally:
    """Open mutations ``start`` … ``start + count - 1`` of a kind, in processes of their own."""
    tally = Tally()
    number, end = start, start + count
    while number < end:
        number = _until_it_dies(tally, name, number, end)
    return tally


def _until_it_dies(tally: Tally, name: str, start: int, end: int) -> int:
    """Count what one process tells; the number to go on with."""
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.fuzzing", name, str(start), str(end)],
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1", "OPENCV_LOG_LEVEL": "SILENT"},
            cwd=Path(__file__).parents[1],
        )
        assert process.stdout is not None
        patience = _Patience(process)
        current, ready = start, False
        for line in process.stdout:
            patience.begin()
            if ready:
                current = 1 + _count(tally, line)
            ready = True  # the first line says only that
        patience.end()
        code = process.wait()
        process.stdout.close()
        if not ready:
            said.seek(0)
            raise RuntimeError(f"the whole files of {name} could not be made or opened: {said.read()[-2000:]}")
    if current >= end and code == 0:
        return end
    tally.files += 1
    tally.died.append(f"{current}: " + (f"no answer in {PATIENCE:.0f} s" if patience.lost else f"exit code {code}"))
    return current + 1


class _Patience:
    """Kills ``process`` when nothing was begun for ``PATIENCE``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.lost = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.begin()
        self._thread.start()

    def begin(self) -> None:
        self._began = time.monotonic()

    def end(self) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(1):
            if time.monotonic() - self._began > PATIENCE:
                self.lost = True
                self._process.kill()
                return


def _count(tally: Tally, line: str) -> int:
    """Put what a line of the process says into ``tally``; the number of the file."""
    number, outcome, error, seconds, peak = json.loads(line)
    tally.files += 1
    tally.slowest, tally.peak = max(tally.slowest, seconds), max(tally.peak, peak)
    if outcome == "opened":
        tally.opened += 1
    elif outcome == "refused":
        tally.refused[error] += 1
    else:
        tally.escaped.append(f"{number}: {error}")
    return int(number)


def _work(name: str, start: int, end: int) -> None:
    """Open the mutations and say of each what became of it, a line each."""
    kind = KINDS[name]
    seeds = kind.seeds()
    for seed in seeds:
        kind.opens(seed)  # also loads all libraries before memory gets short
    _limit_memory()
    print("ready", flush=True)
    for number in range(start, end):
        data = mutation(seeds, number, kind.repair)
        began = time.perf_counter()
        outcome, error = try_one(kind, data)
        print(json.dumps([number, outcome, error, time.perf_counter() - began, _peak()]), flush=True)


def _limit_memory() -> None:
    if sys.platform != "win32":
        import resource

        os.nice(10)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _peak() -> int:
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    status = Path("/proc/self/status")
    if status.exists():  # the peak that getrusage tells may be that of the process which started this one
        return int(status.read_text().split("VmHWM:")[1].split()[0]) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS


if __name__ == "__main__":
    if sys.argv[3].isdigit():
        _work(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    else:
        chosen = KINDS[sys.argv[1]]
        Path(sys.argv[3]).write_bytes(mutation(chosen.seeds(), int(sys.argv[2]), chosen.repair))
