"""Recipe: every hyperparameter of a training run, validated, as one value."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, fields, replace
from math import inf
from typing import Any

import numpy as np

from glassnet.activations import ACTIVATIONS, get_activation
from glassnet.augmentation import Augmentation
from glassnet.costs import COSTS, get_cost
from glassnet.errors import GlassnetError, unknown_name
from glassnet.initializers import get_initializer
from glassnet.layers import Parameterless, format_layer, normalize_layers, parse_layers, tables_as_text
from glassnet.network import Network
from glassnet.optimizers import OPTIMIZERS, Optimizer, make_optimizer
from glassnet.rng import check_seed
from glassnet.schedules import format_schedule, parse_schedule

ENGINES = ("native", "textbook")  # their names; what they are stands in `glassnet.engine`
LARGEST_COUNT = 1_000_000_000  # of epochs, of examples in a mini-batch


def _one_of(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}"


def _field(default: Any, help: str) -> Any:  # noqa: A002
    return field(default=default, metadata={"help": help})


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What is trained, and how. Two runs with the same recipe on the same data end with the same bits.

    The native engine keeps that promise on every CPU that it runs on, as long as all numbers are
    finite; the textbook engine on one kind of CPU, as NumPy's matrix products may differ in their
    last bits on another.

    `layers` may be given as a list of tables, too, as a TOML file has them (see `glassnet.layers.tables`).

    Raises:
        GlassnetError: a value that makes no sense, or values that don't go together.

    >>> recipe = Recipe(layers="784-30-10", cost="quadratic", learning_rate=3.0)
    >>> recipe.network().parameter_count
    23860
    >>> Recipe.from_toml(recipe.to_toml()) == recipe
    True
    """

    data: str = _field("digits", "The data to learn from: digits or mnist.")
    layers: str = _field(
        "784-16-16-10",
        "From the inputs to the outputs, or as 'conv20@5 pool2 100 10'; 16:relu names an activation.",
    )
    activation: str = _field("sigmoid", f"Of the hidden layers: {_one_of(ACTIVATIONS)}.")
    output_activation: str = _field(
        "auto", "Of the last dense layer; auto takes the one that the cost was made for."
    )
    cost: str = _field("cross_entropy", f"{_one_of(COSTS)}.")
    initializer: str = _field("scaled_normal", "normal, scaled_normal (1/√n_in), glorot, he or zeros.")
    learning_rate: float = _field(0.5, "η, the length of a step along the negative gradient.")
    batch_size: int = _field(10, "m, the examples in a mini-batch; as many as there are is gradient descent.")
    epochs: int = _field(60, "Passes over the training data.")
    optimizer: str = _field("sgd", f"What makes the steps: {_one_of(OPTIMIZERS)}.")
    momentum: float = _field(0.9, "μ of momentum and nesterov: the share of the speed that is kept.")
    beta1: float = _field(0.9, "β₁ of adam and adamw: the share of m that is kept.")
    beta2: float = _field(0.999, "β₂ of adam and adamw: the share of v that is kept.")
    schedule: str = _field(
        "constant", "How η changes: constant, step10x0.5, halve10, cosine or onecycle0.3 (numbers of yours)."
    )
    l2: float = _field(0.0, "λ of the penalty (λ/2n) Σ w²; with adamw the weights shrink by ηλ/n instead.")
    l1: float = _field(0.0, "λ₁ of the penalty (λ₁/n) Σ |w|.")
    augmentation: str = _field(
        "", "Moves of training images: shift2 rotate10 scale0.1 shear0.1 elastic1, some of them; or expanded."
    )
    class_weights: tuple[float, ...] = _field(
        (), "How much an example of each class counts; none: all the same."
    )
    patience: int | None = _field(None, "Stop after so many epochs without a better validation accuracy.")
    time_limit: float | None = _field(
        None,
        "Stop after so many seconds of training, within an epoch if need be: no run to repeat to the bit.",
    )
    keep: str = _field("last", "The parameters to end with: the last, or the best by validation accuracy.")
    seed: int = _field(0, "Draws the initial parameters and the order of the examples.")
    dtype: str = _field("float32", "float32 or float64.")
    engine: str = _field("native", "What computes the steps: native (fast) or textbook (NumPy to read).")

    def __post_init__(self) -> None:
        if not isinstance(self.class_weights, list | tuple):
            raise GlassnetError(f"class_weights is {self.class_weights!r}: give a list of numbers")
        # TOML and JSON have lists where a recipe has tuples and whole numbers where it has floats;
        # sweeps have NumPy's numbers.
        object.__setattr__(self, "class_weights", tuple(_as_float(weight) for weight in self.class_weights))
        for name in ("learning_rate", "momentum", "beta1", "beta2", "l2", "l1", "time_limit"):
            object.__setattr__(self, name, _as_float(getattr(self, name)))
        for name in ("batch_size", "epochs", "patience", "seed"):
            object.__setattr__(self, name, _as_int(getattr(self, name)))
        if isinstance(self.layers, list | tuple):
            object.__setattr__(self, "layers", tables_as_text(self.layers))
        check_seed(self.seed)
        self._check_number("learning_rate", "a positive number", lambda value: value > 0)
        for name in ("l2", "l1"):
            self._check_number(name, "a number, 0 or more", lambda value: value >= 0)
        for name in ("momentum", "beta1", "beta2"):
            self._check_number(name, "a number from 0 to below 1", lambda value: 0 <= value < 1)
        self._check_count("batch_size", 1)
        self._check_count("epochs", 0)
        if self.patience is not None:
            self._check_count("patience", 1)
        if self.time_limit is not None:
            self._check_number("time_limit", "a positive number of seconds", lambda value: value > 0)
        if not isinstance(self.layers, str):
            raise GlassnetError(f"layers is {self.layers!r}: give a text, or a list of tables ([[layers]])")
        for name in ("data", "activation", "output_activation", "cost", "initializer", "optimizer"):
            if not isinstance(getattr(self, name), str):
                raise GlassnetError(f"{name} is {getattr(self, name)!r}: give a text")
        for name, choices in (
            ("keep", ("last", "best")),
            ("dtype", ("float32", "float64")),
            ("engine", ENGINES),
        ):
            if getattr(self, name) not in choices:
                raise unknown_name(name, getattr(self, name), choices)
        object.__setattr__(self, "augmentation", Augmentation.parse(self.augmentation).text)
        get_initializer(self.initializer)
        self.make_optimizer()
        object.__setattr__(self, "schedule", format_schedule(parse_schedule(self.schedule)))
        get_activation(self.activation)
        if self.output_activation != "auto":
            get_activation(self.output_activation)
        object.__setattr__(self, "layers", normalize_layers(self.layers))
        cost = get_cost(self.cost)
        _, layers = parse_layers(self.layers, self.activation, self.last_activation)
        last = layers[-1]
        try:
            cost.check_activation(last.activation)
        except GlassnetError as error:
            if not isinstance(last, Parameterless) or last.activation != "linear":
                raise
            raise GlassnetError(  # it has no activation that could be another
                f"layers {self.layers!r} end with {format_layer(last)}, and {self.cost} is not defined "
                "for numbers that are handed on as they are: end with a dense layer, or with softmax"
            ) from error
        for weight in self.class_weights:
            if type(weight) is not float or not 0 <= weight < inf:
                raise GlassnetError(
                    f"class_weights hold {weight!r}: give numbers, 0 or more, one for each class"
                )

    def _check_number(self, name: str, want: str, fits: Callable[[float], bool]) -> None:
        value = getattr(self, name)
        if type(value) is not float or not (value < inf and fits(value)):  # false for NaN, too
            raise GlassnetError(f"{name} is {value!r}: give {want}")

    def _check_count(self, name: str, least: int) -> None:
        value = getattr(self, name)
        if type(value) is not int or not least <= value <= LARGEST_COUNT:
            raise GlassnetError(f"{name} is {value!r}: give a whole number from {least} to {LARGEST_COUNT:,}")

    @property
    def last_activation(self) -> str:
        """The activation of the last dense layer, `auto` resolved."""
        if self.output_activation != "auto":
            return self.output_activation
        natural = get_cost(self.cost).natural
        # Under a separate softmax layer the lessons have sigmoids: softmax on top of them.
        on_top = re.search(r"(^|[ -])softmax$", self.layers)
        return "sigmoid" if on_top and natural == "softmax" else natural

    def network(self) -> Network:
        """The network that this recipe trains, with its initial parameters."""
        input_shape, layers = parse_layers(self.layers, self.activation, self.last_activation)
        return Network(
            layers, input_shape, seed=self.seed, initializer=self.initializer, dtype=np.dtype(self.dtype)
        )

    def make_optimizer(self) -> Optimizer:
        """The optimizer, with the settings that are its own."""
        return make_optimizer(self.optimizer, momentum=self.momentum, beta1=self.beta1, beta2=self.beta2)

    def replace(self, **changes: Any) -> Recipe:
        """The same recipe with other values for some fields."""
        _check_names(changes)
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Every field that has a value, ready for TOML or JSON."""
        values = asdict(self) | {"class_weights": list(self.class_weights)}
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Recipe:
        """A recipe from `to_dict`'s form; what is left out has its default."""
        _check_names(values)
        return cls(**values)

    def to_toml(self) -> str:
        """The recipe as the text of a config.toml."""
        import tomli_w

        return tomli_w.dumps(self.to_dict())

    @classmethod
    def from_toml(cls, text: str, source: str = "the recipe") -> Recipe:
        """The recipe in a config.toml; `source` names it in errors."""
        try:
            values = tomllib.loads(text)
        except (ValueError, RecursionError) as error:  # also numbers of too many digits
            raise GlassnetError(f"{source} is not TOML: {error}") from error
        try:
            return cls.from_dict(values)
        except GlassnetError as error:
            raise GlassnetError(f"{source}: {error}") from error


def _as_float(value: Any) -> Any:
    """Whole numbers and NumPy's as floats; one that is too large stays as it is, and is refused later."""
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    return float(value) if number and abs(value) < 2**1023 else value


def _as_int(value: Any) -> Any:
    """NumPy's whole numbers as Python's."""
    return int(value) if isinstance(value, np.integer) else value


def _check_names(values: dict[str, Any]) -> None:
    known = [field.name for field in fields(Recipe)]
    for name in values:
        if name not in known:
            raise unknown_name("recipe field", name, known)
