"""Every schedule: by hand, beside PyTorch's, and as a text there and back."""

from __future__ import annotations

from math import cos, pi

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.errors import GlassnetError
from glassnet.schedules import (
    GRAMMAR,
    SCHEDULES,
    Constant,
    Cosine,
    HalveOnPlateau,
    OneCycle,
    Position,
    StepDecay,
    format_schedule,
    parse_schedule,
)


def factors(schedule, in_all, per_epoch=1, accuracies=(), steps=None):
    """Of all mini-batches, or of those given."""
    steps = np.arange(in_all) if steps is None else np.asarray(steps)
    return schedule.factors(Position(steps, per_epoch, in_all, list(accuracies)))


def up(share):
    """Half a cosine from 1/25 to 1."""
    return 0.04 + 0.96 * (1 - cos(pi * share)) / 2


def down(share):
    """Half a cosine from 1 to 1/250,000."""
    return 4e-6 + (1 - 4e-6) * (1 + cos(pi * share)) / 2


# A schedule, mini-batches in an epoch and in all, accuracies so far, and the factors.
BY_HAND = {
    "constant": (Constant(), 2, 4, [], [1, 1, 1, 1]),
    "step": (StepDecay(2, 0.1), 2, 10, [], [1, 1, 1, 1, 0.1, 0.1, 0.1, 0.1, 0.01, 0.01]),
    # 0.5 is better than none, 0.5 and 0.4 are no better: ½; 0.6 is better, and two more are not: ¼
    "halve": (HalveOnPlateau(2), 1, 3, [0.5, 0.5, 0.4, 0.6, 0.6, 0.6], [0.25, 0.25, 0.25]),
    "cosine": (Cosine(), 2, 4, [], [1, (1 + cos(pi / 4)) / 2, 0.5, (1 + cos(3 * pi / 4)) / 2]),
    # the third of ten has the largest rate, the first and the last the smallest
    "onecycle": (
        OneCycle(0.3),
        5,
        10,
        [],
        [up(0), up(1 / 2), 1, *(down(k / 7) for k in range(1, 8))],
    ),
}


def test_the_table_misses_no_schedule():
    assert set(BY_HAND) == set(TEXTS_OF) == set(SCHEDULES)
    assert all(type(BY_HAND[name][0]) is kind for name, kind in SCHEDULES.items())
    texts = {name: form.examples for name, form in GRAMMAR.forms.items()}
    assert all(type(parse_schedule(text)).name == name for name in texts for text in texts[name])


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_factors_by_hand(name):
    schedule, per_epoch, in_all, accuracies, expected = BY_HAND[name]
    found = factors(schedule, in_all, per_epoch, accuracies, np.arange(len(expected)))
    np.testing.assert_allclose(found, expected, rtol=1e-14, atol=1e-16)


@pytest.mark.parametrize("name", SCHEDULES)
def test_what_is_asked_for_together_changes_no_bit(name):
    schedule, per_epoch, in_all, accuracies, _ = BY_HAND[name]
    whole = factors(schedule, 10 * in_all, per_epoch, accuracies)
    for step in range(10 * in_all):
        alone = factors(schedule, 10 * in_all, per_epoch, accuracies, [step])
        assert alone.tolist() == [whole[step]]


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("in_all", [1, 2, 3, 7])
def test_few_mini_batches_have_rates_too(name, in_all):
    found = factors(BY_HAND[name][0], in_all)
    assert found.shape == (in_all,)
    assert (found > 0).all()
    assert (found <= 1).all()


@pytest.mark.parametrize("rising", [0.01, 0.3, 0.99])
def test_one_cycle_begins_and_ends_low_and_has_one_top(rising):
    found = factors(OneCycle(rising), 1000)
    top = round(1000 * rising) - 1
    assert found[top] == 1 == found.max()
    assert found[-1] == pytest.approx(1 / 250_000, rel=1e-9)
    assert found[0] == pytest.approx(1 / 25 if top else 1, rel=1e-12)
    assert (np.diff(found[: top + 1]) > 0).all()
    assert (np.diff(found[top:]) < 0).all()


