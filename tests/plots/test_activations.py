"""Activations through the layers: every neuron is drawn, none covers another, and nothing is cut off."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex

from glassnet import plots
from glassnet.document import symbol
from glassnet.errors import GlassnetError
from glassnet.layers import Cache, Conv, Dense, Flatten, MaxPool, Softmax
from glassnet.network import Network
from glassnet.plots.activations import _written
from glassnet.plots.canvas import BLUE, ORANGE

pytestmark = pytest.mark.table


def forward(network, x=None):
    if x is None:
        x = np.random.default_rng(8).uniform(size=network.input_shape)
    x = np.array(x, dtype=float)
    return network.forward(network.inputs(x[None]))[1]


def caches_of(*arrays):
    """Caches with the given activations; the first is the input."""
    rows = [np.array(array, dtype=float)[None] for array in arrays]
    return [Cache(x, a, a) for x, a in pairwise(rows)]


def drawn(figure):
    """What is drawn for each layer, by its symbol."""
    (axes,) = figure.axes
    return {artist.get_label(): artist for artist in (*axes.images, *axes.collections)}


def words(figure):
    return [text.get_text() for text in figure.axes[0].texts]


NETWORKS = {
    "the lessons'": Network("784-16-16-10", seed=0),
    "the book's": Network("784-30-10", seed=0),
    "100 neurons": Network("784-100:tanh-10", seed=0),
    "wide": Network("784-512:relu-512:relu-10", seed=0),
    "deep": Network("784-30-30-30-30-10", seed=0),
    "as deep as fits": Network("784-" + 7 * "16-" + "10", seed=0),
    "small": Network("2-3-2", seed=0),
    "one neuron": Network("1-1", seed=0),
    "no hidden layer": Network("784-10", seed=0),
    "softmax on top": Network("784-16-10-softmax", seed=0),
    "softmax alone": Network("9-softmax", seed=0),
    "features": Network("4-5:relu-3", seed=0),
    "many features": Network("50-9-25", seed=0),
    "many outputs": Network("64-10-60", seed=0),
    "40 in a column": Network("3-40-40", seed=0),
    "ReLUs": Network([Dense(20, "relu"), Dense(20, "linear"), Dense(10), Softmax()], 784, seed=0),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_activation_is_drawn(picture, name):
    network = NETWORKS[name]
    caches = forward(network)
    names = [f"class {k}" for k in range(network.output_shape[0])]
    figure = plots.activations(caches, names, 0)
    picture(figure)
    assert figure.get_size_inches()[0] <= 9.3
    layers = drawn(figure)
    for layer, values in enumerate([caches[0].x[0], *(cache.a[0] for cache in caches)]):
        artist = layers.pop(symbol("a", layer))
        np.testing.assert_array_equal(np.ravel(artist.get_array()), values)
        low, high = artist.get_clim()
        assert low == (-high if (values < 0).any() else 0)
        assert high == pytest.approx(np.abs(values).max() if low else max(1, values.max()))
        if not artist.get_array().ndim > 1:
            assert len({tuple(offset) for offset in artist.get_offsets().round(3)}) == values.size
    assert not layers


@pytest.mark.parametrize("name", NETWORKS)
def test_no_text_covers_another(name):
    network = NETWORKS[name]
    names = [f"a long name, no. {k}" for k in range(network.output_shape[0])]
    figure = plots.activations(forward(network), names, 0)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    boxes = [(text.get_text(), text.get_window_extent()) for text in figure.axes[0].texts]
    for (one, box), (other, other_box) in combinations(boxes, 2):
        apart = (
            box.x1 <= other_box.x0 + 0.5
            or other_box.x1 <= box.x0 + 0.5
            or box.y1 <= other_box.y0 + 1.5
            or other_box.y1 <= box.y0 + 1.5
        )
        assert apart, f"{one!r} and {other!r} cover each other"


def test_an_image_stays_an_image():
    image = drawn(plots.activations(forward(NETWORKS["the lessons'"]), [*"0123456789"]))["a⁽⁰⁾"]
    assert image.get_array().shape == (28, 28)
    left, right, bottom, top = image.get_extent()
    assert right - left == pytest.approx(top - bottom)
    x = np.arange(12.0).reshape(1, 3, 4)
    image = drawn(plots.activations([Cache(x, np.zeros((1, 2)), np.zeros((1, 2)))], ["a", "b"]))["a⁽⁰⁾"]
    assert image.get_array().shape == (3, 4)


def test_neurons_stand_in_a_column_or_in_a_grid():
    layers = drawn(plots.activations(forward(NETWORKS["wide"]), [*"0123456789"]))
    column, grid = layers["a⁽³⁾"].get_offsets().round(6), layers["a⁽¹⁾"].get_offsets().round(6)
    assert len(set(column[:, 0])) == 1
    assert (np.diff(column[:, 1]) < 0).all()  # downwards
    assert len(set(grid[:, 0])) == len(set(grid[:, 1])) == 23  # 22² < 512 ≤ 23²
    assert (np.diff(grid[:23, 0]) > 0).all()
    assert len(set(grid[:23, 1])) == 1


def test_values_are_written_where_there_is_room():
    caches = caches_of([0.5, -2.0], [0.25, 1000.0, 0.0], [0.75])
    texts = words(plots.activations(caches, ["yes"]))
    assert [text for text in texts if text in ("0.50", "−2.00", "0.25", "1e3", "0.00", "0.75")] == [
        "0.50", "−2.00", "0.25", "1e3", "0.00", "0.75",
    ]  # fmt: skip
    assert {"a⁽⁰⁾", "a⁽¹⁾", "a⁽²⁾"} <= {*texts}
    assert "2 inputs\n−2 … 2" in texts
    assert "3 neurons\n0 … 1·10³" in texts
    assert "1 neuron\n0 … 1" in texts
    texts = words(plots.activations(caches_of([0.5], np.linspace(0, 1, 25)), [f"k{i}" for i in range(25)]))
    assert "k7  0.29" in texts  # beside the circle, which is too small


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.00"), (0.9951, "1.00"), (-9.994, "−9.99"), (9.996, "10"), (-999.4, "−999"), (999.6, "1e3"),
     (-1.6e12, "−2e12"), (np.inf, "∞"), (-np.inf, "−∞"), (np.nan, "nan")],
)  # fmt: skip
def test_numbers_in_little_room(value, text):
    assert _written(value) == text


# The answer


def marks(figure):
    """The outputs' names that are marked, with their colors."""
    texts = figure.axes[0].texts
    return {text.get_text(): text.get_color() for text in texts if text.get_fontweight() == "bold"}


