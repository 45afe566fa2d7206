"""Which parts of an explanation a command shows, and what they are made of."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from glassnet.data import SOURCES, Dataset
from glassnet.document import Note, Paragraph, Section, plain
from glassnet.errors import GlassnetError
from glassnet.explanation import Explanation, Place, cost_along_gradient, cost_plane, headline, training_path
from glassnet.storage import Model, RunFolder
from glassnet.training import Recipe
from glassnet.workflows import walkthrough as parts
from glassnet.workflows.models import model_data

BATCH = 10  # images of a mini-batch, where no recipe says how many
LONG = 60.0  # seconds of training that a page doesn't wait for
SURVEYED = 1000  # training images whose mean cost makes the landscape


@dataclass(frozen=True)
class Wanted:
    """What is to be shown; nothing of it means the whole walk-through."""

    weights: tuple[tuple[int, ...], ...]
    biases: tuple[tuple[int, int], ...]
    neurons: tuple[tuple[int, ...], ...]
    layers: tuple[int, ...]
    filters: tuple[tuple[int, int], ...]
    nudges: bool
    depth: bool
    batch: bool
    of_class: str | None
    check: bool
    landscape: bool
    directions: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(
            self.weights
            or self.biases
            or self.neurons
            or self.layers
            or self.filters
            or self.nudges
            or self.depth
            or self.mini_batch
            or self.check
            or self.survey
        )

    @property
    def mini_batch(self) -> bool:
        return self.batch or self.of_class is not None

    @property
    def survey(self) -> bool:
        return self.landscape or bool(self.directions)


@dataclass(frozen=True)
class Guide:
    """Everything that sections are made of."""

    path: Path
    model: Model
    shown: str  # the name of the image
    explanation: Explanation
    learning_rate: float
    source: str | None  # the name of the data to compare with; None, what the model learned from
    run: RunFolder | None  # if MODEL is one: it knows the path that training took
    pictures: bool

    def walk(self) -> list[Section]:
        """The walk-through."""
        return parts.walkthrough(self.explanation, self.learning_rate, self.pictures, self._optimizer)

    def everything(self) -> list[Section]:
        """The walk-through, and all that needs data; where they can't be had, why, in a sentence."""
        sections = [*self.walk(), parts.check_section(self.explanation)]
        if not self._has_data:
            return sections
        if parts.is_deep(self.explanation):
            sections += _or_why("The vanishing gradient of many images", lambda: [self._depth()])
        sections += _or_why("What each example wants", lambda: self._batch(None, ()))
        sections += _or_why("The landscape of the cost", lambda: [self._landscape((), patient=False)])
        return sections

    def chosen(self, want: Wanted) -> list[Section]:
        """The parts that were asked for, behind a headline."""
        explanation = self.explanation
        head = [headline(explanation.trace), *explanation.warnings()]
        sections = [Section(f"{self.model.network}, explained", head)]
        sections += [parts.layer_section(explanation, layer, self.pictures) for layer in want.layers]
        sections += [parts.filter_section(explanation, *place, self.pictures) for place in want.filters]
        for place in want.weights:
            sections += parts.weight_sections(explanation, place, self.pictures)
        sections += [parts.bias_section(explanation, *place) for place in want.biases]
        for layer, *indices in want.neurons:
            j = indices[0] if len(indices) == 1 else tuple(indices)
            if layer:
                sections.append(parts.neuron_section(explanation, layer, j))
            sections.append(parts.activation_section(explanation, layer, j))
            if layer:
                sections.append(parts.raise_section(explanation, layer, j))
        if want.depth:
            sections.append(parts.depth_section(explanation, self.pictures))
            if self._has_data:
                sections += _or_why("The vanishing gradient of many images", lambda: [self._depth()])
        if want.nudges:
            sections.append(
                parts.nudges_section(explanation, self.learning_rate, self.pictures, self._optimizer)
            )
        if want.mini_batch:
            sections += self._batch(want.of_class, want.weights)
        if want.check:
            sections.append(parts.check_section(explanation))
        if want.survey:
            sections.append(self._landscape(want.directions))
        return sections

    @property
    def _optimizer(self) -> str:
        return (self.model.recipe or Recipe()).optimizer  # where none is known, the default recipe's

    @property
    def _has_data(self) -> bool:
        return self.source is not None or self.model.data_name in SOURCES

    def _depth(self) -> Section:
        """The mean gradient of training images, layer by layer."""
        dataset = self._dataset()
        some = dataset.training[:SURVEYED]
        what = f"the first {len(some):,} of {dataset.name}:training"
        return self._as_it_answers(parts.depth_of_many_section(self.explanation, some, what, self.pictures))

    def _dataset(self) -> Dataset:
        return model_data(self.path, self.model, self.source)

    def _batch(self, of_class: str | None, weights: tuple[tuple[int, ...], ...]) -> list[Section]:
        """A mini-batch, or the examples of a class; and who pushes these weights, of all examples."""
        dataset = self._dataset()
        training = dataset.training
        names = ", ".join(dataset.class_names)
        if of_class is not None and of_class not in dataset.class_names:
            raise GlassnetError(f"--class {of_class}: {dataset.name} has the classes {names}")
        m = self.model.recipe.batch_size if self.model.recipe else BATCH
        if of_class is None:
            some, what = training[:m], f"the first {min(m, len(training)):,} of {dataset.name}:training"
        else:
            some = training[training.labels == dataset.class_names.index(of_class)]
            what = f"the {len(some):,} of class {plain(of_class)} in {dataset.name}:training"
        sections = [parts.wants_section(self.explanation, some, what)]
        for layer, *place in weights or self._steepest():
            everyone = training if of_class is None else some
            which = f"{dataset.name}:training" if of_class is None else what
            name = (f"{layer}.weight", self.explanation.trace.place_of(layer, "weight", *place))
            sections.append(parts.attribution_section(self.explanation, everyone, name, which, self.pictures))
        return [self._as_it_answers(section) for section in sections]

    def _steepest(self) -> list[tuple[int, ...]]:
        layers = parts.with_weights(self.explanation)
        return [self.explanation.steepest_weight(layers[-1])] if layers else []

    def _trained_on(self) -> Dataset:
        return model_data(self.path, self.model, None)

    def _landscape(self, directions: tuple[str, ...], patient: bool = True) -> Section:
        """This image's cost along −∇C₀, and the mean cost of training images on a plane, with the path."""
        dataset, trace = self._dataset(), self.explanation.trace
        some, label = dataset.training[:SURVEYED], trace.y.argmax(axis=1)
        line = cost_along_gradient(
            self.model.network, trace.image[None], label, trace.cost, learning_rate=self.learning_rate
        )
        path = None
        if self.run is not None:
            path = training_path(self.run, self._trained_on(), None if patient else LONG)
        span = _two(directions) if directions else "path" if path and len(path.epochs) > 2 else "random"
        plane = cost_plane(
            self.model.network, some.images, some.labels, trace.cost, directions=span, path=path
        )
        return self._as_it_answers(parts.landscape_section(line, plane, self.pictures))

    def _as_it_answers(self, section: Section) -> Section:
        """A section for which nothing is drawn, where all the others are about an epoch's draw."""
        if self.explanation.trace.draw is None:
            return section
        words = "Here dropout passes everything on, as it does outside of training: other numbers than above."
        return Section(section.title, [Paragraph(words), *section.blocks])


def _or_why(title: str, make: Callable[[], list[Section]]) -> list[Section]:
    """The sections, or why they can't be had: no data, no checkpoint, no finite cost."""
    try:
        return make()
    except GlassnetError as error:
        return [Section(title, [Note(f"{plain(error)}.", good=False)])]


def _two(directions: tuple[str, ...]) -> tuple[Place, Place]:
    """Two parameters as they are written: 2.weight[3, 5]."""
    places = []
    for text in directions:
        match = re.fullmatch(r"\s*(\d+\.\w+)\s*\[\s*(\d+(?:\s*,\s*\d+)*)\s*\]\s*", text, re.ASCII)
        if match is None:
            raise GlassnetError(f'--direction {text}: write a parameter as "2.weight[3, 5]" or "3.bias[0]"')
        places.append((match[1], tuple(map(int, match[2].split(",")))))
    if len(places) != 2:
        raise GlassnetError(f"{len(places)} times --direction: give two of them, they span a plane")
    return places[0], places[1]
