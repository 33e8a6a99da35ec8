"""What is written behind each command becomes the request that it should, and a picture repeats it."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kandinsky_studio import asking, cli, log, paths
from kandinsky_studio.engine import embeddings
from kandinsky_studio.engine import engine as engine_module
from kandinsky_studio.engine.embeddings import SavedEmbedding, Slot
from kandinsky_studio.engine.explaining import WordHeat, WordImportance, WordMaps
from kandinsky_studio.engine.models import MODELS, spec_of
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.request import GenerationRequest, GenerationResult, Progress, Stage, Task
from kandinsky_studio.engine.validation import check
from kandinsky_studio.errors import MissingInput
from kandinsky_studio.storage.pictures import export, read_pixels, read_request
from tests.engine.depth_checkpoint import write

PROMPT = "a red circle"


class DrawnEngine:
    """Draws noise that the request decides, its pictures too; sees in a picture its mean colour."""

    def __init__(self, device=None):
        self.device = device or "cpu"

    def generate(self, request, *, on_progress, on_result):
        check(request, spec_of(request.model))
        for number, picture in enumerate(request.pictures()):
            on_progress(Progress(Stage.decoder, 1, 2, number, request.num_images_per_prompt, 0.5, 1.5))
            text = json.dumps(picture.to_json(with_pixels=False), sort_keys=True)
            noise = np.random.default_rng(list(text.encode())).integers(
                0, 256, (request.height, request.width, 3), dtype=np.uint8
            )
            on_result(GenerationResult(noise, picture, np.zeros(8, np.float32), {"decoder": 0.5}, str(self.device)))

    def encode_image(self, picture, model, *, on_progress):
        on_progress(Progress(Stage.encoding, 1, 1, 0, 1, 1.0))
        assert model == "builtin"
        return picture.as_picture().pixels.mean((0, 1)).astype(np.float32)

    def encode_text(self, words, model, *, on_progress):
        on_progress(Progress(Stage.encoding, 1, 1, 0, 1, 1.0))
        return np.array(["red" in words, "green" in words, "blue" in words], np.float32)


@pytest.fixture(autouse=True)
def closed_log():
    yield
    log.stop()


@pytest.fixture
def drawn(monkeypatch):
    monkeypatch.setattr(engine_module, "Engine", DrawnEngine)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to work in, with a picture, a mask, a depth map and a saved idea."""
    monkeypatch.chdir(tmp_path)
    noise = np.random.default_rng(3).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    Image.fromarray(noise).save("a.png")
    Image.fromarray(noise[::-1].copy()).save("b.png")
    Image.fromarray(noise[:, :, 0] // 128 * 255).save("mask.png")
    Image.fromarray(noise[:48, :, 1]).save("hint.png")
    Path("broken.safetensors").write_bytes(b"x" * 100)
    embeddings.save(Path("idea.safetensors"), SavedEmbedding(np.array([0, 1, 1], np.float32), ""))
    embeddings.save(Path("foreign.safetensors"), SavedEmbedding(np.array([0, 1, 1], np.float32), "another"))
    return tmp_path


def _asked(*arguments: str) -> GenerationRequest:
    [request] = asking.asked_for(cli._parsed(arguments))
    check(request, spec_of(request.model))
    return request


def _raster(name: str) -> Raster:
    return asking.raster(Path(name))


def test_remix(folder):
    request = _asked("remix", "a.png", PROMPT, "--strength", "0.3")
    assert (request.task, request.image, request.prompt) == (Task.image2image, _raster("a.png"), PROMPT)
    assert (request.strength, request.slots) == (0.3, ())
    assert request.width / request.height == pytest.approx(1.5, rel=0.02)
    assert request.width * request.height == pytest.approx(128**2, rel=0.02)
    assert _asked("remix", "a.png", PROMPT).strength == asking.REMIX_STRENGTH
    assert _asked("remix", "--strength", "0.3", "a.png", "--seed", "1", PROMPT).prompt == PROMPT


def test_without_words_a_picture_is_its_own_idea(folder):
    for command in (["remix", "a.png"], ["outpaint", "a.png", "--left", "8"]):
        request = _asked(*command)
        assert request.slots == (Slot(image=request.image),)
        assert request.prior_strength == MODELS[0].mix_prior_strength
    with pytest.raises(Exception, match="no prompt"):
        _asked("remix", "a.png", "--model", "kandinsky-2.0")
    with pytest.raises(Exception, match="no prompt"):
        _asked("inpaint", "a.png", "mask.png")


def test_inpaint(folder):
    flags = ["--grow", "-3", "--feather", "4", "--padding", "16", "--fill", "blur", "--keep-colours"]
    request = _asked("inpaint", "a.png", "mask.png", PROMPT, *flags, "--strength", "0.9")
    assert (request.task, request.image, request.mask) == (Task.inpaint, _raster("a.png"), _raster("mask.png"))
    assert (request.width, request.height) == (96, 64)
    assert (request.mask_grow, request.mask_feather, request.context_padding) == (-3, 4, 16)
    assert (request.fill, request.match_colours, request.strength) == ("blur", False, 0.9)
    assert _asked("inpaint", "a.png", "mask.png", PROMPT).strength == 1


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA"])
def test_a_mask_can_be_any_picture(folder, mode):
    white = np.asarray(Image.open("mask.png"))
    mask = Image.open("mask.png").convert("RGB" if mode == "P" else mode)
    if mode == "P":
        mask = mask.convert("P", palette=Image.Palette.ADAPTIVE)
    mask.save("other.png")
    assert np.array_equal(_asked("inpaint", "a.png", "other.png", PROMPT).mask.pixels, white)
    if mode == "RGBA":  # painted on nothing, in any colour
        mask.putalpha(Image.open("mask.png"))
        mask.save("other.png")
        assert np.array_equal(_asked("inpaint", "a.png", "other.png", PROMPT).mask.pixels, white)


@pytest.mark.parametrize(
    ("flags", "margins", "size"),
    [
        ("--left 8 --top 4 --right 2 --bottom 1", (8, 4, 2, 1), (106, 69)),
        ("--right 8", (0, 0, 8, 0), (104, 64)),
        ("--to 128x96", (16, 16, 16, 16), (128, 96)),
        ("--to 129x96 --left 30", (30, 16, 3, 16), (129, 96)),
        ("--to 128×64 --right 0", (32, 0, 0, 0), (128, 64)),
        ("--to 128x64 --left 2 --right 30", (2, 0, 30, 0), (128, 64)),
    ],
)
def test_outpaint(folder, flags, margins, size):
    request = _asked("outpaint", "a.png", PROMPT, *flags.split())
    assert (request.task, request.image) == (Task.outpaint, _raster("a.png"))
    assert (request.margin_left, request.margin_top, request.margin_right, request.margin_bottom) == margins
    assert (request.width, request.height) == size


def test_a_sequence(folder):
    arguments = cli._parsed(["mix", "a.png", "a green star", "--sequence", "3", "--minus", "red"])
    steps = asking.asked_for(arguments)
    assert [[slot.weight for slot in step.slots] for step in steps] == [[1, 0, 1], [0.5, 0.5, 1], [0, 1, 1]]
    assert len({(step.seed, step.prior_seed) for step in steps}) == 1
    for wrong in (["a.png"], ["a.png", "b.png", "red"], ["a.png", "--minus", "b.png"]):
        with pytest.raises(MissingInput, match="one SLOT to begin with and one to end with"):
            asking.asked_for(cli._parsed(["mix", *wrong, "--sequence", "3"]))


def test_mix(folder):
    slots = ["a.png:0.25", "a green star:-1.5", "idea.safetensors", "b.png", "16:9 wide:2", "C:x"]
    flags = ["--minus", "blurry:.5", "--minus", "b.png", "--raw-weights", "--prior-strength", "0.4", "--prompt", PROMPT]
    request = _asked("mix", *slots, *flags)
    assert (request.task, request.prompt, request.prior_strength) == (Task.mix, PROMPT, 0.4)
    assert (request.normalised_weights, request.spherical) == (False, False)
    assert request.slots == (
        Slot(image=_raster("a.png"), weight=0.25),
        Slot(prompt="a green star", weight=-1.5),
        Slot(embedding=embeddings.load(Path("idea.safetensors"))),
        Slot(image=_raster("b.png")),
        Slot(prompt="16:9 wide", weight=2),
        Slot(prompt="C:x"),
        Slot(prompt="blurry", weight=0.5, negative=True),
        Slot(image=_raster("b.png"), negative=True),
    )
    plain = _asked("mix", "a.png", "b.png", "--spherical")
    assert (plain.prompt, plain.spherical, plain.normalised_weights) == ("", True, True)
    assert plain.prior_strength == MODELS[0].mix_prior_strength


@pytest.mark.skipif(sys.platform == "win32", reason="no file can be called so there")
def test_a_file_with_a_colon_in_its_name_is_that_file(folder):
    Path("b.png").rename("b:2.png")
    Path("b:2.png").rename("x.png:2")
    assert asking.slot("x.png:2") == Slot(prompt="x.png:2")
    Path("x.png:2").rename("x:2.png")
    assert asking.slot("x:2.png:3") == Slot(image=_raster("x:2.png"), weight=3)


def test_depth(folder):
    flags = ["--hint-scale", "0.5", "--hint-start", "0.1", "--hint-end", "0.8"]
    request = _asked("depth", "hint.png", PROMPT, *flags)
    assert (request.task, request.hint, request.image) == (Task.depth, _raster("hint.png"), None)
    assert (request.width, request.height) == (181, 91)
    assert request.controlnet_conditioning_scale == 0.5
    assert (request.control_guidance_start, request.control_guidance_end, request.strength) == (0.1, 0.8, 1)
    started = _asked("depth", "hint.png", PROMPT, "--picture", "a.png", "--width", "96")
    assert (started.image, started.strength) == (_raster("a.png"), asking.REMIX_STRENGTH)
    assert (started.width, started.height) == (96, 64)


def test_depth_can_be_estimated(folder, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(folder))
    drawn = np.full((64, 96, 3), (40, 80, 200), np.uint8)
    drawn[20:40, 30:60] = (240, 210, 40)
    Image.fromarray(drawn).save("drawn.png")
    request = _asked("depth", "drawn.png", PROMPT, "--estimate")
    wanted = np.zeros((64, 96), np.uint8)
    wanted[20:40, 30:60] = 255
    assert request.hint == Raster(wanted)
    plain = _asked("depth", "drawn.png", PROMPT)
    assert (request.width, request.height) == (plain.width, plain.height)
    write(paths.models())
    assert len(np.unique(_asked("depth", "drawn.png", PROMPT, "--estimate").hint.pixels)) > 20


def test_an_idea_can_stand_for_the_words(folder):
    request = _asked("inpaint", "a.png", "mask.png", "--idea", "b.png:2", "--idea", "a star")
    assert request.slots == (Slot(image=_raster("b.png"), weight=2), Slot(prompt="a star"))
    assert request.prompt == ""


def test_what_all_commands_share(folder):
    flags = ["-n", "3", "--prior-scheduler", "ddim", "--hold-idea", "--hold-rendering", "--model", "kandinsky-2.2"]
    request = _asked("generate", PROMPT, *flags)
    assert (request.num_images_per_prompt, request.prior_scheduler, request.model) == (3, "ddim", "kandinsky-2.2")
    assert (request.vary_idea, request.vary_rendering) == (False, False)


def test_every_field_of_a_request_can_be_given(folder):
    lines = [
        "generate p --negative-prompt n --model kandinsky-2.2 --width 96 --height 96 --num-inference-steps 7",
        "generate p --guidance-scale 3 --prior-num-inference-steps 7 --prior-guidance-scale 3 --scheduler ddim",
        "generate p --prior-scheduler ddim --prior-seed 1 --seed 1 -n 2 --hold-idea --hold-rendering",
        "inpaint a.png mask.png p --strength 0.9 --grow 1 --feather 1 --padding 1 --fill blur --keep-colours",
        "outpaint a.png p --left 1 --top 1 --right 1 --bottom 1",
        "mix a.png --spherical --raw-weights --prior-strength 0.9",
        "depth hint.png p --hint-scale 0.5 --hint-start 0.1 --hint-end 0.9",
    ]
    default = MODELS[0].request("")
    changed = set()
    for line in lines:
        values = _asked(*line.split())
        changed |= {name for name in vars(default) if getattr(values, name) != getattr(default, name)}
    of_templates = {
        "wordings",
        "prompt_template",
        "negative_template",
    }  # which the window resolves; --from repeats them
    assert changed | of_templates == set(vars(default))


@pytest.mark.parametrize(
    ("size", "given", "fits"),
    [
        ((128, 128), (None, None), (128, 128)),
        ((4000, 3000), (None, None), (148, 111)),
        ((32, 24), (None, None), (148, 111)),
        ((4000, 3000), (400, None), (400, 300)),
        ((4000, 3000), (None, 300), (400, 300)),
        ((4000, 3000), (90, 70), (90, 70)),
        ((10_000, 10), (None, None), (512, 64)),
        ((1, 5000), (None, None), (64, 512)),
    ],
)
def test_a_picture_is_made_about_as_large_as_the_model_likes_it(size, given, fits):
    assert asking.fitted(size, MODELS[0], *given) == fits


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("remix none.png x", "none.png was not found. Look at its name"),
        ("remix idea.safetensors x", "idea.safetensors is not a picture"),
        ("generate --from none.png", "none.png was not found"),
        ("explain --from none.png", "none.png was not found"),
        ("inpaint a.png none.png x", "none.png was not found"),
        ("depth none.png x", "none.png was not found"),
        ("remix a.png x y", "“y” is one too many; put quotes"),
        ("remix", "For “remix”, “picture” is needed"),
        ("remix a.png x --strength 2", "--strength can't be 2.0"),
        ("generate x -n 0", "-n can't be 0. Choose a value from 1"),
        ("generate x --num-images-per-prompt=0", "--num-images-per-prompt can't be 0"),
        ("inpaint a.png mask.png x --grow 9999", "--grow can't be 9999"),
        ("depth hint.png x --hint-scale 3", "--hint-scale can't be 3.0"),
        ("remix a.png x --model kandinsky-2.0 --idea b.png", "Kandinsky 2.0 can't do “mix”"),
        ("remix a.png x --nonsense 3 y", "unrecognized arguments: --nonsense"),
        ("remix a.png --model kandinsky-2.0", "There is no prompt yet"),
        ("inpaint a.png --prompt x", "“mask” is needed"),
        ("inpaint a.png hint.png x", "The size of “mask” is 96 × 48 pixels instead of 96 × 64"),
        ("inpaint a.png mask.png x --fill sky", "invalid choice"),
        ("outpaint a.png x", "“--left, --top, --right, --bottom or --to” is needed"),
        ("outpaint a.png x --to 64x64", "The width of --to can't be 64. Choose a value from 96"),
        ("outpaint a.png x --to 128x64 --left 40", "--left can't be 40. Choose a value from 0 to 32"),
        ("outpaint a.png x --to 128x64 --left 2 --right 3", "--right can't be 3. Choose a value from 30 to 30"),
        ("outpaint a.png x --to big", "“big” is no size such as"),
        ("outpaint a.png x --left -5", "--left can't be -5"),
        ("inpaint", "For “inpaint”, “picture” is needed"),
        ("depth", "For “depth”, “hint” is needed"),
        ("mix", "For “mix”, “slot” is needed"),
        ("mix a.png:1 b.png:-1", "weights of the mix leave nothing"),
        ("mix none.safetensors", "none.safetensors was not found"),
        ("mix broken.safetensors", "An idea can't be “broken.safetensors”. Choose one of a picture, words"),
        ("mix none.png", "none.png was not found"),
        ("mix a.png --sequence 3", "For “mix --sequence”, “one SLOT to begin with and one to end with, no more”"),
        ("mix a.png b.png --sequence 1", "--sequence can't be 1. Choose a value from 2 to 1000"),
        (
            "embed foreign.safetensors red",
            "A saved idea comes from a model that sees pictures differently than Built-in",
        ),
        ("mix a.png :2", "For “mix”, “slot” is needed"),
        ("mix a.png --model kandinsky-2.0", "Kandinsky 2.0 can't do “mix”"),
        (
            "depth hint.png x --model kandinsky-2.1",
            "Kandinsky 2.1 can't do “depth”. Choose one of these for it: Built-in",
        ),
        ("depth hint.png", "There is no prompt yet"),
        ("depth --prompt x", "“hint” is needed"),
        ("embed", "For “embed”"),
        ("embed red -o idea.safetensors", "“a picture” is needed"),
        ("embed red -o idea.png", "must end in .safetensors"),
        ("embed red --model kandinsky-2.0", "Kandinsky 2.0 can't do “embed”. Choose one of these"),
        ("explain", "There is no prompt yet"),
        ("explain red -o a.png", "Built-in can't do “explain -o”. Choose one of these for it: Kandinsky 2.1"),
        ("explain red circle", "“circle” is one too many"),
    ],
)
def test_mistakes_are_told_in_a_sentence(folder, drawn, capsys, line, said):
    assert cli.main(line.split()) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""


