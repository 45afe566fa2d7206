"""All that explanations show, over a table of networks: every formula, every page, every line of text."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from functools import cache
from html import unescape

import numpy as np
import pytest

from glassnet.activations import ACTIVATIONS
from glassnet.costs import COSTS
from glassnet.data import load
from glassnet.document import (
    Bar,
    Equation,
    HeatMap,
    Paragraph,
    Pixels,
    Section,
    Shown,
    Table,
    as_text,
    mathml,
    page,
)
from glassnet.explanation import attribute, explain, what_examples_want
from glassnet.layers import LAYERS, AveragePool, Conv, Dense, Dropout, Flatten, MaxPool, Softmax
from glassnet.network import Network

pytestmark = pytest.mark.table

EVIL = ("<script>alert(1)</script>", "a `b` & 'c'", "[red]x[/red]\nnext", '"quoted"')

# What each ends in, and its cost; every activation, cost and layer is met.
NETWORKS = {
    f"{name}-{cost}": ([Dense(4, "tanh"), Dense(4, name)], cost)
    for cost in COSTS
    for name in COSTS[cost].allowed
}
NETWORKS |= {
    "softmax on top": ([Dense(3), Dense(4, "linear"), Softmax()], "log_likelihood"),
    "softmax first": ([Softmax(), Dense(4, "relu")], "squared"),
    "softmax in the middle": ([Dense(3, "softmax"), Softmax(), Dense(4)], "cross_entropy"),
    "no weights": ([Softmax()], "log_likelihood"),
    "one layer": ([Dense(4)], "quadratic"),
    "images": ([Conv(3, 2, padding=1), MaxPool(2, stride=1), Flatten(), Dense(4)], "quadratic"),
    "means": (
        [Conv(3, 2, padding=1, activation="relu"), AveragePool(2), Dropout(0.5), Flatten(), Dense(4)],
        "cross_entropy",
    ),
    "many neurons": ([Dense(50, "tanh"), Dense(40, "softmax"), Dense(4, "sigmoid")], "cross_entropy"),
}
EACH = pytest.mark.parametrize("which", NETWORKS)


def explanation_of(which, class_names=None, dtype=np.float64):
    layers, cost = NETWORKS[which]
    inputs = (2, 1, 2) if isinstance(layers[0], Conv) else 4  # two channels are no grey picture
    network = Network(layers, inputs, seed=9, initializer="normal", dtype=dtype)
    x = np.array([0.9, -0.35, 0.0, 0.1])
    return explain(network, x, 1, cost, class_names=class_names, dtype=dtype)


@cache
def views_of(which, class_names=None, dtype=np.float64):
    """Everything that an explanation can show, and what a mini-batch wants."""
    explanation = explanation_of(which, class_names, dtype)
    trace = explanation.trace
    views = [explanation, explanation.cost, explanation.nudges(), explanation.check(sample=20)]
    for layer in range(explanation.depth + 1):
        views.append(explanation.activation(layer, 0))
        if layer:
            views += [explanation.layer(layer), explanation.neuron(layer, 1)]
            views += [explanation.ways_to_raise(1, layer), explanation.wishes(layer)]
            if trace.params[layer - 1]:
                place = (2, 1, 0, 0) if trace.params[layer - 1]["weight"].ndim < 4 else (2, 0, 0, 0)
                place = place[: trace.params[layer - 1]["weight"].ndim]
                views.append(explanation.weight(layer, *place))
            if "bias" in trace.params[layer - 1]:
                views.append(explanation.bias(layer, 2))
            views += over_the_image(explanation, layer)
            if trace.activation(layer).name == "softmax":
                views.append(explanation.jacobian(layer))
    if trace.network.shapes:
        images, labels = np.random.default_rng(0).normal(size=(12, 4)), np.arange(12) % 4
        arguments = {"cost": trace.cost, "class_names": trace.class_names}
        name = trace.network.weights[-1]
        views.append(what_examples_want(trace.network, images, labels, **arguments))
        place = (1, 2)[: trace.network.parameters[name].ndim]
        views.append(attribute(trace.network, images, labels, (name, place), **arguments))
    return views


def over_the_image(explanation, layer):
    """What a layer of an image, or of dropout, has besides."""
    views, own = [], explanation.trace.layer_at(layer)
    if len(explanation.trace.shape(layer)) == 3:
        views.append(explanation.feature_maps(layer))
    if isinstance(own, Conv):
        views += [explanation.filter(layer, 2), explanation.shared_weight(layer, 2, 0, 0, 0)]
    if isinstance(own, MaxPool):
        views.append(explanation.winners(layer))
    if isinstance(own, Dropout):
        views.append(explanation.dropped(layer))
    return [*views, explanation.vanishing_gradient]


def texts_of(block):
    """Every piece of prose in a block."""
    if isinstance(block, HeatMap | Pixels):
        return [block.caption]
    if isinstance(block, Table):
        cells = [cell for row in block.rows for cell in row]
        return [block.caption, *block.header, *(cell for cell in cells if isinstance(cell, str))]
    return [block.words] if isinstance(block, Equation) else [block.text]


def without_images(html):
    """What is left is XML; images hold themselves."""
    return re.sub(r'<img alt="[^"]*" src="data:image/png;base64,[^"]*">', "", html)


def formulas_of(block):
    lines = [block.formula] if isinstance(block, Equation) else []
    return lines + [part for text in texts_of(block) for part in text.split("`")[1::2]]


def test_the_table_misses_no_component():
    layers = [layer for of_network, _ in NETWORKS.values() for layer in of_network]
    assert {type(layer) for layer in layers} == set(LAYERS.values())
    assert {layer.activation for layer in layers} == set(ACTIVATIONS)
    assert {cost for _, cost in NETWORKS.values()} == set(COSTS)


CHILDREN = {"msub": 2, "msup": 2, "msubsup": 3, "munder": 2, "mover": 2, "munderover": 3, "mfrac": 2}


@EACH
def test_every_formula_makes_well_formed_mathml(which):
    met = 0
    for view in views_of(which):
        for block in view.blocks():
            for formula in formulas_of(block):
                for element in ET.fromstring(mathml(formula)).iter():
                    assert len(element) == CHILDREN.get(element.tag, len(element)), formula
                met += 1
    assert met > 15


@EACH
def test_every_formula_has_an_end(which):
    for view in views_of(which, EVIL):
        for block in view.blocks():
            for text in texts_of(block):
                assert text.count("`") % 2 == 0, text


@EACH
def test_what_a_notebook_shows_is_well_formed(which):
    for view in views_of(which, EVIL):
        html = without_images(view._repr_html_())
        tags = {element.tag for element in ET.fromstring(f"<div>{html}</div>").iter()}  # reads it as XML
        assert "script" not in tags
        assert "red" not in tags


@EACH
def test_what_a_prompt_shows_is_plain_text_of_a_hundred_columns(which):
    for view in views_of(which, EVIL):
        text = repr(view) if isinstance(view, Shown) else str(view)
        assert "`" not in text
        assert "\x1b" not in text
        assert max(map(len, text.split("\n"))) <= 100
        assert text == text.strip("\n")


@EACH
def test_names_of_classes_are_shown_as_they_are(which):
    """In the cost's table, in text and on a page: nothing in them is markup, style or a formula."""
    cost = explanation_of(which, EVIL).cost
    text, html = repr(cost), unescape(re.sub("<[^>]*>", "", cost._repr_html_()))
    for name in ("<script>alert(1)</script>", "a ʼbʼ & 'c'", "[red]x[/red] next", '"quoted"'):
        assert name in text
        assert name in html


