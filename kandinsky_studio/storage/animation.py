"""Frames as files: numbered pictures, GIF, WebP and MP4. Each is written beside its place and moved there when it is whole.

Videos are VP9, in which every browser and player of today reads MP4, or MPEG-4 where the computer's OpenCV can't write
that. OpenCV comes with FFmpeg under the LGPL and libvpx under a BSD licence, which is why no further library is needed:
those that bring x264 (the wheels of PyAV and imageio-ffmpeg do) would put the whole program under the GPL.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from kandinsky_studio.engine.request import GenerationResult, Pixels
from kandinsky_studio.errors import FolderNotWritable, NoVideo
from kandinsky_studio.storage.durable import PARTIAL_SUFFIX, cause_of, replacing
from kandinsky_studio.storage.pictures import save_png

OnFrame = Callable[[int], None]
"""Called before each frame with how many are done; may raise to give up, and nothing is left behind then."""

_CODECS = ("vp09", "mp4v")  # VP9, else MPEG-4 part 2
_PALETTE = 256  # colours of a GIF
_SAMPLE = 128  # pixels along each side of a frame, of those the palette is made from


@dataclass(frozen=True)
class Pace:
    """How frames follow one another: ``fps`` (1 … 60) of them a second; ``back`` goes back again from the end, so that
    a film that is played over and over has no jump."""

    fps: float = 12.0
    back: bool = False

    def order(self, count: int) -> list[int]:
        """The numbers of the frames as they are played once."""
        forth = list(range(count))
        return [*forth, *forth[-2:0:-1]] if self.back else forth


def write_gif(path: Path, frames: Sequence[Pixels], pace: Pace, on_frame: OnFrame) -> None:
    """An endless GIF of ``frames``, uint8 (height, width, 3), all of one size, with one palette for all.

    A GIF counts hundredths of a second, so the pace is the nearest there is. Raises ``DiskFull``, ``FolderNotWritable``
    and what ``on_frame`` raises.
    """
    small = [Image.fromarray(frame).resize((_SAMPLE, _SAMPLE), Image.Resampling.BOX) for frame in frames]
    sheet = Image.new("RGB", (_SAMPLE, _SAMPLE * len(small)))
    for number, image in enumerate(small):
        sheet.paste(image, (0, _SAMPLE * number))
    palette = sheet.quantize(_PALETTE, Image.Quantize.MEDIANCUT)

    def quantised() -> Iterator[Image.Image]:
        for number, frame in enumerate(_played(frames, pace)):
            on_frame(number)
            yield Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)

    images = quantised()
    with replacing(path) as file:
        first = next(images)
        first.save(
            file,
            "GIF",
            save_all=True,
            append_images=images,
            duration=_hundredths(pace),
            loop=0,
            optimize=False,
            disposal=1,
        )


def write_webp(path: Path, frames: Sequence[Pixels], pace: Pace, on_frame: OnFrame, lossless: bool = False) -> None:
    """An endless WebP, with all colours. As :func:`write_gif`, in thousandths of a second."""
    images = []
    for number, frame in enumerate(_played(frames, pace)):
        image = Image.fromarray(frame)
        # Pillow takes all frames at once and comes to each by this: the only place to give up in between.
        setattr(image, "seek", lambda _, number=number: on_frame(number))  # noqa: B010
        images.append(image)
    with replacing(path) as file:
        images[0].save(
            file,
            "WEBP",
            save_all=True,
            append_images=images[1:],
            duration=round(1000 / pace.fps),
            loop=0,
            lossless=lossless,
            quality=90,
            method=4,
        )


def write_video(path: Path, frames: Sequence[Pixels], pace: Pace, on_frame: OnFrame) -> None:
    """An MP4 film. As :func:`write_gif`; a side of an odd length is a pixel longer. Raises ``NoVideo``, too."""
    height, width = frames[0].shape[:2]
    size = (width + width % 2, height + height % 2)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "film.mp4"  # OpenCV writes to a name that says the kind, not to a file that is open
        film = _film(made, pace.fps, size)
        try:
            for number, frame in enumerate(_played(frames, pace)):
                on_frame(number)
                bordered = np.pad(frame, ((0, size[1] - height), (0, size[0] - width), (0, 0)), "edge")
                film.write(np.ascontiguousarray(bordered[..., ::-1]))
        finally:
            film.release()
        if not made.exists() or made.stat().st_size == 0:
            raise NoVideo
        with replacing(path) as file, made.open("rb") as source:
            shutil.copyfileobj(source, file)


def write_frames(folder: Path, results: Sequence[GenerationResult], on_frame: OnFrame) -> None:
    """A folder of PNG files, numbered from 1, that say how they were made. It must not be there yet.

    Raises ``DiskFull``, ``FolderNotWritable`` and what ``on_frame`` raises; no folder is there then.
    """
    digits = max(len(str(len(results))), 2)
    partial = folder.with_name(f".{folder.name}{PARTIAL_SUFFIX}")
    try:
        if folder.exists():
            raise FolderNotWritable(folder=folder)
        partial.mkdir()
        for number, result in enumerate(results):
            on_frame(number)
            save_png(partial / f"{folder.name} {number + 1:0{digits}}.png", result)
        partial.rename(folder)
    except OSError as error:
        raise cause_of(error, folder.parent) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def free_folder(folder: Path) -> Path:
    """``folder``, or with the first number behind it that makes it a name that is free."""
    found, number = folder, 2
    while found.exists():
        found, number = folder.with_name(f"{folder.name} {number}"), number + 1
    return found


def _played(frames: Sequence[Pixels], pace: Pace) -> Iterator[Pixels]:
    return (frames[number] for number in pace.order(len(frames)))


def _hundredths(pace: Pace) -> int:
    """Milliseconds of a frame, in whole hundredths of a second, at least two: faster ones are played slowly."""
    return max(round(100 / pace.fps), 2) * 10


def _film(path: Path, fps: float, size: tuple[int, int]) -> Any:
    for codec in _CODECS:
        film = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), fps, size)
        if film.isOpened():
            return film
        film.release()
    raise NoVideo
