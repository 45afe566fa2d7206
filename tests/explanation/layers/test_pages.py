"""The page of every kind of layer: its lines against the layer's own way forward and back, and its words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from glassnet.errors import GlassnetError
from glassnet.explanation import check_gradient, explain
from glassnet.explanation.explain import Explanation
from glassnet.explanation.layers import OUTSIDE, PAGES, WeightedPage, page_of
from glassnet.layers import LAYERS, AveragePool, Cache, Conv, Dense, Dropout, Flatten, MaxPool, Softmax
from glassnet.layers.parameterless import Parameterless
from glassnet.network import Network

from ...layers.built import BUILT, EACH, distinct, forward, parameters

WEIGHTED = pytest.mark.parametrize("which", [which for which, (*_, shapes, _) in BUILT.items() if shapes])


def of(layer, params, x):
    """The page of a layer that is the first of its network."""
    return page_of(layer, 1, params, layer.forward(params, x)[1])


def page_and_delta(which, batch):
    layer, params, cache, delta = forward(which, batch)
    return page_of(layer, 1, params, cache), delta


def test_every_kind_has_a_page():
    assert set(PAGES) == set(LAYERS)


def test_a_kind_without_a_page_is_refused():
    @dataclass(frozen=True)
    class Echo(Parameterless):
        kind = "echo"

        def build(self, input_shape):
            return input_shape, {}

        def forward(self, params, x):
            return x, Cache(x, x, x)

        def dC_dx(self, params, cache, dC_dz):
            return dC_dz

    with pytest.raises(GlassnetError, match=r"^layer 3 \(echo\) has no page of explanation yet$"):
        page_of(Echo(), 3, {}, Cache(*np.zeros((3, 1, 1))))
    network = Network([Dense(3), Echo(), Dense(2)], 4, seed=0)
    with pytest.raises(GlassnetError, match=r"^layer 2 \(echo\) has no page of explanation yet$"):
        repr(explain(network, np.ones(4), 0).layer(2))
    assert check_gradient(network, np.ones((1, 4)), [1]).ok  # which needs none


@EACH
def test_views_are_methods_of_an_explanation(which):
    page, _ = page_and_delta(which, 1)
    assert all(callable(getattr(Explanation, view)) for view in page.views)


@EACH
def test_a_page_changes_nothing_and_repeats_itself(which):
    layer, inputs, _, shapes, _ = BUILT[which]
    rng = np.random.default_rng(6)
    params, x = parameters(rng, which, 2), distinct(rng, 2, *inputs)
    for array in (*params.values(), x):
        array.flags.writeable = False
    page = of(layer, params, x)
    dC_dz = np.ones_like(page.cache.z)

    def all_of_it():
        lines = [*page.incoming(0)[:2], *page.outgoing(0)[:2]]
        return [*lines, *(page.by_place(dC_dz, name, (0,) * len(shape)) for name, shape in shapes.items())]

    for first, again in zip(all_of_it(), all_of_it(), strict=True):
        assert np.array_equal(first, again)


# Lines: which neurons a neuron hears, and who hears it


@EACH
def test_the_lines_into_a_neuron_make_its_weighted_sum(which):
    """z_j = Σ weight · input over them, plus the bias where there is one; of the first example."""
    page, _ = page_and_delta(which, 2)
    x, z = page.cache.x[0].ravel(), page.cache.z[0].ravel()
    for j in range(len(z)):
        lines = page.incoming(j)
        assert len(lines.places) == len(lines.weights)
        assert (lines.bias is None) == ("bias" not in BUILT[which][3])
        assert (lines.learned is None) == ("weight" not in BUILT[which][3])
        pairs = zip(lines.places, lines.weights, strict=True)
        total = sum(weight * x[place] for place, weight in pairs) + (lines.bias or 0)
        assert total == pytest.approx(z[j], abs=1e-14)


@EACH
def test_the_lines_from_an_input_bring_back_its_slope(which):
    """∂C/∂x_k = Σ weight · δ over them; of the first example."""
    page, delta = page_and_delta(which, 2)
    back, own = page.own.dC_dx(page.params, page.cache, delta)[0].ravel(), delta[0].ravel()
    for k in range(len(back)):
        lines = page.outgoing(k)
        assert lines.bias is None
        pairs = zip(lines.places, lines.weights, strict=True)
        assert sum(weight * own[place] for place, weight in pairs) == pytest.approx(back[k], abs=1e-14)


@EACH
def test_each_line_is_seen_from_both_ends(which):
    """Who is connected to whom, by what weight, and where that stands in the layer's array."""
    page, _ = page_and_delta(which, 2)

    def seen(ends, ends_at, lines_of):
        found = set()
        for end in range(ends_at):
            lines = lines_of(end)
            learned = (
                [()] * len(lines.places) if lines.learned is None else map(tuple, lines.learned.tolist())
            )
            for other, weight, place in zip(lines.places, lines.weights, learned, strict=True):
                pair = (end, int(other)) if ends == "in" else (int(other), end)
                found.add((*pair, float(weight), place))
        return found

    into = seen("in", page.cache.z[0].size, page.incoming)
    assert into == seen("out", page.cache.x[0].size, page.outgoing)
    assert len(into) == BUILT[which][4]


