"""Which models can be chosen, and whether their files are on this computer. Loads nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, QObject, Signal

from kandinsky_studio.engine import weights
from kandinsky_studio.engine.models import MODELS, spec_of
from kandinsky_studio.engine.request import GenerationRequest
from kandinsky_studio.engine.spec import ModelSpec
from kandinsky_studio.engine.validation import check
from kandinsky_studio.errors import StudioError

TRANSLATED_TITLES = (QT_TRANSLATE_NOOP("models", "Built-in"),)
"""The titles that are words; those of the other models are names."""


@dataclass(frozen=True)
class ModelChoice:
    """A line of the model list."""

    spec: ModelSpec
    installed: bool


class Models(QObject):
    """The model versions we know and the folders that were opened."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._specs: dict[str, ModelSpec] = {spec.key: spec for spec in MODELS}
        self._installed: dict[str, bool] = {}

    def choices(self) -> Sequence[ModelChoice]:
        """All models, the ones we know first."""
        return [ModelChoice(spec, self.installed(key)) for key, spec in self._specs.items()]

    def spec(self, model: str) -> ModelSpec:
        """The spec of a key or folder. Raises ``UnknownModel``, ``ModelNotFound`` or ``BrokenModel``."""
        if model not in self._specs:
            self._specs[model] = spec_of(model)
        return self._specs[model]

    def find(self, model: str) -> ModelSpec | None:
        """The spec of a key or folder, or None if it can't be had (any more)."""
        try:
            return self.spec(model)
        except StudioError:
            return None

    def installed(self, model: str) -> bool:
        """Whether the files are here and whole; looked up once, until :meth:`look_again`."""
        if model not in self._installed:
            try:
                weights.find(model).check()
            except StudioError:
                self._installed[model] = False
            else:
                self._installed[model] = True
        return self._installed[model]

    def look_again(self) -> None:
        """The files may have come or gone."""
        self._installed.clear()
        self.changed.emit()

    def open_folder(self, folder: Path) -> ModelSpec:
        """Add the model in ``folder`` to the list. Raises ``ModelNotFound`` or ``BrokenModel``."""
        model = os.fspath(folder)
        spec = spec_of(model)
        weights.find(model).check()
        self._specs[spec.key] = spec
        self._installed[spec.key] = True
        self.changed.emit()
        return spec

    def check(self, request: GenerationRequest) -> None:
        """Raise the ``StudioError`` that says why ``request`` can't be carried out."""
        check(request, self.spec(request.model))

    def title(self, model: str) -> str:
        """What to call a model in the language of the window, even one that is gone."""
        spec = self.find(model)
        return QCoreApplication.translate("models", spec.title) if spec else Path(model).name or model
