"""The walk-through: its sections in the order of the lessons, and the numbers in their blocks."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

import glassnet as gn
from glassnet.data import Split
from glassnet.document import HeatMap, Note, Picture, Pixels, Table, as_text, symbol
from glassnet.draws import Draw
from glassnet.errors import GlassnetError
from glassnet.layers import AveragePool, Conv, Dense, Dropout, Flatten, MaxPool, Softmax
from glassnet.workflows import walkthrough as parts
from glassnet.workflows.walkthrough import walkthrough

pytestmark = pytest.mark.table

PIXELS = np.random.default_rng(11).integers(0, 256, (4, 4)).astype(np.uint8)
ROW = np.random.default_rng(12).uniform(size=16)

IMAGE, FORWARD = "The image and the answer", "Forward: `a = σ(W a + b)`, layer by layer"
NUDGES, DEPTH = "Nudges: what this image would teach", "Depth: the vanishing gradient"

# Layers, cost, and the layers that the sections between cost and pixels are about.
NETWORKS = {
    "sigmoids": ([Dense(3), Dense(2)], "quadratic", ["w2", "w1", "a2"]),
    "one layer": ([Dense(2)], "cross_entropy", ["w1", "a1"]),
    "three layers": ([Dense(4, "relu"), Dense(3, "tanh"), Dense(2)], "squared", ["w3", "w2", "a3"]),
    "softmax": ([Dense(3), Dense(2, "softmax")], "log_likelihood", ["w2", "softmax2", "w1", "a2"]),
    "softmax on top": (
        [Dense(3), Dense(2), Softmax()],
        "log_likelihood",
        ["w2", "softmax3", "w1", "a2"],
    ),
    "softmax inside": ([Dense(3), Softmax(), Dense(2)], "quadratic", ["w3", "softmax2", "w1", "a3"]),
    "two softmaxes": (
        [Dense(3, "softmax"), Dense(2), Softmax()],
        "cross_entropy",
        ["w2", "softmax1", "softmax3", "w1", "a2"],
    ),
    "no weights": ([Softmax()], "squared", ["softmax1", "a1"]),
}


def explained(name="sigmoids", image=PIXELS, label=1, **how):
    layers, cost, _ = NETWORKS[name]
    network = gn.Network(layers, 16, seed=4, initializer="normal")
    return gn.explain(network, image, [0] * 15 + [1] if name == "no weights" else label, cost, **how)


def pictures_in(section):
    return [block for block in section.blocks if isinstance(block, Picture)]


# The order


@pytest.mark.parametrize("image", [PIXELS, ROW], ids=["image", "row"])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_sections_in_the_order_of_the_lessons(name, image):
    explanation = explained(name, image)
    middle = NETWORKS[name][2]
    last, wanted = int(middle[-1][1:]), 15 if name == "no weights" else 1
    titles = [IMAGE, FORWARD, f"One neuron: `{symbol('z', last, wanted)}` term by term", "The cost"]
    for kind in middle:
        layer = int(kind[-1])
        if kind.startswith("w"):
            titles.append(f"Backward: the weight `{symbol('w', *explanation.steepest_weight(layer))}`")
        elif kind.startswith("softmax"):
            titles.append(f"Softmax: how the outputs of layer {layer} share")
        else:
            raised = symbol("a", layer, wanted)
            ways = "The way" if name == "no weights" else "Three ways"
            titles.append(f"{ways} to raise `{raised}`, and all wishes added up")
    titles += ["Back to the pixels", NUDGES]
    if name == "three layers":
        titles.append(DEPTH)
    sections = walkthrough(explanation, 0.5, pictures=False)
    assert [section.title for section in sections] == titles
    assert all(section.blocks for section in sections)
    blocks = [block for section in sections for block in section.blocks]
    assert not any(isinstance(block, Picture) for block in blocks)
    assert sum(isinstance(block, Pixels) for block in blocks) == (image.ndim == 2)
    assert [block.text for block in blocks if isinstance(block, Note) and not block.good] == []


def test_each_part_is_the_explanations_own():
    explanation = explained()
    texts = [as_text([section]) for section in walkthrough(explanation, 0.25, pictures=False)]
    for shown, text in zip(
        [
            [explanation.layer(1), explanation.layer(2)],
            [explanation.neuron(2, 1)],
            [explanation.cost],
            [explanation.weight(*explanation.steepest_weight(2))],
            [explanation.weight(*explanation.steepest_weight(1))],
            [explanation.ways_to_raise(1), explanation.wishes()],
            [explanation.activation(0, int(np.abs(explanation.pixels).argmax()))],
            [explanation.nudges(0.25)],
        ],
        texts[1:],
        strict=True,
    ):
        for part in shown:
            assert repr(part) in text


def test_the_steepest_weights_are_shown():
    """By a finite difference of the cost for every weight, in float64."""
    explanation = explained()
    network, h = explanation.trace.network.copy(), 1e-6

    def cost():
        a = network.predict(PIXELS[None])[0]
        return 0.5 * float(((a - [0, 1]) ** 2).sum())

    for name, title in (("2.weight", 4), ("1.weight", 5)):
        array, slopes = network.parameters[name], {}
        for place in np.ndindex(array.shape):
            value = array[place]
            array[place] = value + h
            above = cost()
            array[place] = value - h
            slopes[place] = (above - cost()) / (2 * h)
            array[place] = value
        steepest = max(slopes, key=lambda place: abs(slopes[place]))
        section = walkthrough(explanation, 0.5, pictures=False)[title]
        assert section.title == f"Backward: the weight `{symbol('w', int(name[0]), *steepest)}`"
        factors = next(block for block in section.blocks if isinstance(block, Table))
        assert np.prod([value for _, value, _ in factors.rows]) == pytest.approx(slopes[steepest], rel=1e-7)


def test_the_wanted_neuron_is_named():
    explanation = explained(class_names=("cat", "<dog>"))
    for section in (parts.neuron_section(explanation, 2, 1), parts.neuron_section(explanation, 1, 1)):
        assert ("<dog>" in as_text([section])) == ("⁽²⁾" in section.title)


# Pictures


@pytest.mark.parametrize(
    ("name", "image", "counts"),
    [
        ("sigmoids", PIXELS, [1, 1, 0, 0, 0, 0, 0, 1, 1]),
        ("softmax on top", ROW, [1, 1, 0, 0, 0, 0, 0, 0, 0, 1]),
    ],
)
def test_pictures_are_added_and_nothing_else_changes(name, image, counts):
    explanation = explained(name, image)
    plain, drawn = (walkthrough(explanation, 0.5, pictures=pictures) for pictures in (False, True))
    assert [len(pictures_in(section)) for section in drawn] == counts
    for one, other in zip(plain, drawn, strict=True):
        assert one.title == other.title
        blocks = [block for block in other.blocks if not isinstance(block, Picture)]
        assert as_text(one.blocks) == as_text(blocks)
        for picture in pictures_in(other):
            with Image.open(io.BytesIO(picture.png)) as png:
                png.load()
                assert png.format == "PNG"
            assert picture.caption


def test_the_same_pictures_every_time():
    one, other = (parts.nudges_section(explained(), 0.5, pictures=True) for _ in range(2))
    assert [block.png for block in pictures_in(one)] == [block.png for block in pictures_in(other)]


def test_a_network_without_parameters_has_pictures_too():
    assert len(walkthrough(explained("no weights"), 0.5, pictures=True)) == 8


# What goes in


@pytest.mark.parametrize("engine", ["textbook", "native"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_engine_and_dtype_walks_through(engine, dtype):
    sections = walkthrough(explained(engine=engine, dtype=dtype), 0.5, pictures=False)
    assert [section.title for section in sections] == [
        section.title for section in walkthrough(explained(), 0.5, pictures=False)
    ]


def test_nothing_is_changed():
    explanation = explained()
    before = {name: array.tobytes() for name, array in explanation.trace.network.parameters.items()}
    first = as_text(walkthrough(explanation, 0.5, pictures=False))
    parts.check_section(explanation)
    walkthrough(explanation, 3.0, pictures=True)
    assert as_text(walkthrough(explanation, 0.5, pictures=False)) == first
    after = {name: array.tobytes() for name, array in explanation.trace.network.parameters.items()}
    assert after == before


SPOILED = [
    (name, number)
    for name in ("1.weight", "1.bias", "2.weight", "2.bias")
    for number in (np.nan, np.inf, -np.inf)
]


def spoiled(name, number):
    network = gn.Network([Dense(3), Dense(2)], 16, seed=4)
    network.parameters[name].flat[-1] = number
    return gn.explain(network, PIXELS, 1)


@pytest.mark.parametrize(("name", "number"), SPOILED)
def test_a_network_that_is_not_finite_walks_through(name, number):
    explanation = spoiled(name, number)
    sections = walkthrough(explanation, 0.5, pictures=False)
    assert len(sections) == 9
    (note,) = [block for block in sections[0].blocks if isinstance(block, Note)]
    place = ", ".join(str(size - 1) for size in explanation.trace.network.shapes[name])
    assert f"{name}[{place}]" in note.text
    assert not note.good


def ink(picture):
    """How much of a picture is not white."""
    with Image.open(io.BytesIO(picture.png)) as png:
        return float((np.asarray(png.convert("L")) < 250).mean())


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("2.bias", np.inf),
        ("1.weight", np.nan),
        ("1.weight", -np.inf),
    ],
)
def test_a_network_that_is_not_finite_has_pictures(name, number):
    """One number of the network is none; what doesn't depend on it is still to be seen."""
    weights = parts.forward_section(spoiled(name, 0.0), pictures=True)
    sections = walkthrough(spoiled(name, number), 0.5, pictures=True)
    assert [len(pictures_in(section)) for section in sections] == [1, 1, 0, 0, 0, 0, 0, 1, 1]
    assert ink(*pictures_in(sections[1])) > 0.9 * ink(*pictures_in(weights))