@WEIGHTED
def test_a_line_bears_the_weight_that_stands_at_its_place(which):
    page, _ = page_and_delta(which, 1)
    for j in range(page.cache.z[0].size):
        lines = page.incoming(j)
        assert [page.params["weight"][tuple(place)] for place in lines.learned] == lines.weights.tolist()


@WEIGHTED
def test_what_a_weight_meets_is_where_its_lines_come_from(which):
    """The lines into every neuron, sorted by their weights: the same pairs of neuron and input."""
    page, _ = page_and_delta(which, 1)
    lines = {}
    for j in range(page.cache.z[0].size):
        into = page.incoming(j)
        for k, place in zip(into.places.tolist(), into.learned.tolist(), strict=True):
            lines.setdefault(tuple(place), set()).add((j, k))
    for place in np.ndindex(page.params["weight"].shape):
        met = page.met(place)
        assert met.shape == page.cache.z.shape[2:]
        neurons = np.arange(page.cache.z[0].size).reshape(page.cache.z.shape[1:])[place[0]]
        pairs = zip(np.ravel(neurons).tolist(), met.ravel().tolist(), strict=True)
        assert {(j, k) for j, k in pairs if k != OUTSIDE} == lines.get(place, set())


def test_the_lines_of_a_dense_layer_by_hand():
    """weight[j, k] leads to neuron j from input k: row 1 into neuron 1, column 0 out of input 0."""
    params = {"weight": np.array([[1.0, 2], [3, 4], [5, 6]]), "bias": np.array([10.0, 20, 30])}
    page = of(Dense(3), params, np.ones((1, 2)))
    into, out_of = page.incoming(1), page.outgoing(0)
    assert (into.places.tolist(), into.weights.tolist(), into.bias) == ([0, 1], [3, 4], 20)
    assert (out_of.places.tolist(), out_of.weights.tolist(), out_of.bias) == ([0, 1, 2], [1, 3, 5], None)


def test_a_softmax_layer_has_one_line_to_each_neuron():
    page = of(Softmax(), {}, np.ones((1, 4)))
    for lines in (page.incoming(2), page.outgoing(2)):
        assert (lines.places.tolist(), lines.weights.tolist(), lines.bias) == ([2], [1], None)


# One parameter's gradient, place by place


@EACH
def test_what_examples_and_places_want_adds_up_to_what_backward_says(which):
    layer, params, cache, delta = forward(which, 6)
    page = page_of(layer, 1, params, cache)
    gradients = layer.backward(params, cache, delta)
    alone = [
        layer.backward(params, Cache(*(array[i : i + 1] for array in cache)), delta[i : i + 1])
        for i in range(6)
    ]
    places = cache.z.shape[2:]  # a dense neuron stands in one place
    for name, shape in BUILT[which][3].items():
        for place in np.ndindex(shape):
            each = page.by_place(delta, name, place)
            assert each.shape == (6, *places)
            of_examples = each.reshape(6, -1).sum(axis=1)
            assert of_examples == pytest.approx([gradient[name][place] for gradient in alone], abs=1e-13)
            assert each.sum() == pytest.approx(gradients[name][place], abs=1e-13)


@pytest.mark.parametrize("which", [which for which, (*_, shapes, _) in BUILT.items() if not shapes])
def test_a_layer_without_parameters_has_none_to_want(which):
    page, delta = page_and_delta(which, 2)
    with pytest.raises(GlassnetError, match=rf"^the {page.own.kind} layer has no parameter 'weight'$"):
        page.by_place(delta, "weight", (0, 0))


# By hand, on what tests/layers works with


#       1 2 3
# x  =  4 5 6    w  =  1  2    b = 10
#       7 8 9         −1  0
X = np.arange(1.0, 10.0).reshape(1, 1, 3, 3)
PARAMS = {"weight": np.array([[[[1.0, 2], [-1, 0]]]]), "bias": np.array([10.0])}


def test_what_each_place_of_a_filter_adds():
    """δ = [1 10; 100 1000]; w₁₀ stands on 4, 5, 7 and 8."""
    page, delta = of(Conv(1, 2), PARAMS, X), np.array([[[[1.0, 10], [100, 1000]]]])
    assert page.by_place(delta, "weight", (0, 0, 1, 0)).tolist() == [[[4, 50], [700, 8000]]]
    assert page.by_place(delta, "bias", (0,)).tolist() == [[[1, 10], [100, 1000]]]


def test_a_weight_over_the_padding_meets_nothing():
    """Stride 2, padding 1: under w₁₁ stand 1, 3, 7, 9; what w₀₀ meets is padding, but for the 5."""
    page, ones = of(Conv(1, 2, stride=2, padding=1), PARAMS, X), np.ones((1, 1, 2, 2))
    assert page.by_place(ones, "weight", (0, 0, 1, 1)).tolist() == [[[1, 3], [7, 9]]]
    assert page.by_place(ones, "weight", (0, 0, 0, 0)).tolist() == [[[0, 0], [0, 5]]]
    assert page.met((0, 0, 0, 0)).tolist() == [[OUTSIDE, OUTSIDE], [OUTSIDE, 4]]


