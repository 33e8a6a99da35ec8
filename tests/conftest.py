"""What all tests share: a home of their own, an engine double, and the check that nothing is left running."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

os.environ["QT_QPA_PLATFORM"] = "offscreen"
if os.name == "nt":  # without a screen Qt does not look for fonts where Windows has them
    os.environ["QT_QPA_FONTDIR"] = os.path.join(os.environ["SYSTEMROOT"], "Fonts")
if "PYTEST_XDIST_WORKER" in os.environ:
    # Several processes share the processors; threads of torch that wait for one another spin and starve the rest.
    os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import pytest

from kandinsky_studio.engine.models import spec_of
from kandinsky_studio.engine.request import GenerationRequest, GenerationResult, Pixels, Progress, Stage
from kandinsky_studio.engine.spec import ModelSpec
from kandinsky_studio.engine.tier import Tier

GUI_FIXTURES = {"qapp", "qtbot", "make_studio", "studio"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--packages", action="store_true", help="build the packages, install them and try them out, too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if GUI_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.gui)
        if item.get_closest_marker("packages") and not config.getoption("--packages"):
            item.add_marker(pytest.mark.skip(reason="builds or installs packages, which is done with --packages"))


def pytest_collection_finish() -> None:
    """What the imports made stays to the end; the search below for what was left running need not go through it all."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Iterator[None]:
    """What a test logged or failed with goes to the main process as UTF-8, which has no half characters."""
    return _encodable((yield))


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {_encodable(key): _encodable(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_encodable, value))
    return value


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own; nothing of the user's is read or written. The trash lies beside it."""
    home = tmp_path / "home"
    monkeypatch.setenv("KANDINSKY_STUDIO_HOME", str(home))
    trash = tmp_path / "xdg"
    trash.mkdir()
    monkeypatch.setenv("XDG_DATA_HOME", str(trash))
    return home


@pytest.fixture(autouse=True)
def nothing_left_running(request: pytest.FixtureRequest) -> Iterator[None]:
    """A thread or timer that outlives its test will fail another test, one day."""
    if not GUI_FIXTURES & set(request.fixturenames):
        yield
        return
    before = set(threading.enumerate())
    yield
    from PySide6.QtCore import QCoreApplication, QEvent, QObject, QThread, QTimer

    # Here and now, in the thread Qt's objects belong to: left to chance, Python would collect those that refer to one
    # another in the engine's thread of a later test, and Qt does not survive that.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    objects = [thing for thing in gc.get_objects() if isinstance(thing, QObject)]
    threads = [thing.objectName() for thing in objects if _alive(thing, QThread, "isRunning")]
    timers = [thing.interval() for thing in objects if _alive(thing, QTimer, "isActive")]
    lanes = [thread.name for thread in set(threading.enumerate()) - before if not thread.name.startswith("Dummy")]
    assert not threads, f"QThreads left running: {threads}"
    assert not timers, f"QTimers left running, by interval: {timers}"
    assert not lanes, f"threads left running: {lanes}"


def _alive(thing: Any, kind: type, state: str) -> bool:
    try:
        return isinstance(thing, kind) and bool(getattr(thing, state)())
    except RuntimeError:  # its C++ half is gone already
        return False


def picture_of(request: GenerationRequest) -> Pixels:
    """What the engine double paints: one colour, which follows from both seeds."""
    colour = np.random.default_rng([request.prior_seed, request.seed]).integers(0, 256, 3, dtype=np.uint8)
    return np.full((request.height, request.width, 3), colour, dtype=np.uint8)


class FakeEngine:
    """Does what the engine does, in no time or as slowly as a test wants.

    ``requests`` are those that were begun. ``hold`` keeps every step waiting until it is set. ``error`` is raised in
    the middle of the next job, ``load_error`` when a model is loaded. ``burn`` seconds of arithmetic go into each step. From the step
    ``steps_down_at`` on it says that memory ran out.
    """

    device = "cpu"

    def __init__(self) -> None:
        self.requests: list[GenerationRequest] = []
        self.loaded: list[str] = []
        self.freed = 0
        self.thread = threading.current_thread()
        self.hold = threading.Event()
        self.hold.set()
        self.error: Exception | None = None
        self.load_error: Exception | None = None
        self.burn = 0.0
        self.steps_down_at: int | None = None

    def load(self, model: str, on_progress: Callable[[Progress], None] = lambda _: None) -> ModelSpec:
        on_progress(Progress(Stage.loading, 0, 1, 0, 1, 0.0))
        self._wait(lambda: on_progress(Progress(Stage.loading, 0, 1, 0, 1, 0.0)))
        if self.load_error is not None:
            raise self.load_error
        self.loaded.append(model)
        return spec_of(model)

    def generate(
        self,
        request: GenerationRequest,
        *,
        tier: Tier = Tier.resident,
        on_progress: Callable[[Progress], None] = lambda _: None,
        on_result: Callable[[GenerationResult], None] = lambda _: None,
    ) -> list[GenerationResult]:
        if self.loaded[-1:] != [request.model]:
            self.load(request.model, on_progress)
        self.requests.append(request)
        results, steps, count = [], request.num_inference_steps, request.num_images_per_prompt
        for number, one in enumerate(request.pictures()):
            image = picture_of(one)
            for step in range(1, steps + 1):
                self._burn()
                fraction = (number + step / steps) / count
                down = self.steps_down_at is not None and (number > 0 or step >= self.steps_down_at)
                progress = Progress(Stage.decoder, step, steps, number, count, fraction, 1.0, image[::8, ::8], down)
                on_progress(progress)
                self._wait(lambda progress=progress: on_progress(progress))  # type: ignore[misc]
                if self.error is not None:
                    error, self.error = self.error, None
                    raise error
            result = GenerationResult(
                image, one, np.zeros(8, np.float32), {"decoder": 0.1}, "cpu", "float32", "00", tier
            )
            on_result(result)
            results.append(result)
        return results

    def read_prompt(self, prompt: str, model: str) -> tuple[Any, ...]:
        return (SimpleNamespace(encoder="CLIP", tokens=len(prompt.split()), limit=75, cut=None),)

    def free(self) -> None:
        self.freed += 1

    def _wait(self, still_wanted: Callable[[], None]) -> None:
        while not self.hold.wait(0.01):
            still_wanted()

    def _burn(self) -> None:
        until = time.perf_counter() + self.burn
        numbers = np.random.default_rng(0).random(200_000)
        while time.perf_counter() < until:
            np.sort(numbers)  # works without the GIL, as torch does
            sum(range(2_000))  # and with it, as the loop around torch does


@pytest.fixture
def fake_engine() -> FakeEngine:
    """The engine double that ``make_studio`` gives to its studio."""
    return FakeEngine()


@pytest.fixture
def make_studio(qapp: Any, fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Any]]:
    """Builds studios with the engine double and a built-in model that counts as installed; closes them afterwards."""
    from kandinsky_studio.app.models import Models
    from kandinsky_studio.app.studio import Studio

    monkeypatch.setattr(Models, "installed", lambda self, model: True)
    made: list[Studio] = []

    def make() -> Studio:
        studio = Studio(lambda: fake_engine)
        made.append(studio)
        return studio

    yield make
    fake_engine.hold.set()
    for studio in made:
        studio.close()
        studio.deleteLater()
    qapp.processEvents()


@pytest.fixture
def studio(make_studio: Callable[[], Any], qtbot: Any, fake_engine: FakeEngine) -> Any:
    """One studio, started, its model loaded."""
    studio = make_studio()
    studio.start()
    qtbot.waitUntil(lambda: bool(fake_engine.loaded), timeout=3000)
    return studio
