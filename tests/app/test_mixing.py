"""The mix: weights, what the request comes to, what is taken from a document, pigments."""

from __future__ import annotations

import os

import numpy as np
import pytest
from PySide6.QtGui import QColor

from kandinsky_studio import paths
from kandinsky_studio.app.mix_slots import OfLayer, OfSelection, Picture, layers_in
from kandinsky_studio.document import layer_operations, selection_operations
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.document.surface import Depth, Surface, new_image
from kandinsky_studio.engine import embeddings
from kandinsky_studio.engine.embeddings import SavedEmbedding
from kandinsky_studio.engine.models import MODELS, find, kandinsky_2_2, spec_of
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.request import GenerationRequest, GenerationResult, Task
from kandinsky_studio.errors import BrokenPigment, NothingOnLayer, UnknownLayer
from kandinsky_studio.storage import pigments as storage


def picture(colour, side=64):
    return Picture(f"picture {colour}", Raster(np.full((side, side, 3), colour, np.uint8)))


@pytest.fixture
def mixing(studio):
    return studio.mixing


def weights(mixing):
    return [round(slot.weight, 4) for slot in mixing.slots]


def painted(studio, colour="#c02020", name="Sketch"):
    """A document with a small patch of ``colour`` on its one layer; one of its corners is missing."""
    sheet = studio.editor.new(256, 192)
    document = sheet.document
    image = new_image(40, 20, Depth.RGBA)
    image.fill(QColor(colour))
    image.setPixelColor(0, 0, QColor(0, 0, 0, 0))
    layer = document.active
    state = document.state.with_layer(layer.id, pixels=Surface.from_image(image, 100, 50), name=name)
    document.change("Paint", state)
    return sheet


# ---------------------------------------------------------------------- weights


def test_what_is_added_shares_evenly(mixing):
    for colour in (10, 20, 30):
        mixing.add(picture(colour))
    assert weights(mixing) == [0.3333, 0.3333, 0.3333]
    assert mixing.total == pytest.approx(1)


def test_linked_weights_give_way_in_their_proportions_and_locked_ones_stay(mixing):
    for colour in (10, 20, 30, 40):
        mixing.add(picture(colour))
    a, b = mixing.slots[:2]
    mixing.set_weight(a, 0.4)
    assert weights(mixing) == [0.4, 0.2, 0.2, 0.2]
    mixing.set_locked(b, True)
    mixing.set_weight(a, 0.6)
    assert weights(mixing) == [0.6, 0.2, 0.1, 0.1]
    mixing.set_weight(a, 1.0)
    assert weights(mixing) == [0.8, 0.2, 0.0, 0.0]
    mixing.set_weight(a, 0.4)  # those at nothing come back evenly
    assert weights(mixing) == [0.4, 0.2, 0.2, 0.2]
    mixing.even_out()
    assert weights(mixing) == [0.2667, 0.2, 0.2667, 0.2667]
    mixing.remove(b)
    assert weights(mixing) == [0.3333, 0.3333, 0.3333]
    assert mixing.total == pytest.approx(1)


def test_free_weights_are_made_100_percent_on_demand(mixing):
    mixing.set_linked(False)
    for colour in (10, 20, 30):
        mixing.add(picture(colour))
    assert weights(mixing) == [1, 1, 1]
    a, _, c = mixing.slots
    mixing.set_weight(a, 0.5)
    mixing.set_weight(c, 0.2)
    mixing.set_locked(c, True)
    assert mixing.total == pytest.approx(1.7)
    mixing.normalise()
    assert weights(mixing) == [0.2667, 0.5333, 0.2]


def test_a_negative_slot_is_not_part_of_the_total(mixing):
    for colour in (10, 20, 30):
        mixing.add(picture(colour))
    mixing.set_negative(mixing.slots[2], True)
    assert weights(mixing)[:2] == [0.5, 0.5]
    assert mixing.total == pytest.approx(1)
    mixing.set_weight(mixing.slots[2], 0.9)
    assert weights(mixing) == [0.5, 0.5, 0.9]


# ---------------------------------------------------------------------- the request


