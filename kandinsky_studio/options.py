"""What can be written on the command line to make pictures. Imports nothing heavy: ``--help`` answers at once."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kandinsky_studio.errors import StudioError

Run = Callable[[argparse.Namespace], int]

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")  # pictures.FORMATS, which could not be read without numpy
FILLS = ("keep", "neutral", "blur", "border")  # as in engine.arrays, the same
INPUTS = {
    "remix": ("picture", "prompt"),
    "inpaint": ("picture", "mask", "prompt"),
    "outpaint": ("picture", "prompt"),
    "depth": ("hint", "prompt"),
}
"""What the words behind a command are, in their order; behind other commands there can be any number of one kind."""

COMMANDS = {"text2image": "generate", "image2image": "remix"}
"""The commands that are called otherwise than their tasks."""

_SHOWN = {"image": "picture", "slots": "SLOT"}

_FILLING = (
    "what lies there when the painting begins: what was there (keep), the mean colour around it (neutral), the colours "
    "around it run together (blur) or drawn inward (border)"
)
_SLOT = "a picture file, words, or an .safetensors file of “embed”, each with “:WEIGHT” behind it if you like"


class Parser(argparse.ArgumentParser):
    """The parser of one command. Options and words may stand in any order."""

    most: int | None = None
    """How many words there can be, without their options; None for any number."""

    def flags(self) -> dict[str, list[str]]:
        """The options, by the field of a request that they give."""
        return {action.dest: list(action.option_strings) for action in self._actions if action.option_strings}

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does, which takes words behind an option for unknown if some stood before it."""
        known, rest = super().parse_known_args(args, namespace)
        if getattr(known, "given", None) is None:
            return known, rest
        if not any(text.startswith("-") and text != "-" for text in rest):
            known.given, rest = [*known.given, *rest], []
        if self.most is not None and len(known.given) > self.most:
            self.error(f'“{known.given[self.most]}” is one too many; put quotes around words: "a red circle"')
        return known, rest


def add_commands(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], make: Run, embed: Run, explain: Run
) -> None:
    """Register all commands around pictures: ``make`` runs those that make some, the others run their own."""
    making = (_add_generate, _add_remix, _add_inpaint, _add_outpaint, _add_mix, _add_depth)
    parsers = {add(commands): make for add in making} | {_add_embed(commands): embed, _add_explain(commands): explain}
    for parser, run in parsers.items():
        parser.set_defaults(run=run, flags=parser.flags())


def as_typed(error: StudioError, arguments: argparse.Namespace, argv: Sequence[str]) -> StudioError:
    """``error`` with the names of a request's fields as the user knows them: an option that was typed, or could be.

    ``argv`` is what was typed and ``arguments`` what came of it.
    """
    values = dict(error.values)
    if flags := getattr(arguments, "flags", {}).get(values.get("name")):
        typed = [flag for flag in flags if any(text.split("=")[0] == flag for text in argv)]
        values["name"] = (typed or flags)[-1]  # the long one, if none was
    elif values.get("name") in _SHOWN:
        values["name"] = _SHOWN[str(values["name"])]
    if values.get("task") in COMMANDS:
        values["task"] = COMMANDS[str(values["task"])]
    return error if values == error.values else type(error)(**values)


def picture_file(text: str) -> Path:
    """The path of a picture to be written."""
    path = Path(text)
    if path.suffix.lower() not in SUFFIXES:
        raise argparse.ArgumentTypeError(f"“{text}” must end in .png, .jpg or .webp")
    return path


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"\s*(\d{1,6})\s*[xX×]\s*(\d{1,6})\s*", text)
    if not found:
        raise argparse.ArgumentTypeError(f"“{text}” is no size such as 256x192")
    return int(found[1]), int(found[2])


def _embedding_file(text: str) -> Path:
    if Path(text).suffix.lower() != ".safetensors":
        raise argparse.ArgumentTypeError(f"“{text}” must end in .safetensors")
    return Path(text)


