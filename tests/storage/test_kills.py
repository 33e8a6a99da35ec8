"""Real kills of the real window with a painter in it: the next start has what was finished."""

import os

import pytest

from benchmarks.kills import LAG, kill

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="Windows has no signals"),
    pytest.mark.usefixtures("qapp"),  # before the first thread, or Qt takes another for the main one
]


def test_kills_lose_no_step_no_file_and_no_picture(tmp_path):
    """Five in one home, so that each start but the first is a recovery; without torch. The long run is a benchmark."""
    rounds = kill(5, 9, tmp_path / "home", latest=4)
    assert [one.faults for one in rounds] == [[]] * 5
    assert sum(one.steps for one in rounds) > 10
    assert sum(one.documents for one in rounds) >= 4
    assert max(lag for one in rounds for lag in one.lags) <= LAG
