"""Every stage on a tiny budget: killed, resumed, gated, and in the end a model that the stock pipelines open."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import KandinskyV22Pipeline, KandinskyV22PriorPipeline

from kandinsky_studio.engine.training import builtin, decoder, movq, prior, text, vision
from kandinsky_studio.engine.training.builtin import BuiltinTraining
from kandinsky_studio.engine.training.command import STAGES
from kandinsky_studio.errors import TrainingGateMissed

STEPS = dict.fromkeys(("text", "vision", "prior", "movq", "decoder"), 2)
TRAINED = tuple(stage for stage in STAGES if stage != "measure")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (text, vision, prior, movq, decoder):
        monkeypatch.setattr(module, "BATCH", 4)
    monkeypatch.setattr(vision, "BLANKS", 1)
    monkeypatch.setattr(decoder, "CACHED", 8)
    made = text.training_texts
    monkeypatch.setattr(text, "training_texts", lambda: made(count=200))
    monkeypatch.setattr(text, "text_accuracy", lambda model, tokenizer: {"en": 0.5, "ru": 0.5})
    monkeypatch.setattr(vision, "vision_accuracy", lambda model, processor: {"shape": 0.5})
    monkeypatch.setattr(movq, "psnr", lambda model: 10.0)
    rendered = decoder.render
    monkeypatch.setattr(decoder, "held_out", lambda count, shapes, seed: HELD_OUT(2, shapes, seed))
    monkeypatch.setattr(decoder, "render", lambda *arguments: rendered(*arguments, steps=2))


HELD_OUT = decoder.held_out


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

    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "work").glob("*.pt")}
    training.run(TRAINED)  # everything is there: nothing is trained again
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "work").glob("*.pt")} == before


@pytest.mark.usefixtures("small")
def test_a_stage_below_its_gate_stops_the_run(tmp_path: Path) -> None:
    training = BuiltinTraining(tmp_path / "work", tmp_path / "model", steps=STEPS, report=lambda line: None)
    with pytest.raises(TrainingGateMissed) as caught:
        training.run()
    assert caught.value.values["stage"] == "text"
    assert not (tmp_path / "model").exists()


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
