"""The gradient by layer: bars as long as the norms, and shares that sum to 100 %."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet import plots
from glassnet.errors import GlassnetError
from glassnet.network import Gradient, LayerGradient, Network

pytestmark = pytest.mark.table


def gradient_of(*layers):
    """A gradient of layers with these (weight, bias)."""
    arrays = [
        {} if layer is None else {"weight": np.array([[layer[0]]]), "bias": np.array([layer[1]])}
        for layer in layers
    ]
    return Gradient(1.0, {}, [LayerGradient(None, np.zeros((1, 1)), of_layer) for of_layer in arrays], [])


def bars(axes):
    """Row and length of every bar, color by color."""
    return [
        {round(bar.get_y() + bar.get_height() / 2, 9): bar.get_width() for bar in group}
        for group in axes.containers
    ]


@pytest.mark.parametrize("layers", ["784-16-16-10", "784-30-30-30-30-10", "2-3-2", "1-1", "784-10-softmax"])
def test_bars_are_the_norms(picture, layers):
    network = Network(layers, seed=1)
    images = np.random.default_rng(8).uniform(size=(5, network.input_shape[0]))
    gradient = network.gradient(images, [0] * 5, "squared")
    figure = plots.gradient_by_layer(gradient)
    picture(figure)
    left, right = figure.axes
    weights, biases = bars(left)
    (shares,) = bars(right)
    total = sum((array.astype(float) ** 2).sum() for array in gradient.parameters.values())
    names = [label.get_text() for label in left.get_yticklabels()]
    with_parameters = [i for i, layer in enumerate(network.layers, 1) if f"{i}.weight" in network.shapes]
    assert names == [f"layer {i}" for i in with_parameters]
    for row, i in enumerate(with_parameters):
        weight, bias = (gradient.parameters[f"{i}.{kind}"].astype(float) for kind in ("weight", "bias"))
        assert weights[row - 0.2] == pytest.approx(np.linalg.norm(weight), rel=1e-12)
        assert biases[row + 0.2] == pytest.approx(np.linalg.norm(bias), rel=1e-12)
        share = 100 * ((weight**2).sum() + (bias**2).sum()) / total
        assert shares[row] == pytest.approx(share, rel=1e-9)
    assert sum(shares.values()) == pytest.approx(100)
    assert left.get_ylim()[0] > left.get_ylim()[1]  # the first layer on top


@pytest.mark.parametrize(
    ("small", "scale"), [(0.1, "linear"), (0.021, "linear"), (0.019, "log"), (1e-9, "log")]
)
def test_norms_that_differ_by_much_are_shown_by_their_logarithms(picture, small, scale):
    figure = plots.gradient_by_layer(gradient_of((1.0, -small), (1.0, 0.5)))
    picture(figure)
    left, _ = figure.axes
    assert left.get_xscale() == scale
    low, high = left.get_xlim()
    assert low < small
    assert high > 1


def test_numbers_stand_beside_the_bars():
    figure = plots.gradient_by_layer(gradient_of((3.0, -4.0), None, (0.0, 0.0)))
    left, right = figure.axes
    assert sorted(text.get_text() for text in left.texts) == ["0", "0", "3", "4"]
    assert [text.get_text() for text in right.texts] == ["100 %", "0 %"]
    assert right.get_title(loc="left") == "share of ‖∇C‖² = 25"
    assert [label.get_text() for label in left.get_yticklabels()] == ["layer 1", "layer 3"]


@pytest.mark.parametrize(
    "layers", [[(0.0, 0.0)], [(np.nan, 1.0), (np.inf, 2.0)], [(np.nan, np.nan)], [(1e200, 1e-200)]]
)
def test_gradients_that_are_0_or_not_finite(picture, layers):
    picture(plots.gradient_by_layer(gradient_of(*layers)))


def test_what_is_not_finite_has_a_word_and_no_bar():
    left, _ = plots.gradient_by_layer(gradient_of((np.nan, 1.0), (np.inf, 2.0))).axes
    assert sorted(text.get_text() for text in left.texts) == ["1", "2", "NaN", "∞"]
    weights, _ = bars(left)
    assert set(weights.values()) == {0}


@pytest.mark.slow
def test_many_layers(picture):
    figure = plots.gradient_by_layer(gradient_of(*((0.5**i, 0.4**i) for i in range(30))))
    picture(figure)
    assert figure.get_size_inches()[1] < 12


def test_a_network_without_parameters():
    with pytest.raises(GlassnetError, match="there is no gradient to draw"):
        plots.gradient_by_layer(gradient_of(None))
