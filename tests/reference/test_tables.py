"""The oracles know every component, which can be asked without them: they take seconds to import."""

from __future__ import annotations

import pytest

from glassnet.activations import ACTIVATIONS
from glassnet.costs import COSTS
from glassnet.layers import LAYERS

from . import test_explain_oracles, test_torch


@pytest.mark.parametrize("oracle", [test_torch, test_explain_oracles])
def test_an_oracle_knows_every_component(oracle):
    assert set(oracle.TORCH_ACTIVATIONS) == set(ACTIVATIONS)
    assert set(oracle.TORCH_COSTS) == set(COSTS)
    assert set(oracle.TORCH_LAYERS) == set(LAYERS)
    assert {layer.kind for _, layers, *_ in oracle.IMAGES.values() for layer in layers} == set(LAYERS)
