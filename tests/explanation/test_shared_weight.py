"""The places of a shared weight: δ and input at each, against loops and finite differences."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.document import HeatMap, as_text
from glassnet.errors import GlassnetError
from glassnet.layers import Conv, Dense, Flatten, MaxPool

IMAGE = np.random.default_rng(21).uniform(size=(2, 9, 8))
LAYERS = [
    Conv(3, 3, stride=2, padding=2, activation="tanh"),
    MaxPool(2, 1),
    Conv(2, 2, activation="sigmoid"),
    Flatten(),
    Dense(2),
]
NETWORK = gn.Network(LAYERS, (2, 9, 8), seed=6, initializer="normal", dtype="float64")
EXPLANATION = gn.explain(NETWORK, IMAGE, 1, "squared")
PLACES = [(1, 2, 0, 1, 1), (1, 0, 1, 0, 2), (3, 1, 2, 0, 1), (3, 0, 0, 1, 0)]


def before(layer):
    """What the layer looks at, by running forward."""
    x = IMAGE[None]
    for own, params in zip(LAYERS[: layer - 1], NETWORK.by_layer(), strict=False):
        x, _ = own.forward(params, x)
    return x[0]


def cost_with_z_moved(layer, at, step):
    """C₀ after one weighted sum of a layer was moved, and everything behind it followed."""
    params = NETWORK.by_layer()
    _, cache = LAYERS[layer - 1].forward(params[layer - 1], before(layer)[None])
    z = cache.z.copy()
    z[0][at] += step
    a = {1: np.tanh, 3: lambda z: 1 / (1 + np.exp(-z))}[layer](z)
    for own, own_params in zip(LAYERS[layer:], params[layer:], strict=True):
        a, _ = own.forward(own_params, a)
    return float(((a[0] - [0, 1]) ** 2).sum())


@pytest.mark.parametrize("place", PLACES)
def test_each_place_by_hand(place):
    layer, o, c, i, j = place
    shared, own, x = EXPLANATION.shared_weight(*place), LAYERS[layer - 1], before(layer)
    assert shared.products.shape == NETWORK.output_shapes[layer - 1][1:]
    np.testing.assert_array_equal(shared.before, x[c])
    for r, s in np.ndindex(shared.products.shape):
        y, across = r * own.stride + i - own.padding, s * own.stride + j - own.padding
        inside = 0 <= y < x.shape[1] and 0 <= across < x.shape[2]
        met = x[c, y, across] if inside else 0.0
        h = 1e-6
        slope = (cost_with_z_moved(layer, (o, r, s), h) - cost_with_z_moved(layer, (o, r, s), -h)) / (2 * h)
        assert shared.met[r, s] == pytest.approx(met)
        assert shared.delta[r, s] == pytest.approx(slope, rel=1e-5, abs=1e-9)
        assert shared.products[r, s] == pytest.approx(met * slope, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("place", PLACES)
def test_all_places_add_up_to_the_slope(place):
    layer, *rest = place
    network, h = NETWORK.copy(), 1e-6
    costs = []
    for step in (h, -2 * h):
        network.parameters[f"{layer}.weight"][tuple(rest)] += step
        costs.append(float(((network.predict(IMAGE[None])[0] - [0, 1]) ** 2).sum()))
    shared = EXPLANATION.shared_weight(*place)
    assert shared.total == pytest.approx((costs[0] - costs[1]) / (2 * h), rel=1e-6)
    assert shared.total == pytest.approx(EXPLANATION.weight(*place).value, rel=1e-12)


def test_what_is_shown():
    shared = EXPLANATION.shared_weight(*PLACES[0])
    (heat,) = [block for block in shared.blocks() if isinstance(block, HeatMap)]
    np.testing.assert_array_equal(heat.values, shared.products)
    text = as_text(shared.blocks())
    assert "∂C₀/∂w₂,₀,₁,₁⁽¹⁾ = Σᵣ,ₛ δ₂,ᵣ,ₛ⁽¹⁾ · a₀,₂ᵣ₋₁,₂ₛ₋₁⁽⁰⁾" in text
    assert "the sum over all 6×5 = 30 places" in text
    digits = [line for line in text.splitlines() if line.startswith("│")]
    assert len(digits) == 6
    r, s = np.unravel_index(np.abs(shared.products).argmax(), (6, 5))
    assert digits[r][1 + 2 * s : 3 + 2 * s] in ("+9", "−9")


def test_places_that_are_not_finite_are_shown():
    network = NETWORK.copy()
    network.parameters["5.bias"][0] = np.nan
    shared = gn.explain(network, IMAGE, 1, "squared").shared_weight(*PLACES[0])
    assert np.isnan(shared.total)
    assert " ?" in as_text(shared.blocks())


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ((2, 0, 0, 0, 0), r"layer 2 \(max_pool\) shares no weights: those that do are 1, 3"),
        ((5, 0, 0, 0, 0), r"layer 5 \(dense\) shares no weights"),
        (
            (1, 3, 0, 0, 0),
            r"1.weight\[3, 0, 0, 0\]: .* o, 0 to 2, from channel c, 0 to 1, row i, 0 to 2, column j, 0 to 2",
        ),
        ((1, 0, 0, 0, 3), r"1.weight\[0, 0, 0, 3\]"),
    ],
)
def test_weights_that_are_not_there(place, sentence):
    with pytest.raises(GlassnetError, match=sentence):
        EXPLANATION.shared_weight(*place)
