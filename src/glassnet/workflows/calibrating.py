"""Calibrating a saved model: on validation images, and on pictures that show no digit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from glassnet.costs import CanonicalCost
from glassnet.data import Split
from glassnet.errors import GlassnetError
from glassnet.handwriting import FONTS, draw_not_digits
from glassnet.network import Network
from glassnet.pretrained import comes_with_glassnet
from glassnet.storage import save_model
from glassnet.training import Calibration, calibrate, check_share, last_sums, mean_cost, probabilistic_cost
from glassnet.workflows.models import find_model, model_data

PICTURES, SEED = 1000, 1  # of no digit; the seed 0 is for pictures that a network learns from


class Calibrated(NamedTuple):
    """A model that was calibrated, and how much that helped."""

    path: Path  # of the model's file, which holds the calibration now
    data: str  # their name
    images: int  # of the validation split, by which it was calibrated
    pictures: int  # of no digit
    calibration: Calibration
    cost: CanonicalCost  # the one that the outputs were made for
    costs: dict[str, tuple[float, float]]  # by split: C of the outputs as they were, and calibrated


def calibrate_model(model: str, data: str | None = None, accept: float = 0.995) -> Calibrated:
    """Choose the temperature and the threshold of a saved model, and write both into its file.

    Args:
        model: a model file or a run folder.
        data: their name; None: what the model learned from.
        accept: the share of validation digits that must pass.

    Raises:
        GlassnetError: the model can't be calibrated, or not with these data.
    """
    check_share(accept)
    path, loaded = find_model(model)
    if comes_with_glassnet(path):
        raise GlassnetError(f"{path} comes with glassnet, calibrated: copy that file, and calibrate the copy")
    pair = probabilistic_cost(loaded.network)
    dataset = model_data(path, loaded, data)
    loaded.network.inputs(dataset.validation.images[:1])  # refuses images of another size, before drawing any
    calibration = calibrate(
        loaded.network,
        dataset.validation,
        draw_not_digits(PICTURES, SEED, digits=dataset.validation),
        class_names=loaded.class_names,
        fonts=tuple(name.removesuffix(".ttf") for name in FONTS),
        accept=accept,
    )
    costs = {
        which: _costs(loaded.network, dataset.splits[which], calibration) for which in ("validation", "test")
    }
    save_model(path, replace(loaded, calibration=calibration))
    return Calibrated(path, dataset.name, len(dataset.validation), PICTURES, calibration, pair, costs)


def _costs(network: Network, split: Split, calibration: Calibration) -> tuple[float, float]:
    """C of the outputs as they are, and of the calibrated confidences."""
    z = np.asarray(last_sums(network)(split.images), np.float64)  # (n, classes)
    y, pair = np.asarray(network.targets(split.labels), np.float64), probabilistic_cost(network)
    return mean_cost(z, y, pair, 1.0), mean_cost(z, y, pair, calibration.temperature)
