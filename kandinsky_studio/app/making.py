"""What each way of making pictures has: the services it needs, and the errand for a single picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject

from kandinsky_studio.app.candidates import Candidates
from kandinsky_studio.app.easel import Easel
from kandinsky_studio.app.editor import Editor
from kandinsky_studio.app.errand import Reports
from kandinsky_studio.app.gallery import Gallery
from kandinsky_studio.app.generation import Generation
from kandinsky_studio.app.messages import Messages
from kandinsky_studio.app.models import Models
from kandinsky_studio.app.worker import EngineWorker
from kandinsky_studio.engine.request import GenerationRequest, GenerationResult


@dataclass(frozen=True, eq=False)
class Means:
    """The services that pictures are made, shown and kept with."""

    generation: Generation
    models: Models
    worker: EngineWorker
    editor: Editor
    candidates: Candidates
    gallery: Gallery
    easel: Easel
    messages: Messages


class Maker(QObject):
    """Base of what makes pictures, or something for them, in a way of its own: the pad, the strip, live and so on."""

    def __init__(self, means: Means, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._generation = means.generation
        self._settings = means.generation.settings
        self._models = means.models
        self._worker = means.worker
        self._editor = means.editor
        self._candidates = means.candidates
        self._gallery = means.gallery
        self._easel = means.easel
        self._messages = means.messages


def picture_of(request: GenerationRequest) -> Callable[[Any, Reports], GenerationResult]:
    """What an :class:`~kandinsky_studio.app.errand.Errand` does to make the one picture that ``request`` asks for."""

    def do(engine: Any, reports: Reports) -> GenerationResult:
        [result] = engine.generate(request, on_progress=reports.progress)
        made: GenerationResult = result
        return made

    return do
