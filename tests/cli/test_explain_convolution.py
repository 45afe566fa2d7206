"""`glassnet explain` on a network of filters: places by their indices, layers, filters, epochs, depth."""

from __future__ import annotations

import re

import numpy as np
import pytest

import glassnet as gn
from glassnet.document import as_text, number
from glassnet.draws import Draw
from glassnet.storage import Model, save_model
from glassnet.workflows.walkthrough import walkthrough

pytestmark = pytest.mark.table

LESSON = ["--data", "digits:test:17"]
SEEN = ["--data", "digits:training:17"]


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    """What is printed depends on nothing but COLUMNS."""
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture(scope="module")
def network(convolution):
    return gn.load_model(convolution).network


@pytest.fixture(scope="module")
def explanation(network):
    return gn.explain(network, *gn.load("digits").test[17], "log_likelihood")


def titles(out):
    return re.findall(r"(?:\A|\n\n)\d+  (\S.*)\n(?=\n)", out)


@pytest.mark.parametrize("columns", [80, 120])
def test_the_walk_through(ok, convolution, explanation, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    out = ok("explain", convolution, *LESSON).out
    assert out == as_text(walkthrough(explanation, 0.05, False), columns) + "\n"
    assert max(map(len, out.splitlines())) <= columns
    assert "`" not in out
    assert titles(out)[2:6] == [
        "Layer 1, conv3@5s2: filters and feature maps",
        "Layer 2, pool2: who won",
        "Layer 3, conv4@3: filters and feature maps",
        "Layer 5, dropout0.25: what training switches off",
    ]
    assert titles(out)[-1] == "Depth: the vanishing gradient"


@pytest.mark.parametrize(
    "written",
    [
        "--weight 1 2 0 4 1",
        "--weight 1,2,0,4,1",
        "--weight=1,2,0,4,1",
        "--weight=1 2 0 4 1",
        "--bias 1 0 --weight 1 2 0 4 1 --nudges",
    ],
)
def test_a_filters_weight(ok, convolution, explanation, written):
    out = ok("explain", convolution, *LESSON, *written.split()).out
    assert repr(explanation.weight(1, 2, 0, 4, 1)) in out
    assert repr(explanation.shared_weight(1, 2, 0, 4, 1)) in out
    assert "All places of w₂,₀,₄,₁⁽¹⁾" in titles(out)


def test_weights_of_both_kinds(ok, convolution, explanation):
    out = ok("explain", *LESSON, "--weight", 9, 3, 5, "--weight", 3, 1, 2, 0, 0, convolution).out
    assert repr(explanation.weight(9, 3, 5)) in out
    assert repr(explanation.weight(3, 1, 2, 0, 0)) in out


@pytest.mark.parametrize("written", ["3 2 1 0", "3,2,1,0", "3 36"])
def test_a_neuron_over_the_image(ok, convolution, explanation, written):
    """Channel 2, row 1, column 0 of 4×4×4 is number 2·16 + 1·4 = 36."""
    out = ok("explain", convolution, *LESSON, "--neuron", *written.split()).out
    for part in (explanation.neuron(3, 36), explanation.activation(3, 36), explanation.ways_to_raise(36, 3)):
        assert repr(part) in out


def test_layers_and_filters(ok, convolution, explanation):
    out = ok(
        "explain",
        convolution,
        *LESSON,
        *["--layer", "1", "--layer", "2", "--layer", "7", "--filter", "3", "1"],
    ).out
    for part in (explanation.feature_maps(1), explanation.winners(2), explanation.layer(7)):
        assert repr(part) in out
    assert repr(explanation.filter(3, 1)) in out
    assert titles(out)[1:] == [
        "Layer 1, conv3@5s2: filters and feature maps",
        "Layer 2, pool2: who won",
        "Layer 7, 12",
        "Filter 1 of layer 3",
    ]


def test_the_vanishing_gradient(ok, convolution, network, explanation):
    out = ok("explain", convolution, *LESSON, "--depth").out
    assert repr(explanation.vanishing_gradient) in out
    some = gn.load("digits").training[:100]
    many = gn.vanishing_gradient(network, some.images, some.labels, "log_likelihood")
    assert as_text(many.numbers()) in out
    assert titles(out)[1:] == [
        "Depth: the vanishing gradient",
        "The vanishing gradient of many images: the first 100 of digits:training",
    ]


def test_the_vanishing_gradient_of_any_network_and_without_data(ok, trained, named):
    assert "1  12:sigmoid" in ok("explain", trained.path, "--depth").out
    assert len(titles(ok("explain", named(*"0123456789"), *LESSON, "--depth").out)) == 3  # of --data


def test_an_image_as_an_epoch_saw_it(ok, convolution, network):
    """By the recipe's seed, 3, and the image's place among the training examples, 17."""
    image, label = gn.load("digits").training[17]
    outs = []
    for epoch in (1, 2):
        out = ok("explain", convolution, *SEEN, "--epoch", epoch, "--layer", 5, "--layer", 8, "--depth").out
        drawn = gn.explain(network, image, label, "log_likelihood", draw=Draw(3, epoch, np.array([17])))
        masks = network.in_training(Draw(3, epoch, np.array([17])))
        for layer in (5, 8):
            off = int((masks[layer - 1]["mask"] == 0).sum())
            assert f"dropout (layer {layer}) switched off {off} of this image's" in " ".join(out.split())
            assert repr(drawn.dropped(layer)) in out
        assert repr(drawn.vanishing_gradient) in out
        outs.append(out)
    assert outs[0] != outs[1]
    assert "go on as they are" in ok("explain", convolution, *SEEN, "--layer", 8).out


BAD = {
    "of a filter, as of a dense layer": (
        "--weight 1 2 0",
        "there is no 1.weight[2, 0]: 1.weight[o, c, i, j] leads to filter o",
    ),
    "of a dense layer, as of a filter": (
        "--weight 9 1 0 4 1",
        "no 9.weight[1, 0, 4, 1]",
        "9.weight[j, k] leads to",
        "k of layer 8, 0 to 11",
    ),
    "row": (
        "--weight 1 2 0 5 1",
        "1.weight[2, 0, 5, 1]",
        "o, 0 to 2, from channel c, 0 to 0, row i, 0 to 4, column j, 0 to 4",
    ),
    "commas": ("--weight 1,2,0", "there is no 1.weight[2, 0]", "1.weight[o, c, i, j]"),
    "neuron": ("--neuron 3 2 4 0", "(2, 4, 0)", "4×4×4"),
    "layer": ("--layer 10", "layer 10", "1 to 9"),
    "layer 0": ("--layer 0", "layer 0", "0 is the input"),
    "filter": ("--filter 3 4", "filter 4 of layer 3", "0 to 3"),
    "no filters": ("--filter 2 0", "layer 2 (max_pool) has no filters", "1, 3"),
    "epoch of a test image": ("--epoch 2", "--epoch 2", "--data digits:training:17"),
    "epoch of no image": ("--epoch 2 --data digits:training", "name one image"),
    "epoch 0": ("--data digits:training:3 --epoch 0", "--epoch 0", "1 or more"),
    "epoch that never was": ("--data digits:training:3 --epoch 61", "--epoch 61", "for 60 epochs at most"),
    "epoch −1": ("--data digits:training:3 --epoch -1", "--epoch -1", "1 or more"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_gets_one_sentence(glassnet, convolution, what):
    options, *fragments = BAD[what]
    answer = glassnet("explain", convolution, *options.split())
    assert (answer.status, answer.out) == (2, "")
    (sentence,) = answer.err.splitlines()
    for fragment in fragments:
        assert fragment in sentence


@pytest.mark.parametrize(
    ("options", "fragment"),
    [
        ("--weight 1 2 x", "'x' is not a valid integer"),
        ("--weight 1,2", "'1,2' has 2 numbers: give 3 or 5"),
        ("--weight 1 2", "Option '--weight' requires 3 arguments"),
        ("--weight 1 2 0 4", "unexpected extra argument (4)"),
        ("--neuron", "Option '--neuron' requires 2 arguments"),
        ("--neuron 1,2,3", "'1,2,3' has 3 numbers: give 2 or 4"),
        ("--filter 1", "'--filter' requires 2 arguments"),
        ("--layer x", "'x' is not a valid integer"),
    ],
)
def test_options_that_are_not_whole(glassnet, convolution, options, fragment):
    answer = glassnet("explain", convolution, *options.split())
    assert (answer.status, answer.out) == (2, "")
    assert fragment in " ".join(answer.err.split())


@pytest.mark.parametrize("about_many", ["--landscape", "--batch"])
@pytest.mark.slow
def test_what_no_epoch_draws_for_says_so(ok, convolution, about_many):
    words = "Here dropout passes everything on, as it does outside of training"
    assert words in " ".join(ok("explain", convolution, *SEEN, "--epoch", 1, about_many).out.split())
    assert words not in " ".join(ok("explain", convolution, *SEEN, about_many).out.split())


def test_an_image_as_augmentation_moved_it(ok):
    moves = "shift2 rotate10 elastic1"
    options = ["--layers", "784-4-10", "--epochs", "2", "--seed", "5", "--augmentation", moves]
    ok("train", *options, "-q", "--out", "moving")
    model, (image, label) = gn.load_model("moving/model.safetensors"), gn.load("digits").training[17]
    shown = set()
    for epoch in (1, 2):
        (met,) = gn.Augmentation.parse(moves).moved(image[None], 5, epoch, [17])
        cost = gn.explain(model.network, met, label, "cross_entropy").trace.used.cost
        out = ok("explain", "moving", *SEEN, "--epoch", epoch, "--nudges").out
        assert f"C₀ = {number(cost)}" in " ".join(out.split())
        shown.add(cost)
    assert len(shown) == 2


def test_epochs_without_dropout_or_recipe(glassnet, trained, convolution, network, tmp_path):
    answer = glassnet("explain", trained.path, *SEEN, "--epoch", 1)
    assert "784-12-10 has no dropout, it saw the image in every epoch as it does now" in answer.err
    save_model(tmp_path / "bare.safetensors", Model(network, tuple("0123456789"), data_name="digits"))
    answer = glassnet("explain", tmp_path / "bare.safetensors", *SEEN, "--epoch", 1)
    assert "the model doesn't say by which seed it learned" in answer.err