@pytest.mark.parametrize(
    ("label", "title", "marked"),
    [
        (None, "answer: bee (0.70)", {"bee  ◀ answer": BLUE}),
        (1, "answer: bee (0.70), as desired", {"bee  ◀ answer ✓": BLUE}),
        (2, "answer: bee (0.70), desired: cat", {"bee  ◀ answer": ORANGE, "cat  ◀ desired": BLUE}),
    ],
)
def test_the_answer_and_the_desired_output_are_marked(label, title, marked):
    figure = plots.activations(caches_of([1.0], [0.1, 0.7, 0.2]), ("ant", "bee", "cat"), label)
    assert words(figure)[0] == title
    assert marks(figure) == marked


def test_names_are_no_formulas_and_not_too_long(picture):
    figure = plots.activations(caches_of([1.0], [0.1, 0.7]), ("$x$ and $", "a name that is much too long"), 0)
    picture(figure)
    assert "$x$ and $  ◀ desired" in words(figure)
    assert "a name that is …  ◀ answer" in words(figure)


def test_many_outputs_have_no_names_but_an_answer():
    names = [f"class {k}" for k in range(60)]
    figure = plots.activations(caches_of([1.0], np.linspace(0, 1, 60)), names, 3)
    assert words(figure)[0] == "answer: class 59 (1.00), desired: class 3"
    assert not marks(figure)


# What is unusual


