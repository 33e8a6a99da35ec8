"""The first release of Kandinsky 2.1: imported, it draws the same picture bit by bit; damaged, it is refused."""

from __future__ import annotations

import gzip
import json
import math
import pickle
import shutil
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import PriorTransformer, UNet2DConditionModel, VQModel
from safetensors.torch import load_file
from transformers import (
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
)

from kandinsky_studio import cli, paths
from kandinsky_studio.engine import clip_words, original_2_1, original_clip
from kandinsky_studio.engine.checkpoints import read_checkpoint
from kandinsky_studio.engine.converting import write
from kandinsky_studio.engine.engine import Engine
from kandinsky_studio.engine.original import Numbers, read_numbers
from kandinsky_studio.engine.original_2_1 import kind_of, networks
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.request import Task
from kandinsky_studio.errors import BrokenModel
from kandinsky_studio.storage.models import catalogue, importing
from tests.engine import original_2_1 as writing
from tests.engine.kandinsky_2_1_checkpoint import (
    DECODER,
    INPAINT,
    PRIOR,
    let_be_small,
    picture,
    request_2_1,
    save_tiny_2_1,
)
from tests.engine.original_2_1 import save_original, save_scripted

KINDS = {
    "decoder_fp16.ckpt": "decoder",
    "inpainting_fp16.ckpt": "inpainting",
    "prior_fp16.ckpt": "prior",
    "ViT-L-14_stats.th": "stats",
    "movq_final.ckpt": "movq",
    "text_encoder/pytorch_model.bin": "text_encoder",
    "ViT-L-14.pt": "clip",
}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("models") / "published"
    save_tiny_2_1(folder)
    return folder


@pytest.fixture(scope="module")
def release(tiny: Path) -> Path:
    """The same in the files of the first release, to be read only."""
    save_original(tiny, tiny.parent / "release")
    return tiny.parent / "release"


@pytest.fixture
def copied(release: Path, tmp_path: Path) -> Path:
    """One that a test may damage."""
    return Path(shutil.copytree(release, tmp_path / "release"))


