"""The engine's thread: order, cancelling, failing, ending."""

from __future__ import annotations

import os
import sys
import threading
import time

import pytest

from kandinsky_studio.app.worker import EngineWorker, Job, ModelStage, ModelState
from kandinsky_studio.document.giving_way import NICE
from kandinsky_studio.engine.request import MAX_SEED, GenerationRequest
from kandinsky_studio.errors import BrokenModel, EngineFailed, OutOfMemory, StudioError


def job(number=1, **values):
    return Job(number, GenerationRequest(**{"prompt": "a circle", "num_inference_steps": 3, **values}))


def test_a_job_tells_its_story_in_order(qtbot, worker):
    story = []
    worker.started.connect(lambda _: story.append("started"))
    worker.progressed.connect(lambda _, progress: story.append(progress.step))
    worker.picture_made.connect(lambda _, result: story.append("picture"))
    worker.finished.connect(lambda _: story.append("finished"))
    with qtbot.waitSignal(worker.finished, timeout=2000):
        worker.submit(job(num_images_per_prompt=2))
    kinds = [part for part in story if isinstance(part, str)]
    assert kinds == ["started", "picture", "picture", "finished"]
    assert story[-2:] == ["picture", "finished"]
    assert 3 in story


def test_seeds_of_32_bits_come_back_as_they_went(qtbot, worker, fake_engine):
    results = []
    worker.picture_made.connect(lambda _, result: results.append(result))
    with qtbot.waitSignal(worker.finished, timeout=2000):
        worker.submit(job(seed=MAX_SEED, prior_seed=2**31))
    assert fake_engine.requests[0].seed == results[0].request.seed == MAX_SEED
    assert results[0].request.prior_seed == 2**31


def test_a_running_job_stops_and_the_next_one_runs(qtbot, worker, fake_engine):
    fake_engine.hold.clear()
    with qtbot.waitSignal(worker.progressed, timeout=2000):
        worker.submit(job(1))
    with qtbot.waitSignal(worker.cancelled, timeout=2000) as cancelled:
        worker.cancel(1)
    assert cancelled.args == [1]
    fake_engine.hold.set()
    with qtbot.waitSignal(worker.finished, timeout=2000) as finished:
        worker.submit(job(2))
    assert finished.args == [2]


def test_a_waiting_job_is_cancelled_before_the_engine_sees_it(qtbot, worker, fake_engine):
    fake_engine.hold.clear()
    with qtbot.waitSignal(worker.started, timeout=2000):
        worker.submit(job(1))
    worker.submit(job(2, prompt="never"))
    with qtbot.waitSignal(worker.cancelled, timeout=2000) as cancelled:
        worker.cancel(2)
    assert cancelled.args == [2]
    with qtbot.waitSignal(worker.finished, timeout=2000):
        fake_engine.hold.set()
    assert [request.prompt for request in fake_engine.requests] == ["a circle"]


def test_cancelling_what_is_over_harms_nobody(qtbot, worker):
    with qtbot.waitSignal(worker.finished, timeout=2000):
        worker.submit(job(1))
    worker.cancel(1)
    with qtbot.waitSignal(worker.finished, timeout=2000) as finished:
        worker.submit(job(1))
    assert finished.args == [1]


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (RuntimeError("mat1 and mat2\nshapes"), EngineFailed),
        (MemoryError(), OutOfMemory),
        (BrokenModel(model="X", reason="cut off"), BrokenModel),
    ],
)
def test_whatever_fails_comes_back_with_a_remedy(qtbot, worker, fake_engine, raised, kind):
    fake_engine.error = raised
    with qtbot.waitSignal(worker.failed, timeout=2000) as failed:
        worker.submit(job(1))
    number, error = failed.args
    assert number == 1
    assert type(error) is kind
    assert error.remedy.endswith(".")
    assert "\n" not in str(error)
    assert any("Traceback" in note for note in error.__notes__), "the details are for those who mend it"
    with qtbot.waitSignal(worker.finished, timeout=2000):
        worker.submit(job(2))


def test_an_error_keeps_no_arrays_alive(qtbot, worker, fake_engine):
    fake_engine.error = RuntimeError("boom")
    with qtbot.waitSignal(worker.failed, timeout=2000) as failed:
        worker.submit(job(1))
    error: StudioError = failed.args[1]
    assert error.__traceback__ is None
    assert error.__cause__ is None


