"""What the actions do with the picture at hand: save it, copy it, show its folder, throw it away, use it again."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from kandinsky_studio.app.gallery import Item
from kandinsky_studio.app.images import to_image
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.panels.gallery import GalleryPanel
from kandinsky_studio.ui.panels.prompt import PromptPanel

NAME_LENGTH = 60  # characters of the prompt in a proposed file name


class Deeds(QObject):
    """Connects the actions of the window with the services. ``on_canvas`` tells whether a document is in front."""

    def __init__(
        self,
        studio: Studio,
        actions: Actions,
        prompt: PromptPanel,
        gallery: GalleryPanel,
        on_canvas: Callable[[], bool],
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._studio = studio
        self._on_canvas = on_canvas
        self._actions = actions
        self._prompt = prompt
        self._gallery = gallery
        self._window = window
        implement = actions.commands.implement
        implement("generation.generate", self.generate)
        implement("generation.generate_to_front", self.generate_to_front)
        implement("generation.cancel", studio.generation.cancel)
        implement("generation.cancel_all", studio.queue.cancel_all)
        implement("generation.draw_seeds", studio.settings.draw_seeds)
        implement("gallery.save_as", self.save_as)
        implement("gallery.open_folder", self.open_folder)
        implement("gallery.undo_delete", studio.gallery.undo_discard)
        implement("gallery.copy_picture", self.copy_picture)
        implement("gallery.copy_prompt", self.copy_prompt)
        implement("gallery.delete", self.delete)
        implement("gallery.use_settings", self.use_settings)
        implement("gallery.use_seeds", self.use_seeds)
        implement("model.open_folder", self.open_model)
        studio.easel.changed.connect(self.update_enabled)
        studio.gallery.undo_changed.connect(self.update_enabled)
        studio.generation.queue_changed.connect(self.update_enabled)
        self.update_enabled()

    @Slot()
    def update_enabled(self) -> None:
        """An action that can do nothing now is grey; so is one that would act on a picture behind a preview."""
        actions, easel = self._actions, self._studio.easel
        for action in (actions.save_as, actions.copy_picture, actions.delete):
            action.setEnabled(easel.item is not None and not easel.is_preview)
        for action in (actions.use_settings, actions.use_seeds, actions.copy_prompt):
            action.setEnabled(easel.request is not None and not easel.is_preview)
        for action in (actions.fit, actions.actual_size, actions.zoom_in, actions.zoom_out):
            action.setEnabled(easel.pixels is not None or self._on_canvas())
        actions.undo_delete.setEnabled(self._studio.gallery.can_undo)
        actions.cancel.setEnabled(self._studio.generation.busy)
        actions.cancel_all.setEnabled(bool(self._studio.generation.order))

    @Slot()
    def generate(self) -> None:
        """Make what is described; where nothing is, the cursor goes to where one describes it."""
        self._prompt.form.commit()
        if self._on_canvas():
            self._studio.candidates.generate()
            return
        if self._studio.generation.generate() is None and not self._studio.settings.request().prompt:
            self._actions.go_to_prompt.trigger()

    @Slot()
    def generate_to_front(self) -> None:
        """The same, before all that waits."""
        queue, before = self._studio.queue, self._studio.generation.order
        self.generate()
        new = [job for job in self._studio.generation.order if job not in before]
        queue.move(new, before[0] if before else None)

    @Slot()
    def save_as(self) -> None:
        """Ask where to, then write the picture there in the format its name says."""
        item = self._studio.easel.item
        if item is None:
            return
        remembering = self._studio.remembering
        pictures = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.PicturesLocation)
        places = [Path(place) for place in (remembering.values.last_folder, pictures) if place]
        folder = next((place for place in places if place.is_dir()), Path.home())
        formats = self.tr("PNG, with nothing lost (*.png);;JPEG (*.jpg *.jpeg);;WebP (*.webp)")
        proposal = str(folder / f"{file_name(item.request.prompt)}.png")
        name, chosen = QFileDialog.getSaveFileName(self._window, self.tr("Save the picture"), proposal, formats)
        if not name:
            return
        path = Path(name)
        if not path.suffix and (suffix := re.search(r"\*(\.\w+)", chosen)):
            path = path.with_suffix(suffix.group(1))
        remembering.set(last_folder=str(path.parent))
        self._studio.gallery.export(item, path, remembering.values.export_quality)

    @Slot()
    def open_folder(self) -> None:
        """Show the folder of the picture, or that of the library, in the desktop's file program."""
        item = self._studio.easel.item
        folder = item.path.parent if item is not None and item.path is not None else self._studio.gallery.folder
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    @Slot()
    def open_model(self) -> None:
        """Ask for a folder that holds a model, and use it."""
        name = QFileDialog.getExistingDirectory(self._window, self.tr("Open the folder of a model"))
        if name:
            self._studio.open_model_folder(Path(name))

    @Slot()
    def copy_picture(self) -> None:
        item = self._studio.easel.item
        if item is not None:
            self._studio.gallery.read(item, lambda pixels: QGuiApplication.clipboard().setImage(to_image(pixels)))

    @Slot()
    def copy_prompt(self) -> None:
        request = self._studio.easel.request
        if request is not None:
            QGuiApplication.clipboard().setText(request.prompt)

    @Slot()
    def delete(self) -> None:
        """To the trash with what is marked in the gallery, or with the picture at hand."""
        item = self._studio.easel.item
        marked = self._gallery.selected()
        chosen: list[Item] = marked if any(other.is_same(item) for other in marked) else [item] if item else []
        if chosen:
            self._studio.gallery.discard(chosen)

    @Slot()
    def use_settings(self) -> None:
        request = self._studio.easel.request
        if request is not None:
            self._studio.use_settings(request)

    @Slot()
    def use_seeds(self) -> None:
        request = self._studio.easel.request
        if request is not None:
            self._studio.settings.use_seeds(request)


def file_name(prompt: str) -> str:
    """The words of ``prompt`` as a file name that every system takes."""
    words = re.sub(r"[^\w\- ]+", "", prompt).strip()
    return words[:NAME_LENGTH].strip() or "kandinsky"
