"""Finding a model, and refusing one that is missing, cut off, garbled or pickled, with a reason."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from kandinsky_studio import paths
from kandinsky_studio.engine import weights
from kandinsky_studio.engine.checkpoints import read_checkpoint
from kandinsky_studio.engine.engine import Engine
from kandinsky_studio.engine.models import find
from kandinsky_studio.engine.request import GenerationRequest
from kandinsky_studio.errors import BrokenModel, BuiltinModelMissing, ModelNotFound

UNET = Path("tiny-decoder/unet/diffusion_pytorch_model.safetensors")
TEXT = Path("tiny-prior/text_encoder/model.safetensors")


@pytest.fixture
def no_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without any model; returns the folder of the Hugging Face cache in it."""
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv(paths.HOME_VARIABLE, str(tmp_path / "home"))
    return tmp_path / "hf" / "hub"


def snapshot(hub: Path, tiny_model: str, side: str, revision: str) -> None:
    folder = hub / f"models--kandinsky-community--kandinsky-2-2-{side}"
    shutil.copytree(Path(tiny_model) / f"tiny-{side}", folder / "snapshots" / revision)
    (folder / "refs").mkdir(exist_ok=True)
    (folder / "refs" / "main").write_text(revision)


def test_the_built_in_model_is_in_the_resources(monkeypatch: pytest.MonkeyPatch, tiny_model: str) -> None:
    monkeypatch.setattr(paths, "builtin_model", lambda: Path(tiny_model))
    files = find("builtin")
    assert files.folder("unet") == Path(tiny_model) / "tiny-decoder" / "unet"
    assert files.folder("prior_scheduler") == Path(tiny_model) / "tiny-prior" / "scheduler"


def test_without_the_built_in_model_the_remedy_is_not_to_use_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(paths, "builtin_model", lambda: tmp_path)
    with pytest.raises(BuiltinModelMissing) as caught:
        find("builtin")
    assert "install" in caught.value.remedy


def test_2_2_nowhere(no_models: Path) -> None:
    with pytest.raises(ModelNotFound) as caught:
        find("kandinsky-2.2")
    assert str(no_models) in str(caught.value)
    assert str(paths.models()) in str(caught.value)


def test_2_2_in_the_hub_cache(no_models: Path, tiny_model: str) -> None:
    snapshot(no_models, tiny_model, "prior", "1111")
    with pytest.raises(ModelNotFound):  # half of it
        find("kandinsky-2.2")
    snapshot(no_models, tiny_model, "decoder", "2222")
    snapshot(no_models, tiny_model, "decoder", "3333")
    files = find("kandinsky-2.2")
    files.check()
    assert files.folder("unet").parent.name == "3333"  # what refs/main says
    assert files.folder("prior").parent.name == "1111"


@pytest.mark.parametrize("inner", ["kandinsky-2.2", "."])
def test_2_2_in_our_own_folder_comes_first(no_models: Path, tiny_model: str, inner: str) -> None:
    snapshot(no_models, tiny_model, "prior", "1111")
    snapshot(no_models, tiny_model, "decoder", "2222")
    for side in ("prior", "decoder"):
        shutil.copytree(Path(tiny_model) / f"tiny-{side}", paths.models() / inner / f"kandinsky-2-2-{side}")
    assert find("kandinsky-2.2").folder("unet").parent == paths.models() / inner / "kandinsky-2-2-decoder"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"HF_HUB_CACHE": "/a", "HF_HOME": "/b"}, "/a"),
        ({"HF_HOME": "/b", "XDG_CACHE_HOME": "/c"}, "/b/hub"),
        ({"XDG_CACHE_HOME": "/c"}, "/c/huggingface/hub"),
    ],
    ids=str,
)
def test_where_the_hub_cache_is(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: str, no_models: Path
) -> None:
    monkeypatch.delenv("HF_HOME")
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    assert weights.hub_cache() == Path(expected)


def test_the_plain_decoder_wins(own_model: Path) -> None:
    shutil.copytree(own_model / "tiny-decoder", own_model / "a-tiny-decoder-inpaint")
    assert find(str(own_model)).folder("unet").parent == own_model / "tiny-decoder"


def test_the_fingerprint_is_of_the_content_and_not_of_the_place(tiny_model: str, own_model: Path) -> None:
    original = find(tiny_model).fingerprint()
    assert len(original) == 64
    assert find(str(own_model)).fingerprint() == original
    (own_model / "tiny-decoder" / "README.md").write_text("nothing that counts")
    assert find(str(own_model)).fingerprint() == original
    tensors = load_file(own_model / UNET)
    tensors["conv_out.bias"] += 1e-3
    save_file(tensors, own_model / UNET)
    assert find(str(own_model)).fingerprint() != original


@pytest.mark.parametrize("where", [0.1, 0.9])
def test_the_fingerprint_of_large_weights_looks_into_them(
    own_model: Path, monkeypatch: pytest.MonkeyPatch, where: float
) -> None:
    monkeypatch.setattr(weights, "WHOLE_CONTENT", 1000)
    original = find(str(own_model)).fingerprint()
    content = bytearray((own_model / UNET).read_bytes())
    content[int(len(content) * where)] ^= 1
    (own_model / UNET).write_bytes(content)
    assert find(str(own_model)).fingerprint() != original


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def overwrite(path: Path) -> None:
    path.write_bytes(b"\xff" * 4096)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"more")


