"""The walk-through: lessons 1 to 4 and 6 on one image, as sections for a terminal or a page.

Each section stands by itself; `walkthrough` puts them in the order of the lessons. With pictures
a section is made for a page; without, for a terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from glassnet import plots
from glassnet.activations import Softmax
from glassnet.data import Split
from glassnet.document import Block, HeatMap, Paragraph, Picture, Pixels, Section, Table, number, symbol
from glassnet.explanation import (
    CostLine,
    CostPlane,
    Explanation,
    Neuron,
    attribute,
    headline,
    quick_sample,
    vanishing_gradient,
    what_examples_want,
)
from glassnet.layers import format_layer
from glassnet.optimizers import SGD

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEAT_MAPS = 3  # neurons of the first layer whose w·a is drawn


def walkthrough(
    explanation: Explanation, learning_rate: float, pictures: bool, optimizer: str = SGD.name
) -> list[Section]:
    """From the pixels to the cost and back, in the order of the lessons.

    Args:
        explanation: what is walked through.
        learning_rate: η of the step that is tried at the end.
        pictures: whether there are pictures.
        optimizer: by which the network learned.
    """
    depth, trace = explanation.depth, explanation.trace
    chosen = trace.answer if trace.wanted is None else trace.wanted
    layers = with_weights(explanation)
    shared = [i for i in layers if "shared_weight" in trace.page(i).views]
    sections = [
        image_section(explanation, pictures),
        forward_section(explanation, pictures),
        *over_the_image(explanation, pictures),
        neuron_section(explanation, layers[-1] if layers else depth, chosen),
        Section("The cost", [_how_wrong(explanation), *explanation.cost.blocks()]),
    ]
    if layers:
        sections += weight_sections(explanation, explanation.steepest_weight(layers[-1]), pictures)
    sections += softmax_sections(explanation)
    for layer in dict.fromkeys([*layers[-2:-1], *[i for i in shared[:1] if i != layers[-1]]]):
        sections += weight_sections(explanation, explanation.steepest_weight(layer), pictures)
    sections.append(raise_section(explanation, layers[-1] if layers else depth, chosen))
    sections.append(pixels_section(explanation, pictures))
    sections.append(nudges_section(explanation, learning_rate, pictures, optimizer))
    if is_deep(explanation):
        sections.append(depth_section(explanation, pictures))
    return sections


def image_section(explanation: Explanation, pictures: bool) -> Section:
    """What goes in and what comes out."""
    trace = explanation.trace
    blocks: list[Block] = [headline(trace), *explanation.warnings(), *explanation.image()]
    if pictures:
        figure = plots.activations(trace.chain.caches, trace.class_names, trace.wanted)
        blocks.append(_picture(figure, "the activations of all layers, from the input to the answer"))
    return Section("The image and the answer", blocks)


def forward_section(explanation: Explanation, pictures: bool) -> Section:
    """Each layer as one matrix formula."""
    blocks: list[Block] = [
        Paragraph(
            "A neuron holds a number, its activation `a`. A layer makes its activations of those before: "
            "`z` is their weighted sum plus a bias, and `a` is `z` squeezed by the activation function. "
            "For all neurons of a layer together that is one matrix formula."
        )
    ]
    for layer in range(1, explanation.depth + 1):
        blocks += _formula_blocks(explanation, layer)
    drawn = explanation.trace.params[0].get("weight", np.zeros(0)).ndim > 1  # a picture of each neuron
    if pictures and drawn and not over_the_image(explanation, False):
        figure = plots.weights(explanation.trace.network)
        caption = "what the neurons of layer 1 look for: their weights as pictures"
        blocks.append(_picture(figure, caption, narrow=True))
    return Section("Forward: `a = σ(W a + b)`, layer by layer", blocks)


def over_the_image(explanation: Explanation, pictures: bool) -> list[Section]:
    """What convolution, pooling and dropout did, layer by layer; nothing of a network without them."""
    return [
        Section(_title_of(explanation, layer), blocks)
        for layer in range(1, explanation.depth + 1)
        if (blocks := _layer_blocks(explanation, layer, pictures))
    ]


def layer_section(explanation: Explanation, layer: int, pictures: bool) -> Section:
    """All of one layer: its formula, and what it did over the image."""
    blocks = [*_formula_blocks(explanation, layer), *_layer_blocks(explanation, layer, pictures)]
    return Section(_title_of(explanation, layer), blocks)


def filter_section(explanation: Explanation, layer: int, o: int, pictures: bool) -> Section:
    """One filter in numbers and, on a page, as pictures: one for each channel that it looks at."""
    blocks = [*explanation.filter(layer, o).blocks()]
    if pictures:
        weight = explanation.trace.params[layer - 1]["weight"][o : o + 1]
        figure = plots.filters(weight, f"filter {o} of layer {layer}")
        blocks.append(_picture(figure, "what it looks for: its weights", narrow=True))
    return Section(f"Filter {o} of layer {layer}", blocks)


def neuron_section(explanation: Explanation, layer: int, j: Neuron) -> Section:
    """One neuron's weighted sum."""
    neuron = explanation.neuron(layer, j)
    trace = explanation.trace
    output = f", the output for {trace.name_of(neuron.j)}" if layer == explanation.depth else ""
    which = trace.in_words(layer, neuron.j).capitalize()
    words = Paragraph(f"{which}{output}: {trace.page(layer).hears}.")
    title = f"One neuron: `{trace.letter('z', layer, neuron.j)}` term by term"
    return Section(title, [words, *neuron.blocks()])