def test_the_request_holds_the_mix(studio, mixing):
    studio.settings.set(prompt="  in oil ", strength=0.4)
    mixing.add(picture(10))
    mixing.add_words("a blue   star")
    mixing.add(picture(30))
    mixing.set_negative(mixing.slots[2], True)
    mixing.set_weight(mixing.slots[0], 0.7)
    mixing.set_spherical(True)
    request = studio.generation.request()
    assert request.task is Task.mix
    assert [slot.negative for slot in request.slots] == [False, False, True]
    assert request.slots[0].image == mixing.slots[0].source.raster
    assert request.slots[1].prompt == "a blue star"
    assert [round(slot.weight, 4) for slot in request.slots[:2]] == [0.7, 0.3]
    assert request.spherical
    assert request.prompt == "in oil"
    assert request.prior_strength == spec_of("builtin").mix_prior_strength > 0
    mixing.set_pull(0.0)
    assert studio.generation.request().prior_strength == 0.0
    studio.models.check(request)


def test_what_counts_for_nothing_is_left_out(studio, mixing):
    studio.settings.set(prompt="a star")
    mixing.add(picture(10))
    mixing.add_words("")
    assert mixing.active
    assert len(studio.generation.request().slots) == 1
    mixing.set_weight(mixing.slots[0], 0.0)
    assert not mixing.active
    assert studio.generation.request().task is Task.text2image
    mixing.set_weight(mixing.slots[0], 0.5)
    mixing.set_used(False)
    assert not mixing.active
    assert studio.generation.request().slots == ()


def test_a_model_that_can_not_mix_makes_its_picture_from_the_words(studio, mixing):
    mixing.add(picture(10))
    unable = next(spec.key for spec in MODELS if Task.mix not in spec.tasks)
    studio.choose_model(unable)
    assert not mixing.able
    assert not mixing.active
    assert mixing.able_models() == [spec.title for spec in MODELS if Task.mix in spec.tasks]
    assert studio.generation.request().task is Task.text2image


def test_without_a_document_the_mix_goes_to_the_gallery(studio, mixing, qtbot, fake_engine):
    mixing.add(picture(10))
    with qtbot.waitSignal(studio.gallery.added, timeout=3000):
        assert studio.generation.generate() is not None
    assert fake_engine.requests[-1].task is Task.mix


# ---------------------------------------------------------------------- from documents


def test_a_layer_is_taken_as_it_is_when_the_picture_is_made(studio, mixing):
    sheet = painted(studio)
    mixing.add_layers()
    first = studio.generation.request().slots[0].image
    # A sketch with nothing around it lies in the middle of a white square, so that the model sees all of it.
    assert first.pixels.shape == (40, 40, 3)
    assert (first.pixels[20] == (0xC0, 0x20, 0x20)).all()
    assert (first.pixels[2] == 255).all()
    layer_operations.set_property(sheet.document, sheet.document.active_id, "visible", False)
    assert studio.generation.request().slots[0].image == first  # hidden layers can be mixed too
    document = sheet.document
    blue = new_image(40, 20, Depth.RGBA)
    blue.fill(QColor("#2020c0"))
    document.change("Paint", document.state.with_layer(document.active_id, pixels=Surface.from_image(blue, 100, 50)))
    assert (studio.generation.request().slots[0].image.pixels[10] == (0x20, 0x20, 0xC0)).all()


def test_an_opaque_picture_keeps_its_proportions(studio, mixing):
    image = new_image(200, 100, Depth.RGBA)
    image.fill(QColor("#208040"))
    studio.editor.add_picture(image, "Photo")
    mixing.add_layers()
    assert studio.generation.request().slots[0].image.pixels.shape == (100, 200, 3)


def test_a_selection_is_seen_through(studio, mixing):
    sheet = painted(studio)
    mask = np.zeros((192, 256), np.uint8)
    mask[55:65, 100:110] = 255
    selection_operations.select(sheet.document, Surface.from_array(mask), "Select")
    mixing.add_selection()
    selection_operations.deselect(sheet.document)
    taken = studio.generation.request().slots[0].image
    assert taken.pixels.shape == (10, 10, 3)
    assert (taken.pixels == (0xC0, 0x20, 0x20)).all()
    assert isinstance(mixing.slots[0].source, OfSelection)


def test_what_a_closed_document_gave_stays(studio, mixing):
    sheet = painted(studio)
    mixing.add_layers()
    before = studio.generation.request().slots[0].image
    studio.editor.close_sheet(sheet)
    assert isinstance(mixing.slots[0].source, Picture)
    assert mixing.slots[0].source.title() == "Sketch"
    assert studio.generation.request().slots[0].image == before


def test_an_empty_layer_is_refused_with_a_sentence(studio, mixing):
    shown = []
    studio.messages.connect_window(shown.append)
    studio.editor.new(64, 64)
    mixing.add_layers()
    assert mixing.slots == ()
    assert shown[-1].text == str(NothingOnLayer(layer="Layer 1"))


