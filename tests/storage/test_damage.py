"""Damaged model files: a sentence for every one, and never another network."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from glassnet.errors import GlassnetError
from glassnet.storage import load_model, read_tensors
from glassnet.storage.tensor_file import write_tensors

from .made import (
    BIAS,
    CALIBRATION,
    DATA,
    DESCRIPTION,
    WEIGHT,
    assert_same_network,
    file_of,
    header_of,
    model,
    refusal,
    saved,
)


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