def test_of_many_layers_those_in_the_middle_are_left_out(picture):
    network = Network("784-" + 12 * "16-" + "10", seed=0)
    figure = plots.activations(forward(network), [*"0123456789"])
    picture(figure)
    assert [*drawn(figure)] == [symbol("a", layer) for layer in (0, 1, 2, 3, 4, 10, 11, 12, 13)]
    assert words(figure).count("…") == 1
    assert "…" not in words(plots.activations(forward(NETWORKS["as deep as fits"]), [*"0123456789"]))


def test_what_is_not_finite_is_orange(picture):
    figure = plots.activations(caches_of([1.0], [np.nan, 0.5, np.inf], [0.1, np.nan]), ("a", "b"), 0)
    picture(figure)
    circles = drawn(figure)["a⁽¹⁾"]
    assert circles.get_clim() == (0, 1)
    colors = [to_hex(color) for color in circles.get_facecolor()]
    assert [color == ORANGE for color in colors] == [True, False, True]


@pytest.mark.parametrize("value", [0.0, -3.0])
def test_activations_that_are_all_the_same(picture, value):
    figure = plots.activations(caches_of([value] * 30, [value] * 50, [value, value]), ("a", "b"))
    picture(figure)
    assert drawn(figure)["a⁽¹⁾"].get_clim() == ((-3, 3) if value else (0, 1))


def test_names_that_are_too_few():
    with pytest.raises(GlassnetError, match="9 class names for 10 outputs: give one for each"):
        plots.activations(forward(NETWORKS["the lessons'"]), [*"012345678"])


def test_flatten_at_the_end_is_drawn_with_its_names():
    network = Network([Conv(4, 9), Flatten()], (1, 9, 9), seed=0)
    caches = forward(network)
    figure = plots.activations(caches, [*"abcd"], 0)
    np.testing.assert_array_equal(drawn(figure)["a⁽²⁾"].get_array(), caches[-1].a[0])
    assert "abcd"[caches[-1].a[0].argmax()] in words(figure)[0]


# Feature maps

IMAGES = {
    "grey": Network(
        [Conv(8, 5, activation="relu"), MaxPool(2), Conv(5, 3), Flatten(), Dense(32, "relu"), Dense(10)],
        (1, 20, 20), seed=1,
    ),
    "colored": Network([Conv(3, 3, activation="tanh"), Flatten(), Dense(4)], (3, 9, 12), seed=1),
}  # fmt: skip


@pytest.mark.parametrize("name", IMAGES)
def test_feature_maps_stand_side_by_side(picture, name):
    network = IMAGES[name]
    caches = forward(network)
    names = [*map(str, range(network.output_shape[0]))]
    figure = plots.activations(caches, names, 0)
    picture(figure)
    layers = drawn(figure)
    for layer, array in enumerate([caches[0].x[0], *(cache.a[0] for cache in caches)]):
        if array.ndim < 3 or len(array) == 1:
            continue
        count, height, width = array.shape
        shown = np.asarray(layers[symbol("a", layer)].get_array())
        across = (shown.shape[1] + 1) // (width + 1)
        for o in range(count):
            row, column = (o // across) * (height + 1), (o % across) * (width + 1)
            np.testing.assert_array_equal(shown[row : row + height, column : column + width], array[o])
        assert np.count_nonzero(shown) == np.count_nonzero(array)  # what lies between them is 0
        assert "×".join(map(str, array.shape)) in "\n".join(words(figure))
    assert symbol("a", {"grey": 4, "colored": 2}[name]) not in layers  # flatten: the same numbers again


@pytest.mark.parametrize("name", IMAGES)
def test_no_text_covers_another_beside_feature_maps(name):
    network = IMAGES[name]
    figure = plots.activations(forward(network), [*map(str, range(network.output_shape[0]))], 0)
    FigureCanvasAgg(figure).draw()
    boxes = [(text.get_text(), text.get_window_extent()) for text in figure.axes[0].texts]
    for (one, box), (other, other_box) in combinations(boxes, 2):
        apart = (
            box.x1 <= other_box.x0 + 0.5
            or other_box.x1 <= box.x0 + 0.5
            or box.y1 <= other_box.y0 + 1.5
            or other_box.y1 <= box.y0 + 1.5
        )
        assert apart, f"{one!r} and {other!r} cover each other"
