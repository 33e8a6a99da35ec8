"""Alternatives ``{a|b|c}`` and wildcards ``__name__`` in a prompt, and the texts that can come of them.

Alternatives may be nested and weighted, ``{2::a|b}`` gives a twice as often as b. A wildcard stands for a line of a
text file; the line may hold alternatives and wildcards itself. A backslash before ``{``, ``}``, ``|``, ``_`` or another
backslash makes it an ordinary character. What is no well-formed part of all this stays as it was typed: no text is ever
refused for its form.
"""

from __future__ import annotations

import itertools
import math
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kandinsky_studio.engine.request import MAX_PROMPT_LENGTH

MANY = 1_000_000
"""More texts than this are not counted one by one."""

_DEEPEST = 12  # alternatives within alternatives, and wildcards within wildcards
_LONGEST = MAX_PROMPT_LENGTH + 1  # characters of a text that is made; one that long is refused later, with a reason
_READ = 4 * _LONGEST  # characters of a template
_TRIES = 20  # texts that may turn out to be doubles, for each one that is wanted
_SPECIAL = re.compile(r"[\\{}|]|__")
_NAME = re.compile(r"__([^\W_](?:[\w ./-]{0,78}?[^\W_])?)__")
_WEIGHT = re.compile(r"\s*(\d{1,4}(?:\.\d{1,4})?)::")
_ESCAPED = frozenset("{}|_\\")

Lines = Mapping[str, Sequence[str]]
"""The lines of each wildcard, by its name in lower case."""


@dataclass(frozen=True)
class Wildcard:
    """A line of the file called ``name``."""

    name: str


@dataclass(frozen=True)
class Alternatives:
    """One of ``options``, each as often as its weight is to the sum of ``weights``."""

    options: tuple[Template, ...]
    weights: tuple[float, ...]


@dataclass(frozen=True)
class Template:
    """Texts, alternatives and wildcards in a row."""

    parts: tuple[str | Alternatives | Wildcard, ...]

    @property
    def plain(self) -> bool:
        """Whether there is nothing to choose."""
        return all(isinstance(part, str) for part in self.parts)


class TooManyTurns(Exception):
    """Wildcards that name one another lead nowhere."""


def parse(text: str) -> Template:
    """``text`` as a template. Takes any text; of one that no model would take, only a beginning that is too long, too."""
    return _Parser(text[:_READ]).read()


def literal(text: str) -> str:
    """``text`` so that :func:`parse` finds nothing to choose in it."""
    escaped = re.sub(r"([\\{}|])", r"\\\1", text) if re.search(r"[{}]|\\[{}|_\\]", text) else text
    return _NAME.sub(lambda match: rf"\_\_{match[1]}__", escaped)


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._ends = _matching(text)

    def read(self) -> Template:
        return self._sequence(0, len(self._text), 0)

    def _sequence(self, start: int, end: int, depth: int) -> Template:
        parts: list[str | Alternatives | Wildcard] = []
        plain: list[str] = []
        at = start
        while at < end:
            found = _SPECIAL.search(self._text, at, end)
            if found is None:
                plain.append(self._text[at:end])
                break
            plain.append(self._text[at : found.start()])
            at, part = self._special(found.start(), end, depth)
            if isinstance(part, str):
                plain.append(part)
            else:
                parts += ["".join(plain), part]
                plain = []
        parts.append("".join(plain))
        return Template(tuple(part for part in parts if part != ""))

    def _special(self, at: int, end: int, depth: int) -> tuple[int, str | Alternatives | Wildcard]:
        """What begins at ``at``, and where it ends."""
        text = self._text
        if text[at] == "\\":
            if at + 1 < end and text[at + 1] in _ESCAPED:
                return at + 2, text[at + 1]
            return at + 1, "\\"
        if text[at] == "{" and at in self._ends and depth < _DEEPEST:
            close, bars = self._ends[at]
            return close + 1, self._alternatives(at, close, bars, depth)
        if text[at] == "_":
            name = _NAME.match(text, at, end)
            return (name.end(), Wildcard(name[1].lower())) if name else (at + 2, "__")
        return at + 1, text[at]

    def _alternatives(self, start: int, close: int, bars: list[int], depth: int) -> Alternatives:
        options, weights = [], []
        edges = [start, *bars, close]
        for before, after in itertools.pairwise(edges):
            first, weight = before + 1, 1.0
            stated = _WEIGHT.match(self._text, first, after)
            if stated:
                first, weight = stated.end(), float(stated[1])
            options.append(self._sequence(first, after, depth + 1))
            weights.append(weight)
        if not any(weights):
            weights = [1.0] * len(weights)
        return Alternatives(tuple(options), tuple(weights))


