"""What the decoders are shown while they learn to edit: it must be true, or they learn nonsense."""

import copy
from pathlib import Path

import numpy as np
import pytest

from kandinsky_studio.engine.training import inpaint, latents
from kandinsky_studio.engine.training.code import PLACE, SLOT_SIZE, scene_attributes
from kandinsky_studio.engine.training.components import make_movq
from kandinsky_studio.engine.training.depth import depth_map, idea_for
from kandinsky_studio.engine.training.editing import Mix, other_places, random_mix
from kandinsky_studio.engine.training.judge import judge, palette_distance, silhouette
from kandinsky_studio.engine.training.scenes import PALETTE, Scene, Shape, coverage, draw, random_scene

SIDE = 128


def mix_and_its_two(rng: np.random.Generator) -> tuple[Mix, Scene, Scene]:
    """A random mix, and the two scenes that it is drawn from, drawn again."""
    again = copy.deepcopy(rng)
    return random_mix(rng), random_scene(again), random_scene(again)


def test_a_mix_shows_only_what_its_two_show() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        mix, *pair = mix_and_its_two(rng)
        assert mix.scene.background in {scene.background for scene in pair}
        assert len(mix.scene.shapes) in {len(scene.shapes) for scene in pair}
        for shape in mix.scene.shapes:
            assert shape.kind in {each.kind for scene in pair for each in scene.shapes}
            assert shape.colour in {each.colour for scene in pair for each in scene.shapes}
            assert shape.colour != mix.scene.background
        assert (coverage(mix.scene.shapes, SIDE).sum(0) <= 1.001).all()


def test_the_embedding_of_a_mix_lies_between() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        mix, *pair = mix_and_its_two(rng)
        first, second = map(scene_attributes, pair)
        low, high = np.minimum(first, second) - 1e-5, np.maximum(first, second) + 1e-5
        assert ((mix.attributes >= low) & (mix.attributes <= high)).all()


def test_other_places_change_the_places_and_nothing_else() -> None:
    rng = np.random.default_rng(2)
    vectors = np.stack([scene_attributes(random_scene(rng)) for _ in range(64)])
    moved = other_places(vectors, rng)
    places = np.zeros(vectors.shape[1], bool)
    for slot in range(2):
        places[(slot + 1) * SLOT_SIZE - PLACE : (slot + 1) * SLOT_SIZE] = True
    assert np.array_equal(moved[:, ~places], vectors[:, ~places])
    assert (moved[:, places] != vectors[:, places]).any(1).mean() > 0.8
    empty = vectors[:, 0] < 0
    assert not moved[empty][:, places].any()


def test_a_hole_changes_only_what_is_masked() -> None:
    rng = np.random.default_rng(3)
    holes = [inpaint.random_hole(rng) for _ in range(60)]
    finished, before = inpaint.paint_holes(holes, rng).transpose(1, 0, 2, 3, 4)
    masks = np.stack([hole.mask for hole in holes])
    assert np.array_equal(finished[~masks], before[~masks])
    assert (finished[masks] != before[masks]).any()
    for hole in holes:
        if hole.shape is not None:  # there is room for the shape it is made for
            cover = coverage([hole.scene.shapes[hole.shape]], SIDE)[0]
            assert (cover * hole.mask).sum() > 0.95 * cover.sum()
    kinds = [(hole.shape is not None, hole.outside) for hole in holes]
    assert {(True, False), (False, False), (False, True)} == set(kinds)


def test_the_mask_channel_is_one_where_latents_are_known() -> None:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[32:64, 32:64] = True
    assert (inpaint.keep_mask(mask, grow=0) == 0).sum() == 16
    grown = inpaint.keep_mask(mask, grow=1)
    assert (grown == 0).sum() == 36
    assert grown[0, 0] == 1


def test_the_idea_for_a_hole_names_what_belongs_there() -> None:
    rng = np.random.default_rng(4)
    scene = Scene(4, (Shape(3, 0, 0.3, 0.3, 0.16, 0.0), Shape(1, 2, 0.75, 0.75, 0.16, 0.0)))
    hole = inpaint.Hole(scene, scene, inpaint.hole_around(scene.shapes[1], rng), 1, outside=False)
    true = scene_attributes(Scene(4, (scene.shapes[1],)))
    wanted = slice(1, SLOT_SIZE - PLACE)
    alone = 0
    for _ in range(60):
        idea = inpaint.idea_for(hole, rng)
        slots = [idea[wanted], idea[SLOT_SIZE:][wanted]]
        assert any(np.allclose(slot, true[wanted]) for slot in slots)
        alone += np.allclose(idea[wanted], true[wanted])
    assert 20 < alone < 55


def test_near_is_bright() -> None:
    scene = Scene(0, (Shape(0, 1, 0.5, 0.5, 0.2, 0.0),))
    plain = depth_map(scene)
    assert plain.shape == (3, SIDE, SIDE)
    assert plain[0, 64, 64] == 1
    assert plain[0, 2, 2] == 0
    rng = np.random.default_rng(5)
    for _ in range(30):
        tilted = depth_map(scene, rng)
        assert 0 <= tilted.min() <= tilted.max() <= 1
        assert tilted[0, 64, 64] > max(tilted[0, 2, 2], tilted[0, 2, -3], tilted[0, -3, 2]) + 0.05


def test_the_idea_for_a_depth_map_keeps_its_colours() -> None:
    rng = np.random.default_rng(6)
    for _ in range(50):
        scene = random_scene(rng, 1)
        true, idea = scene_attributes(scene), idea_for(scene, rng)
        colours = slice(1, 9)
        assert np.allclose(idea[colours], true[colours])
        assert np.allclose(idea[-8:], true[-8:])


def test_the_judge_sees_silhouettes_a_third_shape_and_burnt_grounds() -> None:
    rng = np.random.default_rng(7)
    scene = Scene(2, tuple(Shape(0, 0, x, y, 0.12, 0.0) for x, y in ((0.2, 0.2), (0.8, 0.2), (0.5, 0.8))))
    picture = draw([scene], SIDE, rng)[0]
    assert len(judge(picture).shapes) == 3
    true = coverage(scene.shapes, SIDE).sum(0) > 0.5
    seen = silhouette(picture)
    assert (true & seen).sum() / (true | seen).sum() > 0.95
    assert palette_distance(picture) < 6
    burnt = np.clip((PALETTE[2] - 128) * 2 + 128, 0, 255).astype(np.uint8)
    assert palette_distance(np.broadcast_to(burnt, (SIDE, SIDE, 3))) > 12


@pytest.mark.slow
def test_latents_are_encoded_once_and_a_killed_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latents, "SHARD", 4)
    codec = make_movq().eval()
    painted: list[int] = []

    def paint(scenes: list[Scene], rng: np.random.Generator) -> np.ndarray:
        if len(painted) == 1 and not (tmp_path / "killed").exists():
            (tmp_path / "killed").touch()
            raise KeyboardInterrupt
        painted.append(len(scenes))
        return latents.paint_scenes(scenes, rng)

    def run(folder: Path) -> tuple[list[Scene], np.ndarray]:
        return latents.cached(codec, folder, "s", random_scene, paint, count=10, seed=1, report=lambda line: None)

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "one")
    scenes, encoded = run(tmp_path / "one")
    assert painted == [4, 4, 2]
    assert encoded.shape == (10, 1, 4, 16, 16)
    again, unbroken = run(tmp_path / "two")
    assert again == scenes
    assert np.array_equal(encoded, unbroken)
