"""`glassnet summary`: the table, the JSON, and what it counts, against counts by hand."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet import Conv, Dense, Flatten, GlassnetError, MaxPool, Network, summarize
from glassnet.layers import AveragePool

BOOK = "conv20@5 pool2 conv40@5 pool2 100 10"


def by_hand():
    """Layer, kind, text, output, parameters, multiply-adds of the book's network."""
    return [
        (1, "conv", "conv20@5", [20, 24, 24], 20 * (25 + 1), 20 * 25 * 24 * 24),
        (2, "max_pool", "pool2", [20, 12, 12], 0, 0),
        (3, "conv", "conv40@5", [40, 8, 8], 40 * (20 * 25 + 1), 40 * 20 * 25 * 8 * 8),
        (4, "max_pool", "pool2", [40, 4, 4], 0, 0),
        (5, "flatten", "flatten", [640], 0, 0),
        (6, "dense", "100", [100], 100 * (640 + 1), 100 * 640),
        (7, "dense", "10", [10], 10 * (100 + 1), 10 * 100),
    ]


def test_the_json_is_what_is_counted_by_hand(ok):
    (answer,) = ok("summary", "--layers", BOOK, "--json").json
    names = ("layer", "kind", "text", "output_shape", "parameters", "multiply_adds")
    assert [tuple(layer[name] for name in names) for layer in answer["layers"]] == by_hand()
    assert answer["network"] == "28×28 conv20@5 pool2 conv40@5 pool2 100 10"
    assert answer["input_shape"] == [1, 28, 28]
    assert answer["dtype"] == "float32"
    assert answer["parameters"] == sum(row[4] for row in by_hand()) == 85_670
    assert answer["bytes"] == 4 * 85_670
    assert answer["multiply_adds"] == sum(row[5] for row in by_hand()) == 1_633_000
    assert answer["activations"] == sum(int(np.prod(row[3])) for row in by_hand())
    assert [layer["unseen"] for layer in answer["layers"]] == [[0, 0]] * 7
    assert [layer["activation"] for layer in answer["layers"] if layer["parameters"]] == ["sigmoid"] * 4


def test_multiply_adds_are_the_products_of_a_forward_pass():
    """Counted one by one: each filter at each place meets its whole patch, padding included."""
    network = Network([Conv(3, 3, stride=2, padding=1), Flatten(), Dense(4)], (2, 7, 6), seed=0)
    places = [(top, left) for top in range(-1, 7 + 1 - 2, 2) for left in range(-1, 6 + 1 - 2, 2)]
    first, _, last = summarize(network).layers
    assert first.output_shape == (3, 4, 3)
    assert first.multiply_adds == 3 * len(places) * (2 * 3 * 3)
    assert last.multiply_adds == 4 * (3 * len(places))


def test_the_table_says_the_same(ok):
    lines = ok("summary", "--layers", BOOK).out.splitlines()
    first = "The network 28×28 conv20@5 pool2 conv40@5 pool2 100 10. What goes in: images, 1×28×28."
    assert " ".join(lines[:2]).strip() == first
    rows = [line.split() for line in lines if line.split()[:1] and line.split()[0].isdigit()]
    for row, (layer, _, text, shape, parameters, products) in zip(rows, by_hand(), strict=True):
        activation = ["sigmoid"] if parameters else []
        output = "×".join(map(str, shape))
        expected = [f"{layer}", text, *activation, output, f"{parameters:,}", f"{products:,}"]
        assert row == expected
    assert [line.split() for line in lines if line.startswith("all")] == [["all", "85,670", "1,633,000"]]
    assert "bear the number of their layer, as in 1.weight; they take 342 kB as float32." in " ".join(lines)
    assert "▲" not in "".join(lines)


def test_rows_that_nobody_sees_are_named(ok):
    """28 → 25; 8 · 3 of 25 → 8; windows at 0, 2, 4 reach 7 of 8 → 3; one of 1 at 0 → 1 of 3."""
    out = ok("summary", "--layers", "conv4@4 pool3 conv3@3s2 pool1s3 10").out
    assert [line for line in out.splitlines() if line.startswith("▲")] == [
        "▲ Layer 2, pool3, doesn't see 1 row and 1 column of its input.",
        "▲ Layer 3, conv3@3s2, doesn't see 1 row and 1 column of its input.",
        "▲ Layer 4, pool1s3, doesn't see 2 rows and 2 columns of its input.",
    ]


@pytest.mark.parametrize(
    ("layer", "shape", "sentences"),
    [
        (MaxPool(2), (1, 5, 4), ["Layer 1, pool2, doesn't see 1 row of its input."]),
        (MaxPool(2), (1, 4, 5), ["Layer 1, pool2, doesn't see 1 column of its input."]),
        (AveragePool(3), (1, 5, 7), ["Layer 1, avgpool3, doesn't see 2 rows and 1 column of its input."]),
        (MaxPool(1, 3), (1, 4, 5), ["Layer 1, pool1s3, doesn't see 2 rows and 3 columns of its input."]),
        (Conv(2, 3, 2, 1), (1, 6, 6), []),  # what is left over is padding
        (MaxPool(2), (1, 4, 6), []),
    ],
)
def test_what_is_left_over(layer, shape, sentences):
    network = Network([layer, Flatten(), Dense(2)], shape, seed=0)
    assert summarize(network).notes() == sentences


def test_a_model_a_run_and_its_config_are_one_network(ok, trained):
    (first,) = ok("summary", trained.path, "--json").json
    assert first["network"] == "784-12-10"
    assert first["input_shape"] == [784]
    assert [layer["parameters"] for layer in first["layers"]] == [12 * 785, 10 * 13]
    assert ok("summary", trained.model, "--json").json == [first]
    assert ok("summary", "--config", trained.config, "--json").json == [first]
    assert ok("summary", "--layers", "784-12-10", "--json").json == [first]
    assert "What goes in: rows of numbers, 784." in ok("summary", trained.path).out


def test_a_model_of_the_new_layers(ok, tmp_path):
    network = Network("conv2@5:relu avgpool4 dropout0.5 10", seed=0, dtype=np.float64)
    gn.save_model(tmp_path / "m", gn.Model(network, tuple("0123456789")))
    (answer,) = ok("summary", "m", "--json").json
    assert [layer["text"] for layer in answer["layers"]] == [
        *("conv2@5", "avgpool4", "dropout0.5", "flatten", "10"),
    ]
    assert answer["layers"][0]["activation"] == "relu"
    assert answer["bytes"] == 8 * network.parameter_count


def test_a_model_that_is_not_finite_has_layers_too(ok, changed):
    path = changed("1.bias", 3, np.nan)
    assert ok("summary", path, "--json").json[0]["parameters"] == 12 * 785 + 10 * 13


def test_a_summary_shows_itself():
    summary = summarize(Network("784-16-16-10", seed=0))
    assert repr(summary).startswith("The network 784-16-16-10. What goes in: rows of numbers, 784.")
    assert "<table" in summary._repr_html_()
    assert (summary.parameters, summary.multiply_adds, summary.bytes) == (13_002, 12_960, 52_008)


def test_only_a_network_can_be_summarized():
    with pytest.raises(
        GlassnetError, match=r"'784-10' stands where a Network is wanted: summarize\(network\)"
    ):
        summarize("784-10")
