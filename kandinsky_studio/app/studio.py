"""Builds every service once, connects them, and takes them down again."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from kandinsky_studio import paths
from kandinsky_studio.app.candidates import Candidates
from kandinsky_studio.app.comparing import Comparing
from kandinsky_studio.app.deliveries import Deliveries
from kandinsky_studio.app.depth_maps import DepthMaps
from kandinsky_studio.app.diagnostics import Diagnostics
from kandinsky_studio.app.drift import Drift
from kandinsky_studio.app.easel import Easel
from kandinsky_studio.app.editor import Editor
from kandinsky_studio.app.explaining import Explaining
from kandinsky_studio.app.gallery import Gallery
from kandinsky_studio.app.gallery_list import GalleryList
from kandinsky_studio.app.generation import LOCKS, Generation, GenerationSettings
from kandinsky_studio.app.ideas import Ideas
from kandinsky_studio.app.ingredients import Ingredients
from kandinsky_studio.app.live import Live
from kandinsky_studio.app.machine import Looking
from kandinsky_studio.app.making import Means
from kandinsky_studio.app.messages import Messages
from kandinsky_studio.app.mixing import Mixing
from kandinsky_studio.app.models import Models
from kandinsky_studio.app.notices import Notices
from kandinsky_studio.app.pad import MixingPad
from kandinsky_studio.app.pigments import Pigments
from kandinsky_studio.app.queue import Queue
from kandinsky_studio.app.remembering import Remembering
from kandinsky_studio.app.runtimes import Runtimes
from kandinsky_studio.app.strip import Strip
from kandinsky_studio.app.strip_export import StripExport
from kandinsky_studio.app.styles import Styles
from kandinsky_studio.app.thumbnails import Thumbnails
from kandinsky_studio.app.translation import SYSTEM, Translation
from kandinsky_studio.app.updates import Updates
from kandinsky_studio.app.wording.words import Words
from kandinsky_studio.app.worker import EngineLike, EngineWorker, open_engine
from kandinsky_studio.engine.request import GenerationRequest
from kandinsky_studio.errors import StudioError

Completion = Callable[[GenerationRequest], GenerationRequest]
"""Gives a request what one of the services has for it."""

RECENT = 12  # files that are offered to be opened again
HELD = {"prior_seed_locked": "hold_idea_seed", "seed_locked": "hold_rendering_seed"}


class Studio(QObject):
    """Everything the window needs. :meth:`start` once the window is on the screen, :meth:`close` when it is gone."""

    model_chosen = Signal()

    def __init__(self, open_engine: Callable[[], EngineLike] = open_engine, remembers: bool = True) -> None:
        super().__init__()
        self._build_ground(open_engine, remembers)
        self._build_canvas(remembers)
        self._build_makers(remembers)
        self._connect()
        self._started = False
        self._restore()
        self.settings.changed.connect(self._remember_settings)

    def _build_ground(self, open_engine: Callable[[], EngineLike], remembers: bool) -> None:
        """What is said and remembered, the models, the engine's thread, and the gallery."""
        self.messages = Messages(self)
        self.remembering = Remembering(self.messages, self, keeps=remembers)
        self.translation = Translation(self)
        self.translation.use(self._language())
        self.models = Models(self)
        self.deliveries = Deliveries(self.models, self.remembering, self.messages, self)
        self.runtimes = Runtimes(self.remembering, self.messages, self)
        self.settings = GenerationSettings(self)
        self.gallery = Gallery(paths.library(), self.messages, self)
        self.worker = EngineWorker(open_engine, self.gallery.keep, self)
        self.looking = Looking(self.worker, self)
        self.updates = Updates(self.remembering, self)
        self.diagnostics = Diagnostics(self.worker, self.remembering, self.messages, self)
        self.notices = Notices(self)
        self.generation = Generation(self.settings, self.worker, self.messages, self.models.check, self)
        self.thumbnails = Thumbnails(paths.cache() / "thumbnails", self)
        self.gallery_list = GalleryList(self.gallery, self.thumbnails, self)
        self.easel = Easel(self.generation, self.gallery, self)
        self.explaining = Explaining(self.settings, self.easel, self.models, self.worker, self)

    def _build_canvas(self, remembers: bool) -> None:
        """The documents, what waits over them, and the jobs."""
        self.editor = Editor(self.messages, paths.journals() if remembers else None, self)
        self.candidates = Candidates(self.editor, self.generation, self.models, self.messages, self)
        self.comparing = Comparing(self.editor, self.candidates, self)
        places = (paths.data() / "queue", paths.state() / "paces.json") if remembers else (None, None)
        self.queue = Queue(self.generation, self.worker, self.gallery, self.messages, self.models.check, places, self)

    def _build_makers(self, remembers: bool) -> None:
        """The ways of making pictures, each with the means that all have."""
        means = Means(
            generation=self.generation,
            models=self.models,
            worker=self.worker,
            editor=self.editor,
            candidates=self.candidates,
            gallery=self.gallery,
            easel=self.easel,
            messages=self.messages,
        )
        self.depth = DepthMaps(means, self.remembering, self)
        self.pigments = Pigments(paths.data() / "pigments", self.messages, self)
        self.ingredients = Ingredients(self.editor, self.pigments, self.messages, paths.library(), self)
        self.mixing = Mixing(self.settings, self.editor, self.models, self.ingredients, self)
        self.pad = MixingPad(means, self.mixing, self)
        self.strip = Strip(means, self.mixing, self)
        self.strip_export = StripExport(self.strip, self.messages, self)
        self.words = Words(
            paths.data(),
            self.settings,
            self.models,
            self.worker,
            self.translation,
            self.messages,
            self,
            keeps=remembers,
        )
        self.styles = Styles(paths.data() / "styles", means, self.remembering, self)
        self.ideas = Ideas(means, _in_turn(self.words.completed, self.styles.completed), self)
        self.drift = Drift(means, self.styles, self)
        self.live = Live(means, self.remembering, self)

    def _connect(self) -> None:
        """Let those hear of one another that do not know one another."""
        generation, words, mixing, ideas, styles = self.generation, self.words, self.mixing, self.ideas, self.styles
        generation.mixes = lambda: mixing.active
        generation.worded = self.explaining.worded = words.completed
        generation.complete = _in_turn(words.completed, mixing.completed, ideas.completed, styles.completed)
        generation.picture_made.connect(words.remember)
        words.prospect_changed.connect(self.explaining.look_again)
        mixing.changed.connect(generation.mix_changed)
        for another in (words.prospect_changed, ideas.changed, styles.applied_changed):
            another.connect(self.live.words_changed)
        self.editor.file_used.connect(self._remember_file)
        self.remembering.changed.connect(self._preference_changed)
        self.worker.model_failed.connect(self._model_failed)
        for gone in (self.deliveries.removed, self.deliveries.moved, self.deliveries.halved):
            gone.connect(self._files_gone)

    @Slot()
    def start(self) -> None:
        """Begin what may take long, each in its own thread: open the library, import torch, load the model."""
        if self._started:
            return
        self._started = True
        self.worker.start()
        self.gallery.open()
        self.queue.open()
        self.pigments.open()
        self.styles.open()
        self.words.open()
        self.editor.recover()
        if self.models.installed(self.settings.values.model):
            self.worker.warm_up(self.settings.values.model)

    def close(self) -> bool:
        """Cancel the jobs, save what is there, end all threads. False if the engine's thread is still busy."""
        self.live.close()
        self.queue.rest()
        self.deliveries.close()
        self.runtimes.close()
        ended = self.worker.close()
        self.diagnostics.close()
        self.updates.close()
        self.notices.close()
        self.strip_export.close()
        self.ingredients.close()
        self.depth.close()
        self.pigments.close()
        self.styles.close()
        self.words.close()
        self.editor.close()
        self.gallery.close()
        self.queue.close()
        self.thumbnails.close()
        self.remembering.close()
        self.translation.remove()
        return ended

    def choose_model(self, model: str) -> None:
        """Change to a model and begin to load it; a message says why if it can't be."""
        try:
            spec = self.models.spec(model)
        except StudioError as error:
            self.messages.error(error)
            return
        before = self.settings.values.model
        self.settings.choose_model(spec, None if before == model else self.models.find(before))
        self.remembering.set(model=spec.key)
        self.model_chosen.emit()
        if self.models.installed(spec.key):
            self.worker.warm_up(spec.key)

    def open_model_folder(self, folder: Path) -> None:
        """Add the model in ``folder`` to the list and choose it; a message says why if it is none."""
        try:
            spec = self.models.open_folder(folder)
        except StudioError as error:
            self.messages.error(error)
            return
        self.choose_model(spec.key)

    def use_settings(self, request: GenerationRequest) -> None:
        """Make another picture the way of ``request``, with new seeds unless they are locked."""
        try:
            self.models.spec(request.model)
        except StudioError as error:
            self.messages.error(error)
            return
        model_changes = request.model != self.settings.values.model
        self.settings.use_settings(request)
        self.words.take(request)
        if model_changes:
            self.remembering.set(model=request.model)
            self.model_chosen.emit()
            if self.models.installed(request.model):
                self.worker.warm_up(request.model)

    def _remember_file(self, path: Path) -> None:
        recent = [str(path), *(file for file in self.remembering.values.recent_files if file != str(path))]
        self.remembering.set(recent_files=recent[:RECENT], last_folder=str(path.parent))

    def _language(self) -> str:
        language = self.remembering.values.language
        return SYSTEM if language == "system" else language

    def _restore(self) -> None:
        remembered = self.remembering.values
        if remembered.last_request is not None:
            self.settings.restore(remembered.last_request, remembered.hold_idea_seed, remembered.hold_rendering_seed)
        spec = self.models.find(remembered.model) or self.models.spec("builtin")
        if remembered.last_request is None or spec.key != remembered.last_request.model:
            self.settings.choose_model(spec)
        if remembered.last_request is None:
            self.settings.draw_seeds()

    @Slot(str)
    def _remember_settings(self, name: str) -> None:
        if name in LOCKS.values():
            self.remembering.set(**{HELD[name]: getattr(self.settings, name)})
        else:
            self.remembering.set(last_request=self.settings.values)

    @Slot(str)
    def _preference_changed(self, name: str) -> None:
        if name == "language":
            self.translation.use(self._language())

    @Slot()
    def _files_gone(self) -> None:
        """Weights may be used where they lay, and as long as they are in use a disk has no room back from them."""
        self.worker.free()

    @Slot(object)
    def _model_failed(self, error: StudioError) -> None:
        self.models.look_again()
        self.messages.error(error)


def _in_turn(*completions: Completion) -> Completion:
    """What a request becomes that goes through all of them, the first one first."""
    return lambda request: functools.reduce(lambda made, complete: complete(made), completions, request)
