"""What is asked of the engine beside jobs: before those that wait, the newest of a topic only."""

from __future__ import annotations

import pytest

from kandinsky_studio.app.errand import Errand
from kandinsky_studio.app.worker import EngineWorker, Job, ModelStage
from kandinsky_studio.engine.request import GenerationRequest, Progress, Stage
from kandinsky_studio.errors import EngineFailed

STEP = Progress(Stage.decoder, 1, 2, 0, 1, 0.5)


class Story:
    """Errands that tell here what became of them."""

    def __init__(self, engine):
        self.told = []
        self.engine = engine

    def errand(self, name, topic="pad", do=None, **values):
        def wait(_engine, reports):
            self.told.append(("begun", name))
            while not self.engine.hold.wait(0.01):
                reports.progress(STEP)
            return name

        return Errand(
            topic,
            "builtin",
            do or wait,
            done=lambda value: self.told.append(("done", value)),
            failed=lambda error: self.told.append(("failed", error)),
            part=lambda value: self.told.append(("part", value)),
            dropped=lambda: self.told.append(("dropped", name)),
            **values,
        )

    def of(self, kind):
        return [value for what, value in self.told if what == kind]


@pytest.fixture
def story(fake_engine):
    return Story(fake_engine)


def test_an_errand_goes_before_the_jobs_that_wait(qtbot, worker, story, fake_engine):
    fake_engine.hold.clear()
    order = []
    worker.started.connect(order.append)
    request = GenerationRequest("a circle", num_inference_steps=2)
    with qtbot.waitSignal(worker.started, timeout=2000):
        worker.submit(Job(1, request))
    worker.submit(Job(2, request))
    worker.ask(story.errand("draft", do=lambda engine, reports: order.append("errand")))
    with qtbot.waitSignals([worker.finished, worker.finished], timeout=2000):
        fake_engine.hold.set()
    assert order == [1, "errand", 2]


def test_the_newest_of_a_topic_replaces_what_waits_and_lets_the_running_one_end(qtbot, worker, story, fake_engine):
    fake_engine.hold.clear()
    worker.ask(story.errand("first"))
    qtbot.waitUntil(lambda: story.of("begun") == ["first"], timeout=2000)
    for name in ("second", "third"):
        worker.ask(story.errand(name))
    worker.ask(story.errand("other", topic="words"))
    assert story.of("dropped") == ["second"]
    fake_engine.hold.set()
    qtbot.waitUntil(lambda: len(story.of("done")) == 3, timeout=2000)
    assert story.of("done") == ["first", "third", "other"]
    assert story.of("begun") == ["first", "third", "other"]


def test_one_that_interrupts_ends_the_running_one(qtbot, worker, story, fake_engine):
    fake_engine.hold.clear()
    worker.ask(story.errand("first"))
    qtbot.waitUntil(lambda: story.of("begun") == ["first"], timeout=2000)
    worker.ask(story.errand("second", interrupts=True))
    qtbot.waitUntil(lambda: story.of("dropped") == ["first"], timeout=2000)
    fake_engine.hold.set()
    qtbot.waitUntil(lambda: story.of("done") == ["second"], timeout=2000)
    assert story.of("dropped") == ["first"]


def test_what_is_forgotten_stops_and_tells_nothing_more(qtbot, worker, story, fake_engine):
    fake_engine.hold.clear()
    worker.ask(story.errand("running"))
    qtbot.waitUntil(lambda: story.of("begun") == ["running"], timeout=2000)
    worker.ask(story.errand("waiting"))
    worker.forget("pad")
    qtbot.waitUntil(lambda: len(story.of("dropped")) == 2, timeout=2000)
    assert story.of("dropped") == ["waiting", "running"]
    fake_engine.hold.set()
    with qtbot.waitSignal(worker.finished, timeout=2000):
        worker.submit(Job(1, GenerationRequest("a circle", num_inference_steps=2)))
    assert story.of("done") == []


def test_parts_come_before_the_end_and_a_failure_is_told(qtbot, worker, story):
    def do(_engine, reports):
        reports.part(1)
        reports.part(2)
        raise RuntimeError("the disk is on fire")

    worker.ask(story.errand("broken", do=do))
    qtbot.waitUntil(lambda: bool(story.of("failed")), timeout=2000)
    assert [what for what, _ in story.told] == ["part", "part", "failed"]
    [error] = story.of("failed")
    assert isinstance(error, EngineFailed)
    assert "on fire" in str(error.values["reason"])


def test_the_status_bar_hears_of_a_model_an_errand_loads(qtbot, worker, story, fake_engine):
    states = []
    worker.model_state.connect(lambda state: states.append(state.stage))

    def do(engine, reports):
        engine.load("builtin", reports.progress)
        reports.progress(STEP)

    worker.ask(story.errand("first", do=do))
    qtbot.waitUntil(lambda: bool(story.of("done")), timeout=2000)
    assert states == [ModelStage.starting, ModelStage.loading, ModelStage.ready]


def test_closing_drops_what_waits_and_what_runs(qtbot, fake_engine, story):
    worker = EngineWorker(lambda: fake_engine)
    worker.start()
    fake_engine.hold.clear()
    worker.ask(story.errand("running"))
    qtbot.waitUntil(lambda: story.of("begun") == ["running"], timeout=2000)
    worker.ask(story.errand("waiting", topic="words"))
    assert worker.close()
    assert sorted(story.of("dropped")) == ["running", "waiting"]
