"""A second start finds the first one."""

from __future__ import annotations

import pytest

from kandinsky_studio import paths
from kandinsky_studio.app.instance import SingleInstance


@pytest.fixture
def make_instance(qapp):
    made = []

    def make():
        made.append(SingleInstance())
        return made[-1]

    yield make
    for instance in made:
        instance.release()


def test_the_second_start_calls_the_first_one(qtbot, make_instance):
    first, second = make_instance(), make_instance()
    assert first.claim()
    with qtbot.waitSignal(first.called, timeout=3000):
        assert not second.claim()


def test_after_the_first_one_is_gone_the_next_is_first(qtbot, make_instance):
    first, second = make_instance(), make_instance()
    assert first.claim()
    first.release()
    assert second.claim()


def test_another_home_is_another_program(qtbot, make_instance, monkeypatch, tmp_path):
    assert make_instance().claim()
    monkeypatch.setenv("KANDINSKY_STUDIO_HOME", str(tmp_path / "portable"))
    assert make_instance().claim()


def test_a_lock_left_by_a_kill_does_not_keep_anybody_out(qtbot, make_instance):
    folder = paths.state()
    folder.mkdir(parents=True)
    (folder / "instance.lock").write_text("999999999\nkandinsky-studio\nnowhere\n\n\n")
    # The number belongs to no process here, but the host is another one, so the lock is dropped only if it is ours.
    from PySide6.QtCore import QSysInfo

    host = QSysInfo.machineHostName()
    (folder / "instance.lock").write_text(f"999999999\nkandinsky-studio\n{host}\n\n\n")
    assert make_instance().claim()


def test_where_no_lock_can_be_written_the_program_starts_all_the_same(qtbot, make_instance, home):
    home.mkdir(parents=True)
    (home / "state").write_text("in the way")
    assert make_instance().claim()