TASKS = {
    "remix": "remix a.png x --strength 0.7",
    "wordless": "remix a.png",
    "inpaint": "inpaint a.png mask.png x --grow 2",
    "outpaint": "outpaint a.png x --left 8",
    "mix": "mix a.png:0.5 star idea.safetensors --minus b.png --spherical",
    "depth": "depth hint.png x --picture b.png",
}


@pytest.mark.parametrize("line", TASKS.values(), ids=TASKS.keys())
def test_a_picture_is_repeated_without_its_inputs_at_hand(folder, drawn, line):
    assert cli.main([*line.split(), "-o", "made.png"]) == 0
    for name in ("a.png", "b.png", "mask.png", "hint.png", "idea.safetensors"):
        Path(name).unlink()
    for command in ("generate", line.split()[0]):
        assert cli.main([command, "--from", "made.png", "-o", "again.png"]) == 0
        assert read_request(Path("made.png")) == read_request(Path("again.png"))
        assert np.array_equal(read_pixels(Path("made.png")), read_pixels(Path("again.png")))
        assert cli.main([command, "--from", "made.png", "--seed", "77", "-o", "other.png"]) == 0
        assert not np.array_equal(read_pixels(Path("made.png")), read_pixels(Path("other.png")))


def _made(line: str) -> None:
    assert cli.main([*line.split(), "-o", "made.png"]) == 0


