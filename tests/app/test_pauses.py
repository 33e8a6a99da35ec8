"""When a hand that paints rests, and who waits until it does."""

from __future__ import annotations

import threading
from time import monotonic

import pytest

from kandinsky_studio.app.pauses import LONGEST, SHORTEST, Hold, Pauses


def test_who_is_held_waits_for_the_hand_to_rest_or_to_be_let_go():
    hold = Hold()
    hold.wait()
    begin = monotonic()
    hold.moved(begin, 0.2)
    hold.wait()
    assert monotonic() - begin >= 0.2
    hold.moved(monotonic(), 60.0)
    waiting = threading.Thread(target=hold.wait)
    waiting.start()
    waiting.join(0.3)
    assert waiting.is_alive()
    hold.release()
    waiting.join(5.0)
    assert not waiting.is_alive()


def test_pauses_are_learnt_within_bounds():
    pauses = Pauses()
    assert SHORTEST < pauses.rest < LONGEST
    moment = 0.0
    for gap in (0.008, 0.008, 0.2, 0.008, 0.21, 0.008, 0.19):
        moment += gap
        pauses.beat(moment)
    assert pauses.rest == pytest.approx(0.26)
    for _ in range(9):
        moment += 1.0
        pauses.beat(moment)
    assert pauses.rest == LONGEST
    for _ in range(20):
        moment += 0.06
        pauses.beat(moment)
    assert pauses.rest == SHORTEST
