"""What each example wants: every column is one image's own gradient, and the mean is that of the batch."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.activations import ACTIVATIONS
from glassnet.costs import COSTS
from glassnet.document import Note, Paragraph, Table
from glassnet.engine import ENGINES
from glassnet.errors import GlassnetError
from glassnet.explanation import attribute, wants, what_examples_want
from glassnet.layers import Dense, Softmax
from glassnet.network import Network

pytestmark = pytest.mark.table

IMAGES = np.random.default_rng(15).integers(0, 256, size=(14, 4), dtype=np.uint8)
LABELS = np.random.default_rng(16).integers(3, size=14)

# What may end a network: a layer with any activation, or softmax on top of one.
ENDS = [[Dense(3, name)] for name in ACTIVATIONS] + [[Dense(3, name), Softmax()] for name in ACTIVATIONS]
VALID = [(end, cost) for end in ENDS for cost in COSTS if end[-1].activation in COSTS[cost].allowed]
EACH = pytest.mark.parametrize(
    ("end", "cost"),
    VALID,
    ids=lambda value: "-".join(of.activation for of in value) if isinstance(value, list) else None,
)


def network_of(end=None, hidden="tanh", dtype=np.float64):
    return Network([Dense(5, hidden), *(end or [Dense(3)])], 4, seed=4, initializer="normal", dtype=dtype)


def of_each(network, name, place, images, labels, cost="quadratic"):
    """−∂C₀/∂(the parameter), an image a pass."""
    pairs = zip(images, labels, strict=True)
    return [
        -float(network.gradient(image[None], [label], cost).parameters[name][place]) for image, label in pairs
    ]


def blocks_of(shown, kind):
    return [block for block in shown.blocks() if isinstance(block, kind)]


# A mini-batch


@EACH
def test_each_column_is_an_images_own_gradient_and_the_mean_the_batchs(end, cost):
    network = network_of(end)
    places = [(name, place) for name, shape in network.shapes.items() for place in np.ndindex(shape)]
    found = what_examples_want(network, IMAGES, LABELS, cost, parameters=places)
    batch = network.gradient(IMAGES, LABELS, cost).parameters
    assert found.nudges.shape == (network.parameter_count, 14)
    assert [(of.name, of.place) for of in found.parameters] == places
    for row, mean, (name, place) in zip(found.nudges, found.means, places, strict=True):
        assert row == pytest.approx(of_each(network, name, place, IMAGES, LABELS, cost), abs=1e-14)
        assert mean == pytest.approx(-batch[name][place], abs=1e-14)


def test_where_none_are_named_the_steepest_of_every_array_are_shown():
    """Of each bias the steepest; of each weight the steepest of the steepest neurons, one a neuron."""
    network = Network("4-9-8-3", seed=4, initializer="normal")
    found = what_examples_want(network, IMAGES, LABELS)
    gradient = network.astype(np.float64).gradient(IMAGES, LABELS).parameters
    assert {of.name for of in found.parameters} == set(network.shapes)
    for name, array in gradient.items():
        chosen = [of.place for of in found.parameters if of.name == name]
        sizes = abs(array).reshape(len(array), -1)
        neurons = [place[0] for place in chosen]
        if name.endswith("bias"):
            assert neurons == [int(sizes.argmax())]
            continue
        assert neurons == sorted(range(len(array)), key=lambda j, s=sizes: -s[j].max())[: len(neurons)]
        assert len(neurons) == 3  # 12 rows for three layers, and one of each layer's is the bias
        for place in chosen:
            assert abs(array[place]) == sizes[place[0]].max()


@pytest.mark.parametrize(
    ("network", "parameters"), [(Network([Softmax()], 4, seed=0), None), (network_of(), [])]
)
def test_where_there_is_no_parameter_nobody_wants_anything(network, parameters):
    with pytest.raises(GlassnetError, match=r"^there is no parameter to want anything of: "):
        what_examples_want(network, IMAGES, LABELS, parameters=parameters)


def test_four_examples_by_hand():
    """Linear, 1-2, W = (1, 0), b = 0, quadratic: a = (x, 0), the nudges are y − a for b and (y − a) x for W.

    x =  1, y = (1, 0): ( 0, 0);   x = 2, y = (0, 1): (−2, 1)
    x = −1, y = (1, 0): ( 2, 0);   x = 1, y = (0, 1): (−1, 1)
    """
    parameters = {"1.weight": np.array([[1.0], [0.0]]), "1.bias": np.zeros(2)}
    network = Network([Dense(2, "linear")], 1, parameters=parameters)
    asked = [("1.bias", (0,)), ("1.bias", (1,)), ("1.weight", (0, 0)), ("1.weight", (1, 0))]
    images = np.array([[1.0], [2.0], [-1.0], [1.0]])
    found = what_examples_want(network, images, [0, 1, 0, 1], parameters=asked)
    assert found.nudges.tolist() == [[0, -2, 2, -1], [0, 1, 0, 1], [0, -4, -2, -1], [0, 2, 0, 1]]
    assert found.means.tolist() == [-1 / 4, 1 / 2, -7 / 4, 3 / 4]
    assert [of.letter for of in found.parameters] == ["b₀⁽¹⁾", "b₁⁽¹⁾", "w₀,₀⁽¹⁾", "w₁,₀⁽¹⁾"]
    # The third wants b₀ to rise, and it is lowered: one of 16.
    assert blocks_of(found, Paragraph)[-1].text == "6% of these wishes point against the mean that is done."


def test_the_table_has_a_column_an_image_and_the_mean_at_the_end():
    found = what_examples_want(network_of(), IMAGES[:6], LABELS[:6], class_names=["cat", "`dog`", "cow"])
    (table,) = blocks_of(found, Table)
    names = ["cat", "ʼdogʼ", "cow"]
    assert list(table.header) == ["", *(names[label] for label in LABELS[:6]), "mean"]
    assert [row[0] for row in table.rows] == [f"`{of.letter}`" for of in found.parameters]
    assert {len(row) for row in table.rows} == {8}
    against = (found.nudges * found.means[:, None] < 0).mean()
    assert blocks_of(found, Paragraph)[-1].text.startswith(f"{against:.0%} of these wishes point against")


def test_of_many_images_the_first_are_shown_beside_the_mean_of_all():
    found = what_examples_want(network_of(), IMAGES, LABELS, parameters=[("2.bias", (0,))])
    (table,) = blocks_of(found, Table)
    assert list(table.header) == ["", *(str(label) for label in LABELS[:10]), "…", "mean"]
    assert table.rows[0][-2] == "…"
    assert found.means == pytest.approx(found.nudges.mean(axis=1))


# Attribution


def own_deltas(network, images, labels):
    """a⁽⁰⁾, a⁽¹⁾, δ⁽¹⁾ and δ⁽²⁾ of every image, for tanh and sigmoid with quadratic cost, written out."""
    W1, b1, W2, b2 = (network.parameters[name] for name in network.shapes)
    x, y = images / 255, np.eye(3)[labels]
    a1 = np.tanh(x @ W1.T + b1)
    a2 = 1 / (1 + np.exp(-a1 @ W2.T - b2))
    delta2 = (a2 - y) * a2 * (1 - a2)
    delta1 = (delta2 @ W2) * (1 - a1**2)
    return x, a1, delta1, delta2


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-13), (np.float32, 1e-6)])
@pytest.mark.parametrize("n", [1, 1024, 1025, 2500])
def test_however_many_images_each_has_its_own_nudge(n, dtype, tolerance, engine):
    """More than 1,024 are taken a chunk at a time."""
    rng = np.random.default_rng(n)
    images, labels = rng.integers(0, 256, size=(n, 2, 2), dtype=np.uint8), rng.integers(3, size=n)
    network = network_of(dtype=dtype)
    x, a1, delta1, delta2 = own_deltas(network.astype(np.float64), images.reshape(n, 4), labels)
    expected = {
        ("1.weight", (2, 3)): -delta1[:, 2] * x[:, 3],
        ("1.bias", (4,)): -delta1[:, 4],
        ("2.weight", (1, 0)): -delta2[:, 1] * a1[:, 0],
        ("2.bias", (2,)): -delta2[:, 2],
    }
    batch = network.gradient(images, labels).parameters
    for (name, place), nudges in expected.items():
        found = attribute(network, images, labels, (name, place), engine=engine)
        assert found.nudges.dtype == np.float64
        np.testing.assert_allclose(found.nudges, nudges, rtol=0, atol=tolerance)
        assert found.mean == pytest.approx(-batch[name][place], abs=tolerance)


@EACH
@pytest.mark.parametrize("engine", ENGINES)
def test_every_activation_and_cost_is_attributed(end, cost, engine):
    network = network_of(end)
    for name, shape in network.shapes.items():
        place = tuple(size - 1 for size in shape)
        found = attribute(network, IMAGES, LABELS, (name, place), cost, engine=engine)
        wanted = of_each(network, name, place, IMAGES, LABELS, cost)
        np.testing.assert_allclose(found.nudges, wanted, rtol=0, atol=1e-13)


def test_how_many_are_taken_at_a_time_changes_nothing(monkeypatch):
    network, parameter = network_of(), ("1.weight", (1, 2))
    whole = attribute(network, IMAGES, LABELS, parameter)
    table = what_examples_want(network, IMAGES, LABELS, parameters=[parameter])
    monkeypatch.setattr(wants, "CHUNK", 4)
    np.testing.assert_allclose(
        attribute(network, IMAGES, LABELS, parameter).nudges, whole.nudges, rtol=0, atol=1e-15
    )
    again = what_examples_want(network, IMAGES, LABELS, parameters=[parameter])
    np.testing.assert_allclose(again.nudges, table.nudges, rtol=0, atol=1e-15)


@pytest.mark.parametrize("engine", ENGINES)
def test_saturated_outputs_are_attributed_by_the_short_form(engine):
    """z = (1000, −1000, 0): δ = a − y = (1, −1, ½) for the label 1, and x = 1."""
    parameters = {"1.weight": np.zeros((3, 1)), "1.bias": np.array([1000.0, -1000.0, 0.0])}
    network = Network([Dense(3)], 1, parameters=parameters)
    nudges = [
        attribute(
            network, np.ones((1, 1)), [1], ("1.weight", (j, 0)), "cross_entropy", engine=engine
        ).nudges.tolist()
        for j in range(3)
    ]
    assert nudges == [[-1], [1], [-0.5]]


def pushed(*nudges, labels=None):
    labels = [0] * len(nudges) if labels is None else labels
    parameter = wants.Parameter("1.bias", (0,))
    return wants.Attribution(parameter, np.array(nudges, float), np.array(labels), ("cat", "dog", "cow"))


def test_those_that_push_most_stand_first():
    found = pushed(0.5, -2, 0, 3, -0.1, 0.5, 1)
    assert found.up().tolist() == [3, 6, 0, 5]  # equal ones in their order
    assert found.down().tolist() == [1, 4]
    assert found.up(2).tolist() == [3, 6]
    assert found.down(1).tolist() == [1]
    assert found.mean == pytest.approx(2.9 / 7)


def test_where_all_push_one_way_none_push_the_other():
    assert pushed(1, 2).down().tolist() == []
    assert pushed(-1, -2).up().tolist() == []
    assert pushed(0, 0).up().tolist() == pushed(0, 0).down().tolist() == []


def test_the_parts_of_the_classes_add_up_to_the_mean():
    """cat 1 + 3 = 4, dog −2, cow none; of 4 images: 1, −½ and 0, together ½."""
    found = pushed(1, -2, 3, 0, labels=[0, 1, 0, 1])
    strongest, classes = blocks_of(found, Table)
    assert list(map(list, strongest.rows)) == [
        ["up", "no. 2", "cat", 3.0],
        ["up", "no. 0", "cat", 1.0],
        ["down", "no. 1", "dog", -2.0],
    ]
    assert list(map(list, classes.rows)) == [
        ["cat", "2", 1.0],
        ["dog", "2", -0.5],
        ["cow", "0", 0.0],
        ["all", "4", 0.5],
    ]
    assert classes.sums == 1
    (sentence,) = blocks_of(found, Paragraph)
    assert sentence.text == (
        "Of 4 images, 2 push `b₀⁽¹⁾` (1.bias[0]) up, 1 push it down, and 1 leave it alone. "
        "Their mean, `0.5`, moves it upwards."
    )


@pytest.mark.parametrize(
    ("nudges", "towards"), [([-1, 0], "downwards"), ([-1, 1], "nowhere"), ([0], "nowhere")]
)
def test_where_the_mean_moves_it(nudges, towards):
    (sentence,) = blocks_of(pushed(*nudges), Paragraph)
    assert sentence.text.endswith(f"moves it {towards}.")


@EACH
def test_the_classes_of_real_images_add_up_to_the_mean(end, cost):
    found = attribute(network_of(end), IMAGES, LABELS, ("2.weight", (0, 1)), cost)
    _, classes = blocks_of(found, Table)
    *rows, total = classes.rows
    assert sum(row[2] for row in rows) == pytest.approx(total[2], abs=1e-15)
    assert [row[1] for row in rows] == [str((LABELS == label).sum()) for label in range(3)]
    assert total[2] == found.mean


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_nudge_that_is_no_number_is_told(value):
    (note,) = pushed(1, 2, value, value).blocks()
    assert isinstance(note, Note)
    assert (note.text, note.good) == ("image 2 pushes `b₀⁽¹⁾` by no finite number.", False)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_network_that_holds_no_numbers_is_told_too(engine):
    network = network_of()
    network.parameters["1.weight"][0, 0] = np.nan
    found = attribute(network, IMAGES, LABELS, ("2.weight", (0, 0)), engine=engine)
    assert "image 0 pushes w₀,₀⁽²⁾ by no finite number" in repr(found)
    assert repr(what_examples_want(network, IMAGES, LABELS))


# What is left alone, and what is refused


def test_the_network_is_not_changed():
    for dtype in (np.float32, np.float64):
        network = network_of(dtype=dtype)
        before = {name: array.copy() for name, array in network.parameters.items()}
        repr(what_examples_want(network, IMAGES, LABELS))
        repr(attribute(network, IMAGES, LABELS, ("1.bias", (0,))))
        for name, array in network.parameters.items():
            assert array.tobytes() == before[name].tobytes()


BAD = {
    "no image": ({"images": IMAGES[:0], "labels": []}, "there is no image that could want anything"),
    "fewer labels": ({"labels": LABELS[:13]}, "14 images and 13 labels: give as many of both"),
    "a label too large": ({"labels": [3] * 14}, "label 3: the network has the outputs 0 to 2"),
    "a negative label": ({"labels": [-1] * 14}, "label -1: the network has the outputs 0 to 2"),
    "images of another size": ({"images": np.zeros((14, 5))}, "images of shape (14, 5): the network takes"),
    "NaN in an image": ({"images": np.full((14, 4), np.nan)}, "the images hold NaN or infinite values"),
    "a cost for other outputs": ({"cost": "log_likelihood"}, "cost 'log_likelihood' is not defined for"),
    "too few names": ({"class_names": ["a"]}, "1 class names for 3 outputs: give one for each"),
    "no such array": (
        {"parameter": ("3.weight", (0, 0))},
        "there is no 3.weight: layers count from 1, and those with parameters are 1, 2",
    ),
    "a place too far": (
        {"parameter": ("2.weight", (3, 0))},
        "there is no 2.weight[3, 0]: 2.weight[j, k] leads to neuron j, 0 to 2, from neuron k of layer 1, 0",
    ),
    "a negative place": (
        {"parameter": ("1.bias", (-1,))},
        "there is no 1.bias[-1]: 1.bias[j] belongs to neuron j, 0 to 4",
    ),
    "too few places": (
        {"parameter": ("1.weight", (1,))},
        "there is no 1.weight[1]: 1.weight[j, k] leads to neuron j, 0 to 4, from input k, 0 to 3",
    ),
    "too many places": (
        {"parameter": ("1.bias", (1, 1))},
        "there is no 1.bias[1, 1]: 1.bias[j] belongs to neuron j, 0 to 4",
    ),
    "half a place": (
        {"parameter": ("1.bias", (0.5,))},
        "there is no 1.bias[0.5]: 1.bias[j] belongs to neuron j, 0 to 4",
    ),
}


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("engine", ENGINES)
def test_bad_input_is_refused_with_one_sentence(what, engine):
    wrong, sentence = BAD[what]
    given = {"images": IMAGES, "labels": LABELS, "parameter": ("2.bias", (0,))} | wrong
    with pytest.raises(GlassnetError) as error:
        attribute(network_of(), **given, engine=engine)
    assert str(error.value).startswith(sentence)
    parameter = given.pop("parameter")
    with pytest.raises(GlassnetError) as error:
        what_examples_want(network_of(), **given, parameters=[parameter])
    assert str(error.value).startswith(sentence)


@pytest.mark.parametrize(
    "wrong",
    [
        {"network": "model.safetensors"},
        {"labels": 0},
        {"labels": [[0], [0, 1]]},
        {"labels": np.eye(3)[LABELS]},  # desired outputs have no class to stand under
        {"parameter": "2.bias"},
        {"parameter": ("2.bias", None)},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_what_is_of_another_kind_is_refused(wrong):
    given = {"network": network_of(), "images": IMAGES, "labels": LABELS, "parameter": ("2.bias", (0,))}
    given |= wrong
    with pytest.raises(GlassnetError):
        attribute(**given)
    parameter = given.pop("parameter")
    with pytest.raises(GlassnetError):
        what_examples_want(**given, parameters=[parameter])


def test_an_unknown_engine_is_refused():
    with pytest.raises(GlassnetError, match=r"^unknown engine 'nativ'"):
        attribute(network_of(), IMAGES, LABELS, ("2.bias", (0,)), engine="nativ")
