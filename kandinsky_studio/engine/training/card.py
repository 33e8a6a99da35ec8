"""The model card of the built-in model, made from its figures and its words, so that it can't say anything else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kandinsky_studio.engine.training.components import PRIOR_FOLDER
from kandinsky_studio.engine.training.measures import SCALES, STRENGTHS

LANGUAGE_NAMES = {"en": "English", "ru": "Russian", "de": "German", "fr": "French", "es": "Spanish"}
CARD_FILE, REPORT_FILE, VOCABULARY_FILE, SAMPLES_FILE = "README.md", "quality.json", "vocabulary.json", "samples.png"

Values = Mapping[str, Any]
"""The figures of ``quality.json``: by measure, then by figure."""


def words_table(values: Values) -> str:
    """From words to pixels, by language and number of shapes."""
    tables = []
    for count, named in (("one", "one shape"), ("two", "two shapes")):
        keys = {f"words/{code}/{count}": name for code, name in LANGUAGE_NAMES.items()}
        keys[f"judge/{count}"] = "(the judge, on true pictures)"
        rows = [
            [
                name,
                str(values[key]["items"]),
                *(_percent(values[key][each]) for each in ("background", "colour", "shape", "both")),
            ]
            for key, name in keys.items()
        ]
        head = [f"From words, {named}", "Prompts", "Ground", "Colours", "Shapes", "Colours and shapes"]
        tables.append(_markdown(head, rows))
    return "\n\n".join(tables)


def editing_table(values: Values) -> str:
    """Places, the decoder and codec alone, and everything but drawing from words."""
    negative = {name: _mean(values["negative/en"][name], values["negative/ru"][name]) for name in values["negative/en"]}
    outpaint = values["outpaint"]
    rows = [
        ("Stated place or relation, English", "places/en", _percent(values["places/en"]["place"])),
        ("Stated place or relation, Russian", "places/ru", _percent(values["places/ru"]["place"])),
        ("Inpaint: the asked shape in the asked colour", "inpaint", _percent(values["inpaint"]["asked"])),
        ("Inpaint: surroundings go on in the hole", "inpaint", _percent(values["inpaint"]["surroundings"])),
        ("Outpaint, ground named: it goes on, nothing is added", "outpaint", _percent(outpaint["ground named"])),
        ("Outpaint, the shape that is there named again: the same", "outpaint", _percent(outpaint["shape named"])),
        ("Depth: overlap of the silhouettes", "depth", f"{values['depth']['overlap']:.3f}"),
        ("Depth: asked colours", "depth", _percent(values["depth"]["colour"])),
        ("Mix of two pictures, even: only from the two", "mix", _percent(values["mix"]["even, from the two"])),
        ("The same, not settled by the prior", "mix", _percent(values["mix"]["even, not settled"])),
        ("Mix 0.9 to 0.1: the heavier one's", "mix", _percent(values["mix"]["0.1, the heavier"])),
        ("Mix 0.1 to 0.9: the heavier one's", "mix", _percent(values["mix"]["0.9, the heavier"])),
        ("White ground, without a negative prompt", "negative/en", _percent(negative["white before"])),
        ("White ground, with white as the negative prompt", "negative/en", _percent(negative["white after"])),
        ("The asked shape, with the negative prompt", "negative/en", _percent(negative["asked after"])),
        (
            "CIELAB distance of the ground from the palette, without and with it",
            "negative/en",
            f"{negative['palette distance before']:.1f}, {negative['palette distance after']:.1f}",
        ),
        ("Decoder, from true embeddings, one shape", "decoder/one", _percent(values["decoder/one"]["both"])),
        ("Decoder, from true embeddings, two shapes", "decoder/two", _percent(values["decoder/two"]["both"])),
        ("Codec: the judge sees all after encoding and decoding", "movq", _percent(values["movq"]["both"])),
        ("Codec: PSNR", "movq", f"{values['movq']['psnr']:.1f} dB"),
        ("Vision tower: reads the shape", None, _percent(values["vision"]["shape"])),
        (
            "Picture and text: the true caption among near misses, worst language",
            None,
            _percent(min(values["hard negatives"].values())),
        ),
    ]
    return _markdown(
        ["", "Measured", "On"],
        [[name, figure, str(values[key]["items"]) if key else ""] for name, key, figure in rows],
    )


def curves_table(values: Values) -> str:
    """How guidance trades variety for agreement, and what strength does in image-to-image."""
    scales = ["", *(f"{scale:g}" for scale in SCALES)]
    rows = []
    for name, label in (("guidance", "Guidance of the decoder"), ("prior guidance", "Guidance of the prior")):
        rows.append([f"{label}: agreement", *(_percent(values[name][f"agreement at {scale}"]) for scale in SCALES)])
        rows.append([f"{label}: variety", *(f"{values[name][f'variety at {scale}']:.1f}" for scale in SCALES)])
    strengths = ["", *(f"{strength:g}" for strength in STRENGTHS)]
    figures = values["image2image"]
    change = [
        ["Overlap with the old silhouette", *(f"{figures[f'overlap at {s}']:.2f}" for s in STRENGTHS)],
        ["The asked colour", *(_percent(figures[f"asked at {s}"]) for s in STRENGTHS)],
    ]
    return _markdown(scales, rows) + "\n\n" + _markdown(strengths, change)


def vocabulary_table(words: Mapping[str, Mapping[str, list[str]]]) -> str:
    """The words known, a row a language and kind."""
    rows = [
        [LANGUAGE_NAMES[code], kind, ", ".join(entries)]
        for code, kinds in words.items()
        for kind, entries in kinds.items()
    ]
    return _markdown(["Language", "Kind", "Words"], rows)


def write_card(model: Path, prompts: list[str], samples: str) -> None:
    """Write the card of the model in ``model`` from the files that lie there and the prompts of its samples."""
    (model / CARD_FILE).write_text(card(model, prompts, samples), encoding="utf-8")


def card(model: Path, prompts: list[str], samples: str) -> str:
    """The text of the card."""
    values = json.loads((model / REPORT_FILE).read_text(encoding="utf-8"))
    words = json.loads((model / VOCABULARY_FILE).read_text(encoding="utf-8"))
    sizes = _sizes(model)
    parts = _markdown(["Part", "MB"], [[name, f"{size / 1e6:.1f}"] for name, size in sizes.items()])
    listed = "\n".join(f"{k}. {prompt}" for k, prompt in enumerate(prompts, 1))
    return _TEXT.format(
        parts=parts,
        total=f"{sum(sizes.values()) / 1e6:.1f}",
        words=words_table(values),
        editing=editing_table(values),
        curves=curves_table(values),
        vocabulary=vocabulary_table(words),
        samples=samples,
        prompts=listed,
    )


def _sizes(model: Path) -> dict[str, int]:
    folders = sorted({path.parent for path in model.rglob("*.safetensors")})
    sizes = {
        folder.relative_to(model).as_posix(): sum(path.stat().st_size for path in folder.iterdir())
        for folder in folders
    }
    tokenizer = model / PRIOR_FOLDER / "tokenizer"
    sizes[f"{PRIOR_FOLDER}/tokenizer"] = sum(path.stat().st_size for path in tokenizer.iterdir())
    return sizes


def _markdown(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _mean(first: float, second: float) -> float:
    return (first + second) / 2


_TEXT = """\
# The built-in model