def _add_generate(commands: Any) -> Parser:
    parser = _command(
        commands,
        "generate",
        "PROMPT … [options]",
        "make pictures from words",
        "Make pictures from words; each prompt in quotes makes its own.",
        given="what the picture shows, in quotes; several prompts make a picture each, one after the other",
        example='generate "a red circle on a blue background" -n 4',
    )
    _add_size(parser, "the model's own")
    _add_common(parser)
    return parser


def _add_remix(commands: Any) -> Parser:
    parser = _command(
        commands,
        "remix",
        "PICTURE [PROMPT] [options]",
        "make another version of a picture",
        "Make another version of a picture, as close to it as --strength says. Without a prompt, the picture itself "
        "says what is to be seen.",
        given="the picture to start from, then what the new one shows",
        example='remix circle.png "a green star on a blue background" --strength 0.7',
    )
    _add_strength(parser, "0.5")
    _add_words(parser)
    _add_mixing(parser, "--idea", "make the idea of this instead of words (may be repeated)")
    _add_size(parser, "in the picture's proportions, about as large as the model likes it")
    _add_common(parser)
    return parser


def _add_inpaint(commands: Any) -> Parser:
    parser = _command(
        commands,
        "inpaint",
        "PICTURE MASK PROMPT [options]",
        "repaint a part of a picture",
        "Repaint the part of a picture where the mask is white. Beyond the soft edge around it, --feather pixels wide, "
        "everything stays as it is, to the last bit.",
        given="the picture; the mask, of the same size: white is repainted, black stays, grey is changed in part, and if it "
        "has transparency, what is opaque counts as white; then what is to be seen there",
        example='inpaint circle.png mask.png "a yellow star on a blue background"',
    )
    _add_strength(parser, "1")
    group = parser.add_argument_group("the mask")
    group.add_argument(
        "--feather", type=int, dest="mask_feather", metavar="PIXELS", help="width of the soft edge around it; 8"
    )
    group.add_argument("--grow", type=int, dest="mask_grow", metavar="PIXELS", help="widen the mask; -3 narrows it")
    _add_repainting(group)
    _add_words(parser)
    _add_mixing(parser, "--idea", "make the idea of this instead of words (may be repeated)")
    _add_common(parser)
    return parser


def _add_outpaint(commands: Any) -> Parser:
    parser = _command(
        commands,
        "outpaint",
        "PICTURE [PROMPT] --left N … [options]",
        "make a picture larger",
        "Paint on beyond the edges of a picture, which itself stays as it is. Without a prompt, the picture itself "
        "says what is to be seen.",
        given="the picture, then what the larger one shows",
        example='outpaint circle.png "a red circle on a blue background" --left 64 --right 64',
    )
    group = parser.add_argument_group("how much larger")
    for side in ("left", "top", "right", "bottom"):
        group.add_argument(f"--{side}", type=int, dest=f"margin_{side}", metavar="N", help="pixels to add there")
    group.add_argument("--to", type=_size, metavar="WxH", help="the size it shall have; the picture is in the middle")
    _add_strength(parser, "1")
    _add_repainting(parser.add_argument_group("the seam"))
    _add_words(parser)
    _add_mixing(parser, "--idea", "make the idea of this instead of words (may be repeated)")
    _add_common(parser)
    return parser


def _add_mix(commands: Any) -> Parser:
    parser = _command(
        commands,
        "mix",
        "SLOT … [options]",
        "mix pictures and words into a new picture",
        "Mix pictures, words and saved ideas into a new picture. A SLOT is one of them, and how much of it: "
        'circle.png:0.7, "a green star":0.3, idea.safetensors. Without a weight it counts 1.',
        given=_SLOT,
        example='mix circle.png:0.6 "a green star on a white background":0.4',
    )
    _add_words(parser, "words to pull the mix towards, as far as --prior-strength says")
    _add_mixing(parser)
    parser.add_argument(
        "--sequence", type=int, metavar="N", help="N pictures that lead from the first of two slots to the second"
    )
    _add_size(parser, "the model's own")
    _add_common(parser)
    return parser