def test_what_is_given_besides_changes_a_repeated_picture(folder, drawn):
    _made(TASKS["inpaint"])
    before = read_request(Path("made.png"))
    again = _asked("inpaint", "--from", "made.png", "--prompt", "y", "--no-keep-colours", "--feather", "0")
    assert (again.prompt, again.mask_feather, again.mask_grow, again.seed) == ("y", 0, 2, before.seed)
    assert again.mask == before.mask
    assert _asked("inpaint", "b.png", "--from", "made.png").image == _raster("b.png")
    assert _asked("generate", "z", "--from", "made.png").task is Task.inpaint
    turned = _asked("remix", "--from", "made.png")
    assert (turned.task, turned.image, turned.mask) == (Task.image2image, before.image, None)


def test_margins_and_slots_of_a_repeated_picture_are_changed_one_by_one(folder, drawn):
    _made(TASKS["outpaint"])
    wider = _asked("outpaint", "--from", "made.png", "--right", "4")
    assert (wider.margin_left, wider.margin_right, wider.width) == (8, 4, 108)
    _made(TASKS["mix"])
    before = read_request(Path("made.png"))
    assert _asked("mix", "--from", "made.png", "sun").slots == (Slot(prompt="sun"), before.slots[-1])
    assert _asked("mix", "--from", "made.png", "--no-spherical").spherical is False
    minus = _asked("mix", "--from", "made.png", "--minus", "sun")
    assert minus.slots == (*before.slots[:-1], Slot(prompt="sun", negative=True))