def change(path: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    state = dict(read_checkpoint(path))
    state = {name: tensor.clone() for name, tensor in state.items()}
    edit(state)
    torch.save(state, path)


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_a_file_is_told_by_what_is_in_it(release: Path, name: str, kind: str) -> None:
    assert kind_of(release / name) == kind


def test_imported_it_draws_the_same_picture_bit_by_bit(
    tiny: Path, release: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    let_be_small(monkeypatch)
    stick = paths.models().parent / "stick"
    shutil.copytree(release, stick / "Kandinsky 2.1")
    shutil.copytree(tiny / PRIOR / "tokenizer", stick / PRIOR / "tokenizer")
    assert cli.main(["models", "import", str(stick)]) == 0
    assert "lacks" not in capsys.readouterr().out
    for folder, part in ((DECODER, "unet"), (INPAINT, "unet"), (PRIOR, "prior"), (DECODER, "movq")):
        name = f"{folder}/{part}/diffusion_pytorch_model.safetensors"
        published, imported = load_file(tiny / name), load_file(paths.models() / name)
        assert published.keys() == imported.keys()
        assert all(torch.equal(published[key], imported[key]) for key in published)
    mask = np.zeros((64, 64), np.uint8)
    mask[16:48, 16:48] = 255
    engines = {folder: Engine("cpu") for folder in (tiny, paths.models())}
    for fields in (
        {"scheduler": "ddpm", "negative_prompt": "blue"},
        {"task": Task.inpaint, "image": picture(), "mask": Raster(mask)},
    ):
        images = []
        for folder, engine in engines.items():
            [result] = engine.generate(
                request_2_1(folder, num_inference_steps=2, prior_num_inference_steps=2, **fields)
            )
            images.append(result.image)
        assert np.array_equal(*images), fields


def test_half_precision_stays_what_it_is(release: Path, copied: Path, tmp_path: Path) -> None:
    change(copied / "decoder_fp16.ckpt", lambda state: state.update({n: t.half() for n, t in state.items()}))
    [network] = networks("decoder", copied / "decoder_fp16.ckpt", read_numbers(copied))
    [single] = networks("decoder", release / "decoder_fp16.ckpt", read_numbers(release))
    assert network.is_half
    assert not single.is_half
    size, _ = write(network.tensors, tmp_path / "half.safetensors")
    assert size == (tmp_path / "half.safetensors").stat().st_size
    halves = load_file(tmp_path / "half.safetensors")
    for name, stored in single.tensors.items():
        assert torch.equal(halves[name], stored.values().half())


@pytest.mark.parametrize("name", ["decoder_fp16.ckpt", "prior_fp16.ckpt", "movq_final.ckpt"])
def test_what_is_missing_too_much_or_oddly_shaped_is_refused(copied: Path, name: str) -> None:
    path, numbers = copied / name, read_numbers(copied)
    stats = copied / "ViT-L-14_stats.th"
    kind = KINDS[name]
    whole = (copied / name).read_bytes()
    used = next(n for n, t in read_checkpoint(path).items() if t.dim() == 1 and n.endswith("bias"))
    for edit, words in (
        (lambda state: state.pop(used), "weights are missing"),
        (lambda state: state.update({"spare.weight": torch.zeros(2)}), "too many, such as spare.weight"),
        (lambda state: state.update({used: torch.zeros(len(state[used]) + 1)}), "has the shape"),
        (lambda state: state.update({used: torch.zeros(len(state[used]), dtype=torch.int64)}), "not made of real"),
    ):
        path.write_bytes(whole)
        change(path, edit)
        with pytest.raises(ValueError, match=words):
            networks(kind, path, numbers, stats)


def test_a_prior_needs_its_statistics(release: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="no use alone"):
        networks("prior", release / "prior_fp16.ckpt", Numbers(prior_head_dim=12))
    (tmp_path / "d").mkdir()
    shutil.copy(release / "prior_fp16.ckpt", tmp_path / "d")
    shutil.copy(release / "movq_final.ckpt", tmp_path / "d")
    known = catalogue.read()
    findings = importing.look(tmp_path / "d", known)
    assert [file.path for file in findings.files] == ["movq/diffusion_pytorch_model.safetensors"]
    assert "ViT-L-14_stats.th" in findings.lacking(known, paths.models())["kandinsky-2.1"]
    (tmp_path / "d" / "movq_final.ckpt").unlink()
    assert cli.main(["models", "import", str(tmp_path / "d")]) == 1
    assert "need “ViT-L-14_stats.th” beside them" in capsys.readouterr().err


def test_a_hostile_file_is_refused_and_not_run(copied: Path, tmp_path: Path) -> None:
    marker = tmp_path / "it ran"

    class Runs:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (marker,)

    torch.save({"clip_to_seq.weight": Runs()}, copied / "decoder_fp16.ckpt")
    findings = importing.look(copied, catalogue.read())
    assert "decoder_fp16.ckpt" in {file.source.name for file in findings.files}, "it is told by its name"
    with pytest.raises(BrokenModel, match="more than weights"):
        importing.bring(findings, paths.models())
    assert not marker.exists()
    assert not (paths.models() / DECODER / "unet").exists()


def test_a_hostile_archive_is_refused_and_not_run(copied: Path, tmp_path: Path) -> None:
    marker = tmp_path / "it ran"

    class Runs:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (marker,)

    with zipfile.ZipFile(copied / "ViT-L-14.pt", "w") as archive:
        archive.writestr("archive/code/__torch__.py", "")
        archive.writestr("archive/data.pkl", pickle.dumps(Runs()))
    with pytest.raises(ValueError, match="more than weights"):
        networks("clip", copied / "ViT-L-14.pt", Numbers())
    assert not marker.exists()


def test_an_archive_gives_the_tensors_that_torch_reads_from_it(tmp_path: Path) -> None:
    whole = torch.randn(6, 4)
    state = {"a.weight": whole, "a.b.part": whole[1:, ::2], "n": torch.tensor(3), "halves": torch.ones(2).half()}
    save_scripted(state, tmp_path / "x.pt")
    read = original_2_1.read_scripted(tmp_path / "x.pt")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        asked = torch.jit.load(str(tmp_path / "x.pt")).state_dict()
    assert read.keys() == asked.keys()
    assert all(torch.equal(read[name], asked[name]) for name in read)


def test_the_words_of_clip_are_read_as_its_own_tokenizer_reads_them(tmp_path: Path) -> None:
    merges = ["r e", "re d</w>", "c i", "ci r", "c l", "cir cl", "circl e</w>"]
    with gzip.open(tmp_path / "bpe_simple_vocab_16e6.txt.gz", "wt", encoding="utf-8") as file:
        file.write("\n".join(['"bpe_simple_vocab_16e6.txt#version: 0.2', *merges]))
    made = clip_words.words(tmp_path / "bpe_simple_vocab_16e6.txt.gz")
    (tmp_path / "tokenizer").mkdir()
    for name, content in made.items():
        (tmp_path / "tokenizer" / name).write_bytes(content)
    tokenizer = CLIPTokenizer.from_pretrained(tmp_path / "tokenizer", local_files_only=True)
    vocabulary = json.loads(made["vocab.json"])
    assert len(vocabulary) == 512 + len(merges) + 2
    assert tokenizer("red circle").input_ids == [
        vocabulary[word] for word in ("<|startoftext|>", "red</w>", "circle</w>", "<|endoftext|>")
    ]
    assert (vocabulary["!"], vocabulary["a</w>"], vocabulary["re"]) == (0, 256 + 64, 512)
    (tmp_path / "bpe_simple_vocab_16e6.txt.gz").write_bytes(b"\x1f\x8b broken")
    with pytest.raises(ValueError, match="damaged"):
        clip_words.words(tmp_path / "bpe_simple_vocab_16e6.txt.gz")


def test_the_published_files_fit_by_their_shapes() -> None:
    """Full-size networks, by shapes alone: what is read from the files is what was published beside them."""
    unet_config: dict[str, Any] = {
        "block_out_channels": (384, 768, 1152, 1536),
        "layers_per_block": 3,
        "attention_head_dim": 64,
        "cross_attention_dim": 768,
        "down_block_types": ("ResnetDownsampleBlock2D", *["SimpleCrossAttnDownBlock2D"] * 3),
        "mid_block_type": "UNetMidBlock2DSimpleCrossAttn",
        "up_block_types": (*["SimpleCrossAttnUpBlock2D"] * 3, "ResnetUpsampleBlock2D"),
        "out_channels": 8,
        "resnet_time_scale_shift": "scale_shift",
        "encoder_hid_dim": 1024,
        "encoder_hid_dim_type": "text_image_proj",
        "addition_embed_type": "text_image",
    }
    movq_config: dict[str, Any] = {
        "block_out_channels": (128, 256, 256, 512),
        "layers_per_block": 2,
        "latent_channels": 4,
        "num_vq_embeddings": 16384,
        "vq_embed_dim": 4,
        "norm_type": "spatial",
        "down_block_types": (*["DownEncoderBlock2D"] * 3, "AttnDownEncoderBlock2D"),
        "up_block_types": ("AttnUpDecoderBlock2D", *["UpDecoderBlock2D"] * 3),
    }
    text_config = CLIPTextConfig(hidden_size=768, intermediate_size=3072, projection_dim=768, num_attention_heads=12)
    vision_config = CLIPVisionConfig(
        hidden_size=1024,
        intermediate_size=4096,
        projection_dim=768,
        num_hidden_layers=24,
        num_attention_heads=16,
        patch_size=14,
    )
    with torch.device("meta"):
        decoders = [UNet2DConditionModel(in_channels=channels, **unet_config).state_dict() for channels in (4, 9)]
        prior, movq = PriorTransformer().state_dict(), VQModel(**movq_config).state_dict()
        text = CLIPTextModelWithProjection(text_config).state_dict()
        vision = CLIPVisionModelWithProjection(vision_config).state_dict()
    stats = prior.pop("clip_mean")[0], prior.pop("clip_std")[0]
    clip = writing.clip_of(text, vision)
    found = [
        *(original_2_1._decoder(writing.decoder(state, 3, 64), Numbers()) for state in decoders),
        original_2_1._prior(writing.prior_of(prior, 64), stats, Numbers()),
        original_2_1._movq(writing.movq_of(movq, 4), Numbers()),
        original_clip.text_tower(clip, Numbers()),
        original_clip.vision_tower(clip, Numbers()),
    ]
    counts = [sum(math.prod(stored.shape) for stored in network.tensors.values()) for network in found]
    assert counts == [1_228_661_768, 1_228_679_048, 1_022_030_080, 67_832_495, 123_650_304, 303_966_208]
    for network, config in ((found[0], unet_config), (found[3], movq_config)):
        told = {name: tuple(value) if isinstance(value, list) else value for name, value in network.config.items()}
        assert config.items() <= told.items()
    for network, wanted in ((found[4], text_config), (found[5], vision_config)):
        same = {name: getattr(wanted, name) for name in network.config if name.endswith(("size", "dim", "s", "act"))}
        assert same.items() <= network.config.items()
