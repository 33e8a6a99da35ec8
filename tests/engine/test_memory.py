"""Where it computes, in what, what it keeps in memory, and that the estimate beforehand is right."""

from __future__ import annotations

import dataclasses
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kandinsky_studio.engine import compressed, constants, loaded, memory, painting
from kandinsky_studio.engine.components import Components
from kandinsky_studio.engine.embeddings import Slot
from kandinsky_studio.engine.engine import BUILTIN, Engine
from kandinsky_studio.engine.estimate import Estimate
from kandinsky_studio.engine.memory import Tier
from kandinsky_studio.engine.models import find, spec_of, version_of
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.request import GenerationRequest, Progress, Task
from kandinsky_studio.engine.training.judge import judge
from kandinsky_studio.engine.training.scenes import COLOUR_NAMES, SHAPES
from kandinsky_studio.errors import EngineFailed, OutOfMemory, UnknownValue

Build = Callable[..., GenerationRequest]

CPU = torch.device("cpu")
GIB = 2**30
K20 = str(Path(__file__).parents[1] / "fixtures" / "k20_A" / "Kandinsky_2.0")


class Card:
    """Two graphics cards, of which the second has more free memory."""

    FREE = (3 * GIB, 5 * GIB)

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(torch.cuda, "is_available", lambda: True)
        patch.setattr(torch.cuda, "device_count", lambda: 2)
        patch.setattr(torch.cuda, "mem_get_info", lambda device: (self.FREE[device.index], 8 * GIB))
        patch.setattr(torch.cuda, "get_device_name", lambda device: f"Card {device.index}")


@pytest.fixture
def tier(monkeypatch: pytest.MonkeyPatch) -> Callable[[Tier], None]:
    """``tier(Tier.staged)``: whatever the estimate says, that one is chosen from now on."""

    def choose(chosen: Tier) -> None:
        monkeypatch.setattr(memory, "choose_tier", lambda needed, free, highest, lowest: max(chosen, highest))

    return choose


def one(engine: Engine, request: GenerationRequest) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return engine.generate(request)[0].image


def test_the_devices_here() -> None:
    found = memory.devices()
    assert found[-1].key == "cpu"
    assert found[-1].title
    assert all(0 < device.free <= device.total for device in found)
    assert memory.available(CPU) > 0


def test_the_devices_of_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    Card(monkeypatch)
    assert [(device.key, device.title) for device in memory.devices()[:2]] == [
        ("cuda:0", "Card 0"),
        ("cuda:1", "Card 1"),
    ]
    chosen = {name: str(memory.choose_device(name)) for name in (None, "cuda", "cuda:0", "cpu")}
    assert chosen == {None: "cuda:1", "cuda": "cuda:1", "cuda:0": "cuda:0", "cpu": "cpu"}
    with pytest.raises(UnknownValue, match="cuda:2"):
        memory.choose_device("cuda:2")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert str(memory.choose_device(None)) == "mps"


@pytest.mark.parametrize("fast", [True, False])
def test_what_is_computed_in(monkeypatch: pytest.MonkeyPatch, fast: bool) -> None:
    monkeypatch.setattr(memory, "computes_bfloat16", lambda: fast)
    large, small = 1_253_057_288, 5_000_000
    on = {kind: torch.device(kind) for kind in ("cpu", "cuda", "mps")}
    assert {memory.choose_dtype(device, None, small) for device in on.values()} == {torch.float32}
    assert memory.choose_dtype(on["cpu"], None, large) is (torch.bfloat16 if fast else torch.float32)
    assert memory.choose_dtype(on["cuda"], None, large) is torch.float16
    assert memory.choose_dtype(on["mps"], None, large) is torch.float32
    assert memory.choose_dtype(on["cpu"], "float16", small) is torch.float16
    with pytest.raises(UnknownValue, match="int8"):
        Engine("cpu", "int8")


def test_bfloat16_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"):
        monkeypatch.delattr(torch.cpu, name, raising=False)
    assert not memory.computes_bfloat16()
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True, raising=False)
    assert memory.computes_bfloat16()