@EACH
def test_numbers_of_float32_are_shown_too(which):
    for view in views_of(which, dtype=np.float32):
        assert view._repr_html_()


@EACH
def test_a_page_of_everything_is_balanced_and_needs_nothing_else(which):
    views = views_of(which, EVIL)
    html = without_images(page("All of it", [Section(type(view).__name__, view.blocks()) for view in views]))
    head, _, body = html.partition("<main")
    ET.fromstring(f"<main{body.removesuffix('</body></html>' + chr(10))}")
    assert "<script" not in html
    for way_out in ("http:", "https:", "url(", "@import", " src=", "javascript:"):
        assert way_out not in html
    assert set(re.findall(r' href="(.)', html)) == {"#"}
    assert "<title>All of it</title>" in head


# The lesson's network, on a terminal


@pytest.fixture(scope="module")
def lesson():
    split = load("digits").test
    network = Network("784-16-16-10", seed=3)
    explanation = explain(network, split.images[0], split.labels[0], "cross_entropy")
    views = [explanation, explanation.cost, explanation.nudges(), explanation.check(sample=50)]
    views += [explanation.layer(layer) for layer in (1, 2, 3)]
    views += [explanation.neuron(layer, 9) for layer in (1, 2, 3)]
    views += [explanation.weight(*explanation.steepest_weight(layer)) for layer in (1, 2, 3)]
    views += [explanation.bias(layer, 5) for layer in (1, 2, 3)]
    views += [explanation.activation(layer, 5) for layer in (0, 1, 2, 3)]
    views += [explanation.ways_to_raise(4, layer) for layer in (1, 2, 3)]
    views += [explanation.wishes(layer) for layer in (1, 2, 3)]
    some = split[:10]
    views.append(what_examples_want(network, some.images, some.labels, "cross_entropy"))
    views.append(attribute(network, split.images, split.labels, ("2.weight", (3, 5)), "cross_entropy"))
    return views


def shown_dots(text):
    return text.count("…")


def test_nothing_of_the_lessons_network_is_cut_off(lesson):
    """No cell is shortened to …: there are no more of them than on a wide screen."""
    for view in lesson:
        text = as_text(view.blocks())
        assert shown_dots(text) == shown_dots(as_text(view.blocks(), width=1000))
        assert max(map(len, text.split("\n"))) <= 100
        assert "`" not in text


def test_every_cell_of_the_lessons_network_stands_in_one_line(lesson):
    for view in lesson:
        for table in (block for block in view.blocks() if isinstance(block, Table)):
            text = as_text([table])
            lines = [line for line in text.split("\n") if line]
            for row in table.rows:
                first = next(cell for cell in row if isinstance(cell, str)).replace("`", "")
                assert any(first in line for line in lines)
            # Head, line and rows: none is broken over two; sums stand apart.
            caption = as_text([Paragraph(table.caption)]).count("\n") + 1 if table.caption else 0
            assert len(lines) == caption + 2 + len(table.rows)


def test_numbers_of_the_lessons_network_are_short_and_exact_where_one_points_at_them(lesson):
    """Five digits in the text; on the page, all of them in the title."""
    for view in lesson:
        html = view._repr_html_()
        titles = set(re.findall(r' title="([^"]*)"', html))
        for table in (block for block in view.blocks() if isinstance(block, Table)):
            for cell in (cell for row in table.rows for cell in row):
                if isinstance(cell, float | Bar):
                    assert repr(float(cell.value if isinstance(cell, Bar) else cell)) in titles