def _add_depth(commands: Any) -> Parser:
    parser = _command(
        commands,
        "depth",
        "HINT PROMPT [options]",
        "make a picture that follows a depth map",
        "Make a picture whose things stand where a depth map says: what is near is bright in it, what is far is dark.",
        given="the depth map, a grey picture of any size; then what the picture shows",
        example='depth hint.png "a red circle on a blue background"',
    )
    parser.add_argument("--picture", type=Path, metavar="FILE", help="start from this picture, as remix does")
    _add_strength(parser, "0.5")
    group = parser.add_argument_group("the depth map")
    group.add_argument("--estimate", action="store_true", help="the file is a picture: estimate its depth first")
    group.add_argument(
        "--hint-scale", type=float, dest="controlnet_conditioning_scale", metavar="X", help="how much it counts, 0 to 1"
    )
    group.add_argument(
        "--hint-start", type=float, dest="control_guidance_start", metavar="X", help="where it begins, 0 to 1"
    )
    group.add_argument("--hint-end", type=float, dest="control_guidance_end", metavar="X", help="where it ends, 0 to 1")
    _add_words(parser)
    _add_mixing(parser, "--idea", "make the idea of this instead of words (may be repeated)")
    _add_size(parser, "in the proportions of the picture or the map, about as large as the model likes it")
    _add_common(parser)
    return parser


def _add_embed(commands: Any) -> Parser:
    parser = _command(
        commands,
        "embed",
        "PICTURE | WORDS | FILE … [-o idea.safetensors] [options]",
        "keep the idea of a picture, and compare ideas",
        "Say how much pictures, words and saved ideas are alike, as the model sees them: 1 is the same, 0 has nothing "
        "in common. With -o, the idea of each picture is kept in a file that “mix” takes.",
        given="a picture file, words in quotes, or an .safetensors file that this command wrote",
        example="embed circle.png -o idea.safetensors",
    )
    parser.add_argument(
        "-o", "--output", type=_embedding_file, metavar="FILE", help="the .safetensors file; several are numbered"
    )
    _add_running(parser)
    return parser


def _add_explain(commands: Any) -> Parser:
    parser = _command(
        commands,
        "explain",
        "PROMPT [options]",
        "say what each word of a prompt is worth",
        "Say what each word of a prompt is worth to the idea that the model has of it: how much the model looks at "
        "it, and how much changes without it. With -o, models whose decoder reads words also show where in the "
        "picture each word is seen.",
        given="the prompt, in quotes",
        example='explain "a red circle on a blue background"',
        most=1,
    )
    parser.add_argument("--from", type=Path, dest="source", metavar="FILE", help="explain the prompt of this picture")
    parser.add_argument(
        "-o", "--output", type=picture_file, metavar="FILE", help="the picture; a picture for each word lies beside it"
    )
    _add_seeds(parser)
    _add_running(parser)
    return parser


def _command(
    commands: Any,
    name: str,
    usage: str,
    short: str,
    description: str,
    given: str,
    example: str,
    most: int | None = None,
) -> Parser:
    inputs = INPUTS.get(name)
    makes = name not in ("embed", "explain")
    kept = (
        " Pictures go to the library, where the window shows them, or to the file given with -o. What is not given is "
        "the model's own value; seeds are chosen by chance and told."
    )
    lines = [f"kandinsky-studio {name} {usage}"]
    if makes:
        lines.append(f"kandinsky-studio {name} --from FILE [options]")
    parser: Parser = commands.add_parser(
        name,
        usage="\n       ".join(lines),
        help=short,
        description=description + kept * makes,
        epilog=f"For example: kandinsky-studio {example}",
    )
    parser.most = most if inputs is None else len(inputs)
    shown = usage.split(" …")[0].split(" [options]")[0] if inputs is None else " ".join(inputs).upper()
    parser.add_argument("given", nargs="*", metavar=shown, help=given)
    parser.set_defaults(command=name)
    return parser