def weight_sections(explanation: Explanation, place: tuple[int, ...], pictures: bool) -> list[Section]:
    """The chain rule of one weight and, if it is shared, its places; `place` begins with the layer."""
    sections = [weight_section(explanation, *place)]
    if "shared_weight" in explanation.trace.page(place[0]).views:
        shared = explanation.shared_weight(*place)
        blocks = [*shared.blocks()]
        if pictures and np.isfinite(shared.products).all():
            caption = (
                f"each place drawn where `{shared.letter}` stands on what the filter looks at; all that the "
                f"last picture shows adds up to {number(shared.total)}"
            )
            blocks = _without_maps(blocks)
            blocks.append(_picture(plots.shared_weight(shared), caption, narrow=True))
        sections.append(Section(f"All places of `{shared.letter}`", blocks))
    return sections


def weight_section(explanation: Explanation, layer: int, *place: int) -> Section:
    """The chain rule of one weight."""
    weight = explanation.weight(layer, *place)
    factors = {2: "two", 3: "three"}[len(weight.factors)]
    everywhere = f", summed up over all places of its {weight.unit}" if weight.shared else ""
    words = Paragraph(
        "How does the cost change with one weight? The weight moves the weighted sum, that moves the "
        f"activation, and that moves the cost: the derivative is a product of {factors} slopes (the chain "
        f"rule){everywhere}."
    )
    return Section(f"Backward: the weight `{weight.letter}`", [words, *weight.blocks()])


def bias_section(explanation: Explanation, layer: int, j: int) -> Section:
    """The chain rule of one bias."""
    bias = explanation.bias(layer, j)
    return Section(f"Backward: the bias `{bias.letter}`", bias.blocks())


def activation_section(explanation: Explanation, layer: int, k: Neuron) -> Section:
    """∂C₀/∂a of one neuron."""
    activation = explanation.activation(layer, k)
    return Section(f"Backward: the activation `{_letter(explanation, layer, k)}`", activation.blocks())


def softmax_sections(explanation: Explanation) -> list[Section]:
    """Softmax's Jacobian, for every layer that has one."""
    return [
        Section(f"Softmax: how the outputs of layer {layer} share", explanation.jacobian(layer).blocks())
        for layer in range(1, explanation.depth + 1)
        if isinstance(explanation.trace.activation(layer), Softmax)
    ]


def raise_section(explanation: Explanation, layer: int, j: Neuron) -> Section:
    """The ways to raise an activation, and the wishes of all outputs."""
    raised = explanation.ways_to_raise(j, layer)
    ways = {1: "The way", 2: "Two ways", 3: "Three ways"}[raised.count]
    title = f"{ways} to raise `{_letter(explanation, layer, j)}`, and all wishes added up"
    return Section(title, [*raised.blocks(), *explanation.wishes(layer).blocks()])


def pixels_section(explanation: Explanation, pictures: bool) -> Section:
    """Where the image acts: on the first layer, and on the cost."""
    slopes, image = explanation.pixels, explanation.trace.picture
    k = int(np.nan_to_num(np.abs(slopes)).argmax())
    blocks: list[Block] = [
        Paragraph(
            f"At the end of the way back stands `{symbol('a', 0, 'k')}`, the image itself: its slopes "
            f"say how the cost would change with each pixel, with {_pixel(explanation, k)} most of all."
        ),
        *explanation.activation(0, k).blocks(),
    ]
    if pictures and image is not None:
        neurons = _busiest(explanation)
        figure = plots.contributions(
            image,
            np.stack([explanation.contributions(j) for j in neurons]),
            slopes,
            [_whose(explanation, j) for j in neurons],
        )
        caption = (
            "what each pixel adds to a neuron of layer 1 (`w·a`), and how the cost changes with each pixel"
        )
        blocks.append(_picture(figure, caption))
    return Section("Back to the pixels", blocks)


