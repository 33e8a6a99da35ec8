"""What a style does to the words, and what the handbook does to the text in a field. Texts in, texts out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from kandinsky_studio.storage.wording import Style

PLACE = "{prompt}"
"""Where the prompt stands in the words of a style."""


class Texts(NamedTuple):
    """A prompt and its negative prompt."""

    prompt: str
    negative: str


def styled(texts: Texts, styles: Iterable[Style]) -> Texts:
    """``texts`` with the words of ``styles`` around them, the first style innermost; nothing gets none around it."""
    prompt, negative = texts
    for style in styles:
        if style.text.strip() and prompt.strip():
            words = style.text if PLACE in style.text else f"{PLACE}, {style.text}"
            prompt = _trimmed(words.replace(PLACE, prompt.strip()))
        if style.negative.strip():
            negative = _trimmed(f"{negative.strip()}, {style.negative}")
    return Texts(prompt, negative)


def _trimmed(text: str) -> str:
    return re.sub(r"^[\s,]+|[\s,]+$", "", text)


class Edit(NamedTuple):
    """A text and where the cursor is in it."""

    text: str
    cursor: int


def holds(text: str, words: str) -> bool:
    """Whether ``words`` stand in ``text`` as words of their own."""
    return _found(text, words) is not None


def inserted(text: str, cursor: int, words: str, separator: str = ", ") -> Edit:
    """``words`` at the end of the part of the text that the cursor is in, set off by ``separator``.

    With a comma in ``separator`` the parts are what lies between commas; without, the words around blanks.
    """
    cursor = min(max(cursor, 0), len(text))
    comma = separator.strip()
    if comma:
        ahead = text.find(comma, cursor)
        at = len(text) if ahead < 0 else ahead
        line = text.find("\n", cursor)
        at = min(at, line) if line >= 0 else at
    else:
        blank = re.search(r"\s", text[cursor:])
        at = cursor + blank.start() if blank else len(text)
    before, after = text[:at].rstrip(" \t"), text[at:]
    if comma:
        before = before.rstrip(comma).rstrip(" \t") if before.endswith(comma) else before
    lead = separator if before and not before.endswith("\n") else ""
    middle = f"{before}{lead}{words}"
    behind = after if not after or after[0].isspace() or after[0] in ",.;:|}" else f"{separator}{after}"
    return Edit(middle + behind, len(middle))


def removed(text: str, words: str) -> Edit:
    """``text`` without ``words`` and the comma that set them off, everywhere."""
    cursor = len(text)
    while (span := _found(text, words)) is not None:
        start, end = span
        before, after = text[:start].rstrip(" \t"), text[end:].lstrip(" \t")
        if after.startswith(","):
            after = after[1:].lstrip(" \t")
            joint = " " if before and after and not before.endswith("\n") else ""
        elif before.endswith(","):
            before, joint = before[:-1].rstrip(" \t"), "" if not after or after[0] in ".;:|}\n" else " "
        else:
            joint = " " if before and after and after[0] not in ".;:|}\n" and not before.endswith("\n") else ""
        text, cursor = before + joint + after, len(before)
    return Edit(text, cursor)


def _found(text: str, words: str) -> tuple[int, int] | None:
    match = re.search(rf"(?<!\w){re.escape(words.strip())}(?!\w)", text, re.IGNORECASE) if words.strip() else None
    return match.span() if match else None
