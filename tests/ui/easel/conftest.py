"""A view of a document, shown, with a tool in hand."""

from __future__ import annotations

import pytest

from kandinsky_studio.document.document import Document
from kandinsky_studio.tools.base import Desk
from kandinsky_studio.ui.easel.view import DocumentView
from tests.ui.easel.stamping import BLUE, GROUND, RED, Stamp, picture


@pytest.fixture
def make_view(qtbot):
    def make(width=200, height=100, colour=RED, size=(400, 300)):
        document = Document.new(width, height, background=picture(width, height, colour) if colour else None)
        desk = Desk(document, foreground=BLUE)
        view = DocumentView(desk)
        qtbot.addWidget(view)
        view.set_background(GROUND)
        view.resize(*size)
        view.show()
        view.set_tool(Stamp(desk))
        qtbot.waitUntil(lambda: not view.unfinished)
        return view

    return make
