"""Which models can be chosen, and whether their files are on this computer. Loads nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, QObject, Signal

from kandinsky_studio import paths
from kandinsky_studio.engine import weights
from kandinsky_studio.engine.models import MODELS, builtin, find, kandinsky_2_2, spec_of
from kandinsky_studio.engine.request import GenerationRequest
from kandinsky_studio.engine.spec import ModelSpec
from kandinsky_studio.engine.validation import check
from kandinsky_studio.errors import StudioError
from kandinsky_studio.storage import durable

BUILTIN = builtin.SPEC.key
"""The model that comes with the program and draws shapes and colours."""

REAL = kandinsky_2_2.SPEC.key
"""The model to recommend to those who want pictures of anything else."""

REAL_FOLDERS = ("kandinsky-2-2-prior", "kandinsky-2-2-decoder")
"""What the folders of its weights are called, as they are published."""

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
                find(model).check()
            except StudioError:
                self._installed[model] = False
            else:
                self._installed[model] = True
        return self._installed[model]

    def flaw(self, model: str) -> StudioError | None:
        """Why files that are here can't be used: some are missing, or damaged. None if they are whole, or not here."""
        try:
            files = find(model)
        except StudioError:
            return None
        try:
            files.check()
        except StudioError as error:
            return error
        return None

    @property
    def folder(self) -> Path:
        """Where weights are looked for first; it need not be there yet."""
        return paths.models()

    @property
    def shared_folder(self) -> Path:
        """Where weights are that other programs fetched with the Hugging Face libraries."""
        return weights.hub_cache()

    def make_folder(self) -> Path:
        """The folder of :attr:`folder`, made if it is not there. Raises ``DiskFull`` or ``FolderNotWritable``."""
        try:
            durable.make_folder(self.folder)
        except OSError as error:
            raise durable.cause_of(error, self.folder) from error
        return self.folder

    def look_again(self) -> None:
        """The files may have come or gone."""
        self._installed.clear()
        self.changed.emit()

    def open_folder(self, folder: Path) -> ModelSpec:
        """Add the model in ``folder`` to the list. Raises ``ModelNotFound`` or ``BrokenModel``."""
        model = os.fspath(folder)
        spec = spec_of(model)
        find(model).check()
        self._specs[spec.key] = spec
        self._installed[spec.key] = True
        self.changed.emit()
        return spec

    def check(self, request: GenerationRequest) -> None:
        """Raise the ``StudioError`` that says why ``request`` can't be carried out."""
        check(request, self.spec(request.model), MODELS)

    def title(self, model: str) -> str:
        """What to call a model in the language of the window, even one that is gone."""
        spec = self.find(model)
        return QCoreApplication.translate("models", spec.title) if spec else Path(model).name or model