def test_a_layer_that_was_deleted_is_told_of(studio, mixing):
    sheet = painted(studio)
    mixing.add_layers()
    shown = []
    studio.messages.connect_window(shown.append)
    sheet.document.change("Delete", sheet.document.state.without(sheet.document.active_id))
    assert studio.generation.generate() is None
    assert "layer" in shown[-1].text


@pytest.mark.parametrize(
    ("prompt", "words", "names"),
    [
        ("a cat <layer:Sketch>", "a cat", ["Sketch"]),
        ("<layer: Two words > in oil <LAYER:b>", "in oil", ["Two words", "b"]),
        ("a < b > c", "a < b > c", []),
    ],
)
def test_layers_named_in_a_prompt(prompt, words, names):
    assert layers_in(prompt) == (words, names)


def test_a_layer_named_in_the_prompt_is_mixed(studio, mixing):
    painted(studio, name="Эскиз")
    studio.settings.set(prompt="in oil <layer:эскиз>")
    assert mixing.active
    request = studio.generation.request()
    assert request.prompt == "in oil"
    assert request.task is Task.mix
    assert (request.slots[0].image.pixels[20] == (0xC0, 0x20, 0x20)).all()
    mixing.add(picture(10))
    mixing.add(picture(20))
    assert [slot.weight for slot in studio.generation.request().slots] == [0.5, 0.5, 0.5]


def test_an_unknown_layer_in_the_prompt_is_refused(studio, mixing):
    shown = []
    studio.messages.connect_window(shown.append)
    studio.settings.set(prompt="a cat <layer:Nobody>")
    assert studio.generation.generate() is None
    assert shown[-1].text == str(UnknownLayer(layer="Nobody"))
    painted(studio)
    assert studio.candidates.generate() is None
    assert "Nobody" in shown[-1].text


def test_masks_and_groups(studio, mixing):
    document = painted(studio).document
    id = layer_operations.group(document, [document.active_id])
    assert OfLayer(studio.editor.sheet, id).pixels().shape == (40, 40, 3)
    depth = layer_operations.add_layer(document, Kind.DEPTH)
    assert OfLayer(studio.editor.sheet, depth).pixels() is None
    assert OfLayer(studio.editor.sheet, 999).picture() is None


def test_the_small_picture_is_like_the_large_one(studio, mixing):
    painted(studio)
    mixing.add_layers()
    small = mixing.slots[0].source.picture()
    assert small.width() == small.height() == 10
    assert small.pixelColor(5, 5) == QColor("#c02020")


# ---------------------------------------------------------------------- files and the library


def test_a_file_becomes_a_picture(studio, mixing, qtbot, tmp_path):
    image = new_image(30, 20, Depth.RGBA)
    image.fill(QColor("#204060"))
    path = tmp_path / "sea.png"
    assert image.save(os.fspath(path))
    mixing.add_file(path)
    mixing.flush()
    [slot] = mixing.slots
    assert slot.source.title() == "sea"
    assert (slot.source.raster.pixels == (0x20, 0x40, 0x60)).all()


def test_a_file_of_a_saved_idea_goes_in_and_a_broken_one_is_told_of(studio, mixing, tmp_path):
    shown = []
    studio.messages.connect_window(shown.append)
    saved = SavedEmbedding(np.ones(4, np.float32), "x")
    embeddings.save(tmp_path / "idea.safetensors", saved)
    (tmp_path / "broken.safetensors").write_bytes(b"no")
    for name in ("idea", "broken"):
        mixing.add_file(tmp_path / f"{name}.safetensors")
    mixing.flush()
    [slot] = studio.generation.request().slots
    assert slot.embedding == saved
    assert mixing.slots[0].source.title() == "idea"
    assert shown[-1].text == str(BrokenPigment(file="broken.safetensors"))


def test_a_picture_of_the_library_brings_its_idea_to_the_model_that_drew_it(studio, mixing, qtbot):
    width = int(find("builtin").config("prior")["embedding_dim"])
    idea = np.linspace(-1, 1, width, dtype=np.float32)
    request = spec_of("builtin").request("a star")
    image = np.full((128, 128, 3), 90, np.uint8)
    made = GenerationResult(image, request, idea, weights=find("builtin").fingerprint())
    other = GenerationResult(image + np.uint8(1), request, idea, weights="00")
    for result in (made, other):
        with qtbot.waitSignal(studio.gallery.added, timeout=5000) as added:
            studio.gallery.keep(result)
        mixing.add_file(added.args[0].path)
        mixing.flush()
    first, second = studio.generation.request().slots
    assert first.embedding.encoder == find("builtin").encoder()
    assert np.abs(first.embedding.values - idea).max() < 1e-3
    assert second.image is not None  # drawn by other weights: what is seen is all that is known
    studio.settings.set(model=kandinsky_2_2.SPEC.key)
    assert studio.generation.request().slots[0].image is not None


