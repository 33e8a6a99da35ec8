"""What is measured is measured once, wholly, and against near misses that are misses."""

from pathlib import Path

import numpy as np
import pytest

from kandinsky_studio import paths
from kandinsky_studio.engine.training import quality
from kandinsky_studio.engine.training.measures import MEASURES, prompt_for
from kandinsky_studio.engine.training.retrieval import near_misses
from kandinsky_studio.engine.training.scenes import COLOUR_NAMES, SHAPES, Scene, random_scene


def test_the_pieces_of_a_measure_are_its_items() -> None:
    for name, measure in MEASURES.items():
        pieces = list(quality.chunks([name]))
        items = [item for piece in pieces for item in range(piece.start, piece.start + piece.count)]
        assert items == list(range(measure.items))
    assert len({piece.file for piece in quality.chunks(tuple(MEASURES))}) == len(list(quality.chunks(tuple(MEASURES))))


def test_a_broken_measurement_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality, "CHUNK", 4)
    lines: list[str] = []

    def measured() -> dict[str, dict[str, float]]:
        return quality.measure(
            paths.builtin_model(), tmp_path, lines.append, measures=("judge/one",), share=0.02, processes=1
        )

    whole = measured()
    assert whole["judge/one"]["items"] == 10
    assert whole["judge/one"]["both"] == 1.0
    assert len(lines) == 3
    files = sorted(tmp_path.rglob("*.json"))
    files[1].unlink()
    assert measured() == whole
    assert len(lines) == 4


def test_a_near_miss_is_one() -> None:
    rng = np.random.default_rng(0)
    for k in range(100):
        scene = random_scene(rng, 1 + k % 2)
        misses = near_misses(scene, rng)
        assert len(misses) >= 3
        assert all(miss != scene for miss in misses)
        for miss in misses:
            assert miss.background not in {shape.colour for shape in miss.shapes}
            assert [(s.x, s.y) for s in miss.shapes] == [(s.x, s.y) for s in scene.shapes]


def test_every_second_prompt_is_plain_and_all_name_everything() -> None:
    scene = Scene(4, random_scene(np.random.default_rng(1), 1).shapes)
    shape = scene.shapes[0]
    assert prompt_for(scene, "en", 0).endswith(f"{SHAPES[shape.kind]} on a {COLOUR_NAMES[4]} background")
    for k in range(1, 21, 2):
        words = prompt_for(scene, "en", k).lower()
        assert "shape" not in words
        assert "blue" in words
