"""The walk-through: lessons 1 to 4 on one image, as sections for a terminal or a page.

Each section stands by itself; `walkthrough` puts them in the order of the lessons. With pictures
a section is made for a page; without, for a terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glassnet import plots
from glassnet.activations import Softmax
from glassnet.data import Split
from glassnet.document import Block, Paragraph, Picture, Pixels, Section, number, symbol
from glassnet.explanation import Explanation, attribute, what_examples_want
from glassnet.explanation.forward import headline
from glassnet.explanation.landscape import CostLine, CostPlane

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CHECKED = 20_000  # parameters at most: they take half a second
HEAT_MAPS = 3  # neurons of the first layer whose w·a is drawn


def walkthrough(explanation: Explanation, learning_rate: float, pictures: bool) -> list[Section]:
    """From the pixels to the cost and back, in the order of the lessons.

    Args:
        explanation: what is walked through.
        learning_rate: η of the step that is tried at the end.
        pictures: whether there are pictures.
    """
    depth, trace = explanation.depth, explanation.trace
    chosen = trace.answer if trace.wanted is None else trace.wanted
    layers = [i + 1 for i, params in enumerate(trace.params) if "weight" in params]
    sections = [
        image_section(explanation, pictures),
        forward_section(explanation, pictures),
        neuron_section(explanation, layers[-1] if layers else depth, chosen),
        Section("The cost", [_how_wrong(explanation), *explanation.cost.blocks()]),
    ]
    if layers:
        sections.append(weight_section(explanation, *explanation.steepest_weight(layers[-1])))
    sections += softmax_sections(explanation)
    if len(layers) > 1:
        sections.append(weight_section(explanation, *explanation.steepest_weight(layers[-2])))
    sections.append(raise_section(explanation, layers[-1] if layers else depth, chosen))
    sections.append(pixels_section(explanation, pictures))
    sections.append(nudges_section(explanation, learning_rate, pictures))
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
        blocks += explanation.layer(layer).blocks()
    if pictures and explanation.trace.network.weights:
        figure = plots.weights(explanation.trace.network)
        blocks.append(_picture(figure, "what the neurons of layer 1 look for: their weights as pictures"))
    return Section("Forward: `a = σ(W a + b)`, layer by layer", blocks)


def neuron_section(explanation: Explanation, layer: int, j: int) -> Section:
    """One neuron's weighted sum."""
    neuron = explanation.neuron(layer, j)
    output = f", the output for {explanation.trace.name_of(j)}" if layer == explanation.depth else ""
    words = Paragraph(
        f"Neuron {j} of layer {layer}{output}: every activation of the layer before, times its weight."
    )
    return Section(f"One neuron: `{symbol('z', layer, j)}` term by term", [words, *neuron.blocks()])


def weight_section(explanation: Explanation, layer: int, j: int, k: int) -> Section:
    """The chain rule of one weight."""
    weight = explanation.weight(layer, j, k)
    factors = {2: "two", 3: "three"}[len(weight.factors)]
    words = Paragraph(
        "How does the cost change with one weight? The weight moves the weighted sum, that moves the "
        f"activation, and that moves the cost: the derivative is a product of {factors} slopes (the chain "
        "rule)."
    )
    return Section(f"Backward: the weight `{weight.letter}`", [words, *weight.blocks()])


def bias_section(explanation: Explanation, layer: int, j: int) -> Section:
    """The chain rule of one bias."""
    bias = explanation.bias(layer, j)
    return Section(f"Backward: the bias `{bias.letter}`", bias.blocks())


def activation_section(explanation: Explanation, layer: int, k: int) -> Section:
    """∂C₀/∂a of one neuron."""
    activation = explanation.activation(layer, k)
    return Section(f"Backward: the activation `{symbol('a', layer, k)}`", activation.blocks())


def softmax_sections(explanation: Explanation) -> list[Section]:
    """Softmax's Jacobian, for every layer that has one."""
    return [
        Section(f"Softmax: how the outputs of layer {layer} share", explanation.jacobian(layer).blocks())
        for layer in range(1, explanation.depth + 1)
        if isinstance(explanation.trace.activation(layer), Softmax)
    ]


def raise_section(explanation: Explanation, layer: int, j: int) -> Section:
    """Three ways to raise an activation, and the wishes of all outputs."""
    blocks = [*explanation.ways_to_raise(j, layer).blocks(), *explanation.wishes(layer).blocks()]
    return Section(f"Three ways to raise `{symbol('a', layer, j)}`, and all wishes added up", blocks)


def pixels_section(explanation: Explanation, pictures: bool) -> Section:
    """Where the image acts: on the first layer, and on the cost."""
    slopes, image = explanation.pixels, explanation.trace.image
    k = int(np.nan_to_num(np.abs(slopes)).argmax())
    blocks: list[Block] = [
        Paragraph(
            f"At the end of the way back stands `{symbol('a', 0, 'k')}`, the image itself: its slopes "
            f"say how the cost would change with each pixel, with {_pixel(explanation, k)} most of all."
        ),
        *explanation.activation(0, k).blocks(),
    ]
    if pictures and image.ndim == 2:
        neurons = _busiest(explanation)
        figure = plots.contributions(
            image,
            np.stack([explanation.contributions(j) for j in neurons]),
            slopes,
            [f"w·a of neuron {j}, layer 1" for j in neurons],
        )
        caption = (
            "what each pixel adds to a neuron of layer 1 (`w·a`), and how the cost changes with each pixel"
        )
        blocks.append(_picture(figure, caption))
    return Section("Back to the pixels", blocks)


def nudges_section(explanation: Explanation, learning_rate: float, pictures: bool) -> Section:
    """−∇C₀ in words and numbers."""
    blocks = [*explanation.nudges(learning_rate).blocks()]
    if pictures and explanation.trace.network.parameters:
        figure = plots.gradient_by_layer(explanation.trace.used)
        blocks.append(_picture(figure, "the gradient, layer by layer"))
    return Section("Nudges: what this image would teach", blocks)


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
        blocks.append(_picture(figure, "the images that push hardest, upwards and downwards"))
    return Section(f"Who pushes `{found.parameter.letter}`: {what}", blocks)


def check_section(explanation: Explanation) -> Section:
    """Every parameter's gradient beside its finite difference; of a large network, of some of them."""
    count = explanation.trace.network.parameter_count
    sample = CHECKED if count > CHECKED else None
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
    image = explanation.trace.image
    if image.ndim != 2:
        return f"input {k}"
    row, column = divmod(k, image.shape[1])
    return f"pixel {k} (row {row}, column {column})"


def _how_wrong(explanation: Explanation) -> Paragraph:
    cost = explanation.trace.used.cost
    return Paragraph(
        f"The cost says in one number how far the outputs are from what is wanted: small when the network is "
        f"right and sure of it, large when it is wrong. Here it is `{number(cost)}`."
    )


def _busiest(explanation: Explanation) -> list[int]:
    """The neurons of layer 1 whose gradient is largest."""
    delta = np.nan_to_num(np.abs(explanation.trace.delta(1)))
    return [int(j) for j in np.argsort(-delta, kind="stable")[:HEAT_MAPS]]


def _picture(figure: Figure, caption: str) -> Picture:
    return Picture(plots.png(figure), caption)
