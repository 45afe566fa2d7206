"""`explain`: lessons 1 to 4 on one's own network and image, with real numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from glassnet.arrays import Array, Images
from glassnet.costs import Cost
from glassnet.document import Block, Equation, Note, Pixels, Shown
from glassnet.draws import Draw
from glassnet.explanation.activation_derivative import ActivationDerivative, activation_derivative
from glassnet.explanation.chain import ParameterDerivative, parameter_derivative
from glassnet.explanation.dropped import Dropped, dropped
from glassnet.explanation.feature_maps import FeatureMaps, feature_maps
from glassnet.explanation.filters import Filter, filter_of
from glassnet.explanation.forward import CostSum, LayerFormula, NeuronSum, headline, neuron_sum
from glassnet.explanation.gradient_check import GradientCheck, check_gradient
from glassnet.explanation.jacobian import Jacobian, softmax_jacobian
from glassnet.explanation.nudges import Nudges, nudges
from glassnet.explanation.pooling import Winners, winners
from glassnet.explanation.shared_weight import SharedWeight, shared_weight
from glassnet.explanation.trace import Trace, trace
from glassnet.explanation.vanishing import VanishingGradient, vanishing_gradient_of
from glassnet.explanation.wishes import Ways, Wishes, ways_to_raise, wishes
from glassnet.network import Gradient, Network
from glassnet.optimizers import SGD

Neuron: TypeAlias = int | tuple[int, ...]  # its number, or (channel, row, column)


@dataclass(frozen=True, repr=False, eq=False)
class Explanation(Shown):
    """One image's way through a network and back, every number of it.

    Layers are counted as in the lessons: 0 is the input, 1 the first layer, `depth` the last;
    neurons, inputs and weights from 0. A neuron is named by its number in the layer or, where the
    layer is an image, by (channel, row, column). What the methods return shows itself: as text in a prompt,
    as formulas in a notebook.
    """

    trace: Trace

    @property
    def depth(self) -> int:
        """L, the number of layers behind the input."""
        return self.trace.depth

    @property
    def outputs(self) -> Array:
        """The activations of the last layer, shape (n_out,)."""
        return self.trace.a(self.depth)

    @property
    def answer(self) -> int:
        """The class of the largest output."""
        return self.trace.answer

    @property
    def gradient(self) -> Gradient:
        """C₀, ∇C₀ and everything on the way, by the full chain; after a breakdown, as in training."""
        return self.trace.way(0)

    @property
    def cost(self) -> CostSum:
        """C₀, output by output."""
        return CostSum(self.trace)

    # The way forward

    def layer(self, layer: int) -> LayerFormula:
        """Layer 1 … L as a matrix formula, with shapes and what came out."""
        self.trace.layer_at(layer)
        return LayerFormula(self.trace, layer)

    def neuron(self, layer: int, j: Neuron) -> NeuronSum:
        """The weighted sum of neuron j of layer 1 … L, term by term, and its activation."""
        return neuron_sum(self.trace, layer, j)

    def contributions(self, j: Neuron) -> Array:
        """w·a of every input for neuron j of layer 1, shape (n_in,): 0 where no line leads to it."""
        neuron = self.neuron(1, j)
        pixels = np.zeros_like(self.trace.a(0))
        pixels[neuron.connections.places] = neuron.terms
        return pixels

    # The way back

    def weight(self, layer: int, *place: int) -> ParameterDerivative:
        """∂C₀/∂w of a weight of layer 1 … L.

        Of a dense layer it is named by (j, k): to neuron j from neuron k of the layer before; of a conv
        layer by (o, c, i, j): of filter o in channel c, row i and column j of its window.
        """
        return parameter_derivative(self.trace, layer, "weight", *place)

    def bias(self, layer: int, j: int) -> ParameterDerivative:
        """∂C₀/∂b of neuron (or filter) j of layer 1 … L."""
        return parameter_derivative(self.trace, layer, "bias", j)

    def activation(self, layer: int, k: Neuron) -> ActivationDerivative:
        """∂C₀/∂a of neuron k of layer 0 … L; layer 0 is the input."""
        return activation_derivative(self.trace, layer, k)

    @property
    def pixels(self) -> Array:
        """∂C₀/∂a⁽⁰⁾: how the cost changes with each input, shape (n_in,)."""
        return self.trace.dC_da(0)

    def jacobian(self, layer: int) -> Jacobian:
        """∂a/∂z of layer 1 … L, whole."""
        return softmax_jacobian(self.trace, layer)

    # What it asks for

    def ways_to_raise(self, j: Neuron, layer: int | None = None) -> Ways:
        """The three ways to raise activation j of a layer, the last one if none is named."""
        return ways_to_raise(self.trace, self.depth if layer is None else layer, j)

    def wishes(self, layer: int | None = None) -> Wishes:
        """What the neurons of a layer (else the last) wish of those before, and the sums."""
        return wishes(self.trace, self.depth if layer is None else layer)

    def nudges(self, learning_rate: float = 0.5, optimizer: str = SGD.name) -> Nudges:
        """−∇C₀ in words and numbers, and what a step of gradient descent does; training's may be others."""
        return nudges(self.trace, learning_rate, optimizer)

    # Over the image, and through the depth

    def filter(self, layer: int, o: int) -> Filter:
        """The weights of filter o of a conv layer, and how the cost changes with them."""
        return filter_of(self.trace, layer, o)

    def feature_maps(self, layer: int) -> FeatureMaps:
        """What the filters (or channels) of layer 1 … L answered, place by place."""
        return feature_maps(self.trace, layer)

    def winners(self, layer: int) -> Winners:
        """Who won the windows of a max pooling layer, and who got no gradient."""
        return winners(self.trace, layer)

    def dropped(self, layer: int) -> Dropped:
        """What a dropout layer switched off, if the image is shown as training saw it."""
        return dropped(self.trace, layer)

    def shared_weight(self, layer: int, o: int, c: int, i: int, j: int) -> SharedWeight:
        """What each place of a filter's weight adds to ∂C₀/∂w, as a map."""
        return shared_weight(self.trace, layer, o, c, i, j)

    @property
    def vanishing_gradient(self) -> VanishingGradient:
        """How ‖δ‖ shrinks or grows on the way back, layer by layer, and by which factors."""
        return vanishing_gradient_of(self.trace)

    def check(self, sample: int | None = None) -> GradientCheck:
        """The gradient of this image beside finite differences, parameter by parameter."""
        trace = self.trace
        return check_gradient(
            trace.network, trace.x, trace.y, trace.cost.name, sample=sample, draw=trace.draw
        )

    def steepest_weight(self, layer: int) -> tuple[int, ...]:
        """The layer and the place of its weight that the cost changes most with: what `weight` takes."""
        shape = self.trace.parameter(layer, "weight").shape
        sizes = np.nan_to_num(np.abs(self.trace.used.parameters[f"{layer}.weight"]))
        return layer, *(int(index) for index in np.unravel_index(sizes.argmax(), shape))

    def blocks(self) -> Sequence[Block]:
        return [
            headline(self.trace),
            *self.warnings(),
            *self.image(),
            *(Equation(page.formula(), page.shapes()) for page in self.trace.pages),
            *self.cost.blocks(),
        ]

    def image(self) -> list[Block]:
        """The image, if it is one."""
        image = self.trace.picture
        if image is None:
            return []
        words = f"the image: {image.size} numbers, the activations `a⁽⁰⁾` of the input"
        return [Pixels(image, words)]

    def warnings(self) -> list[Block]:
        """Where a number is none."""
        if (where := self.trace.first_non_finite) is None:
            return []
        return [
            Note(
                f"Not all numbers are finite. The first on the way: {where}. "
                "What depends on it can't be finite either.",
                good=False,
            )
        ]


