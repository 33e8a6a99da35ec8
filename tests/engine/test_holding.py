"""A network that waits between its layers."""

from __future__ import annotations

import threading

import pytest
import torch

from kandinsky_studio.engine.holding import held


@pytest.fixture
def network():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.ReLU(), torch.nn.Linear(4, 4))


def test_it_waits_before_every_layer_and_computes_the_same(network):
    picture = torch.ones(1, 4)
    plain = network(picture)
    waits = []
    with held(lambda: waits.append(1)):
        result = network(picture)
    assert len(waits) == 4, "the whole and its three parts"
    assert torch.equal(result, plain)
    network(picture)
    assert len(waits) == 4, "only in the block"


def test_other_threads_do_not_wait(network):
    waits = []
    with held(lambda: waits.append(threading.get_ident())):
        other = threading.Thread(target=network, args=(torch.ones(1, 4),))
        other.start()
        other.join()
        assert not waits


def test_what_is_raised_ends_it_and_nothing_stays_behind(network):
    def refuse():
        raise KeyError("enough")

    with pytest.raises(KeyError), held(refuse):
        network(torch.ones(1, 4))
    network(torch.ones(1, 4))