def _add_common(parser: Parser) -> None:
    """What belongs to all commands that make pictures."""
    parser.add_argument("-o", "--output", type=picture_file, metavar="FILE", help="a .png, .jpg or .webp file")
    parser.add_argument(
        "--from",
        type=Path,
        dest="source",
        metavar="FILE",
        help="repeat this picture, bit for bit; what is given besides, changes",
    )
    parser.add_argument("-n", "--num-images-per-prompt", type=int, metavar="N", help="how many pictures")
    parser.add_argument("--negative-prompt", metavar="TEXT", help="what is not to be seen")
    _add_seeds(parser)
    _add_running(parser)
    values = parser.add_argument_group("finer values, called as in diffusers")
    values.add_argument("--num-inference-steps", type=int, metavar="N", help="steps of the decoder, which draws")
    values.add_argument("--guidance-scale", type=float, metavar="X", help="how closely the decoder follows the idea")
    values.add_argument("--prior-num-inference-steps", type=int, metavar="N", help="steps of the prior: words to idea")
    values.add_argument("--prior-guidance-scale", type=float, metavar="X", help="how closely the prior follows words")
    values.add_argument("--scheduler", metavar="NAME", help="how the decoder steps, such as dpmpp_2m or ddpm")
    values.add_argument("--prior-scheduler", metavar="NAME", help="how the prior steps, such as unclip or ddim")


def _add_seeds(parser: Parser) -> None:
    group = parser.add_argument_group("seeds")
    group.add_argument("--prior-seed", type=int, metavar="N", help="the idea's seed")
    group.add_argument("--seed", type=int, metavar="N", help="the rendering's seed")
    if parser.get_default("command") != "explain":
        _add_switch(group, "--hold-idea", "vary_idea", False, "of several pictures, draw the same idea each time")
        _add_switch(group, "--hold-rendering", "vary_rendering", False, "of several, keep the rendering's seed")


def _add_running(parser: Parser) -> None:
    parser.add_argument("--model", help="a model of the list “models”, or the folder of one")
    parser.add_argument("--device", help="cpu or cuda; the best there is, if not given")
    parser.add_argument("--json", action="store_true", help="tell progress and results as lines of JSON")


def _add_size(parser: Parser, otherwise: str) -> None:
    group = parser.add_argument_group(f"size in pixels; if not given, {otherwise}")
    group.add_argument("--width", type=int, metavar="PIXELS")
    group.add_argument("--height", type=int, metavar="PIXELS")


def _add_strength(parser: Parser, otherwise: str) -> None:
    parser.add_argument(
        "--strength",
        type=float,
        metavar="X",
        help=f"how much is changed: 0 leaves the picture as it is, 1 makes all of it anew; {otherwise}, if not given",
    )


def _add_words(parser: Parser, help: str = "the prompt too, for when what stands before it is left out") -> None:
    parser.add_argument("--prompt", metavar="TEXT", help=help)


def _add_repainting(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--padding", type=int, dest="context_padding", metavar="PIXELS", help="how much the model sees around it; 32"
    )
    group.add_argument("--fill", choices=FILLS, help=_FILLING)
    _add_switch(
        group, "--keep-colours", "match_colours", False, "do not fit the colours of what is painted to its surroundings"
    )


def _add_mixing(parser: Parser, flag: str | None = None, help: str = "") -> None:
    group = parser.add_argument_group("mixing")
    if flag is not None:
        group.add_argument(flag, action="append", default=[], dest="plus", metavar="SLOT", help=f"{help}: {_SLOT}")
    group.add_argument("--minus", action="append", default=[], metavar="SLOT", help="lead away from this (repeatable)")
    _add_switch(
        group, "--spherical", "spherical", True, "mix along the sphere, which keeps ideas as strong as they are"
    )
    _add_switch(group, "--raw-weights", "normalised_weights", False, "take the weights as they are, whatever their sum")
    group.add_argument(
        "--prior-strength", type=float, metavar="X", help="how far the prior pulls the mix towards the words, 0 to 1"
    )


def _add_switch(group: argparse._ArgumentGroup, flag: str, dest: str, value: bool, help: str) -> None:
    """``flag`` makes ``dest`` be ``value``, and ``--no-…`` the reverse, for a picture of --from that has it."""
    group.add_argument(flag, dest=dest, action="store_const", const=value, default=None, help=help)
    reverse: Sequence[str] = [f"--no-{flag[2:]}"]
    group.add_argument(*reverse, dest=dest, action="store_const", const=not value, default=None, help=argparse.SUPPRESS)
