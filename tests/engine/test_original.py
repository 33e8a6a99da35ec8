"""Original checkpoints: the full-size ones by their shapes alone, and damaged and hostile ones."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import save_file

from kandinsky_studio.engine import original, two_encoders
from kandinsky_studio.engine.checkpoints import read_checkpoint
from kandinsky_studio.engine.original import Numbers, load_unet, load_vae, read_numbers
from kandinsky_studio.engine.two_encoders import load_text_projection, load_two_encoders

FIXTURE = Path(__file__).parents[1] / "fixtures" / "k20_A" / "Kandinsky_2.0"
UNET, VAE = "Kandinsky-2-0.pt", "vae.ckpt"
TEXT1, TEXT2 = "text_encoder1/pytorch_model.bin", "text_encoder2/pytorch_model.bin"
WIDTHS = (384, 768, 1152, 1536)
EMBEDDING = 1536  # of the timestep, and the pooled vector of the text


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(FIXTURE, tmp_path / "model"))


def load(model: Path, file: str) -> Any:
    """What is made of one of the files."""
    if file in (TEXT1, TEXT2):
        return load_two_encoders(model, torch.float32)
    return (load_vae if file == VAE else load_unet)(model / file, read_numbers(model), torch.float32)


def change(path: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    """Write a checkpoint again with other weights."""
    state = {name: tensor.clone() for name, tensor in read_checkpoint(path).items()}
    edit(state)
    torch.save({"state_dict": state} if path.suffix == ".ckpt" else state, path)


# --- The published model, by its shapes ---


def unet_checkpoint(in_channels: int) -> dict[str, torch.Tensor]:
    """A full-size decoder checkpoint of 2.0, on the meta device, in the precision it was published in."""
    state: dict[str, torch.Tensor] = {}

    def layer(name: str, *shape: int, dtype: torch.dtype) -> None:
        state[f"{name}.weight"] = torch.empty(shape, dtype=dtype, device="meta")
        state[f"{name}.bias"] = torch.empty(shape[:1], dtype=dtype, device="meta")

    def single(name: str, *shape: int) -> None:
        layer(name, *shape, dtype=torch.float32)

    def half(name: str, *shape: int) -> None:
        layer(name, *shape, dtype=torch.float16)

    def resblock(name: str, wide: int, out: int) -> None:
        single(f"{name}.in_layers.0", wide)
        half(f"{name}.in_layers.2", out, wide, 3, 3)
        single(f"{name}.emb_layers.1", 2 * out, EMBEDDING)
        single(f"{name}.out_layers.0", out)
        half(f"{name}.out_layers.3", out, out, 3, 3)
        if wide != out:
            half(f"{name}.skip_connection", out, wide, 1, 1)

    def attention(name: str, width: int) -> None:
        single(f"{name}.norm", width)
        half(f"{name}.qkv", 3 * width, width, 1)
        half(f"{name}.encoder_kv", 2 * width, 768, 1)
        half(f"{name}.proj_out", width, width, 1)

    single("time_embed.0", EMBEDDING, WIDTHS[0])
    single("time_embed.2", EMBEDDING, EMBEDDING)
    half("input_blocks.0.0", WIDTHS[0], in_channels, 3, 3)
    passed, width, block = [WIDTHS[0]], WIDTHS[0], 1
    for level, out in enumerate(WIDTHS):
        for _ in range(3):
            resblock(f"input_blocks.{block}.0", width, out)
            if level:
                attention(f"input_blocks.{block}.1", out)
            width, block = out, block + 1
            passed.append(width)
        if level < 3:
            resblock(f"input_blocks.{block}.0", width, width)
            block += 1
            passed.append(width)
    resblock("middle_block.0", width, width)
    attention("middle_block.1", width)
    resblock("middle_block.2", width, width)
    block = 0
    for level, out in reversed(list(enumerate(WIDTHS))):
        for turn in range(4):
            resblock(f"output_blocks.{block}.0", width + passed.pop(), out)
            width = out
            if level:
                attention(f"output_blocks.{block}.1", out)
                if turn == 3:
                    resblock(f"output_blocks.{block}.2", out, out)
            block += 1
    single("out.0", WIDTHS[0])
    single("out.2", 8, WIDTHS[0], 3, 3)

    half("to_model_dim", 768, 1024)
    half("to_model_dim2", 768, 512)
    half("proj", EMBEDDING, 640)
    for part in ("q_linear", "k_linear", "v_linear"):
        half(f"proj2.{part}", 512, 512)
    half("proj2.out", EMBEDDING, 512)
    half("ln_model1", 768)
    half("ln_model2", EMBEDDING)
    half("ln_model3", EMBEDDING)
    return state


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(("in_channels", "size"), [(4, 2_672_669_216), (9, 2_672_703_776)])
def test_the_published_decoder_fits(in_channels: int, size: int) -> None:
    """Its number of tensors, their bytes, and the parameters that come of them are those of the published files."""
    state = unet_checkpoint(in_channels)
    assert len(state) == 604
    assert sum(tensor.nbytes for tensor in state.values()) == size
    unet = original.build_unet(state, Numbers(), torch.float16)
    projection = two_encoders.build_text_projection(state, Numbers(), torch.float16)
    assert count(unet) == 1_219_603_208 + (in_channels - 4) * WIDTHS[0] * 9
    assert count(projection) == 3_749_376
    assert unet.config.in_channels == in_channels
    assert {parameter.device.type for parameter in unet.parameters()} == {"meta"}


def test_the_decoder_of_2_1_has_the_same_body() -> None:
    """What 2.1 has besides, a projection of text and one of the image, is left over for 2.1 to name."""
    state = {name: t for name, t in unet_checkpoint(4).items() if name.split(".")[0] not in original.PROJECTION}
    state["clip_to_seq.weight"] = torch.empty(7680, 768, device="meta")
    shape = original.unet_shape(state)
    body, rest = original.rename_unet(state, shape, Numbers().head_dim)
    assert list(rest) == ["clip_to_seq.weight"]
    with torch.device("meta"):
        unet = UNet2DConditionModel(
            **shape.config(Numbers()),
            encoder_hid_dim=1024,
            encoder_hid_dim_type="text_image_proj",
            addition_embed_type="text_image",
        )
    assert count(unet) == 1_228_661_768
    missing = unet.state_dict().keys() - body.keys()
    assert {name.split(".")[0] for name in missing} == {"encoder_hid_proj", "add_embedding"}
    assert not body.keys() - unet.state_dict().keys()


def test_without_a_config_the_numbers_are_those_of_the_published_model(tmp_path: Path) -> None:
    assert read_numbers(tmp_path) == Numbers()
    assert Numbers().scaling_factor == 0.0512


# --- Files that are not as they should be ---


@pytest.mark.parametrize(
    ("file", "weight"),
    [
        (UNET, "middle_block.1.norm.weight"),
        (UNET, "input_blocks.4.0.emb_layers.1.bias"),
        (UNET, "input_blocks.5.1.qkv.weight"),
        (UNET, "output_blocks.3.2.in_layers.0.weight"),
        (UNET, "time_embed.2.bias"),
        (VAE, "decoder.mid.attn_1.k.weight"),
        (VAE, "quant_conv.bias"),
        (VAE, "encoder.down.1.block.0.conv1.weight"),
        (TEXT1, "transformer.encoder.layer.1.output.dense.bias"),
        (TEXT1, "LinearTransformation.weight"),
        (TEXT1, "transformer.embeddings.position_embeddings.weight"),
        (TEXT2, "encoder.block.1.layer.0.SelfAttention.k.weight"),
        (TEXT2, "encoder.final_layer_norm.weight"),
    ],
)
def test_a_missing_weight_is_noticed(model: Path, file: str, weight: str) -> None:
    change(model / file, lambda state: state.pop(weight))
    with pytest.raises(ValueError, match=r"missing|not a decoder|too many|can't be divided"):
        load(model, file)


@pytest.mark.parametrize(
    ("file", "weight"),
    [
        (UNET, "input_blocks.1.0.extra.weight"),
        (UNET, "clip_to_seq.weight"),
        (UNET, "out.0.running_mean"),
        (VAE, "encoder.down.0.attn.0.q.weight"),
        (TEXT1, "transformer.extra.weight"),
        (TEXT1, "extra"),
        (TEXT2, "encoder.block.0.layer.0.extra.weight"),
    ],
)
def test_a_weight_too_many_is_noticed(model: Path, file: str, weight: str) -> None:
    change(model / file, lambda state: state.update({weight: torch.zeros(3)}))
    with pytest.raises(ValueError, match="too many"):
        load(model, file)


@pytest.mark.parametrize(
    ("file", "weight"),
    [
        (UNET, "output_blocks.2.0.skip_connection.weight"),
        (UNET, "input_blocks.5.1.encoder_kv.weight"),
        (VAE, "decoder.conv_out.weight"),
        (TEXT1, "transformer.encoder.layer.0.intermediate.dense.weight"),
        (TEXT2, "encoder.block.0.layer.1.DenseReluDense.wo.weight"),
    ],
)
def test_a_weight_of_another_shape_is_noticed(model: Path, file: str, weight: str) -> None:
    change(model / file, lambda state: state.update({weight: torch.cat([state[weight], state[weight]], dim=1)}))
    with pytest.raises(ValueError, match="has the shape"):
        load(model, file)


@pytest.mark.parametrize("weight", ["proj2.out.bias", "to_model_dim2.weight", "ln_model3.weight"])
def test_a_damaged_text_projection_is_noticed(model: Path, weight: str) -> None:
    change(model / UNET, lambda state: state.pop(weight))
    with pytest.raises(ValueError, match="missing"):
        load_text_projection(model / UNET, read_numbers(model), torch.float32)
    change(model / UNET, lambda state: state.update({weight: torch.zeros(2, 2), "proj.extra": torch.zeros(1)}))
    with pytest.raises(ValueError, match=r"too many|has the shape|do not divide|config.json says"):
        load_text_projection(model / UNET, read_numbers(model), torch.float32)


@pytest.mark.parametrize("file", [UNET, VAE, TEXT1, TEXT2])
@pytest.mark.parametrize("kept", [0.0, 0.001, 0.4, 0.999])
def test_a_file_that_is_cut_off_is_refused(model: Path, file: str, kept: float) -> None:
    content = (model / file).read_bytes()
    (model / file).write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(ValueError, match="is damaged"):
        load(model, file)


@pytest.mark.parametrize("file", [UNET, VAE, TEXT1, "text_encoder2/spiece.model", "text_encoder2/config.json"])
def test_a_file_that_is_not_there_is_not_called_damaged(model: Path, file: str) -> None:
    (model / file).unlink()
    with pytest.raises(FileNotFoundError):
        load(model, file if file in (UNET, VAE) else TEXT1)


@pytest.mark.parametrize("file", ["text_encoder1/tokenizer.json", "text_encoder2/spiece.model"])
@pytest.mark.parametrize("kept", [0.0, 0.5, 0.999])
def test_a_tokenizer_that_is_cut_off_is_refused(model: Path, file: str, kept: float) -> None:
    content = (model / file).read_bytes()
    (model / file).write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(ValueError, match="is damaged"):
        load_two_encoders(model, torch.float32)


def test_a_tokenizer_in_which_the_library_panics_is_refused(model: Path) -> None:
    path = model / "text_encoder1" / "tokenizer.json"
    tokenizer = json.loads(path.read_text(encoding="utf-8"))
    tokenizer["normalizer"]["precompiled_charsmap"] = "!"
    path.write_text(json.dumps(tokenizer))
    with pytest.raises(ValueError, match="is damaged"):
        load_two_encoders(model, torch.float32)


class Intruder:
    """Creates a file when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return Path.touch, (self.trace,)