# ---------------------------------------------------------------------- pigments


def result_of(prompt="a red circle", **values):
    idea = np.arange(8, dtype=np.float32)
    request = GenerationRequest(prompt, **values)
    return GenerationResult(np.full((128, 128, 3), (200, 30, 30), np.uint8), request, idea)


def test_a_pigment_survives_a_restart(make_studio):
    studio = make_studio()
    studio.pigments.save_result(result_of())
    studio.pigments.flush()
    assert (paths.data() / "pigments" / "a red circle.safetensors").exists()
    studio.close()
    studio = make_studio()
    studio.pigments.open()
    studio.pigments.flush()
    [pigment] = studio.pigments.all
    assert pigment.name == "a red circle"
    assert (pigment.embedding.values == np.arange(8)).all()
    assert pigment.embedding.encoder == find("builtin").encoder()
    assert (pigment.picture == (200, 30, 30)).all()
    studio.mixing.add_pigment("a red circle")
    [slot] = studio.generation.request().slots
    assert slot.embedding == pigment.embedding


def test_pigments_are_renamed_thrown_away_and_fetched_back(studio):
    shown = []
    studio.messages.connect_window(shown.append)
    for _ in range(2):
        studio.pigments.save_result(result_of())
    studio.pigments.flush()
    assert [pigment.name for pigment in studio.pigments.all] == ["a red circle", "a red circle 2"]
    studio.pigments.rename(studio.pigments.all[0], "Кармин: 1/2")
    studio.pigments.flush()
    assert [pigment.name for pigment in studio.pigments.all] == ["a red circle 2", "Кармин 1 2"]
    studio.pigments.rename(studio.pigments.all[0], "кармин 1 2")  # taken, whatever the case
    studio.pigments.flush()
    assert {pigment.name for pigment in studio.pigments.all} == {"Кармин 1 2", "кармин 1 2 2"}
    gone = studio.pigments.all[0]
    studio.pigments.discard(gone)
    studio.pigments.flush()
    assert gone not in studio.pigments.all
    assert not gone.path.exists()
    assert len(list((paths.data() / "pigments").iterdir())) == 2
    shown[-1].actions[0].run()
    studio.pigments.flush()
    assert gone.name in {pigment.name for pigment in studio.pigments.all}
    assert len(list((paths.data() / "pigments").iterdir())) == 4


def test_a_picture_without_an_idea_makes_no_pigment(studio):
    shown = []
    studio.messages.connect_window(shown.append)
    studio.pigments.save_result(GenerationResult(np.zeros((8, 8, 3), np.uint8), GenerationRequest("a"), None))
    studio.pigments.flush()
    assert studio.pigments.all == ()
    assert "idea" in shown[-1].text


def test_broken_pigments_are_told_of_and_left_alone(tmp_path):
    whole = storage.save(
        tmp_path, "one", SavedEmbedding(np.ones(4, np.float32), "x"), np.zeros((300, 200, 3), np.uint8)
    )
    assert whole.picture.shape == (128, 85, 3)
    (tmp_path / "bad.safetensors").write_bytes(b"no")
    (tmp_path / "one.png").write_bytes(b"no")
    found, broken = storage.read_all(tmp_path)
    assert [pigment.name for pigment in found] == ["one"]
    assert found[0].picture is None
    assert [type(error) for error in broken] == [BrokenPigment]
    assert (tmp_path / "bad.safetensors").read_bytes() == b"no"


@pytest.mark.parametrize(
    ("name", "file"),
    [("", "Pigment"), ("../..", "Pigment"), ("a/b", "a b"), ("CON", "CON 1"), ("x" * 99, "x" * 60), ("tea. ", "tea")],
)
def test_any_name_becomes_the_name_of_a_file(name, file):
    assert storage.stem(name) == file


def test_a_folder_that_can_not_be_written_is_told_of(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    with pytest.raises(Exception, match="file") as error:
        storage.save(blocked, "one", SavedEmbedding(np.ones(4, np.float32), "x"), np.zeros((8, 8, 3), np.uint8))
    assert type(error.value).__name__ == "FolderNotWritable"
