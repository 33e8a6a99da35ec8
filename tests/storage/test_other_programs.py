"""Files that Krita and GIMP wrote themselves, of a document that they had from us."""

from pathlib import Path

import numpy as np
import pytest

from kandinsky_studio.document.blending import BlendMode
from kandinsky_studio.storage.documents import read_document
from tests.storage.documents import group, render
from tests.storage.test_psd import flat, smooth

FILES = Path(__file__).parents[1] / "fixtures" / "documents"


@pytest.mark.parametrize("name", ["krita-5.1.ora", "krita-5.1.psd", "gimp-2.10.psd"])
def test_what_they_wrote_is_what_they_were_given(name):
    inside = (smooth(3, 40, 30, 5, 5), smooth(4, 30, 20, 20, 20, mode=BlendMode.MULTIPLY))
    given = flat(
        smooth(1),
        group(2, *inside, mode=BlendMode.SCREEN, opacity=0.6),
        group(5, smooth(6, 20, 40, 40, 0, mode=BlendMode.OVERLAY, opacity=0.8), isolated=False),
    )
    read = read_document(FILES / name)
    assert read.notes == ()
    for ours, theirs in zip(given.walk(), read.state.walk(), strict=True):
        assert (theirs.name, theirs.kind, theirs.mode) == (ours.name, ours.kind, ours.mode)
        assert theirs.isolated == ours.isolated
        assert theirs.opacity == pytest.approx(ours.opacity, abs=0.003)
    assert np.array_equal(render(read.state), render(given))
