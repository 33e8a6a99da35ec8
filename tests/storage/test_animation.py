"""Films and numbered pictures: what is written opens again as what it was."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image

from kandinsky_studio.engine.request import GenerationRequest, GenerationResult
from kandinsky_studio.errors import Cancelled, FolderNotWritable, NoVideo
from kandinsky_studio.storage import animation
from kandinsky_studio.storage.animation import Pace


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "films"
    folder.mkdir()
    return folder


WRITERS = {".gif": animation.write_gif, ".webp": animation.write_webp, ".mp4": animation.write_video}


def frames(count=6, width=96, height=64):
    """A bar that goes from left to right over a ground that goes from red to blue."""
    made = []
    for number in range(count):
        share = number / (count - 1)
        frame = np.full((height, width, 3), (round(200 * (1 - share)), 30, round(200 * share)), np.uint8)
        frame[:, round(share * (width - 16)) : round(share * (width - 16)) + 16] = (250, 240, 60)
        made.append(frame)
    return made


def opened(path):
    """Frames, uint8 RGB, and seconds in all."""
    if path.suffix == ".mp4":
        film, found = cv2.VideoCapture(str(path)), []
        while True:
            there, frame = film.read()
            if not there:
                return found, len(found) / film.get(cv2.CAP_PROP_FPS)
            found.append(frame[..., ::-1])
    with Image.open(path) as image:
        found, length = [], 0.0
        for number in range(image.n_frames):
            image.seek(number)
            found.append(np.asarray(image.convert("RGB")))
            length += image.info["duration"] / 1000
        assert image.info["loop"] == 0  # over and over
        return found, length


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("back", [False, True])
def test_a_film_opens_again(folder, suffix, back):
    path, given = folder / f"фильм{suffix}", frames()
    counted = []
    WRITERS[suffix](path, given, Pace(10, back), counted.append)
    found, seconds = opened(path)
    order = [0, 1, 2, 3, 4, 5, 4, 3, 2, 1] if back else list(range(6))
    assert len(found) == len(order)
    assert seconds == pytest.approx(len(order) / 10)
    assert sorted(set(counted)) == list(range(len(order)))
    for frame, number in zip(found, order, strict=True):
        assert frame.shape == (64, 96, 3)
        assert np.abs(frame.astype(int) - given[number]).mean() < 6
    assert list(folder.iterdir()) == [path]


def test_webp_can_keep_every_pixel(folder):
    path, given = folder / "film.webp", frames()
    animation.write_webp(path, given, Pace(), lambda _: None, lossless=True)
    assert (np.stack(opened(path)[0]) == np.stack(given)).all()


def test_a_film_of_an_odd_size(folder):
    path = folder / "film.mp4"
    animation.write_video(path, frames(3, 65, 63), Pace(24), lambda _: None)
    found, _ = opened(path)
    assert found[0].shape == (64, 66, 3)


@pytest.mark.parametrize("suffix", WRITERS)
def test_what_is_given_up_leaves_what_was_there(folder, suffix):
    path = folder / f"film{suffix}"
    path.write_bytes(b"before")

    def give_up(number):
        if number == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        WRITERS[suffix](path, frames(), Pace(), give_up)
    assert path.read_bytes() == b"before"
    assert list(folder.iterdir()) == [path]


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_folder_that_is_gone(folder, suffix):
    with pytest.raises(FolderNotWritable):
        WRITERS[suffix](folder / "gone" / f"film{suffix}", frames(), Pace(), lambda _: None)


def test_no_encoder(folder, monkeypatch):
    monkeypatch.setattr(animation, "_CODECS", ())
    with pytest.raises(NoVideo):
        animation.write_video(folder / "film.mp4", frames(), Pace(), lambda _: None)
    assert not list(folder.iterdir())


def test_the_plain_encoder_writes_the_same_film(folder, monkeypatch):
    monkeypatch.setattr(animation, "_CODECS", ("mp4v",))
    path = folder / "film.mp4"
    animation.write_video(path, frames(), Pace(10), lambda _: None)
    assert len(opened(path)[0]) == 6


def test_numbered_pictures(folder):
    results = [GenerationResult(frame, GenerationRequest(str(k)), None) for k, frame in enumerate(frames(12))]
    way = animation.free_folder(folder / "way")
    animation.write_frames(way, results, lambda _: None)
    files = sorted(way.iterdir())
    assert files[0].name == "way 01.png"
    assert len(files) == 12
    assert (np.asarray(Image.open(files[11])) == results[11].image).all()
    assert animation.free_folder(folder / "way").name == "way 2"
    with pytest.raises(FolderNotWritable):
        animation.write_frames(way, results, lambda _: None)


def test_pictures_that_are_given_up_leave_no_folder(folder):
    results = [GenerationResult(frame, GenerationRequest(""), None) for frame in frames()]

    def give_up(number):
        if number == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        animation.write_frames(folder / "way", results, give_up)
    assert not list(folder.iterdir())
