"""The styles: those that come with the program, the user's own, and those that are on the prompt now."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from kandinsky_studio import paths
from kandinsky_studio.app.generation import GenerationSettings, limits_of
from kandinsky_studio.app.lane import Lane
from kandinsky_studio.app.messages import Action, Messages
from kandinsky_studio.app.models import Models
from kandinsky_studio.app.translation import Translation
from kandinsky_studio.app.wording.kept_file import KeptFile
from kandinsky_studio.storage import wording as storage
from kandinsky_studio.storage.wording import SETTINGS as SETTINGS
from kandinsky_studio.storage.wording import Style as Style


class Styles(QObject):
    """``changed`` tells that there are others, ``chosen_changed`` that others are on the prompt."""

    changed = Signal()
    chosen_changed = Signal()

    def __init__(
        self,
        path: Path | None,
        lane: Lane,
        settings: GenerationSettings,
        models: Models,
        translation: Translation,
        messages: Messages,
        parent: QObject | None = None,
    ) -> None:
        """The user's styles in the file at ``path``; without one they are forgotten when the program ends."""
        super().__init__(parent)
        self._file, self._lane = KeptFile(path, lane, messages), lane
        self._settings, self._models = settings, models
        self._translation, self._messages = translation, messages
        self._content = storage.read_shipped(paths.resources() / "handbook" / "styles.json")
        self._shipped = storage.styles_in(self._content)
        self._own: list[Style] = []
        self._chosen: list[str] = []
        self._before: dict[str, dict[str, tuple[float, float]]] = {}  # what a style set, and what was there before

    def open(self) -> None:
        """Read the user's own."""

        def arrived(read: tuple[list[Style], list[str]]) -> None:
            self._own, chosen = [*read[0], *self._own], read[1]
            self._chosen = list(dict.fromkeys([*(name for name in chosen if self.named(name)), *self._chosen]))
            self.changed.emit()
            self.chosen_changed.emit()

        self._file.read(storage.read_styles, arrived)

    # ------------------------------------------------------------------ what there is

    @property
    def own(self) -> Sequence[Style]:
        """The user's own, in the order of their names."""
        return sorted(self._own, key=lambda style: style.name.casefold())

    @property
    def shipped(self) -> Sequence[Style]:
        """Those that come with the program and mean something to the chosen model."""
        names, model = {style.name for style in self._own}, self._settings.values.model
        if model == "builtin":
            fitting = [style for style in self._shipped if style.model == model]
        else:
            fitting = [style for style in self._shipped if not style.model]
        return [style for style in fitting if style.name not in names]

    def named(self, name: str) -> Style | None:
        """The style called ``name``, the user's own first."""
        return next((style for style in (*self._own, *self._shipped) if style.name == name), None)

    def title(self, style: Style) -> str:
        """What it is called in the language of the window."""
        if style not in self._shipped:
            return style.name
        localised = storage.styles_in(self._content, self._translation.language)
        number = self._shipped.index(style)
        return localised[number].name if len(localised) == len(self._shipped) else style.name

    # ------------------------------------------------------------------ what is on the prompt

    @property
    def chosen(self) -> list[Style]:
        """What is on the prompt, in the order in which it was put there."""
        found = (self.named(name) for name in self._chosen)
        return [style for style in found if style is not None]

    def toggle(self, name: str) -> None:
        """Put a style on the prompt, or take it off."""
        (self.take_off if name in self._chosen else self.put_on)(name)

    def put_on(self, name: str) -> None:
        """Put a style on the prompt; what it sets is set at once, as far as the model can."""
        style = self.named(name)
        if style is None or name in self._chosen:
            return
        spec = self._models.find(self._settings.values.model)
        limits = limits_of(spec) if spec is not None else {}
        fitting = {}
        for field, value in style.settings.items():
            limit = limits.get(field)
            if limit is not None:
                whole = isinstance(limit.default, int)
                fitting[field] = min(max(round(value) if whole else float(value), limit.minimum), limit.maximum)
        self._before[name] = {field: (getattr(self._settings.values, field), value) for field, value in fitting.items()}
        self._chosen.append(name)
        self._settings.set(**fitting)
        self._tell()

    def take_off(self, name: str) -> None:
        """Take a style off the prompt; what it set becomes what it was, unless it was changed since."""
        if name not in self._chosen:
            return
        self._chosen.remove(name)
        for field, (before, put) in self._before.pop(name, {}).items():
            if getattr(self._settings.values, field) == put:
                self._settings.set(**{field: before})
        self._tell()

    def clear(self) -> None:
        """Take all off the prompt; what they set stays."""
        if self._chosen:
            self._chosen.clear()
            self._before.clear()
            self._tell()

    def _tell(self) -> None:
        self._write()
        self.chosen_changed.emit()

    # ------------------------------------------------------------------ the user's own

    def save(self, style: Style, in_place_of: str = "") -> str:
        """Keep a style of one's own; the name it has now, with a number if another one is called so."""
        others = [other for other in self._own if other.name != in_place_of]
        taken = {other.name.casefold() for other in others}
        name, number = style.name, 1
        while name.casefold() in taken:
            number += 1
            name = f"{style.name} {number}"
        kept = Style(name, style.text, style.negative, dict(style.settings))
        self._own = [*others, kept]
        if in_place_of:
            self._chosen = [name if other == in_place_of else other for other in self._chosen]
        self._changed()
        return name

    def delete(self, name: str) -> None:
        """Throw one of one's own away; a message offers to take that back."""
        gone = next((style for style in self._own if style.name == name), None)
        if gone is None:
            return
        self.take_off(name)
        self._own.remove(gone)
        self._changed()
        text = self.tr("The style “{name}” is gone.").format(name=name)
        self._messages.note(text, Action(self.tr("Undo"), lambda: self._bring_back(gone)))

    def _bring_back(self, style: Style) -> None:
        self.save(style)

    def import_from(self, path: Path) -> None:
        """Take in the styles of a file; a message says how many there were, or what is wrong with it."""

        def done(styles: list[Style]) -> None:
            for style in styles:
                if style not in self._own:
                    self.save(style)
            self._messages.note(self.tr("Styles taken from the file: {count}").format(count=len(styles)))

        self._lane.run(lambda: storage.import_styles(path), done, self._messages.error)

    def export_to(self, path: Path, styles: Sequence[Style]) -> None:
        """Write ``styles`` to a file that others can take in."""
        kept = tuple(styles)
        self._lane.run(lambda: storage.write_styles(path, kept), lambda _: None, self._messages.error)

    def _changed(self) -> None:
        self._write()
        self.changed.emit()
        self.chosen_changed.emit()

    def _write(self) -> None:
        own, chosen = tuple(self._own), tuple(self._chosen)
        self._file.write(lambda path: storage.write_styles(path, own, chosen))
