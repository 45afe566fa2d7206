"""What a network is made of, layer by layer: shapes, parameters, multiply-adds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from glassnet.arrays import Shape
from glassnet.document import Block, Note, Paragraph, Shown, Table
from glassnet.errors import GlassnetError
from glassnet.layers import Windowed, format_layer
from glassnet.memory import in_bytes
from glassnet.network import Network

HEADER = ("layer", "as text", "activation", "output", "parameters", "multiply-adds")


@dataclass(frozen=True)
class LayerSummary:
    """One layer in numbers."""

    layer: int  # from 1, as the lessons count
    kind: str
    text: str  # as it is written: conv20@5
    activation: str
    output_shape: Shape  # without the batch
    parameters: int
    multiply_adds: int  # for one image, on the way forward: each weight once at each of its places
    unseen: tuple[int, int]  # rows and columns of its input that no window sees


@dataclass(frozen=True, repr=False)
class Summary(Shown):
    """A network in numbers; `print` shows it as a table."""

    network: str  # its text
    input_shape: Shape
    dtype: str
    layers: tuple[LayerSummary, ...]
    activations: int  # numbers that all layers together make of one image

    @property
    def parameters(self) -> int:
        """How many numbers the network learns."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def multiply_adds(self) -> int:
        """How many products are added up to answer one image."""
        return sum(layer.multiply_adds for layer in self.layers)

    @property
    def bytes(self) -> int:
        """What the parameters take."""
        return self.parameters * (8 if self.dtype == "float64" else 4)

    def notes(self) -> list[str]:
        """Rows and columns that no window sees, a sentence for each layer that leaves some over."""
        return [
            f"Layer {layer.layer}, {layer.text}, doesn't see {_rows_and_columns(*layer.unseen)} of its input."
            for layer in self.layers
            if any(layer.unseen)
        ]

    def blocks(self) -> Sequence[Block]:
        rows = [
            [
                f"{layer.layer}",
                layer.text,
                layer.activation if layer.parameters else "",
                _by(layer.output_shape),
                f"{layer.parameters:,}",
                f"{layer.multiply_adds:,}",
            ]
            for layer in self.layers
        ]
        total = ["all", "", "", "", f"{self.parameters:,}", f"{self.multiply_adds:,}"]
        first = next((layer.layer for layer in self.layers if layer.parameters), None)
        example = "" if first is None else f", as in {first}.weight"
        images = "rows of numbers" if len(self.input_shape) == 1 else "images"
        return [
            Paragraph(f"The network {self.network}. What goes in: {images}, {_by(self.input_shape)}."),
            Table(HEADER, [*rows, total], sums=1),
            Paragraph(
                f"Parameters bear the number of their layer{example}; they take {in_bytes(self.bytes)} as "
                f"{self.dtype}. One image takes {self.multiply_adds:,} multiply-adds on its way forward, and "
                f"makes {self.activations:,} activations."
            ),
            *(Note(note, good=False) for note in self.notes()),
        ]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "network": self.network,
            "input_shape": list(self.input_shape),
            "dtype": self.dtype,
            "parameters": self.parameters,
            "multiply_adds": self.multiply_adds,
            "bytes": self.bytes,
            "activations": self.activations,
            "layers": [
                vars(layer) | {"output_shape": list(layer.output_shape), "unseen": list(layer.unseen)}
                for layer in self.layers
            ],
        }


def summarize(network: Network) -> Summary:
    """The layers of a network, their shapes, parameters and multiply-adds.

    Raises:
        GlassnetError: it is no network.

    >>> summary = summarize(Network("conv20@5 pool2 10", seed=0))
    >>> [layer.output_shape for layer in summary.layers]
    [(20, 24, 24), (20, 12, 12), (2880,), (10,)]
    >>> summary.parameters, summary.multiply_adds  # 20 · 25 weights at 24 · 24 places; 10 · 2,880
    (29330, 316800)
    """
    if not isinstance(network, Network):
        raise GlassnetError(f"{network!r} stands where a Network is wanted: summarize(network)")
    inputs = (network.input_shape, *network.output_shapes[:-1])
    layers = []
    for number, (layer, shape, output, parameters) in enumerate(
        zip(network.layers, inputs, network.output_shapes, network.by_layer(), strict=True), 1
    ):
        weights = parameters["weight"].size if "weight" in parameters else 0
        layers.append(
            LayerSummary(
                layer=number,
                kind=layer.kind,
                text=format_layer(layer),
                activation=layer.activation,
                output_shape=output,
                parameters=sum(array.size for array in parameters.values()),
                multiply_adds=weights * prod(output[1:]),  # a dense layer has its weights in one place
                unseen=layer.unseen(shape) if isinstance(layer, Windowed) else (0, 0),
            )
        )
    return Summary(
        str(network), network.input_shape, network.dtype.name, tuple(layers), network.activation_count
    )


def _by(shape: Shape) -> str:
    return "×".join(map(str, shape))


def _rows_and_columns(rows: int, columns: int) -> str:
    """Only what there is of them: "1 row and 2 columns"."""
    counts = [(rows, "row"), (columns, "column")]
    return " and ".join(f"{count} {name}{'s' if count > 1 else ''}" for count, name in counts if count)
