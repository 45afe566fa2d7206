"""Networks as text and as tables: read, written, read again; and the place where they don't parse."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.activations import ACTIVATIONS
from glassnet.errors import GlassnetError
from glassnet.layers import (
    LAYERS,
    AveragePool,
    Conv,
    Dense,
    Dropout,
    Flatten,
    MaxPool,
    Softmax,
    format_layer,
    format_layers,
    normalize_layers,
    parse_layers,
    tables_as_text,
)
from glassnet.layers.text import LARGEST_SIZE

SIZE = st.integers(1, LARGEST_SIZE)
ACTIVATION = st.sampled_from(list(ACTIVATIONS))


@st.composite
def convs(draw):
    size = draw(SIZE)
    padding, name = draw(st.integers(0, size - 1)), draw(ACTIVATION.filter(lambda name: name != "softmax"))
    return Conv(draw(SIZE), size, draw(SIZE), padding, name)


# kind: any layer of it
ANY = {
    "dense": st.builds(Dense, SIZE, ACTIVATION),
    "conv": convs(),
    "max_pool": st.builds(MaxPool, SIZE, st.just(0) | SIZE),
    "average_pool": st.builds(AveragePool, SIZE, st.just(0) | SIZE),
    "flatten": st.just(Flatten()),
    "dropout": st.builds(Dropout, st.floats(0, 1, exclude_max=True)),
    "softmax": st.just(Softmax()),
}
SHAPE = st.tuples(SIZE) | st.tuples(SIZE, SIZE, SIZE)


def test_the_table_misses_no_layer():
    assert set(ANY) == set(LAYERS)


def flattened(shape, layers):
    """The same layers, with a flatten wherever a dense layer would get an image."""
    whole, image = [], len(shape) == 3
    for layer in layers:
        if image and layer.kind == "dense":
            whole.append(Flatten())
        whole.append(layer)
        image = {"dense": False, "flatten": False, "dropout": image, "softmax": image}.get(layer.kind, True)
    return whole


# There and back


@settings(deadline=None)
@given(SHAPE, st.lists(st.one_of(*ANY.values()), min_size=1, max_size=8))
def test_what_is_written_reads_back_as_the_same(shape, layers):
    layers = flattened(shape, layers)
    text = format_layers(shape, layers, activations=True)
    assert parse_layers(text) == (shape, layers)
    assert parse_layers(normalize_layers(text)) == (shape, layers)


@settings(deadline=None)
@given(SHAPE, st.lists(st.one_of(*ANY.values()), min_size=1, max_size=8))
def test_without_activations_they_get_the_defaults(shape, layers):
    layers = flattened(shape, layers)
    _, read = parse_layers(format_layers(shape, layers), "tanh", "linear")
    dense = [place for place, layer in enumerate(layers) if layer.kind == "dense"]
    assert [format_layer(layer) for layer in read] == [format_layer(layer) for layer in layers]
    for place, layer in enumerate(read):
        if layer.kind in ("dense", "conv"):
            assert layer.activation == ("linear" if dense and place == dense[-1] else "tanh")


PART = st.one_of(st.just("softmax"), st.tuples(SIZE, st.none() | ACTIVATION))
SPACE = st.sampled_from(["", " ", "  ", "\n"])


@settings(deadline=None)
@given(SIZE, st.lists(PART, min_size=1, max_size=6), SPACE)
def test_dashes_with_or_without_spaces(n_in, parts, space):
    dense = [place for place, part in enumerate(parts) if part != "softmax"]
    texts, expected = [f"{n_in}"], []
    for place, part in enumerate(parts):
        if part == "softmax":
            texts.append("softmax")
            expected.append(Softmax())
        else:
            size, named = part
            texts.append(f"{size}" if named is None else f"{size}{space}:{space}{named}")
            default = "linear" if place == dense[-1] else "tanh"
            expected.append(Dense(size, named or default))
    text = f"{space}-{space}".join(texts)
    assert parse_layers(text, "tanh", "linear") == ((n_in,), expected)


@settings(deadline=None, max_examples=300)
@given(
    st.text(alphabet="0123456789-:@.×x sp convdropluavgftenk²٣", max_size=16)
    | st.lists(
        st.sampled_from(["conv", "pool", "avgpool", "dropout", "softmax", "flatten", "20", "@5", "s2", "p1"])
        | st.sampled_from([" ", "-", ":relu", "0.5", "1x28x28", "×", "9" * 30, "٣", ":"]),
        max_size=9,
    ).map("".join)
)
def test_any_text_is_layers_or_refused(text):
    try:
        shape, layers = parse_layers(text)
    except GlassnetError as error:
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert min(shape) >= 1
        assert layers
        assert parse_layers(format_layers(shape, layers, activations=True)) == (shape, layers)


# By hand

BOOK = [
    *(Conv(20, 5, activation="relu"), MaxPool(2), Conv(40, 5, activation="relu"), MaxPool(2)),
    *(Flatten(), Dense(100, "relu"), Dense(10, "softmax")),
]


@pytest.mark.parametrize(
    ("text", "shape", "layers"),
    [
        ("conv20@5 pool2 conv40@5 pool2 100 10", (1, 28, 28), BOOK),
        ("28x28 conv20@5 pool2 conv40@5 pool2 100 10", (1, 28, 28), BOOK),
        ("1×28×28-conv20@5-pool2-conv40@5-pool2-100-10", (1, 28, 28), BOOK),
        ("conv20@5 pool2 conv40@5 pool2 flatten 100 10", (1, 28, 28), BOOK),
        ("10", (784,), [Dense(10, "softmax")]),
        ("30 10", (784,), [Dense(30, "relu"), Dense(10, "softmax")]),
        ("dropout0.2 30 10", (784,), [Dropout(0.2), Dense(30, "relu"), Dense(10, "softmax")]),
        ("28x28-30", (1, 28, 28), [Flatten(), Dense(30, "softmax")]),
        ("flatten 10", (1, 28, 28), [Flatten(), Dense(10, "softmax")]),
        ("3x32x32 pool4", (3, 32, 32), [MaxPool(4)]),
        ("conv8@3s2p1 avgpool3s2", (1, 28, 28), [Conv(8, 3, 2, 1, "relu"), AveragePool(3, 2)]),
        ("conv8@3p1:tanh pool2s2", (1, 28, 28), [Conv(8, 3, padding=1, activation="tanh"), MaxPool(2)]),
        (
            "conv8@3 dropout.5 10:tanh softmax",
            (1, 28, 28),
            [Conv(8, 3, activation="relu"), Dropout(0.5), Flatten(), Dense(10, "tanh"), Softmax()],
        ),
        ("5-dropout0-3", (5,), [Dropout(0), Dense(3, "softmax")]),
    ],
)
def test_texts_and_their_layers(text, shape, layers):
    assert parse_layers(text, "relu", "softmax") == (shape, layers)


@pytest.mark.parametrize(
    ("shape", "layers", "text"),
    [
        ((784,), (Dense(16), Dense(16), Dense(10)), "784-16-16-10"),
        ((1, 28, 28), BOOK, "28×28 conv20@5 pool2 conv40@5 pool2 100 10"),
        (
            (3, 32, 32),
            (Conv(8, 3, 2, 1), AveragePool(3, 2), Flatten(), Dense(2)),
            "3×32×32 conv8@3s2p1 avgpool3s2 2",
        ),
        ((784,), (Dropout(1e-05), Dense(10), Softmax()), "784-dropout0.00001-10-softmax"),
        ((1, 28, 28), (Flatten(), Dropout(0.5), Dense(10)), "28×28 flatten dropout0.5 10"),
        ((1, 28, 28), (Dropout(0.5), Flatten(), Dense(10)), "28×28 dropout0.5 10"),
    ],
)
def test_how_networks_are_written(shape, layers, text):
    assert format_layers(shape, layers) == text


def test_a_shape_from_elsewhere_is_taken_where_the_text_has_none():
    assert parse_layers("conv2@3 10", input_shape=(3, 8, 8))[0] == (3, 8, 8)
    assert parse_layers("784 10", input_shape=(5,)) == ((5,), [Dense(784), Dense(10)])
    assert parse_layers("7-10", input_shape=(3, 8, 8))[0] == (7,)


def test_a_thousand_layers():
    shape, layers = parse_layers("8" + "-3" * 1000)
    assert (shape, layers) == ((8,), [Dense(3)] * 1000)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "layers '' name no layer: write for example '784-16-16-10' or 'conv20@5 pool2 100 10'"),
        ("28x28", "layers '28x28' name no layer"),
        ("784", "layers '784' begin with 784, inputs or neurons?"),
        ("784 30 10", "with dashes between, as in '784-16-10'; with spaces all parts are layers"),
        ("784-", "layers '784-': part 2 is empty"),
        ("784--10", "layers '784--10': part 2 is empty"),
        ("-784-10", "part 1, '', says nothing about the inputs"),
        ("784-1.5", "part 2, '1.5' is no layer: a dense layer is a whole number of neurons, as in 100"),
        ("784-²", "part 2, '²' is no layer"),
        ("784-٣", "part 2, '٣' is no layer"),
        ("conv٣@5 10", "part 1, 'conv٣@5' is not understood: write conv20@5 or conv20@5s2p1"),
        ("784-0-10", "part 2, '0': 0 neurons; give a number from 1 to 1,000,000"),
        ("784-1000001", "part 2, '1000001': 1000001 neurons; give"),
        ("784-" + "9" * 20, "9 neurons; give a number from 1 to 1,000,000"),
        ("784-" + "9" * 5000, "…': 9999"),
        ("0-10", "part 1, '0': 0 inputs; give a number"),
        ("28x0 conv20@5", "part 1, '28x0': an image of 0; give a number"),
        ("1x2x3x4 conv20@5", "part 1, '1x2x3x4': an image has channels, height and width, as in 3x32x32"),
        ("conv20@5 28x28", "part 2, '28x28' is no layer"),
        ("784-30 10", "part 2, '30 10' is no layer"),
        ("conv20@5 pol2 10", "layers 'conv20@5 pol2 10': part 2, 'pol2' is no layer; did you mean 'pool2'?"),
        ("cnv20@5s2 10", "did you mean 'conv20@5s2'?"),
        ("conv20@5 MaxPool2", "part 2, 'MaxPool2' is no layer; did you mean 'pool2'?"),
        ("average_pool2s3 10", "did you mean 'avgpool2s3'?"),
        ("dense30 10", "did you mean '30'?"),
        ("drop0.5 10", "did you mean 'dropout0.5'?"),
        ("784-sofmax", "part 2, 'sofmax' is no layer; did you mean 'softmax'?"),
        ("cnv20 10", "part 1, 'cnv20' is no layer; did you mean 'conv20@5'?"),
        ("784-xyzzy-10", "there are 100 (dense), conv20@5, pool2, avgpool2, dropout0.5, flatten and softmax"),
        ("conv20@5 relu 10", "'relu' is no layer: an activation stands behind its layer, as in 100:relu"),
        ("784-16:rellu-10", "part 2, '16:rellu': unknown activation 'rellu': did you mean 'relu'?"),
        ("784-16:-10", "part 2, '16:': unknown activation ''"),
        ("784-16:relu:relu-10", "unknown activation 'relu:relu'"),
        ("softmax-10", "part 1, 'softmax', says nothing about the inputs; with dashes between, begin with"),
        ("784-softmax:relu", "'softmax:relu': only dense and convolutional layers have an activation"),
        ("conv20@5:softmax 10", "part 1, 'conv20@5:softmax': a conv layer can't have softmax"),
        ("conv0@5 10", "part 1, 'conv0@5': 0 filters; give a number from 1"),
        ("conv20@0 10", "part 1, 'conv20@0': a window of 0×0"),
        ("conv99999999999@5 10", "part 1, 'conv99999999999@5': 99999999999 filters"),
        ("conv20@5s0 10", "a stride of 0; give a number from 1 to 1,000,000"),
        ("conv20@5p1s2 10", "part 1, 'conv20@5p1s2' is not understood: write conv20@5"),
        ("conv20@5p5 10", "padding 5 of a conv layer of size 5: give less than the size"),
        ("conv20@-5", "part 1, 'conv20@', says nothing about the inputs"),
        ("pool 10", "part 1, 'pool' is not understood: write pool2 or pool3s2"),
        ("pool2s0 10", "a stride of 0; give"),
        ("dropout1 10", "'dropout1': rate of a dropout layer is 1.0: give a number from 0 to below 1"),
        ("dropout1.5 10", "rate of a dropout layer is 1.5"),
        ("dropout" + "9" * 400 + " 10", "rate of a dropout layer is inf"),
        ("dropout1e-3 10", "says nothing about the inputs"),
        ("784-dropout-10", "part 2, 'dropout' is not understood: write dropout0.5"),
        ("dropoutnan 10", "part 1, 'dropoutnan' is no layer; did you mean 'dropout0.5'?"),
        ("flatten2 10", "part 1, 'flatten2' is not understood: write flatten"),
    ],
)  # fmt: skip
def test_texts_that_are_refused(text, sentence):
    with pytest.raises(GlassnetError) as error:
        parse_layers(text)
    assert sentence in str(error.value)
    assert len(str(error.value)) < 600
    assert "\n" not in str(error.value)


# Tables


@settings(deadline=None)
@given(st.lists(st.one_of(*ANY.values()), min_size=1, max_size=6))
def test_tables_of_all_settings_are_the_layers_themselves(layers):
    layers = flattened((1, 28, 28), layers)
    tables = [{"kind": layer.kind, **vars(layer)} for layer in layers]
    text = tables_as_text([{"kind": "input", "shape": [1, 28, 28]}, *tables])
    assert parse_layers(text) == ((1, 28, 28), layers)


def test_tables_say_no_more_than_they_say():
    """An activation that isn't named is the recipe's to choose."""
    text = tables_as_text(
        [
            {"kind": "conv", "filters": 20, "size": 5},
            {"kind": "average_pool", "size": 2},
            {"kind": "dropout", "rate": 0.25},
            {"kind": "dense", "size": 30, "activation": "tanh"},
            {"kind": "dense", "size": 10},
        ]
    )
    assert text == "conv20@5 avgpool2 dropout0.25 30:tanh 10"


def test_tables_of_dense_layers_begin_with_their_inputs():
    dense = [{"kind": "dense", "size": 784}, {"kind": "dense", "size": 10}]
    assert tables_as_text(dense) == "784-784-10"
    assert tables_as_text([{"kind": "input", "shape": [64]}, *dense]) == "64-784-10"
    assert tables_as_text([{"kind": "input", "shape": [3, 8, 8]}, *dense]) == "3x8x8 784 10"


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (5, "layers, table 2: 5 is no table: give one such as {kind = 'dense', size = 10}"),
        ({}, "layers, table 2: it has no kind: give one of dense, conv, "),
        ({"kind": "pool", "size": 2}, "unknown kind of layer 'pool': did you mean 'max_pool'?"),
        ({"kind": ["conv"]}, "unknown kind of layer ['conv']"),
        ({"kind": "conv", "filter": 3}, "unknown setting of a conv layer 'filter': did you mean 'filters'?"),
        ({"kind": "conv", "filters": 3}, "a conv layer needs its size"),
        ({"kind": "dense", "size": "10"}, "a dense layer of size '10'"),
        ({"kind": "dense", "size": True}, "a dense layer of size True"),
        ({"kind": "dense", "size": 10.0}, "a dense layer of size 10.0"),
        ({"kind": "dense", "size": 10**7}, "size is 10000000: give a number up to 1,000,000"),
        ({"kind": "dense", "size": 10, "activation": []}, "activation is []: give a number or a name"),
        ({"kind": "dense", "size": 10, "activation": "rellu"}, "did you mean 'relu'?"),
        ({"kind": "dropout", "rate": 1}, "rate of a dropout layer is 1: give a number from 0 to below 1"),
        ({"kind": "dropout", "rate": float("nan")}, "rate of a dropout layer is nan"),
        ({"kind": "max_pool", "size": 0}, "size of a max_pool layer is 0"),
        ({"kind": "flatten", "size": 2}, "unknown setting of a flatten layer 'size'"),
        ({"kind": "input", "shape": [784]}, "unknown kind of layer 'input'"),
    ],
)
def test_tables_that_are_refused(table, sentence):
    with pytest.raises(GlassnetError) as error:
        tables_as_text([{"kind": "conv", "filters": 2, "size": 3}, table])
    assert sentence in str(error.value)


@pytest.mark.parametrize("shape", [None, 784, [28, 28], [0], ["784"], [True], [2.0], [1, 2, 3, 4], [10**9]])
def test_input_shapes_that_are_refused(shape):
    with pytest.raises(GlassnetError, match=r"layers, table 1: the input's shape is .*: give \[784\] or"):
        tables_as_text([{"kind": "input", "shape": shape}])
    with pytest.raises(GlassnetError, match="unknown setting of the input 'shapes': did you mean 'shape'"):
        tables_as_text([{"kind": "input", "shapes": shape}])
