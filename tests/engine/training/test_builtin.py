"""Every stage on a tiny budget: killed, resumed, gated, and in the end a model that the stock pipelines open."""

import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import KandinskyV22Pipeline, KandinskyV22PriorPipeline
from safetensors import safe_open

from kandinsky_studio import paths
from kandinsky_studio.engine import shared
from kandinsky_studio.engine.training import (
    builtin,
    decoder,
    depth,
    editing,
    inpaint,
    movq,
    prior,
    retrieval,
    text,
    vision,
)
from kandinsky_studio.engine.training.builtin import BuiltinTraining
from kandinsky_studio.engine.training.command import STAGES
from kandinsky_studio.engine.training.components import make_depth_unet, make_inpaint_unet
from kandinsky_studio.errors import TrainingGateMissed

STEPS = dict.fromkeys(("text", "vision", "prior", "movq", "decoder", "editing", "inpaint", "depth"), 2)
TRAINED = tuple(stage for stage in STAGES if stage != "measure")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (text, vision, prior, movq, decoder, editing, inpaint, depth):
        monkeypatch.setattr(module, "BATCH", 4)
    monkeypatch.setattr(vision, "BLANKS", 1)
    for module in (decoder, editing, inpaint):
        monkeypatch.setattr(module, "CACHED", 8)
    made = text.training_texts
    monkeypatch.setattr(text, "training_texts", lambda: made(count=200))
    monkeypatch.setattr(text, "text_accuracy", lambda model, tokenizer: {"en": 0.5, "ru": 0.5})
    monkeypatch.setattr(vision, "vision_accuracy", lambda model, processor: {"shape": 0.5})
    monkeypatch.setattr(retrieval, "hard_negatives", lambda *towers: {"en": 0.5})
    monkeypatch.setattr(movq, "psnr", lambda model: 10.0)
    monkeypatch.setattr(movq, "judged", lambda model: 0.5)
    measured = {module: module.accuracy for module in (inpaint, depth)}
    monkeypatch.setattr(inpaint, "accuracy", lambda model, codec: measured[inpaint](model, codec, count=2))
    monkeypatch.setattr(depth, "accuracy", lambda model, codec: measured[depth](model, codec, count=2))
    monkeypatch.setattr(decoder, "held_out", lambda count, shapes, seed: HELD_OUT(2, shapes, seed))
    for module in (decoder, inpaint, depth):
        monkeypatch.setattr(module, "render", lambda *arguments, **values: RENDER(*arguments, **values, steps=2))


RENDER = decoder.render
HELD_OUT = decoder.held_out
FOLDERS_KEPT = ("text", "vision", "prior", "movq", "decoder", "inpaint")
MIDDLE = "mid_block.resnets.0.conv1.weight"


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_all_stages_and_the_stock_pipelines_open_what_they_make(tmp_path: Path) -> None:
    lines: list[str] = []
    target = tmp_path / "model"
    training = BuiltinTraining(tmp_path / "work", target, steps=STEPS, gated=False, report=lines.append)
    training.run(TRAINED)
    assert any(line.startswith("assemble") for line in lines)

    with warnings.catch_warnings():  # diffusers' own deprecations
        warnings.simplefilter("ignore")
        first = KandinskyV22PriorPipeline.from_pretrained(
            target / builtin.PRIOR_FOLDER, local_files_only=True, use_safetensors=True, dtype=torch.float32
        )
        second = KandinskyV22Pipeline.from_pretrained(
            target / builtin.DECODER_FOLDER, local_files_only=True, use_safetensors=True, dtype=torch.float32
        )
        idea = first("красный круг", num_inference_steps=2, generator=torch.Generator().manual_seed(0))
        picture = second(
            image_embeds=idea.image_embeds,
            negative_image_embeds=idea.negative_image_embeds,
            height=128,
            width=128,
            num_inference_steps=2,
            output_type="np",
        ).images[0]
    assert picture.shape == (128, 128, 3)
    assert np.isfinite(picture).all()

    # The decoders that grew out of the plain one hear time and idea with its weights, which are stored once.
    plain = shared.read(target / builtin.FOLDERS["decoder"])
    for name, make in (("inpaint", make_inpaint_unet), ("depth", make_depth_unet)):
        folder = target / builtin.FOLDERS[name]
        network = shared.load(make(), folder)
        with safe_open(folder / shared.WEIGHTS, "pt") as file:
            own = set(file.keys())
        common = network.state_dict().keys() - own
        assert {key for key in common if torch.equal(network.state_dict()[key], plain[key].float())} == common
        assert sum(plain[key].numel() for key in common) > 2_000_000
        assert not torch.equal(network.state_dict()[MIDDLE], plain[MIDDLE].float())

    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "work").glob("*.pt")}
    training.run(TRAINED)  # everything is there: nothing is trained again
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "work").glob("*.pt")} == before


@pytest.mark.usefixtures("small")
def test_a_stage_below_its_gate_stops_the_run(tmp_path: Path) -> None:
    training = BuiltinTraining(tmp_path / "work", tmp_path / "model", steps=STEPS, report=lambda line: None)
    with pytest.raises(TrainingGateMissed) as caught:
        training.run()
    assert caught.value.values["stage"] == "text, worst language"
    assert not (tmp_path / "model").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_one_stage_is_trained_again_without_the_checkpoints_of_the_others(tmp_path: Path) -> None:
    target = tmp_path / "model"
    shutil.copytree(paths.builtin_model(), target)
    lines: list[str] = []
    training = BuiltinTraining(tmp_path / "work", target, steps={"depth": 1}, gated=False, report=lines.append)
    training.run(("depth", "assemble"))
    assert any(line.startswith("editing: taken from") for line in lines)
    for name in FOLDERS_KEPT:  # half precision, read and written, is the same half precision
        old, new = (shared.read(root / builtin.FOLDERS[name]) for root in (paths.builtin_model(), target))
        assert old.keys() == new.keys()
        assert all(torch.equal(old[key], new[key]) for key in old)
    depths = [shared.read(root / builtin.FOLDERS["depth"])[MIDDLE] for root in (paths.builtin_model(), target)]
    assert not torch.equal(*depths)


def test_the_prior_reads_short_texts_as_it_reads_padded_ones() -> None:
    from kandinsky_studio.engine.training.components import make_prior

    torch.manual_seed(0)
    model = make_prior().eval()
    torch.nn.init.normal_(model.positional_embedding, std=0.1)
    states, embeds, noisy = torch.randn(2, 77, 256), torch.randn(2, 256), torch.randn(2, 256)
    mask = torch.zeros(2, 77, dtype=torch.long)
    mask[0, :5] = mask[1, :9] = 1
    timesteps = torch.tensor([10, 900])
    with torch.no_grad():
        whole = model(noisy, timesteps, embeds, states, mask).predicted_image_embedding
        cut = prior.predict(model, noisy, timesteps, embeds, states[:, :9], mask[:, :9])
    assert torch.allclose(whole, cut, atol=1e-5)


def test_the_fast_codec_is_the_stock_codec() -> None:
    from kandinsky_studio.engine.training.components import make_movq

    torch.manual_seed(0)
    codec = make_movq().eval()
    pictures = torch.rand(1, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        slow = codec.decode(codec.encode(pictures).latents, force_not_quantize=True).sample
        movq.prepare(codec)
        fast = codec.decode(codec.encode(pictures).latents, force_not_quantize=True).sample
    assert torch.allclose(slow, fast, atol=1e-4)
