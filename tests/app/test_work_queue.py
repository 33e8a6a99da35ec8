"""Whose turn it is: errands before jobs, jobs in their order, pausing, stopping. Without the engine and its thread."""

from __future__ import annotations

import threading

import pytest

from kandinsky_studio.app.errand import Errand
from kandinsky_studio.app.work_queue import Freeing, Job, Warming, WorkQueue
from kandinsky_studio.engine.request import GenerationRequest


@pytest.fixture
def queue():
    return WorkQueue()


def job(number, model="builtin"):
    return Job(number, GenerationRequest("a circle", model=model))


def errand(topic="draft", model="builtin", **values):
    return Errand(topic, model, lambda *_: None, lambda _: None, **values)


def taken(queue, count):
    """The next jobs, by number, each done at once."""
    numbers = []
    for _ in range(count):
        work = queue.next()
        assert isinstance(work, Job)
        numbers.append(work.id)
        queue.done()
    return numbers


def test_errands_then_jobs_then_models_then_memory(queue):
    queue.free()
    queue.warm_up("kandinsky-2.2")
    queue.add(job(1))
    queue.ask(first := errand("one"))
    queue.ask(second := errand("two"))
    assert queue.next() is first
    assert queue.next() is second
    assert taken(queue, 1) == [1]
    assert queue.next() == Warming("kandinsky-2.2")
    assert queue.next() == Freeing()


def test_jobs_go_in_the_order_they_are_put_in(queue):
    for number in range(1, 6):
        queue.add(job(number))
    queue.reorder([4, 9, 2])
    assert taken(queue, 5) == [4, 2, 1, 3, 5]


def test_no_job_starts_while_they_pause_but_errands_do(queue):
    queue.add(job(1))
    queue.pause(True)
    queue.ask(asked := errand())
    assert queue.next() is asked
    started = []
    waiter = threading.Thread(target=lambda: started.append(queue.next()))
    waiter.start()
    waiter.join(0.1)
    assert waiter.is_alive()
    queue.pause(False)
    waiter.join(2)
    assert [work.id for work in started] == [1]


def test_a_job_that_waits_is_withdrawn_and_one_that_runs_is_told_to_stop(queue):
    queue.add(job(1))
    queue.add(job(2))
    assert queue.next().id == 1
    assert not queue.withdraw(1)
    assert queue.stops
    assert queue.done()
    assert not queue.stops
    assert queue.withdraw(2)
    assert not queue.withdraw(2), "it is not there any more"
    queue.free()
    assert queue.next() == Freeing()


def test_what_is_told_to_stop_is_over_when_the_next_begins(queue):
    queue.add(job(1))
    queue.add(job(2))
    queue.next()
    queue.withdraw(1)
    queue.done()
    queue.next()
    assert not queue.stops


def test_errands_of_a_topic_replace_those_that_wait_and_may_interrupt_the_one_that_runs(queue):
    queue.ask(errand())
    queue.next()
    assert queue.ask(second := errand()) == []
    assert not queue.stops
    assert queue.ask(errand(interrupts=True)) == [second]
    assert queue.stops


def test_an_errand_stops_no_job(queue):
    queue.add(job(1))
    queue.next()
    queue.ask(errand(interrupts=True))
    queue.forget("draft")
    assert not queue.stops


def test_a_forgotten_topic(queue):
    queue.ask(one := errand())
    queue.ask(other := errand("map"))
    assert queue.forget("draft") == [one]
    assert queue.next() is other
    assert queue.forget("map") == []
    assert queue.stops


@pytest.mark.parametrize("paused", [False, True])
def test_a_model_loaded_ahead_gives_way_to_work_with_another_one_that_is_due(queue, paused):
    queue.pause(paused)
    queue.add(job(1, model="kandinsky-2.2"))
    assert queue.gives_way("builtin") is not paused
    assert not queue.gives_way("kandinsky-2.2")
    queue.ask(errand(model="kandinsky-2.1"))
    assert queue.gives_way("kandinsky-2.2")


def test_a_closed_queue_has_nothing_more_to_do(queue):
    queue.add(first := job(1))
    queue.add(second := job(2))
    queue.ask(asked := errand())
    assert queue.next() is asked
    assert queue.next() is first
    assert queue.close() == ([second], [])
    assert queue.stops
    assert queue.next() is None


def test_many_hands_lose_nothing_and_do_nothing_twice(queue):
    """Jobs come, move and go from three threads while a fourth one does them."""
    done, withdrawn = [], set()
    count = 600

    def add(start):
        for number in range(start, count, 2):
            queue.add(job(number))
            queue.reorder([number, number - 2])
            if number % 5 == 0 and queue.withdraw(number):
                withdrawn.add(number)

    def work():
        while len(done) + len(withdrawn) < count and (work := queue.next()) is not None:
            if isinstance(work, Job):
                done.append(work.id)
                queue.done()

    hands = [threading.Thread(target=add, args=(start,)) for start in (0, 1)]
    worker = threading.Thread(target=work)
    for thread in (*hands, worker):
        thread.start()
    for thread in hands:
        thread.join(10)
    queue.free()  # wakes the worker if the last one was withdrawn
    worker.join(10)
    assert not worker.is_alive()
    assert sorted([*done, *withdrawn]) == list(range(count))