def test_a_mix_can_take_the_place_of_the_words_of_a_repeated_picture(folder, drawn):
    _made("generate x")
    assert _asked("mix", "--from", "made.png", "a.png").prior_strength == MODELS[0].mix_prior_strength


def test_words_take_the_place_of_a_picture_that_was_its_own_idea(folder, drawn):
    _made(TASKS["wordless"])
    for command in (["remix", "--prompt", "x"], ["generate", "x"]):
        request = _asked(*command, "--from", "made.png")
        assert (request.prompt, request.slots, request.prior_strength) == ("x", (), 0)
    other = _asked("remix", "--from", "made.png", "b.png")
    assert other.slots == (Slot(image=_raster("b.png")),)


def test_a_jpeg_says_that_it_does_not_hold_the_inputs_and_takes_them_again(folder, drawn, capsys):
    _made(TASKS["inpaint"])
    export(Path("made.png"), Path("made.jpg"))
    assert cli.main(["generate", "--from", "made.jpg"]) == 2
    assert "does not hold the pictures that this one was made from. Repeat it from the PNG" in capsys.readouterr().err
    assert cli.main(["inpaint", "a.png", "mask.png", "--from", "made.jpg", "-o", "again.png"]) == 0
    assert np.array_equal(read_pixels(Path("made.png")), read_pixels(Path("again.png")))


