"""Labelled images, in three parts: to train with, to choose by, and to report on."""

from __future__ import annotations

import string
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from glassnet.errors import GlassnetError

NOT_A_DIGIT = "not a digit"  # the class of pictures that show none, and the answer to them


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """Images and their labels, in step.

    Attributes:
        images: (n, height, width) or (n, features); uint8 from 0 to 255, or floating. Not copied.
        labels: (n,), int64: the class of each image. Any integers are taken.

    Raises:
        GlassnetError: the counts differ, or there is an image or a label that isn't one.

    >>> split = Split(np.zeros((4, 28, 28), dtype=np.uint8), [7, 2, 1, 0])
    >>> split
    Split(4 images of 28×28, uint8)
    >>> split[1:3].labels
    array([2, 1])
    >>> image, label = split[0]
    >>> image.shape, label
    ((28, 28), 7)
    """

    images: NDArray[Any]
    labels: NDArray[np.int64]

    def __post_init__(self) -> None:
        images, given = np.asarray(self.images), np.asarray(self.labels)
        _check_images(images)
        if given.ndim != 1 or (given.size and given.dtype.kind not in "iu"):
            raise GlassnetError(
                f"labels are {given.dtype} of shape {given.shape}: give one whole number per image"
            )
        if len(images) != len(given):
            raise GlassnetError(
                f"there are {len(images)} images and {len(given)} labels: give as many of each"
            )
        labels = given.astype(np.int64, copy=False)
        negative = np.flatnonzero(labels < 0)  # also those that are too large for int64
        if len(negative):
            first = negative[0]
            raise GlassnetError(f"the label of image {first} is {given[first]}: labels count from 0")
        object.__setattr__(self, "images", images)
        object.__setattr__(self, "labels", labels)

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        size = "×".join(map(str, self.images.shape[1:]))
        return f"Split({len(self)} images of {size}, {self.images.dtype})"

    @overload
    def __getitem__(self, which: int | np.integer[Any]) -> tuple[NDArray[Any], int]: ...

    @overload
    def __getitem__(self, which: slice | list[int] | NDArray[Any]) -> Split: ...

    def __getitem__(
        self, which: int | np.integer[Any] | slice | list[int] | NDArray[Any]
    ) -> tuple[NDArray[Any], int] | Split:
        """`split[17]` is an image and its label; a slice (a view) or a list of indices is a Split."""
        try:
            if isinstance(which, int | np.integer):
                return self.images[which], int(self.labels[which])
            return Split(self.images[which], self.labels[which])
        except IndexError as error:
            raise GlassnetError(f"{error}: this split has the images 0 to {len(self) - 1}") from error

    def __iter__(self) -> Iterator[tuple[NDArray[Any], int]]:
        for image, label in zip(self.images, self.labels, strict=True):
            yield image, int(label)


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """One body of labelled images, split once and for all.

    Attributes:
        name: What `load` and the model files call it.
        training: What the network learns from.
        validation: What choices are made on (may be empty).
        test: What is only ever reported (may be empty).
        class_names: One name per class; label k means `class_names[k]`.
        sha256: 64 hexadecimal digits that stand for the files it was read from, if there are any.
        attribution: Whose work it is, and under which licence.

    Raises:
        GlassnetError: there is nothing to train with, a label without a class, or splits that differ
            in the shape or type of their images.

    >>> some = Split(np.zeros((2, 8, 8), dtype=np.uint8), [0, 1])
    >>> Dataset("blanks", some, some[:1], some[:0], ("zero", "one"), "0" * 64, "nobody's")
    Dataset('blanks': 2 training, 1 validation, 0 test, 2 classes)
    """

    name: str
    training: Split
    validation: Split
    test: Split
    class_names: tuple[str, ...]
    sha256: str = ""
    attribution: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "class_names", tuple(self.class_names))
        if not len(self.training):
            raise GlassnetError(f"the training split of {self.name!r} is empty: give it at least one image")
        if len(set(self.class_names)) != len(self.class_names):
            raise GlassnetError(
                f"class names of {self.name!r} repeat: {', '.join(self.class_names)}; give each once"
            )
        if (self.sha256 and len(self.sha256) != 64) or not set(self.sha256) <= set(string.hexdigits):
            raise GlassnetError(
                f"the SHA-256 of {self.name!r} is {self.sha256!r}: give 64 hexadecimal digits"
            )
        for which, split in self.splits.items():
            self._check_split(which, split)

    @property
    def splits(self) -> dict[str, Split]:
        """The three splits by their names."""
        return {"training": self.training, "validation": self.validation, "test": self.test}

    @property
    def image_shape(self) -> tuple[int, ...]:
        """The shape of one image: (height, width) or (features,)."""
        return self.training.images.shape[1:]

    def with_all_to_train(self) -> Dataset:
        """The same data with the validation images among the training images: once all choices are made.

        It has another name: who calibrates a network by the validation images must not take these.

        >>> some = Split(np.zeros((2, 8, 8), dtype=np.uint8), [0, 1])
        >>> Dataset("blanks", some, some[:1], some[:0], ("zero", "one")).with_all_to_train()
        Dataset('blanks, all to train': 3 training, 0 validation, 0 test, 2 classes)
        """
        both = self.training, self.validation
        images = np.concatenate([split.images for split in both])
        labels = np.concatenate([split.labels for split in both])
        name = f"{self.name}, all to train"
        return replace(self, name=name, training=Split(images, labels), validation=self.validation[:0])

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(split)} {which}" for which, split in self.splits.items())
        return f"Dataset({self.name!r}: {counts}, {len(self.class_names)} classes)"

    def _check_split(self, which: str, split: Split) -> None:
        first, these = self.training.images, split.images
        if these.shape[1:] != first.shape[1:] or these.dtype != first.dtype:
            raise GlassnetError(
                f"the {which} images of {self.name!r} are {these.dtype} of shape {these.shape[1:]}, and the"
                f" training images are {first.dtype} of shape {first.shape[1:]}: make them alike"
            )
        classes = len(self.class_names)
        without = np.flatnonzero(split.labels >= classes)
        if len(without):
            label = split.labels[without[0]]
            raise GlassnetError(
                f"the label of {which} image {without[0]} of {self.name!r} is {label}, and there are"
                f" {classes} class names: give labels from 0 to {classes - 1}, or more names"
            )


def _check_images(images: NDArray[Any]) -> None:
    if images.ndim not in (2, 3) or 0 in images.shape[1:]:
        raise GlassnetError(
            f"images are an array of shape {images.shape}: give (n, height, width) or (n, features)"
        )
    if images.dtype != np.uint8 and images.dtype.kind != "f":
        raise GlassnetError(f"images are {images.dtype}: give uint8 (0 to 255) or floating numbers (0 to 1)")
    # The extremes tell without a mask as large as the images; NaN passes through both.
    if images.dtype.kind == "f" and images.size and not np.isfinite([images.min(), images.max()]).all():
        for i, image in enumerate(images):
            wrong = image[~np.isfinite(image)]
            if wrong.size:
                raise GlassnetError(f"image {i} holds {wrong[0]}: give finite numbers only")