@pytest.mark.parametrize("pictures", [False, True])
def test_a_network_in_which_nothing_moves_walks_through(pictures):
    """All ReLUs are dead: every gradient is 0."""
    network = gn.Network([Dense(3, "relu"), Dense(2, "relu")], 16, seed=4)
    for array in network.parameters.values():
        array[:] = -1
    explanation = gn.explain(network, PIXELS, 1)
    sections = walkthrough(explanation, 0.5, pictures=pictures)
    assert len(sections) == 9
    counts = [block for block in sections[-1].blocks if isinstance(block, Table)][1]
    assert [(words, bar.value) for words, bar in counts.rows if bar.value] == [("should stay as it is", 59)]


@pytest.mark.parametrize("learning_rate", [0, -1, np.nan, np.inf, "0.5"])
def test_a_step_needs_a_length(learning_rate):
    with pytest.raises(GlassnetError, match=r"learning_rate is .*: give a positive number"):
        walkthrough(explained(), learning_rate, pictures=False)


@pytest.mark.parametrize(
    ("section", "place", "sentence"),
    [
        (parts.neuron_section, (0, 0), "layer 0: the network 16-3-2 has the layers 1 to 2"),
        (parts.neuron_section, (2, 2), "neuron 2 of layer 2: there are the numbers 0 to 1"),
        (parts.weight_section, (1, 0, 16), r"there is no 1\.weight\[0, 16\]: .* from input k, 0 to 15"),
        (parts.bias_section, (3, 0), "layer 3: the network 16-3-2 has the layers 1 to 2"),
        (parts.activation_section, (0, -1), "input -1: there are the numbers 0 to 15"),
        (parts.raise_section, (0, 0), "layer 0: the network 16-3-2 has the layers 1 to 2"),
    ],
)
def test_places_that_are_not_there(section, place, sentence):
    with pytest.raises(GlassnetError, match=f"^{sentence}"):
        section(explained(), *place)


