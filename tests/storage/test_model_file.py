"""Model files: the same bits back, the same bytes again, and a sentence for every damaged one."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from glassnet.errors import GlassnetError
from glassnet.layers import LAYERS, AveragePool, Conv, Dense, Dropout, Flatten, MaxPool, Softmax
from glassnet.network import Network
from glassnet.storage import Model, load_model, read_tensors, save_model
from glassnet.storage.model_file import FORMAT
from glassnet.storage.tensor_file import write_tensors
from glassnet.training import Calibration, Recipe

# kind: a network that has a layer of it.
NETWORKS = {
    "dense": ([Dense(4, "relu"), Dense(3, "sigmoid")], 5),
    "softmax": ([Dense(4, "tanh"), Dense(3, "linear"), Softmax()], 5),
    "conv": ([Conv(4, 3, stride=2, padding=1, activation="tanh"), Flatten(), Dense(3)], (2, 5, 6)),
    "max_pool": ([Conv(4, 2), MaxPool(2, stride=1), Flatten(), Dense(3)], (1, 5, 6)),
    "average_pool": ([Conv(4, 2), AveragePool(2), Flatten(), Dense(3)], (1, 5, 6)),
    "flatten": ([Conv(4, 2), Flatten(), Flatten(), Dense(3)], (1, 3, 3)),
    "dropout": ([Dense(4, "relu"), Dropout(0.3), Dense(3, "sigmoid")], 5),
}


CALIBRATION = Calibration(
    temperature=0.1 + 0.2, threshold=0.7, accepted=0.995, passed=None, digits=200, not_digits=0, fonts=("½",)
)


def model(kind="dense", dtype="float32", **changes):
    layers, inputs = NETWORKS[kind]
    network = Network(layers, inputs, seed=1, dtype=dtype)
    parts = {"class_names": ("nought", "one", "zwei ½"), "recipe": Recipe(layers="5-4:relu-3", dtype=dtype)}
    parts |= {"data_sha256": "ab" * 32, "figures": {"test_accuracy": 0.1 + 0.2, "epochs": 3.0}}
    return Model(network, **(parts | changes))


def saved(path, value=None):
    save_model(path, model() if value is None else value)
    return path.read_bytes()


def assert_same_network(one, other):
    assert one.layers == other.layers
    assert one.input_shape == other.input_shape
    assert list(one.parameters) == list(other.parameters)
    for name, array in one.parameters.items():
        assert array.dtype == other.parameters[name].dtype
        assert array.tobytes() == other.parameters[name].tobytes()


# There and back


def test_the_networks_miss_no_layer():
    assert set(NETWORKS) == set(LAYERS)
    for kind, (layers, _) in NETWORKS.items():
        assert kind in {layer.kind for layer in layers}


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_bits_come_back(kind, dtype, tmp_path):
    before = model(kind, dtype)
    # what rounding or text would lose: −0, the smallest and the largest numbers
    before.network.parameters["1.bias"][:] = [
        -0.0,
        np.finfo(dtype).smallest_subnormal,
        np.finfo(dtype).max,
        1 / 3,
    ]
    save_model(tmp_path / "m.safetensors", before)
    after = load_model(tmp_path / "m.safetensors")
    assert_same_network(before.network, after.network)
    assert after.class_names == before.class_names
    assert after.recipe == before.recipe
    assert after.data_sha256 == before.data_sha256
    assert after.figures == before.figures
    before.network.parameters["1.bias"][:] = after.network.parameters["1.bias"][:] = 0
    images = np.random.default_rng(8).normal(size=(20, *before.network.input_shape))
    assert before.network.predict(images).tobytes() == after.network.predict(images).tobytes()


def test_a_model_may_know_nothing_but_its_network(tmp_path):
    save_model(tmp_path / "m", Model(model().network, ("a", "b", "c")))
    after = load_model(tmp_path / "m")
    assert (after.recipe, after.data_sha256, after.figures, after.calibration) == (None, "", {}, None)


def test_earlier_recipes_come_back_and_may_be_missing(tmp_path):
    """Files from before they were written have none."""
    earlier = (Recipe(seed=1), Recipe(optimizer="adam", learning_rate=0.01))
    path = tmp_path / "m"
    save_model(path, model(earlier=earlier))
    assert load_model(path).earlier == earlier
    arrays, information = read_tensors(path)
    del information["earlier_recipes"]
    write_tensors(path, arrays, information)
    assert load_model(path).earlier == ()


@pytest.mark.parametrize("passed", [None, 1 / 3])
def test_a_calibration_comes_back(passed, tmp_path):
    before = replace(CALIBRATION, passed=passed)
    first = saved(tmp_path / "m", model(calibration=before))
    assert load_model(tmp_path / "m").calibration == before
    assert saved(tmp_path / "again", load_model(tmp_path / "m")) == first


def test_the_same_content_gives_the_same_bytes(tmp_path):
    first = saved(tmp_path / "first")
    assert saved(tmp_path / "second") == first
    assert saved(tmp_path / "third", load_model(tmp_path / "first")) == first

    network = model().network  # the same parameters, in another order in memory and in the dictionary
    backwards = {name: np.asfortranarray(array) for name, array in reversed(network.parameters.items())}
    other = Network(network.layers, 5, parameters=backwards)
    assert saved(tmp_path / "fourth", model(figures={"epochs": 3.0, "test_accuracy": 0.1 + 0.2})) == first
    assert saved(tmp_path / "fifth", replace(model(), network=other)) == first


def test_other_content_gives_other_bytes(tmp_path):
    changed = model()
    changed.network.parameters["2.bias"][2] = np.nextafter(
        changed.network.parameters["2.bias"][2], np.float32(9)
    )
    assert saved(tmp_path / "other", changed) != saved(tmp_path / "first")


# A file byte by byte: it must load for ever. One layer: z = 2 x₀ − ½ x₁ + 1 and z = 0.

DESCRIPTION = {
    "format": 2,
    "input_shape": [2],
    "layers": [{"kind": "dense", "size": 2, "activation": "linear"}],
    "preprocessing": {"pixels": "uint8/255", "drawing": "mnist"},
    "class_names": ["a", "b"],
    "calibration": None,
    "recipe": {"layers": "2-2", "cost": "squared", "output_activation": "linear", "epochs": 7},
    "data": {"name": "", "sha256": ""},
    "figures": {"test_accuracy": 0.5},
}
BIAS = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
WEIGHT = {"dtype": "F32", "shape": [2, 2], "data_offsets": [8, 24]}
DATA = np.array([1, 0, 2, -0.5, 0, 0], dtype="<f4").tobytes()


def file_of(header, data=DATA):
    """A safetensors file with that header, an object or its text."""
    text = (header if isinstance(header, str) else json.dumps(header)).encode()
    return len(text).to_bytes(8, "little") + text + data


def header_of(description=DESCRIPTION, **tensors):
    text = description if isinstance(description, str) else json.dumps(description)
    return {"__metadata__": {"glassnet": text}, "1.bias": BIAS, "1.weight": WEIGHT} | tensors


def format_1():
    """The same file as format 1 had it: layers were counted from 0."""
    header = header_of(DESCRIPTION | {"format": 1})
    return {{"1.bias": "0.bias", "1.weight": "0.weight"}.get(name, name): header[name] for name in header}


@pytest.mark.parametrize("header", [format_1(), header_of()], ids=["format 1", "format 2"])
def test_a_file_of_every_format_loads(header, tmp_path):
    (tmp_path / "m").write_bytes(file_of(header))
    after = load_model(tmp_path / "m")
    assert after.network.predict(np.array([[3.0, 4.0]])).tolist() == [[5, 0]]
    assert after.network.dtype == np.float32
    assert after.class_names == ("a", "b")
    assert (after.recipe.cost, after.recipe.epochs) == ("squared", 7)
    assert after.figures == {"test_accuracy": 0.5}
    assert list(after.network.parameters) == ["1.weight", "1.bias"]
    assert after.network.parameters["1.weight"].tolist() == [[2, -0.5], [0, 0]]


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("names", [("1.bias", "0.weight"), ("0.bias", "1.weight"), ("00.bias", "0.weight")])
def test_names_are_those_of_the_format(names, version, tmp_path):
    """Neither format is guessed from the names: a file that mixes both numberings is refused."""
    metadata, *entries = header_of(DESCRIPTION | {"format": version}).values()
    header = {"__metadata__": metadata} | dict(zip(names, entries, strict=True))
    assert "the network 2-2 has 1.weight, 1.bias" in refusal(tmp_path / "m", file_of(header))


def test_a_name_of_the_other_format_is_refused(tmp_path):
    now, before = header_of(), format_1()
    assert "parameters 0.bias, 0.weight, 1.bias, 1.weight:" in refusal(
        tmp_path / "m", file_of(before | {"__metadata__": now["__metadata__"]})
    )
    assert "parameters 1.bias, 1.weight, 2.bias, 2.weight:" in refusal(
        tmp_path / "m", file_of(now | {"__metadata__": before["__metadata__"]})
    )


def test_the_format_is_the_one_that_is_written():
    assert FORMAT == DESCRIPTION["format"]  # a new format needs its own file here, beside the old one


# Damage


def refusal(path, data=None):
    """The sentence of the refusal; anything but a GlassnetError fails the test that asks."""
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(GlassnetError) as error:
        load_model(path)
    sentence = str(error.value)
    assert str(path) in sentence
    assert "\n" not in sentence
    return sentence


def test_a_file_cut_off_anywhere_is_refused(tmp_path):
    whole = saved(tmp_path / "m")
    for length in range(len(whole)):
        assert "is not a whole glassnet file" in refusal(tmp_path / "m", whole[:length]), length


def test_a_flipped_bit_in_any_weight_or_word_is_noticed(tmp_path):
    whole = saved(tmp_path / "m")
    length = int.from_bytes(whole[:8], "little")
    sites = [*range(8 + length, len(whole)), whole.index(b"test_accuracy") + 3]
    for place in sites:
        damaged = bytearray(whole)
        damaged[place] ^= 1
        assert "its content is not what was saved (the SHA-256 differs)" in refusal(
            tmp_path / "m", bytes(damaged)
        )


def test_another_preprocessing_is_refused(tmp_path):
    other = DESCRIPTION | {"preprocessing": {"pixels": "uint8/128"}}
    assert "is not known: install a newer glassnet" in refusal(
        tmp_path / "m", file_of(header_of(json.dumps(other)))
    )


def test_a_file_with_more_at_its_end_is_refused(tmp_path):
    whole = saved(tmp_path / "m")
    assert "it should hold" in refusal(tmp_path / "m", whole + b"\0")
    assert "it should hold" in refusal(tmp_path / "m", whole + whole)


@pytest.mark.parametrize("mask", [0x01, 0x02, 0x10, 0x20, 0x80, 0xFF])
def test_no_flipped_byte_of_the_header_gives_another_network(mask, tmp_path):
    """Names and figures have no check of their own; layers and parameters are the same or refused."""
    whole = saved(tmp_path / "m")
    right = load_model(tmp_path / "m").network
    refused = 0
    for place in range(8 + int.from_bytes(whole[:8], "little")):
        damaged = bytearray(whole)
        damaged[place] ^= mask
        (tmp_path / "m").write_bytes(damaged)
        try:
            found = load_model(tmp_path / "m")
        except GlassnetError:
            refused += 1
        else:
            assert_same_network(found.network, right)
    assert refused > 300


HALF = "\ud800"  # half a character: JSON can spell it, UTF-8 can't
DAMAGED = {
    "empty": (b"", "it has 0 bytes"),
    "five bytes": (b"glass", "it has 5 bytes"),
    "text": (b"epoch,training_cost\n1,0.5\n", "it doesn't begin like one"),
    "a pickle": (b"\x80\x04\x95\x0b\0\0\0\0\0\0\0.", "it doesn't begin like one"),
    "a huge header": (b"\xff" * 8 + b"{}", "it doesn't begin like one"),
    "a header of 11 MB": (
        (11_000_000).to_bytes(8, "little") + b" " * 11_000_000,
        "it doesn't begin like one",
    ),
    "a header that isn't JSON": (file_of("{"), "its header is not JSON"),
    "a header that isn't an object": (file_of("[]"), "its header is not a JSON object"),
    "a header of nothing but brackets": (file_of("[" * 100_000), "its header is not JSON"),
    "a header with a number of 5,000 digits": (
        file_of('{"a": ' + "9" * 5000 + "}"),
        "its header is not JSON",
    ),
    "a header that isn't text": (file_of("{}").replace(b"{}", b"\xff\xfe"), "its header is not JSON"),
    "another safetensors file": (file_of({"1.bias": BIAS, "1.weight": WEIGHT}), "has no glassnet entry"),
    "other metadata": (file_of(header_of() | {"__metadata__": {"format": "pt"}}), "has no glassnet entry"),
    "metadata that are a list": (file_of(header_of() | {"__metadata__": []}), "has no glassnet entry"),
    "an entry that isn't text": (
        file_of(header_of() | {"__metadata__": {"glassnet": {}}}),
        "no glassnet entry",
    ),
    "metadata that aren't all text": (
        file_of(header_of() | {"__metadata__": {"glassnet": json.dumps(DESCRIPTION), "x": 5}}),
        "is not a whole glassnet file",
    ),
    "an entry that isn't JSON": (file_of(header_of("glass")), "its glassnet entry is not JSON"),
    "an entry that is a number": (file_of(header_of("7")), "its glassnet entry is not a JSON object"),
    "an array named twice": (
        file_of(json.dumps(header_of())[:-1] + f', "1.bias": {json.dumps(BIAS)}}}'),
        "its header names something twice",
    ),
    "a fact named twice": (
        file_of(header_of(json.dumps(DESCRIPTION)[:-1] + ', "format": 1}')),
        "its glassnet entry names something twice",
    ),
    "a gap": (
        file_of(header_of(**{"1.weight": WEIGHT | {"data_offsets": [12, 28]}}), DATA + b"\0" * 4),
        "'1.weight' starts at byte 12 of the data, not at 8",
    ),
    "an overlap": (
        file_of(header_of(**{"1.weight": WEIGHT | {"data_offsets": [4, 20]}}), DATA[:20]),
        "'1.weight' starts at byte 4 of the data, not at 8",
    ),
    "the same place twice": (file_of(header_of(**{"2.bias": BIAS})), "'2.bias' starts at byte 0"),
    "a shape that needs more bytes": (
        file_of(header_of(**{"1.bias": BIAS | {"shape": [3]}})),
        "entry '1.bias'",
    ),
    "a negative shape": (file_of(header_of(**{"1.bias": BIAS | {"shape": [-1, -2]}})), "entry '1.bias'"),
    "a shape of floats": (file_of(header_of(**{"1.bias": BIAS | {"shape": [2.0]}})), "entry '1.bias'"),
    "an astronomical shape": (
        file_of(header_of(**{"x": {"dtype": "F32", "shape": [0, 2**80], "data_offsets": [24, 24]}})),
        "is not a whole glassnet file",
    ),
    "three offsets": (file_of(header_of(**{"1.bias": BIAS | {"data_offsets": [0, 4, 8]}})), "entry '1.bias'"),
    "offsets the wrong way round": (
        file_of(header_of(**{"1.bias": BIAS | {"data_offsets": [8, 0]}})),
        "'1.bias'",
    ),
    "whole numbers": (
        file_of(header_of(**{"1.bias": BIAS | {"dtype": "I32"}})),
        "is not an array of float32",
    ),
    "an array that is a list": (file_of(header_of(**{"1.bias": [1, 2]})), "entry '1.bias' is not an array"),
    "an array without a shape": (file_of(header_of(**{"1.bias": {"dtype": "F32"}})), "entry '1.bias'"),
    "a newer format": (
        file_of(header_of(DESCRIPTION | {"format": 3})),
        "format 3: this glassnet reads formats up to 2; install a newer one",
    ),
    "a format that is a text": (file_of(header_of(DESCRIPTION | {"format": "1"})), "it is not a model file"),
    "a format that is true": (file_of(header_of(DESCRIPTION | {"format": True})), "it is not a model file"),
    "a checkpoint": (file_of(header_of({"checkpoint": 1})), "format None"),
    "an unknown layer": (
        file_of(header_of(DESCRIPTION | {"layers": [{"kind": "recurrent"}]})),
        "layer kind 'recurrent' is not known: install a newer glassnet",
    ),
    "a layer with an unknown setting": (
        file_of(header_of(DESCRIPTION | {"layers": [{"kind": "dense", "size": 2, "bias": False}]})),
        "its description lacks or garbles",
    ),
    "a convolution without a size": (
        file_of(header_of(DESCRIPTION | {"layers": [{"kind": "conv", "filters": 2}]})),
        "its description lacks or garbles",
    ),
    "a convolution larger than its image": (
        file_of(
            header_of(
                DESCRIPTION
                | {"input_shape": [1, 2, 2], "layers": [{"kind": "conv", "filters": 2, "size": 3}]}
            )
        ),
        "its window of 3×3 is larger than the image of 2×2",
    ),
    "a convolution of a row": (
        file_of(header_of(DESCRIPTION | {"layers": [{"kind": "conv", "filters": 2, "size": 1}]})),
        "takes an image of shape (channels, height, width), not an input of shape (2,)",
    ),
    "a calibration that is a list": (
        file_of(header_of(DESCRIPTION | {"calibration": [1.5, 0.8]})),
        "its description lacks or garbles",
    ),
    "a calibration without a threshold": (
        file_of(header_of(DESCRIPTION | {"calibration": {"temperature": 1.5}})),
        "its description lacks or garbles",
    ),
    "a calibration with an unknown field": (
        file_of(header_of(DESCRIPTION | {"calibration": CALIBRATION.to_dict() | {"bias": 1.0}})),
        "its description lacks or garbles",
    ),
    "a temperature of nothing": (
        file_of(header_of(DESCRIPTION | {"calibration": CALIBRATION.to_dict() | {"temperature": 0.0}})),
        "temperature is 0.0: give a number above 0",
    ),
    "a threshold beyond 1": (
        file_of(header_of(DESCRIPTION | {"calibration": CALIBRATION.to_dict() | {"threshold": 1.5}})),
        "give numbers from 0 to 1",
    ),
    "a calibration of outputs that are no probabilities": (
        file_of(header_of(DESCRIPTION | {"calibration": CALIBRATION.to_dict()})),
        "linear outputs are no probabilities and can't be calibrated",
    ),
    "fonts that are numbers": (
        file_of(header_of(DESCRIPTION | {"calibration": CALIBRATION.to_dict() | {"fonts": [1]}})),
        "fonts are [1]: give their names",
    ),
    "a stride of nothing": (
        file_of(header_of(DESCRIPTION | {"layers": [{"kind": "max_pool", "size": 2, "stride": -1}]})),
        "stride of a max_pool layer is -1",
    ),
    "a rate beyond 1": (
        file_of(header_of(DESCRIPTION | {"layers": [{"kind": "dropout", "rate": 1.0}]})),
        "rate of a dropout layer is 1.0",
    ),
    "a rate of words": (
        file_of(header_of(DESCRIPTION | {"layers": [{"kind": "dropout", "rate": "half"}]})),
        "rate of a dropout layer is 'half'",
    ),
    "a layer that is an image": (
        file_of(
            header_of(DESCRIPTION | {"input_shape": [1, 2, 2], "layers": [{"kind": "max_pool", "size": 1}]})
        ),
        "outputs are one row: end with flatten and a dense layer",
    ),
    "an astronomical image": (
        file_of(
            header_of(
                DESCRIPTION
                | {
                    "input_shape": [1, 10**9, 10**9],
                    "layers": [
                        *({"kind": "max_pool", "size": 1}, {"kind": "max_pool", "size": 10**9}),
                        *({"kind": "flatten"}, {"kind": "dense", "size": 2}),
                    ],
                }
            )
        ),
        "would take about 24,000,000 TB of memory",
    ),
    "a kind that is a list": (
        file_of(header_of(DESCRIPTION | {"layers": [{"kind": ["dense"], "size": 2}]})),
        "its description lacks or garbles",
    ),
    "a layer of another size": (
        file_of(
            header_of(
                DESCRIPTION | {"layers": [{"kind": "dense", "size": 3}], "class_names": ["a", "b", "c"]}
            )
        ),
        "1.weight is float32 (2, 2): the network 2-3 needs floats (3, 2)",
    ),
    "an astronomical layer": (
        file_of(header_of(DESCRIPTION | {"layers": [{"kind": "dense", "size": 10**30}]})),
        "is not a model that fits together",
    ),
    "no layers": (file_of(header_of(DESCRIPTION | {"layers": []})), "at least one layer"),
    "layers that are a text": (file_of(header_of(DESCRIPTION | {"layers": "2-2"})), "lacks or garbles"),
    "one layer too many": (
        file_of(header_of(DESCRIPTION | {"layers": 2 * DESCRIPTION["layers"]})),
        "parameters 2.bias, 2.weight",
    ),
    "an array too many": (
        file_of(header_of(**{"2.bias": BIAS | {"data_offsets": [24, 32]}}), DATA + b"\0" * 8),
        "parameters 2.bias",
    ),
    "an input shape of words": (
        file_of(header_of(DESCRIPTION | {"input_shape": "two"})),
        "input_shape 'two'",
    ),
    "an input shape of floats": (
        file_of(header_of(DESCRIPTION | {"input_shape": [2.0]})),
        "input_shape [2.0]",
    ),
    "a class name too few": (
        file_of(header_of(DESCRIPTION | {"class_names": ["a"]})),
        "1 class names for 2 outputs",
    ),
    "class names that are a number": (
        file_of(header_of(DESCRIPTION | {"class_names": 2})),
        "lacks or garbles",
    ),
    "half a character": (
        file_of(header_of(json.dumps(DESCRIPTION, ensure_ascii=False).replace("a", HALF))),
        "is not a whole glassnet file",
    ),
    "a recipe that isn't one": (file_of(header_of(DESCRIPTION | {"recipe": [1]})), "unknown recipe field 1"),
    "a recipe with an unknown field": (
        file_of(header_of(DESCRIPTION | {"recipe": {"epocs": 3}})),
        "unknown recipe field 'epocs': did you mean 'epochs'?",
    ),
    "figures beyond all floats": (
        file_of(header_of(DESCRIPTION | {"figures": {"x": 10**400}})),
        "lacks or garbles",
    ),
    "figures that are a list": (file_of(header_of(DESCRIPTION | {"figures": [1]})), "lacks or garbles"),
    "NaN in a weight": (
        file_of(header_of(), DATA[:-4] + np.array([np.nan], "<f4").tobytes()),
        "holds NaN or infinite values in 1.weight: train the model again",
    ),
    "infinity in a bias": (
        file_of(header_of(), np.array([-np.inf], "<f4").tobytes() + DATA[4:]),
        "holds NaN or infinite values in 1.bias",
    ),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_file_gets_a_sentence(what, tmp_path):
    data, sentence = DAMAGED[what]
    assert sentence in refusal(tmp_path / "m", data)


NOT_FINITE = [what for what, (_, sentence) in DAMAGED.items() if "NaN or infinite" in sentence]


@pytest.mark.parametrize("what", NOT_FINITE)
def test_numbers_that_are_not_finite_can_be_looked_into(what, tmp_path):
    data, _ = DAMAGED[what]
    refusal(tmp_path / "m", data)
    found = load_model(tmp_path / "m", finite=False)
    bias, weight = found.network.parameters["1.bias"], found.network.parameters["1.weight"]
    assert (bias.tobytes() + weight.tobytes()) == data[-len(DATA) :]  # the same bits, NaN or not
    assert not (np.isfinite(bias).all() and np.isfinite(weight).all())
    assert found.class_names == tuple(DESCRIPTION["class_names"])


def test_a_finite_model_is_the_same_either_way(tmp_path):
    saved(tmp_path / "m")
    one, other = load_model(tmp_path / "m"), load_model(tmp_path / "m", finite=False)
    assert_same_network(one.network, other.network)
    assert replace(one, network=other.network) == other


@pytest.mark.parametrize("what", [what for what in DAMAGED if what not in NOT_FINITE])
def test_a_damaged_file_is_not_looked_into(what, tmp_path):
    """Leave to be infinite is no leave to be broken."""
    data, sentence = DAMAGED[what]
    (tmp_path / "m").write_bytes(data)
    with pytest.raises(GlassnetError) as error:
        load_model(tmp_path / "m", finite=False)
    assert sentence in str(error.value)


@pytest.mark.parametrize("number", [np.nan, -np.inf])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_number_that_is_not_finite_is_refused_or_taken(number, dtype, tmp_path):
    saved(tmp_path / "m", model(dtype=dtype))
    arrays, information = read_tensors(tmp_path / "m")
    for name in arrays:
        changed = arrays | {name: arrays[name].copy()}
        changed[name].flat[-1] = number
        write_tensors(tmp_path / name, changed, information)
        assert f"holds NaN or infinite values in {name}" in refusal(tmp_path / name)
        found = load_model(tmp_path / name, finite=False).network
        assert {key: array.tobytes() for key, array in found.parameters.items()} == {
            key: array.tobytes() for key, array in changed.items()
        }


@pytest.mark.parametrize(
    "name", [name for name in DESCRIPTION if name not in ("preprocessing", "calibration")]
)
def test_a_description_that_lacks_something_is_refused(name, tmp_path):
    lacking = {key: value for key, value in DESCRIPTION.items() if key != name}
    refusal(tmp_path / "m", file_of(header_of(lacking)))


@pytest.mark.parametrize("value", [None, 5, -1.5, "x", [], ["x"], {}, {"x": []}, True, [[]], 10**400])
@pytest.mark.parametrize("name", DESCRIPTION)
def test_a_garbled_description_never_crashes(name, value, tmp_path):
    path = tmp_path / "m"
    path.write_bytes(file_of(header_of(DESCRIPTION | {name: value})))
    try:
        found = load_model(path)
    except GlassnetError as error:
        assert str(path) in str(error)  # noqa: PT017
    else:
        assert found.network.shapes == {"1.weight": (2, 2), "1.bias": (2,)}


def test_what_is_not_a_file_is_refused(tmp_path):
    assert refusal(tmp_path / "nothing").startswith("can't read ")


# Saving


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_model_that_is_not_finite_is_not_saved(wrong, tmp_path):
    bad = model()
    bad.network.parameters["2.weight"][2, 1] = wrong
    with pytest.raises(GlassnetError, match=r"2\.weight holds NaN or infinite values"):
        save_model(tmp_path / "m", bad)
    assert listed(tmp_path) == []


@pytest.mark.parametrize(
    "changes",
    [{"figures": {"accuracy": float("nan")}}, {"figures": {"accuracy": object()}}, {"data_sha256": "\ud800"}],
)
def test_facts_that_a_file_can_not_hold_are_refused(changes, tmp_path):
    before = saved(tmp_path / "m")
    with pytest.raises(GlassnetError, match=r"can't write .*m: "):
        save_model(tmp_path / "m", model(**changes))
    assert (tmp_path / "m").read_bytes() == before


@pytest.mark.parametrize("names", [(), ("a", "b"), ("a", "b", "c", "d")])
def test_a_model_has_a_name_for_each_output(names):
    with pytest.raises(GlassnetError, match=f"{len(names)} class names for 3 outputs: give one for each"):
        model(class_names=names)


def listed(folder):
    return [path.name for path in folder.iterdir()]


def full(*arguments, **keywords):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("call", ["open", "fsync", "replace"])
def test_a_save_that_fails_leaves_the_old_file(call, tmp_path, monkeypatch):
    path = tmp_path / "m.safetensors"
    before = saved(path)
    with monkeypatch.context() as patch:
        patch.setattr(f"glassnet.files.os.{call}", full)
        with pytest.raises(GlassnetError) as error:
            save_model(path, model("softmax"))
    assert str(error.value) == (
        f"can't write {path}: No space left on device; the file that was there is untouched"
    )
    assert path.read_bytes() == before
    assert listed(tmp_path) == [path.name]  # no leftovers


def test_a_save_that_is_interrupted_leaves_the_old_file(tmp_path, monkeypatch):
    def interrupted(handle):
        raise KeyboardInterrupt

    path = tmp_path / "m"
    before = saved(path)
    monkeypatch.setattr("glassnet.files.os.fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_model(path, model("softmax"))
    assert path.read_bytes() == before
    assert listed(tmp_path) == ["m"]


LIMITED = """
import resource, sys
from glassnet import GlassnetError, Model, Network, save_model
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
try:
    save_model(sys.argv[1], Model(Network("784-30-2", seed=0), ("a", "b")))