A very small model with exactly the component classes of Kandinsky 2.2, trained from nothing on drawn scenes: up to two
flat shapes on a plain ground, 128 × 128 pixels, and what people might say about them in five languages. It is there so
that everything in the program works at once, on any computer and without a network, and so that tests can check what a
picture means. It has seen no photograph, no painting and nobody's work. It knows no cats, no faces, no landscapes.

- Five shapes: circle, square, triangle, star, ring. Eight colours. One shape or two that do not touch.
- A prompt that does not name a ground mostly gets white paper.
- Licence: Apache-2.0, like the program. Training data: none but what the program draws itself.

This page is made by `python3 start.py train builtin --stage measure`, from the figures it measures.

## How good it is

All scenes are held out: drawn from a seed that no stage of the training uses. Combinations of colour and shape are not
held out. A judge that never saw the model measures pixels: connected regions, their median colour in CIELAB, and the
ideal shape that overlaps them best. It counts a picture as right only if all of its kind is right; a missing or an
extra shape is wrong. Words go through the program's own engine with the default settings; editing goes through the
stock pipelines of diffusers.

{words}

{editing}

Guidance, with few steps so that there is something to see (8 of the decoder, 4 of the prior). Agreement: two shapes,
all right. Variety: the mean CIELAB difference between pictures of one open prompt.

{curves}

## Unselected samples

![Samples]({samples})

The first pictures of held-out prompts, none left out, from left to right and from top to bottom:

{prompts}

## What it knows

{vocabulary}

## Its limits

- It draws best at 128 × 128. At other sizes it stretches or repeats what it knows.
- Three shapes, shapes on top of each other, numbers of things and words it was not taught mean nothing to it; it then
  draws something it knows.
- “On the left” and “small” are ranges, not measures. Small shapes have soft corners.
- Where a picture grows, a shape that the prompt names is now and then drawn a second time; naming only the ground avoids
  it.
- A guidance much above the default with a negative prompt burns colours out.

## How it was made

`python3 start.py train builtin` makes every part from a fixed seed, stage by stage, each behind a gate. The embedding
space is laid down first (an orthonormal projection of a scene's attributes); vision tower, text tower, prior and
decoders are trained onto it. Then the decoder goes on with mixes of two embeddings and with pictures that contradict
the embedding (stage `editing`); the decoders for inpainting and depth grow out of it and share with it the weights
that carry time and idea, which are stored once.

The committed weights were made on two processor cores in several sittings. The vision tower, the codec and the first
decoder stage are older than the other parts; later stages went on from their half-precision weights. The same command
makes a model of the same kind again, but not these bytes.

{parts}

Together {total} MB in half precision.
"""