@pytest.mark.parametrize("file", [UNET, VAE, TEXT1, TEXT2])
@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_pickle_is_refused_and_not_run(model: Path, file: str, zipped: bool) -> None:
    trace = model / "trace"
    content = {"state_dict": {**read_checkpoint(FIXTURE / file), "extra": Intruder(trace)}}
    if zipped:
        torch.save(content, model / file)
    else:
        (model / file).write_bytes(pickle.dumps(Intruder(trace)))
    with pytest.raises(ValueError, match="holds more than weights"):
        load(model, file)
    assert not trace.exists()


@pytest.mark.parametrize("content", [[1, 2], {}, {"a": 3}, {"a": {"b": torch.zeros(2)}}, {4: torch.zeros(2)}])
def test_a_file_without_weights_is_refused(model: Path, content: object) -> None:
    torch.save(content, model / UNET)
    with pytest.raises(ValueError, match="holds"):
        load(model, UNET)


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("unet", "num_head_channels", 5),
        ("unet", "num_head_channels", "3"),
        ("unet", "norm_num_groups", 4),
        ("unet", "norm_num_groups", 0),
        ("unet", "norm_num_groups", True),
        ("unet", "norm_eps", float("nan")),
        ("unet", "norm_eps", 10**400),
        ("unet", "block_out_channels", [6, 12, 18, 30]),
        ("unet", "model_dim", 24),
        ("diffusion", "prediction", "sample"),
        ("diffusion", "steps", 2.5),
    ],
)
def test_a_wrong_config_is_refused(model: Path, section: str, name: str, value: object) -> None:
    config = json.loads((model / "config.json").read_text())
    config[section][name] = value
    (model / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=r"config.json|do not divide|can't be divided"):
        load(model, UNET)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"unet": 3}', "[" * 100_000, "\udcff"])
