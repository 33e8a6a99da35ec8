"""What Windows is told about the program."""

import sys

import pytest

from kandinsky_studio.ui import desktop


@pytest.mark.skipif(sys.platform == "win32", reason="there it has something to say")
def test_elsewhere_nothing_is_said():
    desktop.introduce()


@pytest.mark.skipif(sys.platform != "win32", reason="only Windows has such names")
def test_windows_knows_the_process_by_its_name():
    import ctypes

    desktop.introduce()
    told = ctypes.c_wchar_p()
    assert ctypes.windll.shell32.GetCurrentProcessExplicitAppUserModelID(ctypes.byref(told)) == 0
    assert told.value == desktop.APPLICATION_ID
    ctypes.windll.ole32.CoTaskMemFree(told)