# The other sections


def test_a_bias_and_an_activation():
    explanation = explained()
    bias, activation = parts.bias_section(explanation, 1, 2), parts.activation_section(explanation, 0, 7)
    assert (bias.title, activation.title) == (
        "Backward: the bias `b₂⁽¹⁾`",
        "Backward: the activation `a₇⁽⁰⁾`",
    )
    assert as_text(bias.blocks) == repr(explanation.bias(1, 2))
    assert as_text(activation.blocks) == repr(explanation.activation(0, 7))


def split(count=12):
    pictures = np.random.default_rng(13).integers(0, 256, (count, 4, 4))
    return Split(pictures.astype(np.uint8), np.arange(count) % 2)


def test_what_each_example_wants():
    explanation, some = explained(), split()
    section = parts.wants_section(explanation, some, "a dozen of `nothing`")
    assert section.title == "What each example wants: a dozen of `nothing`"
    network = explanation.trace.network
    assert as_text(section.blocks) == repr(gn.what_examples_want(network, some.images, some.labels))


@pytest.mark.parametrize("pictures", [False, True])
def test_who_pushes_a_parameter(pictures):
    explanation, some = explained(), split()
    section = parts.attribution_section(explanation, some, ("2.weight", (1, 2)), "a dozen", pictures)
    assert section.title == "Who pushes `w₁,₂⁽²⁾`: a dozen"
    found = gn.attribute(explanation.trace.network, some.images, some.labels, ("2.weight", (1, 2)))
    blocks = [block for block in section.blocks if not isinstance(block, Picture)]
    assert as_text(blocks) == repr(found)
    assert len(pictures_in(section)) == pictures