# Halving


def test_halving_begins_to_wait_anew_after_each_time():
    schedule, stall = HalveOnPlateau(3), [0.9] + [0.8] * 21
    halvings = [int(-np.log2(factors(schedule, 1, accuracies=stall[:n])[0])) for n in range(len(stall) + 1)]
    assert halvings == [0, *(n // 3 for n in range(22))]
    ends = [schedule.has_ended(stall[:n]) for n in range(len(stall) + 1)]
    assert ends[:-1] == [None] * 22
    assert ends[-1] == "the learning rate was halved 7 times, to 1/128"


def test_a_better_epoch_is_one_that_is_better_than_all_before():
    assert factors(HalveOnPlateau(2), 1, accuracies=[0.5, 0.9, 0.6, 0.7])[0] == 0.5
    assert factors(HalveOnPlateau(2), 1, accuracies=[0.5, 0.9, 0.6, 0.91, 0.7])[0] == 1
    assert factors(HalveOnPlateau(1), 1, accuracies=[0.0])[0] == 1  # the first is always a better one


@pytest.mark.parametrize("name", SCHEDULES)
def test_only_halving_ends_training(name):
    schedule = BY_HAND[name][0]
    assert bool(schedule.has_ended([0.5] * 100)) is (name == "halve") is schedule.by_validation
    assert schedule.has_ended([]) is None


# Beside PyTorch's, which counts its steps from 0, too


def torch_rates(torch, make, steps, metrics=None):
    """The rates of PyTorch's scheduler, a step at a time."""
    parameter = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    scheduler, rates = make(optimizer), []
    for step in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if step < steps - 1:
            scheduler.step(*([] if metrics is None else [metrics[step]]))
    return rates


@pytest.mark.slow
@pytest.mark.parametrize("in_all", [4, 10, 235, 1000])
def test_the_rates_are_those_of_torch(in_all):
    torch = pytest.importorskip("torch")
    of = torch.optim.lr_scheduler

    def same(schedule, make, tolerance=1e-12):
        found = factors(schedule, in_all)
        np.testing.assert_allclose(found, torch_rates(torch, make, in_all), rtol=0, atol=tolerance)

    same(Cosine(), lambda optimizer: of.CosineAnnealingLR(optimizer, in_all))
    same(StepDecay(7, 0.5), lambda optimizer: of.StepLR(optimizer, 7, 0.5))
    for rising in (0.5, 0.7):
        same(
            OneCycle(rising),
            lambda optimizer, rising=rising: of.OneCycleLR(
                optimizer, 1.0, total_steps=in_all, pct_start=rising, cycle_momentum=False
            ),
        )


@pytest.mark.slow
def test_halving_is_that_of_torch():
    """PyTorch's patience is of epochs without reaction: one less."""
    torch = pytest.importorskip("torch")
    accuracies = np.random.default_rng(0).random(40).round(1).tolist()
    theirs = torch_rates(
        torch,
        lambda optimizer: torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer, "max", factor=0.5, patience=3, threshold=0.0
        ),
        41,
        accuracies,
    )
    ours = [factors(HalveOnPlateau(4), 1, accuracies=accuracies[:n])[0] for n in range(41)]
    assert ours == theirs
    assert len(set(ours)) > 4


# Texts

# What a text means, and how it is written when it comes back.
TEXTS_OF = {
    "constant": {"constant": (Constant(), "constant")},
    "step": {
        "step10x0.5": (StepDecay(10, 0.5), "step10x0.5"),
        "step10x.5": (StepDecay(10, 0.5), "step10x0.5"),
        "step10": (StepDecay(10, 0.1), "step10x0.1"),
        "step1x1e-05": (StepDecay(1, 1e-05), "step1x1e-05"),
        "step1000000000x0.999": (StepDecay(1_000_000_000, 0.999), "step1000000000x0.999"),
    },
    "halve": {"halve10": (HalveOnPlateau(10), "halve10"), "halve001": (HalveOnPlateau(1), "halve1")},
    "cosine": {"cosine": (Cosine(), "cosine")},
    "onecycle": {
        "onecycle": (OneCycle(0.3), "onecycle0.3"),
        "onecycle0.25": (OneCycle(0.25), "onecycle0.25"),
        "onecycle1.5e-07": (OneCycle(1.5e-07), "onecycle1.5e-07"),
    },
}
TEXTS = {text: meant for texts in TEXTS_OF.values() for text, meant in texts.items()}


@pytest.mark.parametrize("text", TEXTS)
def test_what_a_text_means(text):
    schedule, written = TEXTS[text]
    assert parse_schedule(text) == schedule
    assert format_schedule(schedule) == written
    assert parse_schedule(written) == schedule


EPOCHS = st.integers(1, 10**9)
SHARE = st.floats(0, 1, exclude_min=True, exclude_max=True)
EVERY = st.one_of(
    st.sampled_from([Constant(), Cosine()]),
    st.builds(StepDecay, EPOCHS, SHARE),
    st.builds(HalveOnPlateau, EPOCHS),
    st.builds(OneCycle, SHARE),
)


@given(EVERY)
def test_text_and_back(schedule):
    text = format_schedule(schedule)
    assert parse_schedule(text) == schedule
    assert format_schedule(parse_schedule(text)) == text


@given(st.text(max_size=12) | st.builds(str.__add__, st.sampled_from(sorted(SCHEDULES)), st.text(max_size=8)))
def test_any_text_is_a_schedule_or_refused(text):
    try:
        schedule = parse_schedule(text)
    except GlassnetError:
        return
    assert parse_schedule(format_schedule(schedule)) == schedule


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "'' is no schedule; there are constant, step10x0.5, halve10, cosine and onecycle0.3"),
        ("cosin", "'cosin' is no schedule; did you mean 'cosine'?"),
        ("Cosine", "'Cosine' is no schedule; did you mean 'cosine'?"),
        ("10", "'10' is no schedule; there are"),
        ("cosine5", "'cosine5' is not understood: write cosine"),
        ("constant ", "'constant ' is not understood: write constant"),
        ("step", "'step' is not understood: write step10x0.5, after every 10 epochs half of η"),
        ("stepx0.5", "'stepx0.5' is no schedule; did you mean 'step10x0.5'?"),
        ("step0x0.5", "schedule 'step0x0.5': give a number of epochs from 1 to 1,000,000,000"),
        ("step2000000000", "give a number of epochs from 1 to 1,000,000,000"),
        ("step-1x0.5", "'step-1x0.5' is not understood: write step10x0.5"),
        ("step10x", "schedule 'step10x': give a factor between 0 and 1, such as 0.5"),
        ("step10x1", "schedule 'step10x1': give a factor between 0 and 1"),
        ("step10x2.0", "schedule 'step10x2.0': give a factor between 0 and 1"),
        ("step10x0.0", "schedule 'step10x0.0': give a factor between 0 and 1"),
        ("step10xnan", "schedule 'step10xnan': give a factor between 0 and 1"),
        ("step1٣", "'step1٣' is not understood: write step10x0.5"),
        ("halve", "'halve' is not understood: write halve10"),
        ("halve1.5", "'halve1.5' is not understood: write halve10"),
        ("halve" + "9" * 5000, "9…': give a number of epochs from 1 to 1,000,000,000"),
        ("onecycle1", "schedule 'onecycle1': give a share of the mini-batches between 0 and 1"),
        ("onecycle0", "schedule 'onecycle0': give a share of the mini-batches between 0 and 1"),
        ("onecycle 0.3", "schedule 'onecycle 0.3': give a share of the mini-batches between 0 and 1"),
        ("onecycle1e-400", "give a share of the mini-batches between 0 and 1"),
        (None, "schedule is None: give a text, such as 'constant' or 'step10x0.5'"),
        (5, "schedule is 5: give a text"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_texts_that_are_refused(text, sentence):
    with pytest.raises(GlassnetError) as error:
        parse_schedule(text)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)
