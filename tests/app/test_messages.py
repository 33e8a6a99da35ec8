"""The road on which the user is told something."""

from __future__ import annotations

import threading

import pytest

from kandinsky_studio import log
from kandinsky_studio.app.messages import Messages, Weight
from kandinsky_studio.errors import Cancelled, DiskFull, EmptyPrompt, LayerLocked


@pytest.fixture
def messages(qapp):
    messages = Messages()
    yield messages
    messages.release_the_uncaught()


def test_messages_before_the_window_wait_for_it(messages):
    messages.note("early")
    shown = []
    messages.connect_window(shown.append)
    messages.note("late")
    assert [message.text for message in shown] == ["early", "late"]


def test_an_error_is_a_sentence_a_remedy_and_details(messages):
    shown = []
    messages.connect_window(shown.append)
    try:
        raise DiskFull(folder="/pictures")
    except DiskFull as error:
        messages.error(error)
    (message,) = shown
    assert message.weight is Weight.error
    assert message.text == "The disk that holds /pictures is full."
    assert message.hint.startswith("Make room")
    assert "Traceback" in message.details


def test_a_refusal_needs_no_traceback(messages):
    shown = []
    messages.connect_window(shown.append)
    messages.error(EmptyPrompt())
    assert shown[0].weight is Weight.refusal
    assert shown[0].details == ""


def test_who_cancels_is_told_nothing(messages):
    shown = []
    messages.connect_window(shown.append)
    messages.error(Cancelled())
    assert shown == []


def test_an_exception_in_another_thread_reaches_the_window(qtbot, messages):
    shown = []
    messages.connect_window(lambda message: shown.append((message, threading.current_thread())))
    messages.catch_the_uncaught()

    def work():
        raise ZeroDivisionError("nobody thought of it")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: len(shown) == 1, timeout=1000)
    message, where = shown[0]
    assert "nobody thought of it" in message.details
    assert "nobody thought of it" not in message.text
    assert where is threading.main_thread()


def test_an_exception_in_a_slot_reaches_the_window(qtbot, messages):
    import sys

    shown = []
    messages.connect_window(shown.append)
    messages.catch_the_uncaught()
    hook = sys.excepthook
    try:
        raise KeyError("slot")
    except KeyError as error:
        hook(type(error), error, error.__traceback__)
    assert "KeyError" in shown[0].details
    messages.release_the_uncaught()
    assert sys.excepthook is not hook


@pytest.fixture
def written():
    """What the log says, when it is called."""
    log.stop()  # one that a test before began writes elsewhere
    log.start()
    yield lambda: log.file().read_text(encoding="utf-8")
    log.stop()


def test_the_log_keeps_the_frames_and_not_the_words(messages, written):
    messages.connect_window(lambda message: None)
    try:
        try:
            raise OSError("/home/somebody/a secret prompt.png")
        except OSError as cause:
            raise DiskFull(folder="/home/somebody/secret") from cause
    except DiskFull as error:
        messages.error(error)
    assert "\nDiskFull\n" in written()
    assert "\nOSError\n" in written()
    assert "in test_the_log_keeps_the_frames_and_not_the_words" in written()
    assert "secret" not in written()
    assert "somebody" not in written()


@pytest.mark.parametrize("hook", ["_uncaught", "_uncaught_in_thread"])
def test_what_nobody_caught_is_logged_without_its_words(messages, written, hook):
    messages.connect_window(lambda message: None)
    try:
        raise RuntimeError("a secret prompt\nwith a second line of secrets")
    except RuntimeError as error:
        three = (type(error), error, error.__traceback__)
        if hook == "_uncaught":
            messages._uncaught(*three)
        else:
            messages._uncaught_in_thread(threading.ExceptHookArgs((*three, None)))
    assert written().endswith("in test_what_nobody_caught_is_logged_without_its_words\nRuntimeError\n")
    assert "secret" not in written()


def test_a_locked_layer_is_no_fault_of_the_program(messages):
    shown = []
    messages.connect_window(shown.append)
    messages.error(LayerLocked(layer="Sky"))
    (message,) = shown
    assert message.weight is Weight.refusal, "an error would stay until it is closed"
    assert message.passing
    assert message.details == ""