def explain(
    network: Network,
    image: Images,
    label: Any,
    cost: str | Cost = "quadratic",
    *,
    class_names: Sequence[str] | None = None,
    engine: str = "textbook",
    dtype: Any = np.float64,
    draw: Draw | None = None,
) -> Explanation:
    """Explain what a network makes of an image, and what the image would teach it.

    Args:
        network: it is copied, not changed.
        image: as many numbers as the network has inputs; uint8 from 0 to 255, or floats as they are.
        label: the desired class, or the desired outputs (n_out,); None takes the network's own answer.
        cost: its name.
        class_names: what the outputs stand for.
        engine: which engine's numbers are shown: textbook or native.
        dtype: what is computed in. In float64 finite differences agree to eight digits or so;
            `network.dtype` shows what training saw.
        draw: the training step to show the image in, dropout included; None shows it as it is answered,
            where dropout passes everything on.

    Raises:
        GlassnetError: an image of another size, a label that the network lacks, a cost that its
            outputs don't allow.

    >>> network = Network("2-1", parameters={"1.weight": np.array([[1.0, -1.0]]), "1.bias": np.zeros(1)})
    >>> weight = explain(network, np.array([2.0, 2.0]), [0.0], "squared").weight(1, 0, 0)
    >>> [factor.value for factor in weight.factors], weight.value  # 2(a − y) · σ′(z) · a = 1 · ¼ · 2
    ([1.0, 0.25, 2.0], 0.5)
    """
    return Explanation(trace(network, image, label, cost, class_names, engine, dtype, draw))
