"""Weights on their way: started, paused and gone on with, remembered, checked, moved and removed."""

from __future__ import annotations

import pytest

from kandinsky_studio import paths
from kandinsky_studio.app.deliveries import Deliveries
from kandinsky_studio.app.messages import Messages
from kandinsky_studio.app.models import Models
from kandinsky_studio.app.remembering import Remembering
from kandinsky_studio.app.underway import State
from kandinsky_studio.errors import LoginPage, NetworkOff
from tests.hub import FakeHub, Faults

MODEL = "kandinsky-2.2"
SLOW = Faults(rate=300_000, only=".safetensors")
COMMUNITY = "kandinsky-community/kandinsky-2-2-"


def repository(**networks):
    files = {f"tokenizer/{name}": b"{}" for name in ("tokenizer_config.json", "vocab.json", "merges.txt")}
    files["scheduler/scheduler_config.json"] = b"{}"
    for name, size in networks.items():
        stem = "model" if name.endswith("encoder") else "diffusion_pytorch_model"
        files |= {f"{name}/config.json": b"{}", f"{name}/{stem}.safetensors": bytes(range(256)) * (size // 256)}
    return files


@pytest.fixture
def hub():
    made = FakeHub(
        {
            COMMUNITY + "prior": repository(prior=256_000, text_encoder=256_000, image_encoder=256_000),
            COMMUNITY + "decoder": repository(unet=256_000, movq=128_000),
            COMMUNITY + "decoder-inpaint": repository(unet=256_000),
        }
    )
    yield made
    made.close()


class Workplace:
    """Deliveries with what they need, as often as a test starts the program."""

    def __init__(self, qtbot, endpoint):
        self.bot = qtbot
        self.endpoint = endpoint
        self.told = []
        self.open()

    def open(self):
        self.messages = Messages()
        self.messages.connect_window(self.told.append)
        self.remembering = Remembering(self.messages)
        self.remembering.set(hub_address=self.endpoint)
        self.models = Models()
        self.deliveries = Deliveries(self.models, self.remembering, self.messages)

    def close(self):
        self.deliveries.close()
        self.remembering.close()

    def state(self, model=MODEL):
        one = self.deliveries.of(model)
        return one.state if one is not None else None

    def delivered(self, *tasks):
        with self.bot.waitSignal(self.deliveries.delivered, timeout=20_000):
            self.deliveries.start(MODEL, tasks)

    def under_way(self, bytes_=1):
        self.bot.waitUntil(
            lambda: (
                self.deliveries.of(MODEL).progress is not None and self.deliveries.of(MODEL).progress.done >= bytes_
            ),
            timeout=20_000,
        )


@pytest.fixture
def workplace(qtbot, hub):
    made = Workplace(qtbot, hub.endpoint)
    yield made
    made.close()


def test_nothing_is_asked_for_until_somebody_wants_it(workplace, hub):
    workplace.deliveries.is_here(MODEL, ["text2image"])
    workplace.deliveries.stock.look()
    workplace.deliveries.flush()
    assert hub.log == []


def test_a_model_comes_and_is_seen(workplace, hub):
    seen = []
    workplace.models.changed.connect(lambda: seen.append(True))
    workplace.delivered("text2image")
    assert workplace.deliveries.underway == ()
    assert workplace.deliveries.is_here(MODEL, ["text2image"])
    assert set(workplace.deliveries.stock.seen.sizes) == {"kandinsky-2-2-prior", "kandinsky-2-2-decoder"}
    assert seen
    assert workplace.remembering.values.deliveries == {}


def test_paused_it_goes_on_to_the_byte(workplace, hub):
    hub.faults = SLOW
    workplace.deliveries.start(MODEL, ["text2image"])
    workplace.under_way(100_000)
    workplace.deliveries.pause(MODEL)
    workplace.deliveries.flush()
    assert workplace.state() is State.paused
    hub.faults = Faults()
    workplace.delivered()
    assert workplace.deliveries.is_here(MODEL, ["text2image"])
    weights = [entry for entry in hub.requests(".safetensors") if entry[0] == "store"]
    assert len([entry for entry in weights if entry[2].startswith("bytes=")]) == 1
    assert workplace.told == []


def test_the_next_start_knows_of_it_and_asks_nobody(workplace, hub):
    hub.faults = SLOW
    workplace.deliveries.start(MODEL, ["text2image", "inpaint"])
    workplace.under_way(100_000)
    workplace.close()
    asked = len(hub.log)
    workplace.open()
    assert workplace.state() is State.paused
    assert workplace.deliveries.of(MODEL).tasks == ("text2image", "inpaint")
    assert len(hub.log) == asked
    hub.faults = Faults()
    workplace.delivered()
    assert workplace.deliveries.is_here(MODEL, ["text2image", "inpaint"])


def test_cancelled_it_leaves_no_half_files(workplace, hub):
    hub.faults = SLOW
    workplace.deliveries.start(MODEL, ["text2image"])
    workplace.under_way(300_000)
    workplace.deliveries.cancel(MODEL)
    workplace.deliveries.flush()
    assert workplace.state() is None
    assert list(paths.models().rglob("*.part")) == []
    assert workplace.remembering.values.deliveries == {}


def test_what_fails_says_why_and_can_be_gone_on_with(workplace, hub):
    hub.faults = Faults(send=b"<html></html>", headers={"Content-Type": "text/html"})
    workplace.deliveries.start(MODEL, ["text2image"])
    workplace.bot.waitUntil(lambda: workplace.state() is State.failed, timeout=20_000)
    assert isinstance(workplace.deliveries.of(MODEL).error, LoginPage)
    assert len(workplace.told) == 1
    hub.faults = Faults()
    workplace.delivered()
    assert workplace.deliveries.is_here(MODEL, ["text2image"])


def test_switched_off_nothing_goes_to_the_network(workplace, hub):
    workplace.remembering.set(network=False)
    workplace.deliveries.start(MODEL, ["text2image"])
    workplace.deliveries.flush()
    assert hub.log == []
    assert workplace.deliveries.underway == ()
    assert workplace.told[0].text == str(NetworkOff())


def test_two_models_come_one_after_the_other(workplace, hub):
    hub.faults = SLOW
    workplace.deliveries.start(MODEL, ["text2image"])
    workplace.deliveries.start("kandinsky-2.1", ["text2image"])
    workplace.under_way()
    assert workplace.state("kandinsky-2.1") is State.waiting
    workplace.deliveries.cancel("kandinsky-2.1")
    workplace.deliveries.pause(MODEL)
    workplace.deliveries.flush()
    assert [one.model for one in workplace.deliveries.underway] == [MODEL]


def test_a_rotten_file_is_found_and_fetched_again(workplace, hub):
    workplace.delivered("text2image")
    movq = paths.models() / "kandinsky-2-2-decoder" / "movq" / "diffusion_pytorch_model.safetensors"
    movq.write_bytes(bytes(movq.stat().st_size))
    with workplace.bot.waitSignal(workplace.deliveries.checked, timeout=20_000) as checked:
        workplace.deliveries.check(MODEL)
    assert [file.path for file in checked.args[1]] == ["movq/diffusion_pytorch_model.safetensors"]
    assert not workplace.deliveries.is_here(MODEL, ["text2image"])
    asked = len(hub.requests("movq"))
    workplace.delivered("text2image")
    assert len(hub.requests("movq")) == asked + 2  # the hub and where it leads to
    assert workplace.deliveries.is_here(MODEL, ["text2image"])


def test_removed_for_one_task_the_others_stay(workplace):
    workplace.delivered("text2image", "mix", "inpaint")
    workplace.deliveries.remove(MODEL, ["inpaint", "outpaint", "mix"])
    workplace.deliveries.flush()
    assert workplace.deliveries.is_here(MODEL, ["text2image"])
    assert not workplace.deliveries.is_here(MODEL, ["mix"])
    assert not (paths.models() / "kandinsky-2-2-decoder-inpaint").exists()
    with workplace.bot.waitSignal(workplace.deliveries.removed, timeout=20_000):
        workplace.deliveries.remove(MODEL)
    assert list(paths.models().iterdir()) == []


def test_moved_the_models_are_found_where_they_are_now(workplace, tmp_path):
    workplace.delivered("text2image")
    before = paths.models()
    with workplace.bot.waitSignal(workplace.deliveries.moved, timeout=20_000):
        workplace.deliveries.move_to(tmp_path / "large disk")
    assert paths.models() == tmp_path / "large disk"
    assert workplace.deliveries.is_here(MODEL, ["text2image"])
    assert list(before.iterdir()) == []
