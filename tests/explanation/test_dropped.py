"""What dropout switched off: the very mask that training draws."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.document import Pixels, Table, as_text
from glassnet.draws import Draw
from glassnet.errors import GlassnetError
from glassnet.layers import Conv, Dense, Dropout, Flatten

LAYERS = [Conv(3, 2, activation="tanh"), Dropout(0.25), Flatten(), Dense(30), Dropout(0.5), Dense(2)]
NETWORK = gn.Network(LAYERS, (1, 6, 6), seed=1, initializer="normal", dtype="float64")
IMAGE = np.random.default_rng(3).uniform(size=(6, 6))
DRAW = Draw(7, 4, np.array([11]))


def explained(draw=DRAW):
    return gn.explain(NETWORK, IMAGE, 1, draw=draw)


@pytest.mark.parametrize(("layer", "rate"), [(2, 0.25), (5, 0.5)])
def test_the_mask_of_training(layer, rate):
    """A batch in which this example is the second one."""
    masks = NETWORK.in_training(Draw(7, 4, np.array([3, 11, 5])))
    shown = explained().dropped(layer)
    assert shown.mask is not None
    np.testing.assert_array_equal(shown.mask, masks[layer - 1]["mask"][1])
    assert [*shown.off] == [k for k, factor in enumerate(masks[layer - 1]["mask"][1].ravel()) if factor == 0]
    assert shown.rate == rate
    a = explained().trace.chain.caches[layer - 1].a[0].ravel()
    np.testing.assert_array_equal(a[shown.off], 0)
    on = np.delete(np.arange(a.size), shown.off)
    np.testing.assert_allclose(a[on], shown.x.ravel()[on] / (1 - rate), rtol=1e-12)


def test_what_is_off_gets_no_gradient():
    explanation = explained()
    off = explanation.dropped(5).off
    slopes = explanation.trace.dC_da(4)
    assert not slopes[off].any()
    assert np.delete(slopes, off).all()


@pytest.mark.parametrize("layer", [2, 5])
def test_what_is_said(layer):
    shown = explained().dropped(layer)
    text = as_text(shown.blocks()).replace("\n", " ")
    count, off = shown.mask.size, int((shown.mask == 0).sum())
    assert f"dropout (layer {layer}) switched off {off} of this image's {count} numbers" in text
    (table,) = [block for block in shown.blocks() if isinstance(block, Table)]
    x = shown.x.ravel()
    gone, left = table.rows
    assert gone[1:3] == (f"{off}", f"{off / count:.0%}")
    assert left[1] == f"{count - off}"
    assert gone[3] == pytest.approx(np.sqrt((x[shown.off] ** 2).sum()))
    assert gone[3] ** 2 + left[3] ** 2 == pytest.approx((x**2).sum())
    pictures = [block for block in shown.blocks() if isinstance(block, Pixels)]
    assert len(pictures) == (layer == 5)
    for picture in pictures:
        on = picture.image.ravel()[:30]
        assert [*np.flatnonzero(on == 0)] == [*shown.off]
        assert not picture.image.ravel()[30:].any()
        assert f"black is off: {', '.join(map(str, shown.off[:24]))}" in picture.caption


def test_without_a_draw_nothing_is_off():
    shown = explained(None).dropped(5)
    assert shown.mask is None
    assert shown.off.size == 0
    (paragraph,) = shown.blocks()
    assert "all 30 numbers go on as they are" in paragraph.text


def test_other_epochs_and_places_draw_anew():
    masks = [
        explained(Draw(7, epoch, np.array([place]))).dropped(5).mask for epoch, place in ((4, 12), (5, 11))
    ]
    for mask in masks:
        assert (mask != explained().dropped(5).mask).any()


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        (4, r"layer 4 \(dense\) switches nothing off: those that do are 2, 5"),
        (7, "layer 7: .* has the layers 1 to 6"),
    ],
)
def test_layers_without_dropout(layer, sentence):
    with pytest.raises(GlassnetError, match=sentence):
        explained().dropped(layer)


def test_a_network_without_dropout():
    with pytest.raises(GlassnetError, match="no layer does"):
        gn.explain(gn.Network("4-2", seed=0), np.ones(4), 0).dropped(1)