def nudges_section(
    explanation: Explanation, learning_rate: float, pictures: bool, optimizer: str = SGD.name
) -> Section:
    """−∇C₀ in words and numbers."""
    blocks = [*explanation.nudges(learning_rate, optimizer).blocks()]
    if pictures and explanation.trace.network.parameters:
        figure = plots.gradient_by_layer(explanation.trace.used)
        blocks.append(_picture(figure, "the gradient, layer by layer"))
    return Section("Nudges: what this image would teach", blocks)


def is_deep(explanation: Explanation) -> bool:
    """Whether there are at least two layers with weights before the last one."""
    return len(with_weights(explanation)) > 2


def depth_section(explanation: Explanation, pictures: bool) -> Section:
    """How the gradient of this image shrinks or grows from layer to layer."""
    shown = explanation.vanishing_gradient
    blocks = [*shown.blocks()]
    if pictures and shown.deltas.any():
        caption = "the length of δ in each layer, and what the way back multiplied it by"
        blocks.append(_picture(plots.vanishing_gradient(shown), caption, narrow=True))
    return Section("Depth: the vanishing gradient", blocks)


def depth_of_many_section(explanation: Explanation, split: Split, what: str, pictures: bool) -> Section:
    """The same of the mean gradient of many images, on which training takes its steps."""
    trace = explanation.trace
    shown = vanishing_gradient(trace.network, split.images, split.labels, trace.cost)
    words = Paragraph(
        "Training takes its steps on the mean of many images. So here δ is their mean, and then its length "
        "is taken."
    )
    blocks = [words, *shown.numbers()]
    if pictures and shown.deltas.any():
        caption = f"the length of the mean δ of {what}"
        blocks.append(_picture(plots.vanishing_gradient(shown), caption, narrow=True))
    return Section(f"The vanishing gradient of many images: {what}", blocks)


def wants_section(explanation: Explanation, split: Split, what: str) -> Section:
    """What each example of a mini-batch wants."""
    trace = explanation.trace
    wants = what_examples_want(
        trace.network, split.images, split.labels, trace.cost, class_names=trace.class_names
    )
    return Section(f"What each example wants: {what}", wants.blocks())


def attribution_section(
    explanation: Explanation, split: Split, parameter: tuple[str, tuple[int, ...]], what: str, pictures: bool
) -> Section:
    """Which images pushed one parameter up or down."""
    trace = explanation.trace
    found = attribute(
        trace.network, split.images, split.labels, parameter, trace.cost, class_names=trace.class_names
    )
    blocks = [*found.blocks()]
    if pictures and np.isfinite(found.nudges).all() and found.nudges.any():
        title = f"who pushes {found.parameter}, among {what}"
        figure = plots.attribution(split.images, found.nudges, split.labels, trace.class_names, title)
        blocks.append(_picture(figure, "the images that push hardest, upwards and downwards", narrow=True))
    return Section(f"Who pushes `{found.parameter.letter}`: {what}", blocks)


def check_section(explanation: Explanation) -> Section:
    """Every parameter's gradient beside its finite difference; of a large network, of some of them."""
    count = explanation.trace.network.parameter_count
    sample = quick_sample(explanation.trace.network)
    which = (
        "Each parameter" if sample is None else f"{sample:,} of the {count:,} parameters, drawn at random,"
    )
    words = Paragraph(
        f"Is all this right? {which} nudged up and down a little, and the cost itself is asked for its "
        "slope, in float64:"
    )
    return Section("The gradient check", [words, *explanation.check(sample).blocks()])


def landscape_section(line: CostLine, plane: CostPlane | None, pictures: bool) -> Section:
    """The cost around the present parameters."""
    blocks: list[Block] = [*line.blocks()]
    if pictures:
        blocks.append(_picture(plots.cost_line(line), "the cost along the negative gradient"))
    if plane is not None:
        blocks += [block for block in plane.blocks() if not (pictures and isinstance(block, Pixels))]
        if pictures:
            blocks.append(_picture(plots.cost_plane(plane), "the cost on a plane through the parameters"))
    return Section("The landscape of the cost", blocks)


def _pixel(explanation: Explanation, k: int) -> str:
    """Input k, and where it is in the image."""
    image = explanation.trace.picture
    if image is None:
        return explanation.trace.in_words(0, k)
    row, column = divmod(k, image.shape[1])
    return f"pixel {k} (row {row}, column {column})"