def pickle_instead(path: Path) -> None:
    path.with_suffix(".bin").write_bytes(b"anything")
    path.unlink()


def headless(path: Path) -> None:
    header = b'{"a": {"dtype": "F32"}}'
    path.write_bytes(len(header).to_bytes(8, "little") + header)


@pytest.mark.parametrize("part", [UNET, TEXT], ids=lambda part: part.parent.name)
@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (cut, "cut off"),
        (overwrite, "damaged"),
        (empty, "damaged"),
        (lengthen, "damaged"),
        (headless, "damaged"),
        (pickle_instead, "safetensors is needed"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_damaged_weights(own_model: Path, part: Path, damage: Callable[[Path], None], reason: str) -> None:
    damage(own_model / part)
    with pytest.raises(BrokenModel, match=reason) as caught:
        find(str(own_model)).check()
    assert part.parent.name in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "tiny-decoder/unet/config.json",
        "tiny-decoder/movq/config.json",
        "tiny-decoder/scheduler/scheduler_config.json",
        "tiny-prior/tokenizer/tokenizer_config.json",
        "tiny-prior/tokenizer/tokenizer.json",
    ],
)
@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe\x00"])
def test_garbled_json(own_model: Path, name: str, content: bytes) -> None:
    (own_model / name).write_bytes(content)
    with pytest.raises(BrokenModel, match=Path(name).name):
        find(str(own_model)).check()


@pytest.mark.parametrize(
    "name", [*(f"tiny-prior/{part}" for part in ("tokenizer", "scheduler", "text_encoder")), "tiny-decoder/movq"]
)
def test_missing_parts(own_model: Path, name: str) -> None:
    shutil.rmtree(own_model / name)
    with pytest.raises(ModelNotFound):
        find(str(own_model)).check()


@pytest.mark.parametrize("name", [str(UNET), str(TEXT), "tiny-prior/tokenizer/tokenizer.json"])
def test_missing_files(own_model: Path, name: str) -> None:
    (own_model / name).unlink()
    with pytest.raises(ModelNotFound):
        find(str(own_model)).check()


def lose_a_tensor(folder: Path) -> None:
    tensors = load_file(folder / UNET)
    del tensors["conv_out.weight"]
    save_file(tensors, folder / UNET)


def lose_a_tensor_of_the_text(folder: Path) -> None:
    tensors = load_file(folder / TEXT)
    del tensors["text_projection.weight"]
    save_file(tensors, folder / TEXT, {"format": "pt"})


def change_a_shape(folder: Path) -> None:
    tensors = load_file(folder / UNET)
    tensors["conv_out.weight"] = tensors["conv_out.weight"][:5].clone()
    save_file(tensors, folder / UNET)


def claim_another_size(folder: Path) -> None:
    path = folder / "tiny-prior" / "prior" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "num_layers": 3}))


def claim_another_kind(folder: Path) -> None:
    path = folder / "tiny-prior" / "prior" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "embedding_proj_norm_type": "layer"}))


def empty_vocabulary(folder: Path) -> None:
    (folder / "tiny-prior" / "tokenizer" / "tokenizer.json").write_text("{}")


@pytest.mark.parametrize(
    "damage",
    [
        lose_a_tensor,
        lose_a_tensor_of_the_text,
        change_a_shape,
        claim_another_size,
        claim_another_kind,
        empty_vocabulary,
    ],
)
def test_what_only_loading_finds(
    engine: Engine,
    own_model: Path,
    damage: Callable[[Path], None],
    tiny_request: Callable[..., GenerationRequest],
) -> None:
    """Weights that do not fit must never be filled with noise; and the engine goes on to the next model."""
    damage(own_model)
    with pytest.raises(BrokenModel) as caught:
        engine.load(str(own_model))
    assert "\n" not in str(caught.value)
    assert engine.tier is None
    assert len(engine.generate(tiny_request())) == 1


def test_half_precision_files(own_model: Path, engine: Engine, tiny_request: Callable[..., GenerationRequest]) -> None:
    """Weights stored in half precision, under the Hub's name for them, run in float32 on the CPU."""
    for name in (UNET, TEXT):
        half = {key: tensor.half() for key, tensor in load_file(own_model / name).items()}
        (own_model / name).unlink()
        variant = own_model / name.with_name(name.name.replace(".safetensors", ".fp16.safetensors"))
        save_file(half, variant, {"format": "pt"})
    [result] = engine.generate(tiny_request(model=str(own_model)))
    assert result.dtype == "float32"
    assert torch.isfinite(torch.from_numpy(result.image_embeds)).all()


def test_a_pickle_from_before_zip_files_is_read_too(tmp_path: Path) -> None:
    """Encoders that were published in 2020 may still be such."""
    tensors = {"a": torch.arange(6.0).view(2, 3)}
    torch.save(tensors, tmp_path / "pytorch_model.bin", _use_new_zipfile_serialization=False)
    files = weights.ModelFiles("m", "m", {"text_encoder1": tmp_path}, ("text_encoder1",))
    path = files.weight_file("text_encoder1").path
    assert torch.equal(read_checkpoint(path)["a"], tensors["a"])
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ValueError, match="damaged"):
        read_checkpoint(path)