def test_the_first_tier_that_fits() -> None:
    needed = {Tier.resident: 90, Tier.staged: 50, Tier.compressed: 30}.__getitem__
    cuda = torch.device("cuda")
    assert memory.choose_tier(needed, 100, Tier.resident, Tier.compressed) is Tier.resident
    assert memory.choose_tier(needed, 99, Tier.resident, Tier.compressed) is Tier.staged
    assert memory.choose_tier(needed, 100, Tier.staged, Tier.compressed) is Tier.staged
    assert memory.choose_tier(needed, 50, Tier.resident, Tier.compressed) is Tier.compressed
    assert memory.choose_tier(needed, 10, Tier.resident, memory.lowest_tier(CPU)) is Tier.compressed
    assert memory.choose_tier(needed, 10, Tier.resident, memory.lowest_tier(cuda)) is Tier.offloaded
    assert memory.lowest_tier(torch.device("mps")) is Tier.staged


# ------------------------------------------------------------------ the estimate


def estimate(request: GenerationRequest, dtype: torch.dtype = torch.float32, together: int = 1) -> Estimate:
    return Estimate.of(version_of(request.model), find(request.model), dtype, request, together=together)


def picture(side: int) -> Raster:
    return Raster.of(np.zeros((side, side, 3), np.uint8))


def test_the_estimate_counts_what_a_request_needs() -> None:
    spec = spec_of(BUILTIN)
    alone = spec.request("a red circle", guidance_scale=1.0, width=256, height=256)
    weights = find(BUILTIN).parameter_count(("prior", "text_encoder", "unet", "movq"))
    least = estimate(alone)
    assert least.bytes(Tier.resident) > weights * 4
    assert least.bytes(Tier.resident) - estimate(alone, torch.bfloat16).bytes(Tier.resident) > weights * 2

    def more(**changes: Any) -> int:
        together = changes.pop("together", 1)
        other = estimate(dataclasses.replace(alone, **changes), together=together)
        return other.bytes(Tier.resident) - least.bytes(Tier.resident)

    tower = find(BUILTIN).parameter_count(("image_encoder",)) * 4
    slot = Slot(image=picture(64))
    assert more(slots=(slot,), task=Task.mix) == tower
    assert more(image=picture(256), prior_strength=0.5, task=Task.image2image) == tower
    hints = {"task": Task.depth, "hint": picture(256)}
    decoder = find(BUILTIN).parameter_count(("unet",)) * 4
    assert more(**hints, controlnet_conditioning_scale=0.5) == more(**hints) + decoder
    assert more(width=512, height=512) > 3 * least.working * 0.9
    assert more(guidance_scale=2.0, num_images_per_prompt=8, together=8) > more(guidance_scale=2.0)
    assert more(num_images_per_prompt=8, together=1) == 0
    masked = {"task": Task.inpaint, "width": 512, "height": 512}
    assert more(**masked) < more(width=512, height=512)  # a part of it is made at a time


def test_each_tier_needs_less() -> None:
    whole = estimate(spec_of(BUILTIN).request("a red circle"))
    resident, staged, small = (whole.bytes(tier) for tier in (Tier.resident, Tier.staged, Tier.compressed))
    assert resident > staged >= small  # of small models compressing saves no more than it needs for unpacking
    before = dataclasses.replace(whole, before=("image_encoder", "prior", "unet"))
    assert before.bytes(Tier.resident) == resident  # these are let go of before the others are loaded


# ------------------------------------------------------------------ tiers


def test_eight_bits_hold_what_float8_holds() -> None:
    torch.manual_seed(0)
    layer = torch.nn.Linear(256, 512, bias=False)
    with torch.no_grad():
        layer.weight *= 1e-3  # in float8 without a scale nearly all of it would be zero
    before = layer.weight.detach().clone()
    compressed.compress(torch.nn.Sequential(layer))
    assert layer.weight.dtype is compressed.STORED
    with torch.inference_mode():
        computed = layer(torch.eye(256)).T
    assert layer.weight.dtype is compressed.STORED
    large = before.abs() > before.abs().max() / 1000
    assert ((computed - before).abs()[large] <= before.abs()[large] / 16).all()
    assert not torch.equal(computed, before)