def _how_wrong(explanation: Explanation) -> Paragraph:
    cost = explanation.trace.used.cost
    return Paragraph(
        f"The cost says in one number how far the outputs are from what is wanted: small when the network is "
        f"right and sure of it, large when it is wrong. Here it is `{number(cost)}`."
    )


def _busiest(explanation: Explanation) -> list[int]:
    """The neurons of layer 1 whose gradient is largest; of filters, one each."""
    trace = explanation.trace
    delta = np.nan_to_num(np.abs(trace.delta(1)))
    if len(trace.shape(1)) == 3:
        maps = delta.reshape(trace.shape(1)[0], -1)  # (filters, places)
        best = maps.argmax(axis=1) + maps.shape[1] * np.arange(len(maps))
        return [int(best[o]) for o in np.argsort(-maps.max(axis=1), kind="stable")[:HEAT_MAPS]]
    return [int(j) for j in np.argsort(-delta, kind="stable")[:HEAT_MAPS]]


def _whose(explanation: Explanation, j: int) -> str:
    place = explanation.trace.position(1, j)
    if len(place) == 1:
        return f"w·a of neuron {j}, layer 1"
    return f"w·a, {explanation.trace.page(1).unit} {place[0]} at {place[1]}, {place[2]}"


def with_weights(explanation: Explanation) -> list[int]:
    """The numbers of the layers that have weights."""
    return [i + 1 for i, params in enumerate(explanation.trace.params) if "weight" in params]


def _title_of(explanation: Explanation, layer: int) -> str:
    page = explanation.trace.page(layer)
    return f"Layer {layer}, {format_layer(page.own)}" + (f": {page.subject}" if page.subject else "")


def _formula_blocks(explanation: Explanation, layer: int) -> list[Block]:
    """A layer's formula and what came out; of one that hands numbers on, the formula alone."""
    blocks, page = explanation.layer(layer).blocks(), explanation.trace.page(layer)
    equations: list[Block] = [block for block in blocks if not isinstance(block, Table)]
    if "feature_maps" in page.views:
        return [*equations, *explanation.feature_maps(layer).blocks()]
    return equations if page.hands_on else [*blocks]


def _layer_blocks(explanation: Explanation, layer: int, pictures: bool) -> list[Block]:
    """What a layer of filters, of windows or of dropout did; nothing of another."""
    views = explanation.trace.page(layer).views
    return [block for view in views if view in VIEWS for block in VIEWS[view](explanation, layer, pictures)]


def _filters(explanation: Explanation, layer: int, pictures: bool) -> list[Block]:
    maps = explanation.feature_maps(layer)
    blocks = [*explanation.filter(layer, int(maps.strongest[0])).blocks()]
    if not pictures:
        return blocks
    weight = explanation.trace.params[layer - 1]["weight"]
    filters = plots.filters(weight, f"the filters of layer {layer} ({layer}.weight)")
    return [
        _picture(filters, f"what layer {layer} looks for: its weights", narrow=True),
        *blocks,
        _picture(plots.feature_maps(maps), f"what layer {layer} found, and where", narrow=True),
    ]


def _winners(explanation: Explanation, layer: int, pictures: bool) -> list[Block]:
    won = explanation.winners(layer)
    if not pictures:
        return [*won.blocks()]
    caption = "what is pooled, and a dot on the number that goes on; where all are equal, none"
    return [*won.blocks(), _picture(plots.winners(won), caption, narrow=True)]


def _dropped(explanation: Explanation, layer: int, pictures: bool) -> list[Block]:
    off = explanation.dropped(layer)
    if not pictures or off.mask is None:
        return [*off.blocks()]
    blocks = [block for block in off.blocks() if not isinstance(block, Pixels)]
    caption = "what went on, and what was switched off"
    return [*blocks, _picture(plots.dropped(off), caption, narrow=True)]


# What is shown of the layers whose page of explanation has such a view.
VIEWS = {"filter": _filters, "winners": _winners, "dropped": _dropped}


def _without_maps(blocks: Sequence[Block]) -> list[Block]:
    """Where a picture shows the same."""
    return [block for block in blocks if not isinstance(block, HeatMap)]


def _letter(explanation: Explanation, layer: int, k: Neuron) -> str:
    trace = explanation.trace
    return trace.letter("a", layer, trace.neuron_at(layer, k))


def _picture(figure: Figure, caption: str, narrow: bool = False) -> Picture:
    return Picture(plots.png(figure), caption, narrow)