except GlassnetError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_a_write_that_really_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "m"
    before = saved(path)
    ran = subprocess.run([sys.executable, "-c", LIMITED, path], capture_output=True, text=True, check=True)
    assert ran.stdout == f"can't write {path}: File too large; the file that was there is untouched\n"
    assert path.read_bytes() == before
    assert listed(tmp_path) == ["m"]


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(GlassnetError, match=r"can't write .*m: No such file or directory$"):
        save_model(tmp_path / "nowhere" / "m", model())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_a_model_file_has_the_permissions_of_any_new_file(tmp_path):
    saved(tmp_path / "m")
    (tmp_path / "other").touch()
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("m", "other")]
    assert modes[0] == modes[1]


def test_a_folder_is_no_model_file(tmp_path):
    with pytest.raises(GlassnetError, match=r"is a folder: there is no model file in it$"):
        load_model(tmp_path)
    saved(tmp_path / "model.safetensors")
    (tmp_path / "checkpoint.safetensors").write_bytes(b"")  # which no advice should name
    with pytest.raises(GlassnetError, match=r": name the model file in it, .*/model\.safetensors$"):
        load_model(tmp_path)


def test_a_name_that_is_too_long():
    with pytest.raises(GlassnetError, match=r"^can't read a+: File name too long$"):
        load_model("a" * 300)
