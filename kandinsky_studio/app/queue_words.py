"""What is said of jobs, in the language of the window: what they are, how far they are, how long they will take."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from kandinsky_studio.app.messages import sentences
from kandinsky_studio.app.queue_list import Row, Standing
from kandinsky_studio.engine.request import GenerationRequest, Stage, Task
from kandinsky_studio.engine.tier import Tier
from kandinsky_studio.errors import QT_TRANSLATE_NOOP

TASKS = {
    Task.text2image: QT_TRANSLATE_NOOP("queue", "Generate"),
    Task.image2image: QT_TRANSLATE_NOOP("queue", "Refine"),
    Task.inpaint: QT_TRANSLATE_NOOP("queue", "Fill"),
    Task.outpaint: QT_TRANSLATE_NOOP("queue", "Expand"),
    Task.mix: QT_TRANSLATE_NOOP("queue", "Mix"),
    Task.depth: QT_TRANSLATE_NOOP("queue", "Match depth"),
}
TIERS = {
    Tier.resident: QT_TRANSLATE_NOOP("queue", "As much as fits"),
    Tier.staged: QT_TRANSLATE_NOOP("queue", "One part of the model after another"),
    Tier.compressed: QT_TRANSLATE_NOOP("queue", "Compressed weights"),
    Tier.offloaded: QT_TRANSLATE_NOOP("queue", "Layer by layer: least, and slowest"),
}
_MINUTE, _HOUR = 60, 3600


def _tr(text: str) -> str:
    return QCoreApplication.translate("queue", text)


def prompt_of(request: GenerationRequest) -> str:
    """The words of a job in one line; of one without, what it does."""
    return " ".join(request.prompt.split()) or _tr(TASKS[request.task])


def kind_of(row: Row, model: str) -> str:
    """What a job does, with which model, at which size, and how many pictures it makes."""
    request = row.request
    parts = [_tr(TASKS[request.task]), model, f"{request.width} × {request.height}"]
    if request.num_images_per_prompt > 1:
        parts.append(_tr(QT_TRANSLATE_NOOP("queue", "pictures: {count}")).format(count=request.num_images_per_prompt))
    if row.tier is not Tier.resident:
        parts.append(_tr(TIERS[row.tier]))
    return " · ".join(parts)


def state_of(row: Row, left: float | None, paused: bool = False) -> str:
    """How it stands with a job that takes ``left`` seconds more."""
    if row.standing is Standing.failed:
        return " ".join(sentences(row.error)) if row.error is not None else ""
    if row.standing is Standing.done:
        return _tr(QT_TRANSLATE_NOOP("queue", "Done in {time}")).format(time=_exactly(row.took))
    time = "" if left is None else about(left)
    if row.standing is Standing.waiting:
        words = _tr(QT_TRANSLATE_NOOP("queue", "Paused")) if paused else _tr(QT_TRANSLATE_NOOP("queue", "Waits"))
        return f"{words} · {time}" if time else words
    progress = row.progress
    if progress is None or progress.stage is Stage.loading:
        return _tr(QT_TRANSLATE_NOOP("queue", "Loading the model…"))
    step = _tr(QT_TRANSLATE_NOOP("queue", "Step {step} of {steps}"))
    parts = [step.format(step=progress.step, steps=progress.total_steps)]
    if time:
        parts.append(time)
    if progress.pictures > 1:
        which = _tr(QT_TRANSLATE_NOOP("queue", "picture {number} of {count}"))
        parts.append(which.format(number=progress.picture + 1, count=progress.pictures))
    return " · ".join(parts)


def in_all(waiting: int, seconds: float, longer: bool) -> str:
    """How many jobs wait, and how long all of them and the one that runs will take."""
    parts = [_tr(QT_TRANSLATE_NOOP("queue", "Waiting: {count}")).format(count=waiting)] if waiting else []
    if seconds > 0:
        words = QT_TRANSLATE_NOOP("queue", "{time} or more") if longer else QT_TRANSLATE_NOOP("queue", "{time} in all")
        parts.append(_tr(words).format(time=about(seconds)))
    return " · ".join(parts)


def about(seconds: float) -> str:
    """A time that nobody should take at its word."""
    if seconds < 10:
        return _tr(QT_TRANSLATE_NOOP("queue", "a few seconds"))
    if seconds < 55:
        return _tr(QT_TRANSLATE_NOOP("queue", "about {count} s")).format(count=max(round(seconds / 10), 1) * 10)
    if seconds < _HOUR - _MINUTE / 2:
        return _tr(QT_TRANSLATE_NOOP("queue", "about {count} min")).format(count=max(round(seconds / _MINUTE), 1))
    minutes = round(seconds / _MINUTE / 10) * 10
    if minutes % 60 == 0 or minutes >= 600:
        return _tr(QT_TRANSLATE_NOOP("queue", "about {count} h")).format(count=round(minutes / 60))
    both = _tr(QT_TRANSLATE_NOOP("queue", "about {hours} h {minutes} min"))
    return both.format(hours=minutes // 60, minutes=minutes % 60)


def _exactly(seconds: float) -> str:
    """A time that was measured."""
    if seconds < _MINUTE:
        return _tr(QT_TRANSLATE_NOOP("queue", "{count} s")).format(count=max(round(seconds), 1))
    minutes = _tr(QT_TRANSLATE_NOOP("queue", "{minutes} min {seconds} s"))
    return minutes.format(minutes=int(seconds // _MINUTE), seconds=int(seconds % _MINUTE))