def test_a_layer_that_fails_goes_back_to_eight_bits() -> None:
    layer = torch.nn.Linear(256, 256)
    compressed.compress(torch.nn.Sequential(layer))
    with pytest.raises(RuntimeError):
        layer(torch.zeros(1, 3))
    assert layer.weight.dtype is compressed.STORED


def test_compressed_weights_take_less() -> None:
    files = find(BUILTIN)
    parts = Components(files, version_of(BUILTIN).read, CPU, torch.float32)
    held = []
    for tier in (Tier.staged, Tier.compressed):
        parts.keep(())
        parts.tier = tier
        parts.load(("unet",))
        held.append(parts.held())
    own = estimate(spec_of(BUILTIN).request(""))
    assert held == [own._weights("unet"), own._weights_compressed("unet")]
    assert held[1] < 0.5 * held[0]  # a quarter, but for the small layers, which are left whole


def test_every_network_runs_compressed(tier: Callable[[Tier], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """The built-in model with all that it can, in the lowest tier; and what it draws is what was asked for."""
    tier(Tier.compressed)
    monkeypatch.setattr(constants, "find", lambda key: None)
    engine, spec = Engine("cpu"), spec_of(BUILTIN)
    [result] = engine.generate(spec.request("a red circle on a blue background", seed=3, prior_seed=3))
    assert result.dtype == "float32, weights float8"
    verdict = judge(result.image)
    [shape] = verdict.shapes
    assert COLOUR_NAMES[verdict.background] == "blue"
    assert (COLOUR_NAMES[shape.colour], SHAPES[shape.kind]) == ("red", "circle")

    kept = Raster.of(result.image)
    mask = np.zeros((128, 128), np.uint8)
    mask[40:90, 40:90] = 255
    few = {"num_inference_steps": 2, "prior_num_inference_steps": 2}
    for fields in (
        {"task": Task.inpaint, "image": kept, "mask": Raster.of(mask)},
        {"task": Task.depth, "hint": kept, "controlnet_conditioning_scale": 0.5},
        {"task": Task.mix, "slots": (Slot(image=kept),)},
    ):
        assert one(engine, spec.request("a red circle", **few, **fields)).shape == (128, 128, 3)


def test_compressed_is_no_other_picture_for_what_was_known(
    tiny_request: Build, tier: Callable[[Tier], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was computed with whole weights is not used beside compressed ones."""
    monkeypatch.setattr(compressed, "_SMALLEST", 256)
    engine = Engine("cpu")
    whole = one(engine, tiny_request())
    tier(Tier.compressed)
    small = one(engine, tiny_request())
    assert not np.array_equal(small, whole)
    assert np.array_equal(small, one(Engine("cpu"), tiny_request()))
    tier(Tier.resident)
    assert np.array_equal(whole, one(engine, tiny_request()))


def run_out(times: int) -> Callable[..., Any]:
    original, left = painting.denoise, [times]

    def denoise(*args: Any, **kwargs: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise MemoryError
        return original(*args, **kwargs)

    return denoise


def test_down_to_the_lowest_tier_and_it_says_so(tiny_request: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine("cpu")
    told: list[Progress] = []
    monkeypatch.setattr(memory, "available", lambda device: GIB)
    one(engine, tiny_request())
    monkeypatch.setattr(painting, "denoise", run_out(2))
    [result] = engine.generate(tiny_request(), on_progress=told.append)
    assert engine.tier is Tier.compressed
    assert result.dtype == "float32, weights float8"
    says = [report.stepped_down for report in told]
    assert says == sorted(says)
    assert (says[0], says[-1]) == (False, True)

    told.clear()
    engine.generate(tiny_request(), on_progress=told.append)
    assert engine.tier is Tier.compressed  # it ran out there, and would again
    assert not any(report.stepped_down for report in told)
    engine.free()
    one(engine, tiny_request())
    assert engine.tier is Tier.resident


def test_the_tier_rises_again_when_there_is_more_room(tiny_request: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    free = [GIB]  # without what is loaded
    monkeypatch.setattr(memory, "available", lambda device: free[0] - (engine._model.held if engine._model else 0))
    engine, request = Engine("cpu"), tiny_request()
    whole = one(engine, request)
    monkeypatch.setattr(painting, "denoise", run_out(2))
    one(engine, request)
    assert engine.tier is Tier.compressed

    free[0] = round(1.05 * GIB)  # as it goes up and down
    one(engine, request)
    assert engine.tier is Tier.compressed
    free[0] = 2 * GIB
    told: list[Progress] = []
    [result] = engine.generate(request, on_progress=told.append)
    assert engine.tier is Tier.resident
    assert np.array_equal(result.image, whole)
    assert not any(report.stepped_down for report in told)

    monkeypatch.setattr(painting, "denoise", run_out(1))
    one(engine, request)
    assert engine.tier is Tier.staged
    one(engine, request)
    assert engine.tier is Tier.staged  # with as much room it ran out
    free[0] = 4 * GIB
    one(engine, request)
    assert engine.tier is Tier.resident


def test_a_smaller_picture_rises_where_a_larger_one_ran_out(
    tiny_request: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available", lambda device: GIB)
    engine, large, small = Engine("cpu"), tiny_request(width=256, height=256), tiny_request()
    assert estimate(small).bytes(Tier.resident) < 0.9 * estimate(large).bytes(Tier.resident)
    monkeypatch.setattr(painting, "denoise", run_out(1))
    for request, tier in ((large, Tier.staged), (small, Tier.resident), (large, Tier.staged)):
        one(engine, request)
        assert engine.tier is tier


def test_what_another_program_takes_for_a_while_bars_nothing_for_long(
    tiny_request: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, request, free = Engine("cpu"), tiny_request(), [GIB]
    monkeypatch.setattr(memory, "available", lambda device: free[0])
    original, left = painting.denoise, [1]

    def denoise(*args: Any, **kwargs: Any) -> Any:
        if left[0]:
            left[0], free[0] = 0, GIB // 2  # the other program begins
            raise MemoryError
        return original(*args, **kwargs)

    monkeypatch.setattr(painting, "denoise", denoise)
    one(engine, request)
    assert engine.tier is Tier.staged
    one(engine, request)
    assert engine.tier is Tier.staged
    free[0] = GIB  # and ends
    one(engine, request)
    assert engine.tier is Tier.resident


def test_nothing_is_left_below_the_lowest_tier(tiny_request: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(painting, "denoise", run_out(3))
    with pytest.raises(OutOfMemory):
        Engine("cpu").generate(tiny_request())


def test_a_larger_picture_gets_a_lower_tier(tiny_request: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine("cpu")
    small, large = tiny_request(), tiny_request(width=256, height=256)
    free = math.ceil((estimate(large).bytes(Tier.resident) - 1) / 0.9)
    assert memory.fits(estimate(small).bytes(Tier.resident), free)
    monkeypatch.setattr(memory, "available", lambda device: free - (engine._model.held if engine._model else 0))
    one(engine, small)
    assert engine.tier is Tier.resident
    one(engine, large)
    assert engine.tier is not Tier.resident
    one(engine, small)
    assert engine.tier is Tier.resident


@pytest.mark.parametrize("version", ["2.2", "2.0"])
def test_a_large_picture_leaves_nothing_lying_between_the_blocks_of_its_codec(
    tiny_model: str, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    model = tiny_model if version == "2.2" else K20
    engine, given = Engine("cpu"), list[torch.device]()
    small, large = np.zeros((4, 8, 8), np.float32), np.zeros((4, 48, 50), np.float32)
    engine.decode_latents(small, model)
    assert engine._model is not None
    codec = engine._model.part(engine._model.version.codec_part)
    monkeypatch.setattr(memory, "give_back", given.append)
    engine.decode_latents(small, model)
    assert given == []
    engine.decode_latents(large, model)
    assert given == [CPU] * len(codec.decoder.up_blocks) == [CPU] * 4
    engine.decode_latents(small, model)
    assert len(given) == 4
    monkeypatch.setattr(codec.decoder, "conv_out", None)
    with pytest.raises(EngineFailed):
        engine.decode_latents(large, model)
    assert not any(block._forward_pre_hooks for block in codec.decoder.up_blocks)


# ------------------------------------------------------------------ the vision tower, and several models


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The parts that are read from disk, in order."""
    seen: list[str] = []
    original = Components._read

    def note(self: Components, part: str) -> Any:
        seen.append(part)
        return original(self, part)

    monkeypatch.setattr(Components, "_read", note)
    return seen


@pytest.mark.parametrize("lowest", [Tier.resident, Tier.staged])
def test_text2image_reads_the_vision_tower_once_per_checkpoint(
    tmp_path: Path, tiny_model: str, tiny_request: Build, read: list[str], tier: Callable[[Tier], None], lowest: Tier
) -> None:
    tier(lowest)
    model = str(shutil.copytree(tiny_model, tmp_path / lowest.name))
    config = Path(model) / "tiny-decoder" / "scheduler" / "scheduler_config.json"
    config.write_text(config.read_text() + " " * (1 + lowest))  # another checkpoint, of which nothing is on disk
    request = tiny_request(model=model)
    first = one(Engine("cpu"), request)
    assert read.count("image_encoder") == 1
    read.clear()
    engine = Engine("cpu")
    assert np.array_equal(first, one(engine, request))
    engine.load(model)
    one(engine, dataclasses.replace(request, prompt="blue", seed=3))
    assert "image_encoder" not in read
    assert "unet" in read


@pytest.fixture
def three(tmp_path: Path, tiny_model: str) -> list[str]:
    """Three copies of the tiny model."""
    return [str(shutil.copytree(tiny_model, tmp_path / name)) for name in ("first", "second", "third")]


def test_models_stay_while_they_fit(three: list[str], tiny_request: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine("cpu")
    request = tiny_request()
    room = estimate(request).bytes(Tier.resident) / 0.9
    held: list[int] = []

    def available(device: torch.device) -> int:
        return round(room + 2.5 * max(held, default=0)) - sum(model.held for model in engine._models.values())

    for model in three[:2]:
        one(engine, dataclasses.replace(request, model=model))
        held.append(engine._models[model].held)
    monkeypatch.setattr(memory, "available", available)
    kept = engine._models[three[1]]
    one(engine, dataclasses.replace(request, model=three[0]))
    assert list(engine._models) == [three[1], three[0]]
    room -= held[0]
    one(engine, dataclasses.replace(request, model=three[2]))
    assert list(engine._models) == [three[0], three[2]]  # the one used longest ago made room
    assert kept.held == 0
    assert engine.tier is Tier.resident
    engine.free()
    assert engine.tier is None
    assert not engine._models


def test_out_of_memory_lets_the_other_models_go_first(
    three: list[str], tiny_request: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine("cpu")
    one(engine, tiny_request(model=three[0]))
    other = engine._models[three[0]]
    monkeypatch.setattr(painting, "denoise", run_out(1))
    one(engine, tiny_request(model=three[1]))
    assert list(engine._models) == [three[1]]
    assert other.held == 0


def test_what_does_not_fit_beside_the_rest_takes_its_place(
    tiny_model: str, monkeypatch: pytest.MonkeyPatch, read: list[str]
) -> None:
    model = loaded.LoadedModel(spec_of(tiny_model), CPU)
    model.need(("unet",))
    model.need(("movq",))
    assert len(model._components) == 2
    monkeypatch.setattr(memory, "available", lambda device: 1000)
    model.need(("prior",))
    assert len(model._components) == 1
    assert read == ["unet", "movq", "prior"]