def test_the_engine_is_opened_late_and_in_its_own_thread(qtbot, fake_engine):
    opened = []

    def open_engine():
        opened.append(threading.get_ident())
        return fake_engine

    worker = EngineWorker(open_engine)
    worker.start()
    try:
        qtbot.wait(50)
        assert opened == []
        with qtbot.waitSignal(worker.model_state, timeout=2000, check_params_cb=lambda s: s.stage is ModelStage.ready):
            worker.warm_up("builtin")
        assert len(opened) == 1
        assert opened[0] != threading.get_ident()
    finally:
        assert worker.close()


def test_a_model_that_is_no_longer_wanted_is_not_loaded(qtbot, worker, fake_engine):
    fake_engine.hold.clear()
    with qtbot.waitSignal(worker.model_state, timeout=2000, check_params_cb=lambda s: s.stage is ModelStage.loading):
        worker.warm_up("builtin")
    worker.warm_up("kandinsky-2.2")
    qtbot.wait(100)
    with qtbot.waitSignal(worker.model_state, timeout=2000, check_params_cb=lambda s: s.stage is ModelStage.ready):
        fake_engine.hold.set()
    assert fake_engine.loaded == ["kandinsky-2.2"]


def test_a_model_that_can_not_be_loaded_says_so(qtbot, worker, fake_engine):
    states: list[ModelState] = []
    worker.model_state.connect(states.append)
    fake_engine.load_error = BrokenModel(model="X", reason="cut off")
    with qtbot.waitSignal(worker.model_failed, timeout=2000) as failed:
        worker.warm_up("builtin")
    assert isinstance(failed.args[0], BrokenModel)
    assert states[-1].stage is ModelStage.failed


def test_memory_is_given_back(qtbot, worker, fake_engine):
    with qtbot.waitSignal(worker.finished, timeout=2000):
        worker.submit(job(1))
    with qtbot.waitSignal(worker.model_state, timeout=2000, check_params_cb=lambda s: s.stage is ModelStage.freed):
        worker.free()
    assert fake_engine.freed == 1


def test_closing_during_a_job_is_quick_and_clean(qtbot, fake_engine):
    worker = EngineWorker(lambda: fake_engine)
    worker.start()
    fake_engine.burn = 0.05
    cancelled = []
    worker.cancelled.connect(cancelled.append)
    with qtbot.waitSignal(worker.progressed, timeout=2000):
        worker.submit(job(1, num_inference_steps=1000))
    worker.submit(job(2))
    assert worker.close(timeout=25), "1000 steps take 50 s; one is enough"
    qtbot.waitUntil(lambda: sorted(cancelled) == [1, 2], timeout=1000)
    assert len(fake_engine.requests) == 1
    assert fake_engine.freed == 1


def test_closing_does_not_wait_for_an_import_if_told_so(qtbot, fake_engine):
    begun, go_on = threading.Event(), threading.Event()

    def open_it():
        begun.set()
        go_on.wait(30)
        return fake_engine

    worker = EngineWorker(open_it)
    worker.opening_patience = 0.1
    worker.start()
    worker.submit(job(1))
    assert begun.wait(5)
    begin = time.monotonic()
    assert not worker.close()
    assert time.monotonic() - begin < 10, "not the half minute that a job is given"
    go_on.set()
    assert worker.close(), "it ends by itself"
    assert not fake_engine.requests


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere Qt gives the thread another priority")
def test_the_engines_thread_gives_way_to_the_pen(qtbot, fake_engine):
    told = []

    def open_it():
        told.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        return fake_engine

    before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    worker = EngineWorker(open_it)
    worker.start()
    with qtbot.waitSignal(worker.finished, timeout=3000):
        worker.submit(job(1))
    assert worker.close(timeout=5)
    assert told == [max(NICE, before)]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before


@pytest.mark.parametrize("happens", ["removed", "moved", "halved"])
def test_weights_whose_files_are_gone_take_no_room_any_more(qtbot, studio, fake_engine, happens):
    told = {"halved": ("kandinsky-2.2", 1)}.get(happens, ())
    with qtbot.waitSignal(
        studio.worker.model_state, timeout=2000, check_params_cb=lambda s: s.stage is ModelStage.freed
    ):
        getattr(studio.deliveries, happens).emit(*told)
    assert fake_engine.freed == 1
