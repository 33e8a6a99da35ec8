"""The token: for this run, or in a key store that is one; a key store that fails costs nothing but the keeping."""

from __future__ import annotations

import json
import sys
import threading
from types import ModuleType

import pytest

from kandinsky_studio import paths
from kandinsky_studio.app.messages import Messages
from kandinsky_studio.app.remembering import Remembering
from kandinsky_studio.app.token import NAME, SERVICE, Token


class Store:
    """A key store as ``keyring`` gives them."""

    priority = 5

    def __init__(self):
        self.secrets = {}
        self.broken = False
        self.threads = set()

    def _ask(self):
        self.threads.add(threading.current_thread())
        if self.broken:
            raise RuntimeError("the collection is locked")

    def get_password(self, service, name):
        self._ask()
        return self.secrets.get((service, name))

    def set_password(self, service, name, secret):
        self._ask()
        self.secrets[service, name] = secret

    def delete_password(self, service, name):
        self._ask()
        del self.secrets[service, name]


class Fail(Store):
    priority = 0


class Plain(Store):
    priority = 5


Plain.__module__ = "keyrings.alt.file"


class Chainer(Store):
    priority = 10

    def __init__(self, *backends):
        super().__init__()
        self.backends = backends


Chainer.__module__ = "keyring.backends.chainer"


@pytest.fixture
def store(monkeypatch):
    """The key store of this computer; another one in ``found`` if a test wants that."""
    made = Store()
    module = ModuleType("keyring")
    module.found = made
    module.get_keyring = lambda: module.found
    monkeypatch.setitem(sys.modules, "keyring", module)
    return made


class Workplace:
    def __init__(self):
        self.told = []
        self.open()

    def open(self):
        self.messages = Messages()
        self.messages.connect_window(self.told.append)
        self.remembering = Remembering(self.messages)
        self.token = Token(self.remembering, self.messages)

    def close(self):
        self.token.close()
        self.remembering.close()


@pytest.fixture
def workplace(qtbot):
    made = Workplace()
    yield made
    made.close()


def seen(workplace):
    workplace.token.look()
    workplace.token.flush()
    return workplace.token


def test_without_the_library_it_lasts_for_the_run(workplace, monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    token = seen(workplace)
    assert not token.can_keep
    token.value = "hf_secret"
    token.settle()
    assert token.for_use() == "hf_secret"
    workplace.close()
    workplace.open()
    assert workplace.token.for_use() == ""
    assert workplace.told == []


@pytest.mark.parametrize("found", [Fail(), Plain(), Chainer(Fail(), Plain())])
def test_what_keeps_no_secrets_is_no_key_store(workplace, store, found):
    sys.modules["keyring"].found = found
    assert not seen(workplace).can_keep


@pytest.mark.parametrize("chained", [False, True])
def test_kept_it_is_there_again_after_a_restart(workplace, store, chained):
    if chained:
        sys.modules["keyring"].found = Chainer(Plain(), store)
    token = seen(workplace)
    assert token.can_keep
    assert store.secrets == {}
    token.value = "hf_secret"
    token.settle()
    token.keep(True)
    token.flush()
    assert store.secrets == {(SERVICE, NAME): "hf_secret"}
    token.value = "hf_other"
    token.settle()
    token.flush()
    workplace.close()
    workplace.open()
    assert workplace.token.value == "", "it is asked for when it is needed"
    assert workplace.token.for_use() == "hf_other"
    workplace.token.keep(False)
    workplace.token.flush()
    assert store.secrets == {}
    workplace.close()
    for path in paths.config().rglob("*"):
        assert not path.is_file() or b"hf_" not in path.read_bytes()
    workplace.open()


def test_the_window_does_not_wait_for_it(workplace, store):
    token = seen(workplace)
    token.value = "hf_secret"
    token.keep(True)
    token.settle()
    token.flush()
    assert threading.main_thread() not in store.threads


def test_a_locked_key_store_is_told_of_and_the_run_goes_on(workplace, store):
    token = seen(workplace)
    store.broken = True
    token.value = "hf_secret"
    token.keep(True)
    token.flush()
    [message] = workplace.told
    assert "the collection is locked" in message.text
    assert not token.kept
    assert token.for_use() == "hf_secret"
    store.broken = False
    token.keep(True)
    token.flush()
    assert store.secrets
    store.broken = True
    workplace.close()
    workplace.open()
    assert workplace.token.for_use() == ""
    workplace.token.flush()
    assert len(workplace.told) == 2


def test_it_is_never_written_by_the_program(workplace, store):
    token = seen(workplace)
    token.value = "hf_secret"
    token.keep(True)
    token.flush()
    workplace.close()
    assert "hf_secret" not in json.dumps(repr(workplace.remembering.values))
    files = [path for path in paths.config().rglob("*") if path.is_file()]
    assert files
    assert not any(b"hf_secret" in path.read_bytes() for path in files)
    workplace.open()
