"""What Windows is told about the program."""

import sys

import pytest

from kandinsky_studio.ui import desktop


@pytest.mark.skipif(sys.platform == "win32", reason="there it has something to say")
def test_elsewhere_nothing_is_said():
    assert desktop.introduce() is None, "it asks nothing of Windows where there is none"


@pytest.mark.skipif(sys.platform != "win32", reason="only Windows has such names")
def test_windows_knows_the_process_by_its_name():
    import ctypes

    desktop.introduce()
    told = ctypes.c_wchar_p()
    code = ctypes.windll.shell32.GetCurrentProcessExplicitAppUserModelID(ctypes.byref(told))
    if code == -0x7FFFBFFF:
        pytest.skip("Wine does not tell what it was told")
    assert code == 0
    assert told.value == desktop.APPLICATION_ID
    ctypes.windll.ole32.CoTaskMemFree(told)
