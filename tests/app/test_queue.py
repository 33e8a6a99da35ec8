"""The queue: order, pausing, cancelling, trying again, times, and what is there after the program ended."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from kandinsky_studio.app.queue_list import Standing, left_of
from kandinsky_studio.engine.request import GenerationRequest, Task
from kandinsky_studio.engine.tier import Tier
from kandinsky_studio.errors import OutOfMemory


def request(prompt="a circle", **values):
    return GenerationRequest(prompt, **{"width": 64, "height": 64, "num_inference_steps": 2, **values})


class Desk:
    """A studio whose engine is held, with one job that runs and others behind it."""

    def __init__(self, studio, engine, qtbot):
        self.studio, self.engine, self.qtbot = studio, engine, qtbot
        self.generation, self.queue = studio.generation, studio.queue
        self.said = []
        studio.messages.connect_window(self.said.append)
        studio.queue.flush()  # so that what an earlier run left is there

    def hold(self, *prompts):
        """Submit jobs and wait until the first one runs; their ids."""
        self.engine.hold.clear()
        ids = [self.generation.submit(request(prompt)) for prompt in prompts]
        self.qtbot.waitUntil(lambda: self.generation.current is not None, timeout=3000)
        return ids

    def let_go(self):
        self.engine.hold.set()
        self.qtbot.waitUntil(lambda: not self.generation.busy, timeout=5000)

    @property
    def waiting(self):
        return [row.request.prompt for row in self.queue.list.of(Standing.waiting)]

    @property
    def made(self):
        return [request.prompt for request in self.engine.requests]

    def files(self):
        self.studio.gallery.flush()
        self.queue.flush()
        return sorted(path for path in self.queue_folder.glob("*.json") if path.name != "order.json")

    @property
    def queue_folder(self):
        return self.studio.gallery.folder.parent / "queue"

    def press(self, title):
        """The button of the last message that has it."""
        message = [message for message in self.said if any(action.title == title for action in message.actions)][-1]
        next(action for action in message.actions if action.title == title).run()


@pytest.fixture
def desk(studio, fake_engine, qtbot):
    return Desk(studio, fake_engine, qtbot)


@pytest.fixture
def again(make_studio, fake_engine, qtbot):
    """A studio as at the next start of the program."""

    def start():
        studio = make_studio()
        studio.start()
        return Desk(studio, fake_engine, qtbot)

    return start


# ---------------------------------------------------------------------- order


def test_jobs_that_are_moved_are_made_in_their_new_order(desk):
    _, b, c, d = desk.hold("a", "b", "c", "d")
    desk.queue.move([d], before=b)
    desk.queue.shift([c], -1)
    assert desk.waiting == ["d", "c", "b"]
    desk.let_go()
    assert desk.made == ["a", "d", "c", "b"]


@pytest.mark.parametrize(
    ("chosen", "by", "order"),
    [("c", -1, "cbd"), ("c", 1, "bdc"), ("b", -1, "bcd"), ("cd", -1, "cdb"), ("bc", 1, "dbc"), ("bd", 1, "cbd")],
)
def test_jobs_go_up_and_down_side_by_side(desk, chosen, by, order):
    ids = dict(zip("abcd", desk.hold(*"abcd"), strict=True))
    desk.queue.shift([ids[letter] for letter in chosen], by)
    assert "".join(desk.waiting) == order


def test_nothing_goes_before_the_job_that_runs(desk):
    a, _, c = desk.hold("a", "b", "c")
    desk.queue.move([c], before=a)
    assert desk.waiting == ["c", "b"]
    assert [row.request.prompt for row in desk.queue.list] == ["a", "c", "b"]


def test_paused_jobs_wait_and_go_on(desk):
    desk.hold("a", "b")
    desk.queue.pause()
    assert desk.queue.paused
    desk.let_go()
    assert desk.made == ["a"]
    assert desk.waiting == ["b"]
    desk.generation.submit(request("c"))
    assert any("paused" in message.text for message in desk.said)
    desk.press("Go on")
    desk.let_go()
    assert desk.made == ["a", "b", "c"]
    assert not desk.queue.paused


# ---------------------------------------------------------------------- cancelling and trying again


def test_cancelled_jobs_can_be_had_back_where_they_were(desk):
    a, _, c, _ = desk.hold("a", "b", "c", "d")
    retried = []
    desk.generation.retried.connect(lambda old, new: retried.append(old))
    desk.queue.cancel([c])
    assert desk.waiting == ["b", "d"]
    desk.press("Undo")
    assert desk.waiting == ["b", "c", "d"]
    assert retried == [c]
    desk.queue.cancel_all()
    desk.qtbot.waitUntil(lambda: not desk.generation.order, timeout=3000)
    assert len(desk.files()) == 0
    desk.engine.requests.clear()
    desk.press("Undo")
    desk.let_go()
    assert desk.made == ["a", "b", "c", "d"]
    assert a in retried


def test_a_job_that_failed_stays_with_its_reason_until_it_is_tried_again(desk):
    desk.engine.error = OutOfMemory(device="cpu")
    job = desk.generation.submit(request("large"))
    desk.qtbot.waitUntil(lambda: bool(desk.queue.list.of(Standing.failed)), timeout=3000)
    [row] = desk.queue.list.of(Standing.failed)
    assert isinstance(row.error, OutOfMemory)
    retried = []
    desk.generation.retried.connect(lambda old, new: retried.append((old, new)))
    with desk.qtbot.waitSignal(desk.studio.gallery.added, timeout=3000) as added:
        desk.queue.retry([job], Tier.compressed)
    [(old, new)] = retried
    assert old == job != new
    assert not desk.queue.list.of(Standing.failed)
    assert added.args[0].request.prompt == "large"
    assert desk.queue.list.find(new).tier is Tier.compressed


def test_of_a_job_that_failed_half_way_only_the_rest_is_made_again(desk):
    whole = request("four", num_images_per_prompt=4, seed=7, prior_seed=9)
    seeds = []
    desk.generation.picture_made.connect(
        lambda _, result: seeds.append((result.request.prior_seed, result.request.seed))
    )

    def fail(_, result):
        if result.request.seed == 8:
            desk.engine.error = RuntimeError("a fly in the fan")

    desk.generation.picture_made.connect(fail)
    desk.engine.hold.clear()
    job = desk.generation.submit(whole)
    desk.engine.burn = 0.05
    desk.engine.hold.set()
    desk.qtbot.waitUntil(lambda: bool(desk.queue.list.of(Standing.failed)), timeout=5000)
    made = len(seeds)
    assert 2 <= made < 4
    desk.queue.retry([job])
    desk.qtbot.waitUntil(lambda: not desk.generation.busy, timeout=5000)
    assert seeds == [(one.prior_seed, one.seed) for one in whole.pictures()]


def test_a_picture_that_is_tried_again_comes_to_the_document_it_was_asked_for(desk):
    studio = desk.studio
    studio.settings.set(prompt="a red circle", num_inference_steps=2, strength=0.5)
    studio.editor.new(128, 96)
    desk.engine.error = OutOfMemory(device="cpu")
    job = studio.candidates.generate()
    desk.qtbot.waitUntil(lambda: bool(desk.queue.list.of(Standing.failed)), timeout=3000)
    assert studio.candidates.count == 0
    desk.queue.retry([job])
    desk.qtbot.waitUntil(lambda: studio.candidates.count == 1, timeout=3000)
    desk.hold("other")
    waiting = studio.candidates.generate()
    desk.queue.cancel([waiting])
    desk.press("Undo")
    desk.let_go()
    assert studio.candidates.count == 2


def test_what_is_left_makes_the_pictures_that_were_missing():
    words = (("one", ""), ("two", ""), ("three", "no"))
    for whole in (request(num_images_per_prompt=5, wordings=words), request(num_images_per_prompt=4, vary_idea=False)):
        pictures = list(whole.pictures())
        for made in range(1, whole.num_images_per_prompt):
            assert list(left_of(whole, made).pictures()) == pictures[made:]
        assert left_of(whole, whole.num_images_per_prompt) == whole


def test_what_is_over_is_cleared_and_what_waits_is_not(desk):
    desk.engine.error = RuntimeError("boom")
    desk.generation.submit(request("fails"))
    desk.generation.submit(request("works"))
    desk.qtbot.waitUntil(lambda: bool(desk.queue.list.of(Standing.done)), timeout=3000)
    desk.hold("runs", "waits")
    assert [row.standing.name for row in desk.queue.list] == ["running", "waiting", "failed", "done"]
    desk.queue.clear()
    assert [row.request.prompt for row in desk.queue.list] == ["runs", "waits"]


# ---------------------------------------------------------------------- the next start


def test_jobs_come_back_in_their_order_and_wait_until_they_may_go_on(desk, again):
    picture = np.random.default_rng(1).integers(0, 256, (40, 60, 3), np.uint8)
    mixed = dataclasses.replace(request("changed"), task=Task.image2image, image=picture, strength=0.5)
    _, b, _ = desk.hold("a", "b", "c")
    last = desk.generation.submit(mixed, Tier.staged)
    desk.queue.move([last], before=b)
    desk.studio.close()
    desk.engine.requests.clear()
    desk.engine.hold.set()

    later = again()
    later.qtbot.waitUntil(lambda: later.queue.waiting == 4, timeout=3000)
    assert later.waiting == ["a", "changed", "b", "c"], "what had been running waits again"
    [row] = [row for row in later.queue.list if row.request.prompt == "changed"]
    assert row.request == mixed
    assert np.array_equal(row.request.image.pixels, picture)
    assert row.tier is Tier.staged
    assert later.queue.paused
    assert not later.generation.busy
    later.generation.submit(request("now"))
    later.let_go()
    assert later.made == ["now"], "what is asked for now does not wait for what one may have forgotten"
    later.press("Go on")
    later.let_go()
    assert later.made == ["now", "a", "changed", "b", "c"]
    assert later.files() == []
    assert list((later.queue_folder / "rasters").iterdir()) == []


def test_of_a_job_with_several_pictures_only_those_that_are_missing_come_back(desk, again):
    whole = request("four", num_images_per_prompt=4, seed=7, prior_seed=9)
    desk.generation.picture_made.connect(lambda _, result: result.request.seed == 8 and desk.engine.hold.clear())
    desk.engine.burn = 0.1
    desk.generation.submit(whole)
    desk.qtbot.waitUntil(lambda: not desk.engine.hold.is_set(), timeout=3000)
    desk.qtbot.waitUntil(lambda: desk.queue.list.of(Standing.running)[0].kept >= 2, timeout=3000)
    kept = desk.queue.list.of(Standing.running)[0].kept
    desk.files()
    desk.studio.close()
    desk.engine.hold.set()
    later = again()
    later.qtbot.waitUntil(lambda: later.queue.waiting == 1, timeout=3000)
    [row] = later.queue.list
    assert list(row.request.pictures()) == list(whole.pictures())[kept:]


def test_a_picture_that_is_not_saved_keeps_its_job(desk, monkeypatch):
    from kandinsky_studio.errors import DiskFull
    from kandinsky_studio.storage.library import Library

    def refuse(library, result):
        raise DiskFull(folder="x")

    with monkeypatch.context() as patch:
        patch.setattr(Library, "add", refuse)
        desk.generation.submit(request("precious"))
        desk.qtbot.waitUntil(lambda: len(desk.studio.gallery.unsaved) == 1, timeout=3000)
        assert len(desk.files()) == 1
        desk.studio.gallery.save_again()
        desk.qtbot.waitUntil(lambda: len(desk.studio.gallery.unsaved) == 1, timeout=3000)
        assert len(desk.files()) == 1
    desk.studio.gallery.save_again()
    desk.qtbot.waitUntil(lambda: desk.files() == [], timeout=3000)


def test_a_message_of_what_failed_offers_to_try_again(desk):
    desk.engine.error = RuntimeError("boom")
    desk.generation.submit(request("fails once"))
    desk.qtbot.waitUntil(lambda: bool(desk.queue.list.of(Standing.failed)), timeout=3000)
    desk.press("Try again")
    desk.qtbot.waitUntil(lambda: bool(desk.queue.list.of(Standing.done)), timeout=3000)
    assert not desk.queue.list.of(Standing.failed)


def test_what_was_finished_or_cancelled_does_not_come_back(desk, again):
    with desk.qtbot.waitSignal(desk.studio.gallery.added, timeout=3000):
        desk.generation.submit(request("done"))
    _, b, _ = desk.hold("a", "b", "c")
    desk.queue.cancel([b])
    desk.studio.close()
    later = again()
    later.qtbot.waitUntil(lambda: later.queue.waiting > 0, timeout=3000)
    assert later.waiting == ["a", "c"]


def test_what_was_asked_for_before_the_old_jobs_were_read_is_none_of_them(desk):
    desk.hold("a", "b")
    desk.queue.flush()
    desk.queue.open()
    desk.queue.flush()
    desk.qtbot.wait(100)
    assert desk.waiting == ["b"]
    assert not desk.queue.paused


def test_a_job_that_failed_comes_back_as_that(desk, again):
    desk.engine.error = OutOfMemory(device="cpu")
    desk.generation.submit(request("large"))
    desk.qtbot.waitUntil(lambda: bool(desk.queue.list.of(Standing.failed)), timeout=3000)
    desk.studio.close()
    later = again()
    later.qtbot.waitUntil(lambda: len(later.queue.list) == 1, timeout=3000)
    [row] = later.queue.list
    assert row.standing is Standing.failed
    assert isinstance(row.error, OutOfMemory)
    assert str(row.error) == str(OutOfMemory(device="cpu"))
    later.queue.retry([row.id])
    later.let_go()
    assert later.made[-1] == "large"


@pytest.mark.parametrize(
    "rubbish", [b"", b"{", b"[]", b"null", b'{"version": 1}', b'{"version": 1, "request": 5}', b"\xff\0"]
)
def test_rubbish_is_put_aside_and_the_others_are_there(desk, again, rubbish):
    desk.hold("a", "b")
    desk.studio.close()
    damaged = desk.queue_folder / "0000-rubbish.json"
    damaged.write_bytes(rubbish)
    (desk.queue_folder / "order.json").write_bytes(rubbish)
    later = again()
    later.qtbot.waitUntil(lambda: later.queue.waiting == 2, timeout=3000)
    later.qtbot.waitUntil(lambda: any("put aside" in message.text for message in later.said), timeout=3000)
    assert later.waiting == ["a", "b"]
    assert not damaged.exists()
    [aside] = later.queue_folder.glob("0000-rubbish.json.damaged-*")
    assert aside.read_bytes() == rubbish


def test_a_job_whose_picture_is_damaged_is_put_aside(desk, again):
    desk.hold("a")
    changed = dataclasses.replace(request("changed"), task=Task.image2image, image=np.zeros((20, 30, 3), np.uint8))
    desk.generation.submit(changed)
    desk.studio.close()
    [raster] = (desk.queue_folder / "rasters").iterdir()
    values = json.loads(raster.read_bytes())
    raster.write_text(json.dumps({**values, "sha256": "0" * 64}))
    later = again()
    later.qtbot.waitUntil(lambda: later.queue.waiting == 1, timeout=3000)
    assert later.waiting == ["a"]


def test_a_job_of_a_newer_program_is_left_where_it_is(desk, again):
    desk.queue_folder.mkdir(parents=True, exist_ok=True)
    newer = desk.queue_folder / "0000-newer.json"
    newer.write_text('{"version": 99}')
    later = again()
    later.qtbot.waitUntil(lambda: any("newer version" in message.text for message in later.said), timeout=3000)
    assert newer.exists()


def test_a_picture_that_several_jobs_share_lies_there_once(desk):
    picture = np.full((40, 60, 3), 7, np.uint8)
    desk.hold("a")
    for prompt in "bcd":
        desk.generation.submit(dataclasses.replace(request(prompt), task=Task.image2image, image=picture))
    assert len(desk.files()) == 4
    assert len(list((desk.queue_folder / "rasters").iterdir())) == 1
    desk.queue.cancel([row.id for row in desk.queue.list.of(Standing.waiting)][:2])
    desk.files()
    assert len(list((desk.queue_folder / "rasters").iterdir())) == 1


def test_a_disk_that_takes_nothing_is_told_of_once(desk, monkeypatch):
    from kandinsky_studio.storage import queue_files

    def refuse(path, content):
        raise queue_files.StudioError

    monkeypatch.setattr(queue_files, "write_file", refuse)
    desk.hold("a", "b", "c")
    desk.queue.flush()
    assert sum("lost if the program ends" in message.text for message in desk.said) == 1
    desk.let_go()
    assert desk.made == ["a", "b", "c"]


# ---------------------------------------------------------------------- times


def test_times_are_learned_and_kept(desk, again):
    job = desk.generation.submit(request("first"))
    desk.qtbot.waitUntil(lambda: bool(desk.queue.list.of(Standing.done)), timeout=3000)
    desk.hold("a", "b", "c")
    waiting = desk.queue.list.of(Standing.waiting)
    assert [desk.queue.left(row) for row in waiting] == pytest.approx([0.1, 0.1]), "as the double says of itself"
    both = (pytest.approx(1.2), False)
    desk.qtbot.waitUntil(lambda: desk.queue.seconds_left == both, timeout=2000)  # once it has said so
    assert job is not None
    desk.studio.close()
    later = again()
    later.qtbot.waitUntil(lambda: later.queue.waiting == 3, timeout=3000)
    assert later.queue.seconds_left == (pytest.approx(0.3), False)


def test_nothing_is_claimed_of_what_was_never_made(desk):
    desk.hold("a")
    desk.generation.submit(dataclasses.replace(request("b"), model="kandinsky-2.2", width=512, height=512))
    [row] = desk.queue.list.of(Standing.waiting)
    assert desk.queue.left(row) is None
    assert desk.queue.seconds_left[1]
