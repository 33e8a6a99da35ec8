"""What the commands do to the document in front: undo, clipboard, layers, selections, masks, the image, the view."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData, QPoint, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from kandinsky_studio.app.studio import Studio
from kandinsky_studio.document import image_operations as image
from kandinsky_studio.document import layer_operations as layers
from kandinsky_studio.document import mask_operations as mask
from kandinsky_studio.document import merging
from kandinsky_studio.document import pixel_operations as pixels
from kandinsky_studio.document import selection_operations as selection
from kandinsky_studio.document.document import Document
from kandinsky_studio.document.layers import Kind, Layer
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.arrivals import PLACE
from kandinsky_studio.ui.brush_popup import BrushPopup
from kandinsky_studio.ui.dialogs.asking import CanvasSizeDialog, ImageSizeDialog, NumberDialog
from kandinsky_studio.ui.easel.veils import Look
from kandinsky_studio.ui.front_deeds import FrontDeeds
from kandinsky_studio.ui.workbench import Workbench

_TOLERANCE = 32  # of a colour that is made into a mask, 0 … 255


class DocumentDeeds(FrontDeeds):
    """Connects the commands that change the document, its layers and how one sees it.

    ``marked`` tells the ids of the layers that are marked in the list.
    """

    def __init__(
        self,
        studio: Studio,
        actions: Actions,
        bench: Workbench,
        marked: Callable[[], list[int]],
        window: QWidget,
    ) -> None:
        super().__init__(studio, actions, bench, window)
        self._marked = marked
        self._grown, self._feathered = 4, 8
        self._edit()
        self._layers()
        self._select()
        self._masks()
        self._image()
        self._view()
        self._brush()
        self.watch()

    # ------------------------------------------------------------------ how

    def _do_layer(self, id: str, deed: Callable[[Document, Layer], Any]) -> None:
        """As :meth:`_do`, with the active layer; without one nothing is done."""
        self._do(id, lambda document: deed(document, document.active) if document.active is not None else None)

    def show_possible(self, document: Document) -> None:
        action = self._actions.commands.action
        state, history = document.state, document.history
        action("edit.undo").setEnabled(bool(history.done))
        action("edit.redo").setEnabled(bool(history.undone))
        for id in (
            "selection.grow",
            "selection.shrink",
            "selection.feather",
            "selection.none",
            "image.crop_to_selection",
        ):
            action(id).setEnabled(state.selection is not None)
        action("selection.reselect").setEnabled(state.selection is None)
        masked = state.of_kind(Kind.INPAINT) is not None
        for id in ("selection.from_mask", "mask.clear", "mask.invert", "mask.export_png"):
            action(id).setEnabled(masked)
        layer = document.active
        for id in self._ids:
            if id.startswith("layer.") and id not in ("layer.new", "layer.new_depth", "layer.from_clipboard"):
                action(id).setEnabled(layer is not None)
        if layer is not None:
            has_mask = layer.mask is not None
            action("layer.add_mask").setEnabled(not has_mask and layer.in_picture)
            action("layer.apply_mask").setEnabled(has_mask)
            action("layer.remove_mask").setEnabled(has_mask)
            action("layer.ungroup").setEnabled(layer.kind is Kind.GROUP)

    # ------------------------------------------------------------------ what

    def _edit(self) -> None:
        # Undo while something is begun drops that: it was the last thing one did.
        self._ids += ["edit.undo", "edit.redo"]
        self._actions.commands.implement("edit.undo", self.undo)
        self._actions.commands.implement("edit.redo", self.redo)
        self._do("edit.copy", lambda document: self._keep(pixels.copy(document)))
        self._do("edit.copy_merged", lambda document: self._keep(pixels.copy(document, merged=True)))
        self._do("edit.cut", lambda document: self._keep(pixels.cut(document)))
        self._do("edit.delete", pixels.clear)
        self._do("edit.fill_foreground", lambda document: pixels.fill(document, self._editor.desk.foreground))
        self._do("edit.fill_background", lambda document: pixels.fill(document, self._editor.desk.background))
        self._actions.commands.implement("edit.swap_colours", self._editor.swap_colours)
        self._actions.commands.implement("edit.reset_colours", self._editor.reset_colours)

    @Slot()
    def undo(self) -> None:
        """Take back what was done last; what a tool has only begun goes first."""
        document = self._editor.document
        if self._editor.tool.busy:  # a transformation holds a step open
            self._editor.tool.abandon()
        elif document is not None and not document.editing:
            document.undo()

    @Slot()
    def redo(self) -> None:
        document = self._editor.document
        if document is not None and not self._editor.tool.busy:
            document.redo()

    def _keep(self, clip: pixels.Clip | None) -> None:
        """Into the clipboard, with the place it was at."""
        if clip is None:
            return
        data = QMimeData()
        data.setImageData(clip.image)
        data.setData(PLACE, f"{clip.x} {clip.y} {clip.image.width()} {clip.image.height()}".encode())
        QGuiApplication.clipboard().setMimeData(data)

    def _layers(self) -> None:
        self._do("layer.new", lambda document: layers.add_layer(document))
        self._do("layer.new_depth", lambda document: layers.add_layer(document, Kind.DEPTH))
        self._do_layer("layer.duplicate", lambda document, layer: layers.duplicate(document, layer.id))
        self._do_layer("layer.delete", lambda document, layer: layers.remove(document, self._chosen(layer)))
        self._do_layer("layer.clear", lambda document, layer: pixels.clear(document, layer.id))
        self._do_layer("layer.group", lambda document, layer: layers.group(document, self._chosen(layer)))
        self._do_layer("layer.ungroup", lambda document, layer: layers.ungroup(document, layer.id))
        self._do_layer("layer.merge_down", lambda document, layer: merging.merge_down(document, layer.id))
        self._do("layer.merge_visible", merging.merge_visible)
        self._do("layer.flatten", merging.flatten)
        self._do_layer("layer.add_mask", lambda document, layer: layers.add_mask(document, layer.id))
        self._do_layer("layer.apply_mask", lambda document, layer: merging.apply_mask(document, layer.id))
        self._do_layer("layer.remove_mask", lambda document, layer: layers.remove_mask(document, layer.id))
        self._do_layer("layer.raise", lambda document, layer: layers.raise_layer(document, layer.id))
        self._do_layer("layer.lower", lambda document, layer: layers.lower_layer(document, layer.id))
        self._do_layer("layer.next", lambda document, layer: self._step(document, layer, 1))
        self._do_layer("layer.previous", lambda document, layer: self._step(document, layer, -1))
        for id, name in (("layer.lock", "locked"), ("layer.alpha_lock", "alpha_locked"), ("layer.hide", "visible")):
            self._do_layer(
                id,
                lambda document, layer, name=name: layers.set_property(  # type: ignore[misc]
                    document, layer.id, name, not getattr(layer, name)
                ),
            )

    def _chosen(self, layer: Layer) -> list[int]:
        """The marked layers, if ``layer`` is one of them, from the bottom."""
        marked = set(self._marked())
        document = self._editor.document
        if layer.id not in marked or document is None:
            return [layer.id]
        return [one.id for one in document.state.walk() if one.id in marked]

    @staticmethod
    def _step(document: Document, layer: Layer, by: int) -> None:
        """To the layer above or below in the list."""
        listed = [one.id for one in document.state.walk()]
        number = listed.index(layer.id) + by
        if 0 <= number < len(listed):
            document.activate(listed[number])

    def _select(self) -> None:
        self._do("selection.all", selection.select_all)
        self._do("selection.none", selection.deselect)
        self._do("selection.reselect", selection.reselect)
        self._do("selection.invert", selection.invert)
        self._do(
            "selection.grow", lambda document: self._ask_number(document, self.tr("Grow the selection"), selection.grow)
        )
        self._do(
            "selection.shrink",
            lambda document: self._ask_number(document, self.tr("Shrink the selection"), selection.shrink),
        )
        self._do("selection.feather", self._ask_feather)
        self._do("selection.from_layer_alpha", selection.from_alpha)
        self._do("selection.from_mask", selection.from_inpaint_mask)
        quick = self._actions.commands.implement("selection.quick_mask", self._quick_mask)
        quick.setCheckable(True)
        self._ids.append("selection.quick_mask")

    def _quick_mask(self, on: bool) -> None:
        """Brushes paint the inpaint mask until it is switched off."""
        self._editor.desk.quick_mask = on
        self._editor.options_changed.emit()

    def _ask_number(self, document: Document, title: str, deed: Callable[[Document, int], Any]) -> None:
        dialog = NumberDialog(title, self._grown, self._window)

        def answered(value: int) -> None:
            self._grown = value
            deed(document, value)

        dialog.wanted.connect(answered)
        dialog.open()

    def _ask_feather(self, document: Document) -> None:
        dialog = NumberDialog(self.tr("Feather the selection"), self._feathered, self._window)

        def answered(value: int) -> None:
            self._feathered = value
            selection.feather(document, value)

        dialog.wanted.connect(answered)
        dialog.open()

    def _masks(self) -> None:
        self._do("mask.from_selection", mask.from_selection)
        self._do("mask.from_layer_alpha", mask.from_alpha)
        self._do(
            "mask.from_colour", lambda document: mask.from_colour(document, self._editor.desk.foreground, _TOLERANCE)
        )
        self._do("mask.invert", mask.invert)
        self._do("mask.clear", mask.clear)
        self._do("mask.fill", mask.fill)
        self._do("mask.import_png", self._import_mask)
        self._do("mask.export_png", self._export_mask)

    def _import_mask(self, document: Document) -> None:
        name, _ = QFileDialog.getOpenFileName(self._window, self.tr("Import a mask"), "", self.tr("Pictures (*.png)"))
        if name:
            self._editor.import_mask(document, Path(name))

    def _export_mask(self, document: Document) -> None:
        name, _ = QFileDialog.getSaveFileName(self._window, self.tr("Export the mask"), "mask.png", "PNG (*.png)")
        if name:
            self._editor.export_mask(document, Path(name))

    def _image(self) -> None:
        self._do("image.canvas_size", self._ask_canvas)
        self._do("image.image_size", self._ask_image)
        self._do("image.crop_to_selection", image.crop_to_selection)
        for degrees in (90, 180, 270):
            self._do(f"image.rotate_{degrees}", lambda document, degrees=degrees: image.rotate(document, degrees))  # type: ignore[misc]
        self._do("image.flip_horizontal", lambda document: image.flip(document))
        self._do("image.flip_vertical", lambda document: image.flip(document, vertically=True))

    def _ask_canvas(self, document: Document) -> None:
        dialog = CanvasSizeDialog(document.state.canvas, self._window)
        dialog.wanted.connect(lambda rect: image.canvas_size(document, rect))
        dialog.open()

    def _ask_image(self, document: Document) -> None:
        dialog = ImageSizeDialog(document.state.canvas, self._window)
        dialog.wanted.connect(lambda width, height, way: image.image_size(document, width, height, way))
        dialog.open()

    def _view(self) -> None:
        view = self._bench.page.view
        self._do("view.fit_width", lambda _: view.fit_width())
        self._do("view.rotate_left", lambda _: view.rotate_to(view.angle - 15))
        self._do("view.rotate_right", lambda _: view.rotate_to(view.angle + 15))
        self._do("view.rotate_reset", lambda _: view.rotate_to(0))
        for id, change, on in (
            ("view.mirror", view.set_mirrored, False),
            ("view.pixel_grid", view.set_grid, True),
            ("view.rulers", self._bench.page.show_rulers, False),
            ("mask.show_overlay", lambda on: self._show_mask(Look.COLOUR if on else Look.HIDDEN), True),
            ("mask.show_ants", lambda on: self._show_mask(Look.ANTS if on else Look.COLOUR), False),
            ("selection.hide_edges", self._hide_edges, False),
        ):
            action = self._actions.commands.implement(id, change)
            action.setCheckable(True)
            action.setChecked(on)
            self._ids.append(id)
        view.popup_wanted.connect(self._open_popup)

    def _show_mask(self, look: Look) -> None:
        view = self._bench.page.view
        view.veils.mask_look = look
        view.veils_changed()
        for id, on in (("mask.show_overlay", look is Look.COLOUR), ("mask.show_ants", look is Look.ANTS)):
            self._actions.commands.action(id).setChecked(on)

    def _hide_edges(self, hidden: bool) -> None:
        view = self._bench.page.view
        view.veils.selection_look = Look.HIDDEN if hidden else Look.ANTS
        view.veils_changed()

    @Slot(QPoint)
    def _open_popup(self, place: QPoint) -> None:
        BrushPopup(self._editor, self._bench.page.theme, self._window).open_at(place)

    def _brush(self) -> None:
        for id, method in (
            ("brush.smaller", "smaller"),
            ("brush.larger", "larger"),
            ("brush.softer", "softer"),
            ("brush.harder", "harder"),
            ("brush.opacity_less", "less_opacity"),
            ("brush.opacity_more", "more_opacity"),
        ):
            self._actions.commands.implement(id, lambda _=False, method=method: self._turn(method))
            self._ids.append(id)
        for id, by in (("brush.next_preset", 1), ("brush.previous_preset", -1)):
            self._actions.commands.implement(id, lambda _=False, by=by: self._bench.page.options.step(by))
            self._ids.append(id)
        for percent in range(10, 101, 10):
            id = f"brush.opacity_{percent}"
            self._actions.commands.implement(id, lambda _=False, share=percent / 100: self._set_opacity(share))
            self._ids.append(id)

    def _turn(self, method: str) -> None:
        """A step of a brush's size, hardness or opacity; other tools have none."""
        turn = getattr(self._editor.tool, method, None)
        if turn is not None:
            turn()
            self._editor.options_changed.emit()

    def _set_opacity(self, share: float) -> None:
        if hasattr(self._editor.tool, "opacity"):
            self._editor.set_option("opacity", share)
