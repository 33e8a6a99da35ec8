"""Somebody who paints in a document for the tests of its journal, and what is seen of it then."""

import random

import numpy as np

from kandinsky_studio.document.blending import BlendMode
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.document.surface import Surface
from kandinsky_studio.storage.documents import write_document


def noise(width, height, seed=0, channels=4):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)
    if channels == 1:
        return pixels[..., 0]
    pixels[..., :3] = np.minimum(pixels[..., :3], pixels[..., 3:])
    return pixels


def looks(document):
    """Everything that is seen of a document, to be compared."""

    def layer(one):
        area = Rect(-200, -200, 800, 800)
        return (
            one.id,
            one.kind,
            one.name,
            one.visible,
            one.opacity,
            one.mode,
            one.grow,
            one.feather,
            one.inverted,
            one.pixels and one.pixels.array(area).tobytes(),
            one.mask and one.mask.array(area).tobytes(),
            tuple(layer(child) for child in one.children),
        )

    state = document.state
    selection = state.selection and state.selection.array(state.canvas).tobytes()
    return state.canvas, tuple(layer(one) for one in state.layers), selection


class Painter:
    """Does to a document what a seed says."""

    def __init__(self, document, seed):
        self.document = document
        self.random = random.Random(seed)

    def act(self):
        document, chance = self.document, self.random
        layers = [layer for layer in document.state.walk() if layer.pixels is not None]
        layer = chance.choice(layers) if layers else None
        deed = chance.choice(
            ["paint"] * 6 + ["add", "group", "remove", "change", "select", "undo", "undo", "redo", "crop"]
        )
        if deed == "paint" and layer is not None:
            x, y = chance.randrange(-200, 500), chance.randrange(-200, 500)
            size = chance.randrange(1, 300)
            channels = 4 if layer.kind is Kind.PIXELS else 1
            image = Surface.from_array(noise(size, size, chance.randrange(99), channels)).read(Rect(0, 0, size, size))
            with document.edit("Brush stroke") as edit:
                edit.write(layer.pixels, Rect(x, y, size, size), image)
            document.activate(layer.id)
        elif deed == "add":
            new = document.new_layer(chance.choice([Kind.PIXELS, Kind.INPAINT]), "новый слой \udc80")
            document.change("Add a layer", document.state.inserted(new))
        elif deed == "group" and layer is not None:
            group = document.new_layer(Kind.GROUP, "group")
            state = document.state.inserted(group)
            document.change("Group", state.relocated(layer.id, group.id, 0))
        elif deed == "remove" and layer is not None and len(layers) > 1:
            document.change("Remove", document.state.without(layer.id))
        elif deed == "change" and layer is not None:
            values = {
                "opacity": chance.random(),
                "mode": chance.choice(list(BlendMode)),
                "visible": chance.random() < 0.5,
            }
            document.change("Opacity", document.state.with_layer(layer.id, **values), merge=f"opacity {layer.id}")
        elif deed == "select":
            mask = Surface.from_array(noise(50, 40, chance.randrange(99), 1), chance.randrange(100), 5)
            document.change("Select", document.state.changed(selection=chance.choice([None, mask])))
        elif deed == "undo":
            document.undo()
        elif deed == "redo":
            document.redo()
        elif deed == "crop":
            document.change("Crop", document.state.changed(canvas=Rect(chance.randrange(50), 0, 400, 300)))


def save(document, journal, path):
    """As the editor does, all at once."""
    mark, number = document.history.mark(), journal.mark()
    write_document(path, document.state, document.active_id)
    document.path = path
    document.history.mark_saved(mark)
    journal.saved(path, number)


def stroke(document, value=200):
    """A step that changes pixels of the active layer."""
    pixels = np.full((20, 20, 4), value, np.uint8)
    with document.edit("Brush stroke") as edit:
        edit.write(document.active.pixels, Rect(0, 0, 20, 20), Surface.from_array(pixels).read(Rect(0, 0, 20, 20)))