def test_a_config_that_is_none_is_refused(model: Path, content: str) -> None:
    (model / "config.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(ValueError, match=r"config.json"):
        load(model, UNET)


@pytest.mark.parametrize(
    ("folder", "name", "value"),
    [
        ("text_encoder1", "num_hidden_layers", 10**9),
        ("text_encoder1", "hidden_size", 48),
        ("text_encoder1", "hidden_size", 10**15),
        ("text_encoder1", "hidden_act", "surprise"),
        ("text_encoder1", "num_attention_heads", 5),
        ("text_encoder1", "pad_token_id", 0),
        ("text_encoder1", "pad_token_id", None),
        ("text_encoder2", "num_layers", "two"),
        ("text_encoder2", "num_heads", 4),
        ("text_encoder2", "feed_forward_proj", "relu"),
    ],
)
def test_a_wrong_config_of_an_encoder_is_refused(model: Path, folder: str, name: str, value: object) -> None:
    path = model / folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), name: value}))
    with pytest.raises(ValueError, match=r"config.json|weights|padding|has the shape"):
        load_two_encoders(model, torch.float32)


def test_a_tokenizer_with_more_tokens_than_its_encoder_is_refused(model: Path) -> None:
    tokenizer = json.loads((model / "text_encoder1" / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer["model"]["vocab"] += [[f"more{k}", -20.0] for k in range(9)]
    (model / "text_encoder1" / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(ValueError, match="tokens, its encoder"):
        load_two_encoders(model, torch.float32)


@pytest.mark.parametrize("left_out", ["shared.weight", "encoder.embed_tokens.weight"])
def test_safetensors_are_taken_where_they_are(model: Path, left_out: str) -> None:
    expected = load_two_encoders(model, torch.float32).state_dict()
    for file in (TEXT1, TEXT2):
        state = {name: t.clone() for name, t in read_checkpoint(model / file).items() if name != left_out}
        save_file(state, (model / file).with_name("model.safetensors"))
        (model / file).unlink()
    found = load_two_encoders(model, torch.float32).state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_what_is_loaded_does_not_lie_in_the_file(model: Path) -> None:
    unet = load_unet(model / UNET, read_numbers(model), torch.float16)
    before = unet.conv_in.weight.clone()
    (model / UNET).write_bytes(bytes((model / UNET).stat().st_size))
    assert torch.equal(unet.conv_in.weight, before)
