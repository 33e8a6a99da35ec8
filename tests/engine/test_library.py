"""The engine as a Python library: README's examples as they stand, without Qt, and what each method promises."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import kandinsky_studio.engine as package
from kandinsky_studio.engine import Engine
from kandinsky_studio.engine.models import spec_of
from kandinsky_studio.engine.request import GenerationRequest, Task
from kandinsky_studio.errors import StudioError, UnknownValue, UnsupportedTask, WrongSize

ROOT = Path(__file__).parents[2]
EXAMPLES = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL | re.M)
K20 = str(ROOT / "tests" / "fixtures" / "k20_A" / "Kandinsky_2.0")

Build = Callable[..., GenerationRequest]


@pytest.fixture(scope="module")
def builtin() -> Engine:
    return Engine("cpu")


@pytest.fixture(scope="module")
def circle(builtin: Engine) -> np.ndarray:
    words = spec_of("builtin").request("a red circle on a blue background", seed=3, prior_seed=3)
    return builtin.generate(words)[0].image


def test_readmes_examples_run_where_there_is_no_qt() -> None:
    assert len(EXAMPLES) == 5
    check = (
        "assert not any(name.startswith('PySide6') for name in sys.modules if sys.modules[name])\n"
        "outside = mask == 0\n"
        "outside[20:108, 20:108] = False  # the mask's soft edge\n"
        "import json\n"
        "print(json.dumps([\n"
        "    float((filled[outside] == picture[outside]).mean()), list(idea.shape), list(latents.shape),\n"
        "    float(abs(again.astype(int) - picture).mean()),\n"
        "    float(engine.agreement(picture, 'a red circle') - engine.agreement(picture, 'a green star')),\n"
        "    picture[0, 0].tolist(), filled[64, 64].tolist(),\n"
        "]))\n"
    )
    block = "import sys\nsys.modules['PySide6'] = None\n"
    run = subprocess.run(
        [sys.executable, "-c", block + "\n".join(EXAMPLES) + "\n" + check],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=ROOT,
    )
    assert run.returncode == 0, run.stderr
    kept, idea, latents, error, difference, ground, middle = json.loads(run.stdout.splitlines()[-1])
    assert kept == 1
    assert (idea, latents) == ([256], [4, 16, 16])
    assert error < 3
    assert difference > 0.3
    assert ground[2] > 150 > ground[0]  # blue
    assert min(middle[:2]) > 150 > middle[2]  # yellow


def test_the_package_is_imported_without_torch() -> None:
    code = "import sys, kandinsky_studio.engine, kandinsky_studio.engine.request; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
    with pytest.raises(AttributeError, match="Motor"):
        package.Motor  # noqa: B018


def test_pictures_and_words_meet_in_one_space(builtin: Engine, circle: np.ndarray) -> None:
    picture = builtin.encode_image(circle)
    right, wrong = (builtin.encode_text(text) for text in ("ein roter Kreis auf blauem Hintergrund", "a white square"))
    assert picture.shape == right.shape
    assert picture.dtype == np.float32
    cosines = [float(picture @ text / np.linalg.norm(picture) / np.linalg.norm(text)) for text in (right, wrong)]
    assert cosines[0] > cosines[1] + 0.2
    assert builtin.agreement(circle, "a white square") == pytest.approx(cosines[1], abs=1e-5)


def test_the_embedding_of_a_picture_is_the_stock_processors(tiny_model: str) -> None:
    """The picture reaches the vision tower as CLIP's own processor sends it there."""
    import torch
    from PIL import Image
    from transformers import CLIPImageProcessorPil, CLIPVisionModelWithProjection

    folder = Path(tiny_model) / "tiny-prior"
    picture = np.random.default_rng(1).integers(0, 256, (150, 90, 3), np.uint8)
    processor = CLIPImageProcessorPil.from_pretrained(folder / "image_processor")
    tower = CLIPVisionModelWithProjection.from_pretrained(folder / "image_encoder").eval()
    with torch.inference_mode():
        stock = tower(**processor(Image.fromarray(picture), return_tensors="pt")).image_embeds[0].numpy()
    assert np.abs(Engine("cpu").encode_image(picture, tiny_model) - stock).max() < 1e-4


def test_latents_there_and_back(builtin: Engine, circle: np.ndarray) -> None:
    latents = builtin.encode_latents(circle[:, :64])
    assert (latents.shape, latents.dtype) == ((4, 16, 8), np.float32)
    back = builtin.decode_latents(latents)
    assert back.shape == (128, 64, 3)
    assert np.abs(back.astype(int) - circle[:, :64]).mean() < 3
    with pytest.raises(WrongSize):
        builtin.encode_latents(circle[:, :63])
    with pytest.raises(ValueError, match="latents"):
        builtin.decode_latents(latents[0])
    with pytest.raises(ValueError, match="finite"):
        builtin.decode_latents(latents * np.nan)


def test_the_important_words_are_those_that_are_drawn(builtin: Engine) -> None:
    words = builtin.word_importance(spec_of("builtin").request("a red circle on a blue background", prior_seed=3))
    assert [word.word for word in words] == ["a", "red", "circle", "on", "a", "blue", "background"]
    assert sum(word.attention for word in words) == pytest.approx(1, abs=1e-4)
    lost = {word.word: word.ablation for word in words}
    assert min(lost["red"], lost["circle"], lost["blue"]) > 3 * max(lost["on"], lost["background"], 1e-3)


def test_word_maps_change_nothing_and_have_the_pictures_size() -> None:
    engine = Engine("cpu")
    request = spec_of(K20).request("A teddy bear on Red Square", width=72, height=128, num_inference_steps=3)
    maps = engine.word_maps(request)
    assert np.array_equal(maps.result.image, engine.generate(request)[0].image)
    assert [word.word for word in maps.words] == ["A", "teddy", "bear", "on", "Red", "Square"]
    for word in maps.words:
        assert word.heat.shape == (128, 72)
        assert 0 <= word.heat.min() <= word.heat.max() <= 1
    again = engine.word_maps(request)
    assert all(np.array_equal(a.heat, b.heat) for a, b in zip(maps.words, again.words, strict=True))


def test_what_a_version_has_not_is_told_with_those_that_have_it(builtin: Engine, circle: np.ndarray) -> None:
    with pytest.raises(UnsupportedTask, match="explain") as caught:
        builtin.word_maps(spec_of("builtin").request("a red circle"))
    assert "2.1" in caught.value.remedy
    with pytest.raises(UnsupportedTask, match="embed") as caught:
        builtin.encode_image(circle, K20)
    assert "2.2" in caught.value.remedy


def test_dtype_by_choice(tiny_request: Build) -> None:
    [result] = Engine("cpu", dtype="bfloat16").generate(tiny_request())
    assert result.dtype.startswith("bfloat16")
    exact = Engine("cpu").generate(tiny_request())[0].image
    assert 0 < np.abs(result.image.astype(int) - exact).mean() < 20
    with pytest.raises(UnknownValue, match="float7"):
        Engine("cpu", dtype="float7")


def test_arrays_are_welcome_in_a_request(circle: np.ndarray) -> None:
    request = spec_of("builtin").request("x", task="inpaint", image=circle, mask=np.ones((128, 128), bool))
    assert request.task is Task.inpaint
    assert request.mask is not None
    assert request.mask.pixels.min() == 255
    with pytest.raises(StudioError):
        spec_of("builtin").request("x", image=circle.astype(float))