def test_where_nobody_pushes_there_is_no_picture():
    explanation, dark = explained(), Split(np.zeros((3, 4, 4), np.uint8), np.zeros(3, int))
    section = parts.attribution_section(explanation, dark, ("1.weight", (0, 0)), "the dark", pictures=True)
    assert pictures_in(section) == []
    assert "3 leave it alone" in as_text(section.blocks).replace("\n", " ")


def test_where_pushes_are_no_numbers_there_is_no_picture():
    network = gn.Network([Dense(3), Dense(2)], 16, seed=4)
    network.parameters["2.bias"][0] = np.nan
    explanation = gn.explain(network, PIXELS, 1)
    section = parts.attribution_section(explanation, split(), ("2.bias", (0,)), "a dozen", pictures=True)
    (note,) = section.blocks
    assert isinstance(note, Note)
    assert not note.good


def test_the_gradient_check():
    section = parts.check_section(explained())
    (note,) = [block for block in section.blocks if isinstance(block, Note)]
    assert note.good
    assert "gradient right: 59 parameters checked" in note.text


@pytest.mark.parametrize("pictures", [False, True])
def test_the_landscape(pictures):
    explanation, some = explained(), split()
    network = explanation.trace.network
    line = gn.cost_along_gradient(network, some.images, some.labels, points=9)
    plane = gn.cost_plane(network, some.images, some.labels, points=5)
    alone = parts.landscape_section(line, None, pictures)
    both = parts.landscape_section(line, plane, pictures)
    assert alone.title == both.title == "The landscape of the cost"
    assert (len(pictures_in(alone)), len(pictures_in(both))) == (pictures, 2 * pictures)
    assert sum(isinstance(block, Pixels) for block in both.blocks) == (not pictures)
    assert repr(line) in as_text(alone.blocks)
    assert repr(line) in as_text(both.blocks)
    if not pictures:
        assert repr(plane) in as_text(both.blocks)


# Over the image, and through the depth

CONV = [Conv(4, 3, activation="relu"), MaxPool(2), Conv(3, 2, activation="tanh"), AveragePool(2), Flatten()]
SHAPES = {"grey": (1, 12, 11), "colored": (3, 12, 11)}


