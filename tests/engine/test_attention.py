"""Attention maps against an explicit softmax, and the words of tricky prompts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import PriorTransformer, UNet2DConditionModel
from diffusers.models.attention_processor import (
    Attention,
    AttnAddedKVProcessor,
    AttnAddedKVProcessor2_0,
    AttnProcessor,
)
from tokenizers import Tokenizer
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from transformers import AutoTokenizer

from kandinsky_studio.engine.attention import (
    Capture,
    Word,
    ablation,
    captured,
    enlarge,
    prior_importance,
    word_maps,
    words_of,
)
from kandinsky_studio.engine.prior import TextEncoding
from kandinsky_studio.engine.tokens import mt5_tokenizer, xlm_roberta_tokenizer

TEXT_2_0, TEXT_2_1 = range(154), range(10, 87)
PRIOR_NOISE = {"prediction_type": "sample", "clip_sample_range": 10.0}


def tiny_unet(**fields: Any) -> UNet2DConditionModel:
    torch.manual_seed(3)
    return UNet2DConditionModel(
        sample_size=16,
        in_channels=4,
        out_channels=8,
        down_block_types=("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D", "SimpleCrossAttnDownBlock2D"),
        mid_block_type="UNetMidBlock2DSimpleCrossAttn",
        up_block_types=("SimpleCrossAttnUpBlock2D", "SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
        block_out_channels=(32, 32, 64),
        layers_per_block=1,
        attention_head_dim=8,
        cross_attention_dim=32,
        resnet_time_scale_shift="scale_shift",
        **fields,
    ).eval()


@pytest.fixture(scope="module")
def unet_2_0() -> UNet2DConditionModel:
    return tiny_unet(class_embed_type="identity")


@pytest.fixture(scope="module")
def unet_2_1() -> UNet2DConditionModel:
    return tiny_unet(encoder_hid_dim=24, encoder_hid_dim_type="text_image_proj", addition_embed_type="text_image")


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def run_2_0(unet: Any, width: int = 16, height: int = 16, step: int = 0) -> torch.Tensor:
    with torch.inference_mode():
        output: torch.Tensor = unet(
            noise(2, 4, height, width, seed=step),
            torch.tensor(900 - step),
            encoder_hidden_states=noise(2, 154, 32, seed=9) * 3,
            class_labels=noise(2, 128, seed=8),
        ).sample
    return output


def run_2_1(unet: Any, width: int = 16, height: int = 16, step: int = 0) -> torch.Tensor:
    with torch.inference_mode():
        output: torch.Tensor = unet(
            noise(2, 4, height, width, seed=step),
            torch.tensor(900 - step),
            encoder_hidden_states=noise(2, 77, 24, seed=9) * 3,
            added_cond_kwargs={"text_embeds": noise(2, 32, seed=8), "image_embeds": noise(2, 32, seed=7)},
        ).sample
    return output


Run = Callable[..., torch.Tensor]
CASES = [("unet_2_0", run_2_0, TEXT_2_0), ("unet_2_1", run_2_1, TEXT_2_1)]


@pytest.fixture(params=CASES, ids=["2.0", "2.1"])
def case(request: pytest.FixtureRequest) -> tuple[Any, Run, range]:
    name, run, tokens = request.param
    return request.getfixturevalue(name), run, tokens


@pytest.fixture
def explicit(monkeypatch: pytest.MonkeyPatch) -> list[torch.Tensor]:
    """Every full softmax, (rows · heads, queries, keys), of the stock processors that compute it explicitly."""
    seen: list[torch.Tensor] = []
    scores = Attention.get_attention_scores

    def remember(self: Any, *arguments: Any) -> torch.Tensor:
        weights: torch.Tensor = scores(self, *arguments)
        seen.append(weights.reshape(-1, self.heads, *weights.shape[1:]))
        return weights

    monkeypatch.setattr(Attention, "get_attention_scores", remember)
    return seen


@pytest.mark.parametrize(("width", "height"), [(16, 16), (24, 16), (8, 32)])
def test_maps_are_the_mean_of_the_full_softmax(
    case: tuple[Any, Run, range], explicit: list[torch.Tensor], width: int, height: int
) -> None:
    unet, run, tokens = case
    with captured(unet, tokens) as capture:
        for step in range(2):
            run(unet, width, height, step)
    assert not explicit

    stock = unet.attn_processors
    unet.set_attn_processor(AttnAddedKVProcessor())
    for step in range(2):
        run(unet, width, height, step)
    unet.set_attn_processor(stock)
    maps = []
    for weights in explicit:
        mass = weights[1, :, :, tokens.start : tokens.stop].mean(0)  # the conditional row
        scale = round((width * height / len(mass)) ** 0.5)
        grid = mass.T.reshape(1, -1, height // scale, width // scale)
        maps.append(functional.interpolate(grid, (height, width), mode="bilinear")[0])
    assert len({len(weights[0, 0]) for weights in explicit}) > 1  # layers of several sizes
    expected = torch.stack(maps).mean(0)
    assert torch.allclose(capture.mass(width, height), expected, rtol=1e-4, atol=1e-7)
    assert torch.allclose(capture.share(width, height), expected / expected.sum(0), rtol=1e-4, atol=1e-6)


def test_capturing_changes_no_bit(case: tuple[Any, Run, range]) -> None:
    unet, run, tokens = case
    before = run(unet)
    with captured(unet, tokens):
        during = run(unet)
    assert torch.equal(before, during)
    assert torch.equal(before, run(unet))


def test_the_processors_come_back_even_after_an_error(case: tuple[Any, Run, range]) -> None:
    unet, run, tokens = case
    before = unet.attn_processors
    assert {type(processor) for processor in before.values()} == {AttnAddedKVProcessor2_0}
    with captured(unet, tokens):
        assert not set(map(id, unet.attn_processors.values())) & set(map(id, before.values()))
    assert all(unet.attn_processors[name] is processor for name, processor in before.items())
    with pytest.raises(ValueError, match="tokens up to"), captured(unet, range(1000)):
        run(unet)
    assert all(unet.attn_processors[name] is processor for name, processor in before.items())


def test_another_processor_works_too(unet_2_1: Any) -> None:
    stock = unet_2_1.attn_processors
    with captured(unet_2_1, TEXT_2_1) as fused:
        run_2_1(unet_2_1)
    unet_2_1.set_attention_slice("max")
    sliced = run_2_1(unet_2_1)
    with captured(unet_2_1, TEXT_2_1) as capture:
        assert torch.equal(run_2_1(unet_2_1), sliced)
    unet_2_1.set_attn_processor(stock)
    assert torch.allclose(capture.mass(16, 16), fused.mass(16, 16), rtol=1e-4)


def test_no_layer_holds_all_scores_at_once(case: tuple[Any, Run, range]) -> None:
    unet, run, tokens = case
    with sdpa_kernel(SDPBackend.FLASH_ATTENTION), captured(unet, tokens) as capture:  # an error where it can't be used
        run(unet, 24, 16)
    assert capture.mass(24, 16).shape == (len(tokens), 16, 24)


def test_rows_choose_the_half_of_the_batch(unet_2_1: Any) -> None:
    maps = []
    for rows in (slice(0, 1), slice(1, 2), slice(None)):
        with captured(unet_2_1, TEXT_2_1, rows) as capture:
            run_2_1(unet_2_1)
        maps.append(capture.mass(16, 16))
    assert not torch.allclose(maps[0], maps[1], rtol=1e-2)
    assert torch.allclose(maps[2], (maps[0] + maps[1]) / 2, rtol=1e-5)


def test_captures_can_be_nested(unet_2_1: Any) -> None:
    with captured(unet_2_1, TEXT_2_1) as alone:
        run_2_1(unet_2_1)
    with captured(unet_2_1, TEXT_2_1, slice(0, 1)) as first, captured(unet_2_1, TEXT_2_1, slice(1, 2)) as second:
        run_2_1(unet_2_1)
    assert torch.equal(second.mass(16, 16), alone.mass(16, 16))
    assert not torch.equal(first.mass(16, 16), alone.mass(16, 16))


def test_shares_sum_to_one_and_mass_does_not(case: tuple[Any, Run, range]) -> None:
    unet, run, tokens = case
    with captured(unet, tokens) as capture:
        run(unet, 24, 16)
    share, mass = capture.share(24, 16), capture.mass(24, 16)
    assert share.dtype == mass.dtype == torch.float32
    assert share.shape == mass.shape == (len(tokens), 16, 24)
    assert torch.allclose(share.sum(0), torch.ones(16, 24))
    assert mass.sum(0).max() < 1


def test_half_precision_is_captured_in_single(unet_2_1: Any) -> None:
    with captured(unet_2_1, TEXT_2_1) as single:
        run_2_1(unet_2_1)
    unet = tiny_unet(encoder_hid_dim=24, encoder_hid_dim_type="text_image_proj", addition_embed_type="text_image")
    unet = unet.to(torch.bfloat16)
    with torch.inference_mode(), captured(unet, TEXT_2_1) as half:
        unet(
            noise(2, 4, 16, 16).bfloat16(),
            torch.tensor(900),
            encoder_hidden_states=noise(2, 77, 24, seed=9).bfloat16() * 3,
            added_cond_kwargs={
                "text_embeds": noise(2, 32, seed=8).bfloat16(),
                "image_embeds": noise(2, 32, seed=7).bfloat16(),
            },
        )
    assert torch.allclose(half.mass(16, 16), single.mass(16, 16), rtol=0.1)


def test_nothing_captured_is_an_error() -> None:
    with pytest.raises(ValueError, match="no attention"):
        Capture(TEXT_2_1, slice(None)).mass(16, 16)


def layer_that_reads_sides() -> Attention:
    """One attention layer of one head whose cells look for tokens with the sign of their first channel."""
    layer = Attention(
        query_dim=8,
        cross_attention_dim=8,
        heads=1,
        dim_head=8,
        added_kv_proj_dim=8,
        norm_num_groups=8,
        bias=True,
        only_cross_attention=False,
        processor=AttnAddedKVProcessor2_0(),
    )
    with torch.no_grad():
        for parameter in (*layer.to_q.parameters(), *layer.to_k.parameters(), *layer.add_k_proj.parameters()):
            parameter.zero_()
        layer.to_q.weight[0, 0] = 10
        layer.add_k_proj.weight[0, 0] = 1
    return layer


def test_heat_is_where_the_word_is_looked_for() -> None:
    layer = layer_that_reads_sides()
    cells = torch.zeros(1, 8, 4, 6)
    cells[:, 0, :, :3], cells[:, 0, :, 3:] = 1, -1  # left and right half
    tokens = torch.zeros(1, 13, 8)
    tokens[0, 11, 0], tokens[0, 10, 0] = 1, -1
    left, right, nowhere = Word("left", 0, 4, (1,)), Word("right", 5, 10, (0,)), Word("nowhere", 11, 18, (2,))
    with captured(torch.nn.ModuleList([layer]), range(10, 13)) as capture, torch.inference_mode():
        layer(cells, encoder_hidden_states=tokens)
    first, second, third = word_maps(capture, [(left, right, nowhere)], [10], 6, 4)
    assert (first.word, second.word, third.word) == (left, right, nowhere)
    assert (first.heat[:, :3] == 1).all()
    assert (first.heat[:, 3:] == 0).all()
    assert (second.heat == 1 - first.heat).all()
    assert (third.heat == 0).all()
    assert first.level > 10 * third.level > 0


def test_maps_of_two_tokenizers_are_averaged(unet_2_0: Any) -> None:
    with captured(unet_2_0, TEXT_2_0) as capture:
        run_2_0(unet_2_0, 24, 16)
    red, cat = Word("red", 0, 3, (1, 2)), Word("cat", 4, 7, (3,))
    same_red, late = Word("red", 0, 3, (0,)), Word("late", 8, 12, (5, 6))
    share = capture.share(24, 16)
    expected = [(share[1] + share[2] + share[77]) / 2, share[3], share[82] + share[83]]
    maps = word_maps(capture, [(red, cat), (same_red, late)], [0, 77], 24, 16)
    assert [found.word for found in maps] == [red, cat, late]
    for found, heat in zip(maps, expected, strict=True):
        low, high = heat.min(), heat.max()
        assert found.heat.dtype == np.float32
        assert (found.heat.min(), found.heat.max()) == (0, 1)
        assert np.allclose(found.heat, ((heat - low) / (high - low)).numpy(), atol=1e-4)
        assert found.level == pytest.approx(heat.mean().item(), rel=1e-4)
    raw = word_maps(capture, [(red, cat)], [0], 24, 16, raw=True)
    assert raw[1].level == pytest.approx(capture.mass(24, 16)[3].mean().item(), rel=1e-4)


def test_a_word_that_was_not_captured_is_an_error(unet_2_1: Any) -> None:
    with captured(unet_2_1, range(10, 20)) as capture:
        run_2_1(unet_2_1)
    with pytest.raises(ValueError, match="not in range"):
        word_maps(capture, [(Word("far", 0, 3, (10,)),)], [10], 16, 16)


def test_enlarging_keeps_the_range_and_follows_the_crop() -> None:
    heat = np.zeros((8, 16), np.float32)
    heat[:, 8:] = 1
    large = enlarge(heat, 128, 64)
    assert large.shape == (64, 128)
    assert (large.min(), large.max()) == (0, 1)
    assert (large[:, :60] == 0).all()
    assert (large[:, 68:] == 1).all()
    assert (enlarge(heat, 100, 50, box=(14, 7, 128, 64)) == large[7:57, 14:114]).all()


# Words


TEXT_ENCODERS = Path(__file__).parent.parent / "fixtures" / "k20_A" / "Kandinsky_2.0"


@pytest.fixture(scope="module")
def xlm_roberta() -> Tokenizer:
    return xlm_roberta_tokenizer(TEXT_ENCODERS / "text_encoder1" / "tokenizer.json")


@pytest.fixture(scope="module")
def mt5() -> Tokenizer:
    return mt5_tokenizer(TEXT_ENCODERS / "text_encoder2" / "spiece.model")


@pytest.fixture(scope="module")
def stock_xlm_roberta() -> Any:
    return AutoTokenizer.from_pretrained(TEXT_ENCODERS / "text_encoder1")


@pytest.fixture(scope="module")
def clip(tiny_model: str) -> Any:
    return AutoTokenizer.from_pretrained(Path(tiny_model) / "tiny-prior" / "tokenizer")


@pytest.fixture(params=["xlm_roberta", "mt5", "stock_xlm_roberta", "clip"])
def tokenizer(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


SPECIAL = {"<s>", "</s>", "<pad>", "<|startoftext|>", "<|endoftext|>"}


def tokens_of(tokenizer: Any, prompt: str) -> list[str]:
    readable = prompt.encode("utf-8", "replace").decode()
    if isinstance(tokenizer, Tokenizer):
        return tokenizer.encode(readable).tokens
    tokens: list[str] = tokenizer.convert_ids_to_tokens(tokenizer(readable, truncation=True, max_length=77).input_ids)
    return tokens


@pytest.mark.parametrize(
    ("prompt", "texts"),
    [
        ("a red cat", ["a", "red", "cat"]),
        ("  a  red\tcat\n", ["a", "red", "cat"]),
        ("a red cat, a red cat.", ["a", "red", "cat", "a", "red", "cat"]),
        ("«Старый замок» — у моря…", ["Старый", "замок", "у", "моря"]),
        ("красная кошка в\xa0космосе", ["красная", "кошка", "в", "космосе"]),
        ("a blue-green T-shirt, don't!", ["a", "blue-green", "T-shirt", "don't"]),
        ("f 1.8, 3 cats (tall)", ["f", "1.8", "3", "cats", "tall"]),
        ("кот 🦙 at 🔥🔥", ["кот", "🦙", "at", "🔥🔥"]),
        ("🦙cat", ["🦙", "cat"]),
        ("1\ufe0f\u20e3 👩\u200d🎨 👍🏽", ["1\ufe0f\u20e3", "👩\u200d🎨", "👍🏽"]),
        ("и\u0306од", ["и\u0306од"]),
        ("a \ud83d cat", ["a", "cat"]),
        ("- , ...", []),
        ("", []),
    ],
)
def test_words(tokenizer: Any, prompt: str, texts: list[str]) -> None:
    words = words_of(tokenizer, prompt)
    assert [word.text for word in words] == texts
    assert [prompt[word.start : word.end] for word in words] == texts
    assert sorted(words, key=lambda word: word.start) == list(words)
    tokens = tokens_of(tokenizer, prompt)
    for word in words:
        assert word.positions
        assert not SPECIAL & {tokens[position] for position in word.positions}


@pytest.mark.parametrize("name", ["xlm_roberta", "mt5", "stock_xlm_roberta"])
@pytest.mark.parametrize(
    "prompt", ["a red cat a red cat", "  Старый замок на  высокой горе", "кот 🦙 кот", "красный круг"]
)
def test_words_hold_the_pieces_from_one_space_to_the_next(
    name: str, prompt: str, request: pytest.FixtureRequest
) -> None:
    tokenizer = request.getfixturevalue(name)
    groups: list[list[int]] = []
    for position, token in enumerate(tokens_of(tokenizer, prompt)):
        if token.startswith("▁"):
            groups.append([])
        if token not in SPECIAL:
            groups[-1].append(position)
    assert [list(word.positions) for word in words_of(tokenizer, prompt)] == groups


def test_words_hold_clips_pieces_up_to_the_end_of_word(clip: Any) -> None:
    assert [word.positions for word in words_of(clip, "a red cat, red")] == [(1,), (2,), (3, 4, 5), (7,)]


def test_repeated_words_stay_apart(tokenizer: Any) -> None:
    first, _, third = words_of(tokenizer, "cat and cat")
    assert first.text == third.text
    assert not set(first.positions) & set(third.positions)


def test_what_is_cut_off_is_no_word(tokenizer: Any) -> None:
    words = words_of(tokenizer, "red " * 200)
    assert 0 < len(words) < 77
    assert max(position for word in words for position in word.positions) == 75  # 76 ends the text


def test_a_shorter_length_cuts_off_more(clip: Any) -> None:
    assert len(words_of(clip, "a a a a a", max_length=4)) == 2


def test_special_tokens_in_the_prompt_are_not_words(xlm_roberta: Any, stock_xlm_roberta: Any, clip: Any) -> None:
    assert [word.text for word in words_of(stock_xlm_roberta, "</s> end <mask>")] == ["end"]
    assert [word.text for word in words_of(xlm_roberta, "</s> end <mask>")] == ["end"]
    assert [word.text for word in words_of(clip, "<|endoftext|> end")] == ["end"]


def test_without_spaces_every_piece_is_a_word() -> None:
    from tokenizers import models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    pieces = ["<unk>", "</s>", "▁", "红色", "的", "圆", "▁on", "に", "ネコ", "ー"]
    inner = Tokenizer(models.Unigram([(piece, -float(i)) for i, piece in enumerate(pieces)], unk_id=0))
    inner.pre_tokenizer = pre_tokenizers.Sequence(  # as in XLM-R
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
    )
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, unk_token="<unk>", eos_token="</s>")
    words = words_of(tokenizer, "红色的圆 on ネコー")
    assert [word.text for word in words] == ["红色", "的", "圆", "on", "ネコ", "ー"]
    assert [word.positions for word in words] == [(0, 1), (2,), (3,), (4,), (5, 6), (7,)]


def test_both_tokenizers_of_2_0_see_the_same_words(xlm_roberta: Any, mt5: Any, unet_2_0: Any) -> None:
    prompt = "красная кошка, a teddy bear"
    reads = [words_of(tokenizer, prompt) for tokenizer in (xlm_roberta, mt5)]
    with captured(unet_2_0, TEXT_2_0) as capture:
        run_2_0(unet_2_0)
    maps = word_maps(capture, reads, [0, 77], 16, 16)
    assert [found.word.text for found in maps] == ["красная", "кошка", "a", "teddy", "bear"]
    share = capture.share(16, 16)
    one, other = (
        share[[offset + position for position in read[1].positions]].sum(0)
        for read, offset in zip(reads, (0, 77), strict=True)
    )
    assert maps[1].level == pytest.approx(((one + other) / 2).mean().item(), rel=1e-4)


# The prior


def tiny_prior(layers: int = 2) -> PriorTransformer:
    torch.manual_seed(5)
    prior = PriorTransformer(num_attention_heads=2, attention_head_dim=16, embedding_dim=32, num_layers=layers)
    for name, parameter in prior.named_parameters():
        if name in ("clip_mean", "positional_embedding", "prd_embedding"):
            torch.nn.init.normal_(parameter, std=0.5)
        if name == "clip_std":
            torch.nn.init.uniform_(parameter, 0.5, 1.5)
    return prior.eval()


@pytest.fixture
def red_cat() -> tuple[TextEncoding, list[Word]]:
    """An encoding of 7 tokens, start and end among them, and its words."""
    words = [Word("a", 0, 1, (1,)), Word("red", 2, 5, (2, 3)), Word("cat", 6, 9, (4, 5))]
    return TextEncoding(noise(1, 7, 32, seed=1), noise(1, 32, seed=2)), words


def importance(prior: Any, encoding: TextEncoding, words: list[Word], **fields: Any) -> tuple[float, ...]:
    generator = torch.Generator().manual_seed(4)
    return prior_importance(prior, PRIOR_NOISE, encoding, noise(1, 32, seed=3), words, generator=generator, **fields)


def test_importance_is_the_answers_attention(
    red_cat: tuple[TextEncoding, list[Word]], explicit: list[torch.Tensor]
) -> None:
    prior = tiny_prior()
    stock = prior.attn_processors
    before = importance(prior, *red_cat)
    assert all(prior.attn_processors[name] is processor for name, processor in stock.items())
    prior.set_attn_processor(AttnProcessor())
    again = importance(prior, *red_cat)
    assert again == pytest.approx(before, rel=1e-5)
    assert len(explicit) == 2  # layers
    paid = torch.stack(explicit)[:, :, :, -1].mean((0, 1, 2))  # 81 tokens
    scores = [paid[1], paid[2] + paid[3], paid[4] + paid[5]]
    assert before == pytest.approx([float(score / sum(scores)) for score in scores], rel=1e-4)
    assert sum(before) == pytest.approx(1)
    assert paid[7:77].max() == 0  # padding


def test_the_word_that_the_prior_looks_at_counts_most(red_cat: tuple[TextEncoding, list[Word]]) -> None:
    encoding, words = red_cat
    prior = tiny_prior(layers=1)
    looked_for = functional.layer_norm(noise(32, seed=6), (32,))
    layer = prior.transformer_blocks[0].attn1
    with torch.no_grad():
        prior.positional_embedding.zero_()
        prior.encoder_hidden_states_proj.weight.copy_(torch.eye(32))
        prior.encoder_hidden_states_proj.bias.zero_()
        layer.to_q.weight.zero_()
        layer.to_q.bias.copy_(looked_for)
        layer.to_k.weight.copy_(torch.eye(32))
        layer.to_k.bias.zero_()
    encoding.hidden_states[0, 4] = looked_for
    a, red, cat = importance(prior, encoding, words)
    assert cat > 0.9
    assert a + red < 0.1


def test_importance_of_several_ideas_is_their_mean(red_cat: tuple[TextEncoding, list[Word]]) -> None:
    prior = tiny_prior()
    encoding, words = red_cat
    idea = noise(1, 32, seed=3)
    both = prior_importance(
        prior, PRIOR_NOISE, encoding, torch.cat([idea, -idea]), words, generator=torch.Generator().manual_seed(4)
    )
    assert sum(both) == pytest.approx(1)
    assert importance(prior, encoding, []) == ()
    assert importance(prior, encoding, words, timesteps=(900,)) != importance(prior, encoding, words, timesteps=(100,))


def test_ablation_finds_the_word_that_makes_the_idea() -> None:
    asked: list[str] = []

    def sample(prompt: str) -> torch.Tensor:
        asked.append(prompt)
        return torch.tensor([[1.0, 0.0]] if "circle" in prompt else [[0.0, 2.0]])

    prompt = "a red circle, a"
    words = [Word("a", 0, 1, (1,)), Word("red", 2, 5, (2,)), Word("circle", 6, 12, (3,)), Word("a", 14, 15, (5,))]
    assert ablation(prompt, sample(prompt), words, sample) == pytest.approx((0, 0, 1, 0), abs=1e-6)
    assert asked == [prompt, "red circle, a", "a circle, a", "a red , a", "a red circle,"]