def test_several_prompts_make_several_pictures(folder, drawn, capsys):
    assert cli.main(["generate", "a star", "a ring", "-n", "2", "-o", "x.png", "--prior-seed", "5", "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    made = [event for event in events if event["event"] == "result"]
    assert [event["file"] for event in made] == [f"x-{number}.png" for number in (1, 2, 3, 4)]
    assert [event["request"]["prompt"] for event in made] == ["a star", "a star", "a ring", "a ring"]
    assert [event["request"]["prior_seed"] for event in made] == [5, 6, 5, 6]
    assert made[0]["request"]["seed"] != made[2]["request"]["seed"]
    progress = [event for event in events if event["event"] == "progress"]
    assert [(event["picture"], event["pictures"]) for event in progress] == [(0, 4), (1, 4), (2, 4), (3, 4)]
    assert [event["fraction"] for event in progress] == [0.25, 0.25, 0.75, 0.75]
    assert [event["seconds_left"] for event in progress] == [None, None, 1.5, 1.5]


def test_nothing_is_made_if_one_of_several_prompts_is_wrong(folder, drawn):
    assert cli.main(["generate", "a star", " ", "-o", "x.png"]) == 2
    assert not list(folder.glob("x*.png"))


def test_json_tells_a_result_in_a_short_line_and_an_error_too(folder, drawn, capsys):
    _made(TASKS["remix"] + " --json")
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert "png" not in result["request"]["image"]
    assert result["request"]["image"]["sha256"] == _raster("a.png").digest
    assert cli.main(["mix", "a.png:1", "b.png:-1", "--json"]) == 2
    error = json.loads(capsys.readouterr().out)
    assert (error["event"], error["error"]) == ("error", "WeightsCancelOut")
    assert error["message"].endswith(".")
    assert error["hint"].endswith(".")


def test_embed_keeps_an_idea_that_mix_takes(folder, drawn, capsys):
    assert cli.main(["embed", "a.png", "-o", "new/seen.safetensors"]) == 0
    assert capsys.readouterr().out == "new/seen.safetensors\n"
    saved = embeddings.load(folder / "new" / "seen.safetensors")
    assert np.allclose(saved.values, np.asarray(Image.open("a.png")).mean((0, 1)))
    assert len(saved.encoder) == 64
    assert _asked("mix", "new/seen.safetensors").slots == (Slot(embedding=saved),)
    assert cli.main(["embed", "a.png", "b.png", "-o", "two.safetensors", "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(event["file"], event["given"]) for event in events if event["event"] == "saved"] == [
        ("two-1.safetensors", "a.png"),
        ("two-2.safetensors", "b.png"),
    ]
    assert [event["fraction"] for event in events if event["event"] == "progress"] == [0.5, 1]
    capsys.readouterr()
    assert cli.main(["embed", "a.png", "b.png", "-o", "two.safetensors"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[-2:] == ["two-1.safetensors  a.png", "two-2.safetensors  b.png"]
    assert embeddings.load(Path("two-1.safetensors")) == saved


def test_embed_compares(folder, drawn, capsys):
    assert cli.main(["embed", "red", "green and blue", "idea.safetensors"]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[1:] == [
        "  1  1.000  0.000  0.000  red",
        "  2  0.000  1.000  1.000  green and blue",
        "  3  0.000  1.000  1.000  idea.safetensors",
    ]
    assert cli.main(["embed", "red", "green", "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told == {"event": "similarities", "given": ["red", "green"], "similarities": [[1, 0], [0, 1]]}


def test_ideas_of_different_length_can_not_be_compared(folder, drawn, capsys):
    embeddings.save(Path("long.safetensors"), SavedEmbedding(np.ones(5, np.float32), ""))
    assert cli.main(["embed", "long.safetensors", "red"]) == 2
    assert "A saved idea has 5 numbers; Built-in needs 3" in capsys.readouterr().err


def test_the_encoder_of_an_idea_is_told_by_its_files():
    from kandinsky_studio.engine.models import find

    assert find("builtin").encoder() == find("builtin").encoder()
    assert find("builtin").encoder() not in ("", find("builtin").fingerprint())


class ExplainingEngine(DrawnEngine):
    """Sees the first word of a prompt in the left half of the picture, the second in the right half."""

    def word_importance(self, request, *, on_progress):
        words = request.prompt.split()
        return tuple(WordImportance(word, 0, len(word), 1 / len(words), 0.25) for word in words)

    def word_maps(self, request, *, on_progress):
        made = []
        self.generate(request, on_progress=on_progress, on_result=made.append)
        left = np.zeros(made[0].image.shape[:2], np.float32)
        left[:, : left.shape[1] // 2] = 1
        words = zip(request.prompt.split(), (left, 1 - left), strict=False)
        return WordMaps(made[0], tuple(WordHeat(word, 0, len(word), heat, 0.5) for word, heat in words))


@pytest.fixture
def explaining(monkeypatch):
    monkeypatch.setattr(engine_module, "Engine", ExplainingEngine)


def test_explain_says_what_words_are_worth(folder, explaining, capsys):
    assert cli.main(["explain", "red ring"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[1:] == ["      50%     0.250  red", "      50%     0.250  ring"]
    assert len(told[0]) >= len("looked at   changes  word")


def test_explain_shows_where_words_are_seen(folder, explaining, capsys):
    assert cli.main(["explain", "red ring/", "--model", "kandinsky-2.1", "-o", "new/seen.jpg", "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["event"] for event in events] == ["words", "progress", "seen", "result", "map", "map"]
    assert [word["level"] for word in events[2]["words"]] == [0.5, 0.5]
    assert [Path(event["file"]) for event in events[3:]] == [
        Path("new/seen.jpg"),
        Path("new/seen-1-red.jpg"),
        Path("new/seen-2-ring.jpg"),
    ]
    assert read_request(Path("new/seen.jpg")).prompt == "red ring/"
    lit = read_pixels(Path("new/seen-1-red.jpg"))
    assert lit[:, :300].mean() > 3 * lit[:, 400:].mean()


def test_explain_of_a_model_without_a_prior_shows_what_it_sees(folder, explaining, capsys):
    assert cli.main(["explain", "red ring", "--model", "kandinsky-2.0"]) == 0
    assert capsys.readouterr().out.splitlines() == ["seen in  word", "  50.0%  red", "  50.0%  ring"]


def test_explain_takes_the_prompt_of_a_picture(folder, explaining, capsys):
    _made("generate red --seed 5 --prior-seed 6")
    capsys.readouterr()
    assert cli.main(["explain", "--from", "made.png", "--json"]) == 0
    assert [word["word"] for word in json.loads(capsys.readouterr().out)["words"]] == ["red"]
    _made("mix a.png")
    assert cli.main(["explain", "--from", "made.png"]) == 2
