"""What new layers are called: in the language of the window, in English where there is none.

A name is a part of the document from then on: it is saved, and stays as it is in a window of another language.
"""

from __future__ import annotations

from collections.abc import Callable

from kandinsky_studio.document.layers import Kind, State
from kandinsky_studio.errors import QT_TRANSLATE_NOOP

_KINDS = {
    Kind.PIXELS: QT_TRANSLATE_NOOP("layers", "Layer"),
    Kind.GROUP: QT_TRANSLATE_NOOP("layers", "Group"),
    Kind.INPAINT: QT_TRANSLATE_NOOP("layers", "Inpaint mask"),
    Kind.DEPTH: QT_TRANSLATE_NOOP("layers", "Depth"),
}
_PASTED = QT_TRANSLATE_NOOP("layers", "Pasted layer")


def _as_it_is(_context: str, text: str) -> str:
    return text


translate: Callable[[str, str], str] = _as_it_is
"""What a text of a context is in the language of the window; whoever has a window puts its own function here."""


def kind_name(kind: Kind) -> str:
    """What a layer of this kind is called without a name of its own."""
    return translate("layers", _KINDS[kind])


def pasted_name() -> str:
    """What comes from outside without a name is called; :func:`free_name` numbers it."""
    return translate("layers", _PASTED)


def free_name(state: State, base: str) -> str:
    """``base`` with the lowest number that no layer's name has."""
    names = {layer.name for layer in state.walk()}
    number = 1
    while f"{base} {number}" in names:
        number += 1
    return f"{base} {number}"