def _matching(text: str) -> dict[int, tuple[int, list[int]]]:
    """Where each ``{`` that is closed is closed, and the bars between its alternatives."""
    found: dict[int, tuple[int, list[int]]] = {}
    opened: list[tuple[int, list[int]]] = []
    at = 0
    while at < len(text):
        character = text[at]
        if character == "\\" and text[at + 1 : at + 2] and text[at + 1] in _ESCAPED:
            at += 1
        elif character == "{":
            opened.append((at, []))
        elif character == "|" and opened:
            opened[-1][1].append(at)
        elif character == "}" and opened:
            start, bars = opened.pop()
            found[start] = (at, bars)
        at += 1
    return found


# ---------------------------------------------------------------------- what can come of it


def wildcards_in(template: Template) -> Iterator[str]:
    """The names of the wildcards in ``template``, in their order; not those in the lines of others."""
    for part in template.parts:
        if isinstance(part, Wildcard):
            yield part.name
        elif isinstance(part, Alternatives):
            for option in part.options:
                yield from wildcards_in(option)


def missing(template: Template, lines: Lines) -> list[str]:
    """The wildcards, here and in the lines that could be chosen, that there are none of; each once."""
    found: dict[str, None] = {}
    seen: set[str] = set()
    waiting = list(wildcards_in(template))
    while waiting:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        if not lines.get(name):
            found[name] = None
            continue
        for line in lines[name]:
            if "__" in line:
                waiting += wildcards_in(parse(line))
    return list(found)


def choose(template: Template, lines: Lines, seed: int) -> str:
    """The text that ``seed`` chooses, the same every time. Raises ``TooManyTurns``; a missing wildcard gives nothing."""
    chance = random.Random(seed)
    written: list[str] = []
    length = 0
    waiting: list[tuple[Template, int]] = [(template, 0)]
    row: list[tuple[str | Alternatives | Wildcard, int]] = []
    while waiting or row:
        if waiting:
            next_, depth = waiting.pop()
            row += [(part, depth) for part in reversed(next_.parts)]
            continue
        part, depth = row.pop()
        if isinstance(part, str):
            written.append(part)
            length += len(part)
            if length > _LONGEST:
                break
        elif isinstance(part, Alternatives):
            [option] = chance.choices(part.options, part.weights)
            waiting.append((option, depth))
        else:
            if depth >= _DEEPEST:
                raise TooManyTurns(part.name)
            choices = lines.get(part.name, ())
            line = choices[int(chance.random() * len(choices))] if choices else ""
            waiting.append((parse(line), depth + 1))
    return tidied("".join(written)[:_LONGEST], template)


def count(template: Template, lines: Lines) -> int:
    """How many texts can come of ``template``, doubles included; never more than ``MANY``.

    Raises ``TooManyTurns``.
    """
    return _Count(lines).of(template, 0)


class _Count:
    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._known: dict[str, int] = {}

    def of(self, template: Template, depth: int) -> int:
        numbers = (self._part(part, depth) for part in template.parts if not isinstance(part, str))
        return min(math.prod(numbers), MANY)

    def _part(self, part: Alternatives | Wildcard, depth: int) -> int:
        if isinstance(part, Alternatives):
            weighted = zip(part.options, part.weights, strict=True)
            return min(sum(self.of(option, depth) for option, weight in weighted if weight), MANY)
        if depth >= _DEEPEST:
            raise TooManyTurns(part.name)
        if part.name not in self._known:
            lines = self._lines.get(part.name) or ("",)
            total = 0
            for line in lines:
                total += self.of(parse(line), depth + 1) if _SPECIAL.search(line) else 1
                if total >= MANY:
                    break
            self._known[part.name] = min(total, MANY)
        return self._known[part.name]


def every(template: Template, lines: Lines, limit: int) -> list[str]:
    """The first ``limit`` different texts that can come of ``template``, the last choice changing fastest.

    Raises ``TooManyTurns``.
    """
    found: dict[str, None] = {}
    for tried, text in enumerate(_texts(template, lines, 0, limit * _TRIES)):
        found[tidied(text, template)] = None
        if len(found) >= limit or tried >= limit * _TRIES:
            break
    return list(found)


def _texts(template: Template, lines: Lines, depth: int, limit: int) -> Iterator[str]:
    pools = [list(itertools.islice(_choices(part, lines, depth, limit), limit)) for part in template.parts]
    for chosen in itertools.product(*pools):
        yield "".join(chosen)[:_LONGEST]


def _choices(part: str | Alternatives | Wildcard, lines: Lines, depth: int, limit: int) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, Alternatives):
        for option, weight in zip(part.options, part.weights, strict=True):
            if weight:
                yield from _texts(option, lines, depth, limit)
    elif depth >= _DEEPEST:
        raise TooManyTurns(part.name)
    else:
        for line in lines.get(part.name) or ("",):
            yield from _texts(parse(line), lines, depth + 1, limit)


def tidied(text: str, template: Template) -> str:
    """``text`` without the blanks and commas that an empty choice leaves behind; what was typed plainly stays as it is."""
    if template.plain:
        return text
    text = re.sub(r"[ \t]{2,}", " ", text)
    text = re.sub(r"\s*,(?:\s*,)+", ",", text)
    return re.sub(r"^[\s,]+|[\s,]+$", "", text)