def test_lines_end_at_the_edge_of_the_image():
    """The upper left place of stride 2, padding 1 sees one number of the image, x₀₀, with w₁₁ = 0."""
    page = of(Conv(1, 2, stride=2, padding=1), PARAMS, X)
    into = page.incoming(0)
    assert (into.places.tolist(), into.weights.tolist(), into.bias) == ([0], [0], 10)
    into = page.incoming(3)  # lower right
    assert (into.places.tolist(), into.weights.tolist()) == ([4, 5, 7, 8], [1, 2, -1, 0])
    out_of = page.outgoing(3)  # the 4, seen by the lower left place alone
    assert (out_of.places.tolist(), out_of.weights.tolist(), out_of.bias) == ([2], [2], None)


def test_rows_that_no_window_reaches_have_no_lines():
    """3×3 with stride 2: one place, and the last row and column are left over."""
    page = of(Conv(1, 2, stride=2), PARAMS, X)
    for k in (2, 5, 6, 7, 8):
        assert len(page.outgoing(k).places) == 0


#  1 5 2 0
#  3 4 2 2
#  0 0 9 8
#  0 0 7 9
POOLED = np.array([[[[1.0, 5, 2, 0], [3, 4, 2, 2], [0, 0, 9, 8], [0, 0, 7, 9]]]])


def test_the_lines_of_overlapping_windows_end_at_the_winner():
    """3×3 windows, 1 apart: the 9 at (2, 2) wins all four, the other 9 none."""
    page = of(MaxPool(3, 1), {}, POOLED)
    assert page.outgoing(2 * 4 + 2).places.tolist() == [0, 1, 2, 3]
    assert len(page.outgoing(3 * 4 + 3).places) == 0
    assert page.rivals(3 * 4 + 3)[0].rows == [("`a₀,₁,₁⁽¹⁾`", "`a₀,₂,₂⁽⁰⁾`", 9.0)]


def test_the_lines_of_an_average():
    lines = of(AveragePool(2), {}, POOLED).incoming(3)
    assert (lines.places.tolist(), lines.weights.tolist(), lines.bias) == ([10, 11, 14, 15], [0.25] * 4, None)


@pytest.mark.parametrize("pool", [MaxPool, AveragePool])
def test_what_no_window_sees_has_no_lines(pool):
    """5×7 by 2: the fifth row is left over."""
    page = of(pool(2), {}, np.random.default_rng(0).normal(size=(1, 1, 5, 7)))
    assert len(page.outgoing(4 * 7).places) == 0
    assert page.handed_back(4 * 7) is None


def test_a_line_of_flatten():
    lines = of(Flatten(), {}, np.ones((1, 2, 2, 3))).incoming(7)
    assert (lines.places.tolist(), lines.weights.tolist(), lines.bias) == ([7], [1], None)


def test_the_lines_of_dropout_bear_the_mask_of_the_first_example():
    page = of(Dropout(0.5), {"mask": np.array([[0.0, 2, 2], [2, 0, 2]])}, np.ones((2, 3)))
    lines = [page.incoming(j) for j in range(3)]
    assert [(line.places.item(), line.weights.item()) for line in lines] == [(0, 0), (1, 2), (2, 2)]
    assert of(Dropout(0.9), {}, np.ones((1, 2))).incoming(1).weights.tolist() == [1]


# Where from, where to


def test_where_weights_lead():
    dense, conv = BUILT["dense"][0], BUILT["conv"][0]
    params = {"weight": np.zeros((3, 5)), "bias": np.zeros(3)}
    cache = dense.forward(params, np.zeros((1, 5)))[1]
    assert page_of(dense, 3, params, cache).leads((2, 4)) == "to neuron 2 of layer 3 from neuron 4 of layer 2"
    assert page_of(dense, 1, params, cache).leads((2, 4)) == "to neuron 2 of layer 1 from input 4"
    params = {"weight": np.zeros((2, 1, 3, 3)), "bias": np.zeros(2)}
    cache = conv.forward(params, np.zeros((1, 1, 5, 4)))[1]
    assert page_of(conv, 1, params, cache).leads((1, 0, 2, 1)) == (
        "to filter 1 of layer 1 from channel 0 of the image, row 2, column 1 of its window"
    )
    assert page_of(conv, 4, params, cache).leads((1, 0, 2, 1)) == (
        "to filter 1 of layer 4 from channel 0 of layer 3, row 2, column 1 of its window"
    )


@WEIGHTED
def test_each_array_says_which_places_it_has(which):
    layer, _, _, shapes, _ = BUILT[which]
    assert issubclass(PAGES[layer.kind], WeightedPage)
    for name, shape in shapes.items():
        text = PAGES[layer.kind].ranges(7, name, shape)
        assert text.startswith(f"7.{name}[")
        assert text.partition("]")[0].count(",") == len(shape) - 1
        assert all(f"0 to {size - 1}" in text for size in shape)
