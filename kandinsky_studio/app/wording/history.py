"""The prompts that pictures were made of, per field, to go back to. What touches the disk runs in a lane."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from kandinsky_studio.app.lane import Lane
from kandinsky_studio.app.messages import Messages
from kandinsky_studio.app.wording.kept_file import KeptFile
from kandinsky_studio.engine.request import GenerationRequest
from kandinsky_studio.storage import wording as storage

FIELDS = storage.FIELDS


class PromptHistory(QObject):
    """The newest prompt is first; one that is used again moves there. ``changed`` tells that there are others now."""

    changed = Signal()

    def __init__(self, path: Path | None, lane: Lane, messages: Messages, parent: QObject | None = None) -> None:
        """The prompts in the file at ``path``; without one they are forgotten when the program ends."""
        super().__init__(parent)
        self._file = KeptFile(path, lane, messages)
        self._texts: dict[str, list[str]] = {name: [] for name in FIELDS}

    def open(self) -> None:
        """Read what was used before."""

        def arrived(read: dict[str, list[str]]) -> None:
            meanwhile = any(self._texts.values())
            for name in FIELDS:
                own = self._texts[name]
                self._texts[name] = list(dict.fromkeys([*own, *read[name]]))[: storage.MOST_PROMPTS]
            if meanwhile:
                self._write()
            self.changed.emit()

        self._file.read(storage.read_prompts, arrived)

    def texts(self, field: str) -> Sequence[str]:
        """What was in ``field``, one of ``FIELDS``, the newest first."""
        return tuple(self._texts[field])

    def add(self, request: GenerationRequest) -> None:
        """Remember what was typed for a picture that was made."""
        typed = {
            "prompt": request.prompt_template or request.prompt,
            "negative_prompt": request.negative_template or request.negative_prompt,
        }
        before = {name: list(texts) for name, texts in self._texts.items()}
        for name, text in typed.items():
            if text.strip():
                others = (other for other in before[name] if other != text)
                self._texts[name] = [text, *others][: storage.MOST_PROMPTS]
        if self._texts != before:
            self._write()
            self.changed.emit()

    def forget(self, field: str, text: str) -> None:
        """Take one out."""
        if text in self._texts[field]:
            self._texts[field].remove(text)
            self._write()
            self.changed.emit()

    def _write(self) -> None:
        kept = {name: tuple(texts) for name, texts in self._texts.items()}
        self._file.write(lambda path: storage.write_prompts(path, kept))


class Stroll:
    """A walk through what was typed before in one field, and back to what was being typed."""

    def __init__(self, history: PromptHistory, field: str) -> None:
        self._history, self._field = history, field
        self._texts: tuple[str, ...] = ()
        self._at = -1  # in the texts; -1 is what was being typed
        self._typed = ""

    def step(self, now: str, older: bool) -> str | None:
        """The text to show in place of ``now``, which is in the field; None where the walk ends."""
        if self._at >= 0 and (self._at >= len(self._texts) or self._texts[self._at] != now):
            self._at = -1  # something else was typed since
        if self._at < 0:
            self._typed = now
            self._texts = tuple(text for text in self._history.texts(self._field) if text != now)
        at = self._at + (1 if older else -1)
        if at < -1 or at >= len(self._texts):
            return None
        self._at = at
        return self._typed if at < 0 else self._texts[at]