def over_an_image(shape="grey", drawn=False, **how):
    network = gn.Network([*CONV, Dense(8, "relu"), Dropout(0.5), Dense(2)], SHAPES[shape], seed=3)
    image = np.random.default_rng(4).uniform(size=SHAPES[shape])
    draw = Draw(0, 2, np.array([9])) if drawn else None
    return gn.explain(network, image, 1, "cross_entropy", draw=draw, **how)


CONV_TITLES = [
    IMAGE,
    FORWARD,
    "Layer 1, conv4@3: filters and feature maps",
    "Layer 2, pool2: who won",
    "Layer 3, conv3@2: filters and feature maps",
    "Layer 7, dropout0.5: {off}",
    "One neuron: `z₁⁽⁸⁾` term by term",
    "The cost",
    "Backward: the weight `{8}`",
    "Backward: the weight `{6}`",
    "Backward: the weight `{1}`",
    "All places of `{1}`",
    "Three ways to raise `a₁⁽⁸⁾`, and all wishes added up",
    "Back to the pixels",
    NUDGES,
    DEPTH,
]


@pytest.mark.parametrize("drawn", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_walk_over_an_image(shape, drawn):
    explanation = over_an_image(shape, drawn)
    steepest = {f"{{{i}}}": symbol("w", *explanation.steepest_weight(i)) for i in (1, 6, 8)}
    off = "what was switched off" if drawn else "what training switches off"
    titles = [title.replace("{off}", off) for title in CONV_TITLES]
    for mark, letter in steepest.items():
        titles = [title.replace(mark, letter) for title in titles]
    plain, pictured = (walkthrough(explanation, 0.5, pictures=pictures) for pictures in (False, True))
    for sections in (plain, pictured):
        assert [section.title for section in sections] == titles
        assert all(section.blocks for section in sections)
    grey = shape == "grey"
    counts = [1, 0, 2, 1, 2, drawn, 0, 0, 0, 0, 0, 1, 0, grey, 1, 1]
    assert [len(pictures_in(section)) for section in pictured] == counts
    assert not any(pictures_in(section) for section in plain)
    blocks = [block for section in plain for block in section.blocks]
    assert sum(isinstance(block, HeatMap) for block in blocks) == 1
    assert sum(isinstance(block, Pixels) for block in blocks) == grey + drawn
    for section in pictured:  # a picture shows the same
        assert not any(isinstance(block, HeatMap) for block in section.blocks)
        for picture in pictures_in(section):
            with Image.open(io.BytesIO(picture.png)) as png:
                png.load()
                assert picture.narrow == (png.width <= 800)
            assert picture.caption


def test_the_steepest_shared_weight_is_shown():
    """By a finite difference of the cost for every weight of the first layer."""
    explanation = over_an_image()
    network, image, h = explanation.trace.network.copy(), explanation.trace.image, 1e-6
    array, slopes = network.parameters["1.weight"], {}

    def cost():
        a = network.predict(image[None])[0]
        return -float(np.log(1 - a[0]) + np.log(a[1]))

    for place in np.ndindex(array.shape):
        array[place] += h
        above = cost()
        array[place] -= 2 * h
        slopes[place] = (above - cost()) / (2 * h)
        array[place] += h
    steepest = max(slopes, key=lambda place: abs(slopes[place]))
    section = walkthrough(explanation, 0.5, pictures=False)[11]
    assert section.title == f"All places of `{symbol('w', 1, *steepest)}`"
    (heat,) = [block for block in section.blocks if isinstance(block, HeatMap)]
    assert heat.values.sum() == pytest.approx(slopes[steepest], rel=1e-6)


def test_the_strongest_filter_is_shown_in_numbers():
    explanation = over_an_image()
    section = walkthrough(explanation, 0.5, pictures=False)[2]
    a = explanation.trace.chain.caches[0].a[0]
    o = max(range(4), key=lambda o: a[o].max())
    assert as_text(section.blocks) == repr(explanation.filter(1, o))


@pytest.mark.parametrize(
    ("layer", "parts_of_it"),
    [
        (1, lambda e: [e.feature_maps(1), e.filter(1, int(e.feature_maps(1).strongest[0]))]),
        (2, lambda e: [e.winners(2)]),
        (4, lambda e: []),
        (5, lambda e: []),
        (6, lambda e: [e.layer(6)]),
        (7, lambda e: [e.dropped(7)]),
    ],
)
def test_a_layer_by_itself(layer, parts_of_it):
    explanation = over_an_image()
    section = parts.layer_section(explanation, layer, pictures=False)
    text = as_text([section])
    assert section.title.startswith(f"Layer {layer}, ")
    assert explanation.layer(layer).formula() in text
    for part in parts_of_it(explanation):
        assert repr(part) in text


def test_a_layer_of_a_dense_network():
    section = parts.layer_section(explained(), 1, pictures=True)
    assert as_text(section.blocks) == repr(explained().layer(1))


def test_filters_and_neurons_by_their_places():
    explanation = over_an_image()
    section = parts.filter_section(explanation, 3, 2, pictures=False)
    assert (section.title, as_text(section.blocks)) == ("Filter 2 of layer 3", repr(explanation.filter(3, 2)))
    pictured = parts.filter_section(explanation, 3, 2, pictures=True)
    assert pictured.blocks[:-1] == section.blocks
    assert isinstance(pictured.blocks[-1], Picture)
    j = int(np.ravel_multi_index((2, 5, 4), (4, 10, 9)))
    for which in (j, (2, 5, 4)):
        assert parts.neuron_section(explanation, 1, which).title == "One neuron: `z₂,₅,₄⁽¹⁾` term by term"
        assert parts.activation_section(explanation, 1, which).title == "Backward: the activation `a₂,₅,₄⁽¹⁾`"
        assert parts.raise_section(explanation, 1, which).title.startswith("Three ways to raise `a₂,₅,₄⁽¹⁾`")
    text = as_text([parts.neuron_section(explanation, 1, j)]).replace("\n", " ")
    assert f"Neuron {j} of layer 1 (channel 2, row 5, column 4): every activation under its filter" in text


def test_weights_of_filters_have_places_and_others_have_none():
    explanation = over_an_image()
    assert len(parts.weight_sections(explanation, (1, 3, 0, 2, 1), False)) == 2
    assert len(parts.weight_sections(explanation, (8, 1, 5), False)) == 1


@pytest.mark.parametrize("pictures", [False, True])
def test_the_depth_of_many_images(pictures):
    explanation, some = explained("three layers"), split()
    section = parts.depth_of_many_section(explanation, some, "a dozen", pictures)
    assert section.title == "The vanishing gradient of many images: a dozen"
    network = explanation.trace.network
    shown = gn.vanishing_gradient(network, some.images, some.labels, "squared")
    assert as_text(shown.numbers()) in as_text(section.blocks)
    assert len(pictures_in(section)) == pictures


@pytest.mark.parametrize("pictures", [False, True])
@pytest.mark.parametrize(("name", "number"), [("1.weight", np.nan), ("3.bias", np.inf), ("8.weight", np.nan)])
def test_filters_that_are_not_finite_walk_through(name, number, pictures):
    network = over_an_image().trace.network.copy()
    network.parameters[name].flat[0] = number
    explanation = gn.explain(network, over_an_image().trace.image, 1, "cross_entropy")
    sections = walkthrough(explanation, 0.5, pictures)
    assert len(sections) == 16
    assert "Not all numbers are finite" in as_text(sections[:1])


@pytest.mark.parametrize("pictures", [False, True])
def test_filters_in_which_nothing_moves_walk_through(pictures):
    network = over_an_image().trace.network.copy()
    for array in network.parameters.values():
        array[:] = -1
    explanation = gn.explain(network, over_an_image().trace.image, 1, "cross_entropy")
    assert len(walkthrough(explanation, 0.5, pictures)) == 16
