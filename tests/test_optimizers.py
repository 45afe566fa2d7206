"""Every optimizer: by hand on one number, and step by step beside PyTorch's."""

from __future__ import annotations

from fractions import Fraction
from math import sqrt

import numpy as np
import pytest

from glassnet.errors import GlassnetError
from glassnet.optimizers import (
    OPTIMIZERS,
    SGD,
    Adam,
    AdamW,
    Momentum,
    Nesterov,
    check_state,
    initial_state,
    make_optimizer,
    update,
)

# An optimizer, η, the gradients of three steps, and where w, from 1, stands after each of them.
BY_HAND = {
    "sgd": (SGD(), 0.5, [4, -2, 1], [-1, 0, -0.5]),
    # v = −2, then ½·−2 + 1 = 0, then −½
    "momentum": (Momentum(0.5), 0.5, [4, -2, 1], [-1, -1, -1.5]),
    # the same v; w moves by ½ v − ½ g: −1 − 2, 0 + 1, −¼ − ½
    "nesterov": (Nesterov(0.5), 0.5, [4, -2, 1], [-2, -1, -1.75]),
    # β₁ = ½, β₂ = ¾. m = 2, 0, ½ and m̂ = 2/½, 0/¾, ½/⅞ = 4, 0, 4/7;
    # v = 4, 4, 3¼ and v̂ = 4/¼, 4/(7/16), 3¼/(37/64) = 16, 64/7, 208/37
    "adam": (Adam(0.5, 0.75), 0.5, [4, -2, 1], [0.5, 0.5, 0.5 - 0.5 * (4 / 7) / sqrt(208 / 37)]),
    "adamw": (AdamW(0.5, 0.75), 0.5, [4, -2, 1], [0.5, 0.5, 0.5 - 0.5 * (4 / 7) / sqrt(208 / 37)]),
}


def test_the_table_misses_no_optimizer():
    assert set(BY_HAND) == set(OPTIMIZERS)
    assert all(type(BY_HAND[name][0]) is kind for name, kind in OPTIMIZERS.items())


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_three_steps_by_hand(name):
    optimizer, eta, gradients, places = BY_HAND[name]
    w = {"1.weight": np.ones((1, 2))}
    state = initial_state(optimizer, w)
    assert list(state) == [f"1.weight.{kind}" for kind in optimizer.remembers]
    for step, (g, place) in enumerate(zip(gradients, places, strict=True), 1):
        update(optimizer, w, {"1.weight": np.full((1, 2), float(g))}, state, eta, step)
        np.testing.assert_allclose(w["1.weight"], place, rtol=0, atol=1e-8)  # ε is 10⁻⁸


def test_a_new_rate_bends_a_velocity_that_is_there():
    """η is inside the velocity: v = −4, then ½·−4 − 1·1 = −3, where η has become 1."""
    w, v = np.zeros(1), np.zeros(1)
    for step, (g, eta) in enumerate([(2.0, 2.0), (1.0, 1.0)], 1):
        Momentum(0.5).move(w, np.array([g]), [v], eta, step)
    assert (v.item(), w.item()) == (-3.0, -7.0)


def test_adams_first_step_is_eta_whatever_the_gradient_is():
    g = np.array([1e-4, -1e-4, 3.0, -1e9])
    for kind in (Adam, AdamW):
        w, m, v = np.zeros((3, 4))
        kind().move(w, g, [m, v], 0.01, 1)
        np.testing.assert_allclose(w, -0.01 * np.sign(g), rtol=2e-4)  # ε / |g| is 10⁻⁴ at most


def test_adam_stays_where_there_was_no_gradient():
    w, m, v = np.ones((3, 2)) * [[1], [0], [0]]
    for step in range(1, 9):
        Adam().move(w, np.zeros(2), [m, v], 0.5, step)
    assert w.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("beta1", [0.0, 0.7, 0.9])
@pytest.mark.parametrize("step", [1, 2, 30, 100_000])
@pytest.mark.slow
def test_what_began_with_zero_is_made_up_for(beta1, step):
    """m of a gradient that is always 1 is 1 − βᵗ, in exact numbers."""
    of_m, of_v = Adam(beta1, 0.9).corrections(step)
    assert float((1 - Fraction(beta1) ** step) * Fraction(of_m)) == pytest.approx(1, abs=1e-13)
    assert float((1 - Fraction(0.9) ** step) * Fraction(of_v)) == pytest.approx(1, abs=1e-13)


def test_arrays_change_in_place_and_keep_their_dtype():
    for kind in OPTIMIZERS.values():
        w = {"1.weight": np.ones((2, 3), np.float32)}
        state = initial_state(kind(), w)
        arrays = [w["1.weight"], *state.values()]
        update(kind(), w, {"1.weight": np.ones((2, 3), np.float32)}, state, 0.1)
        assert [array.dtype for array in [w["1.weight"], *state.values()]] == [np.float32] * len(arrays)
        assert all(a is b for a, b in zip(arrays, [w["1.weight"], *state.values()], strict=True))
        assert all((array != before).all() for array, before in zip(arrays, [1, 0, 0], strict=False))


# Settings


def test_an_optimizer_takes_its_own_settings_alone():
    settings = {"momentum": 0.5, "beta1": 0.6, "beta2": 0.7}
    assert make_optimizer("sgd", **settings) == SGD()
    assert make_optimizer("momentum", **settings) == Momentum(0.5)
    assert make_optimizer("nesterov", **settings) == Nesterov(0.5)
    assert make_optimizer("adam", **settings) == Adam(0.6, 0.7)
    assert make_optimizer("adamw", **settings) == AdamW(0.6, 0.7)


@pytest.mark.parametrize("value", [-0.1, 1.0, 1.5, float("nan"), float("inf"), "0.9", None, True, 1])
@pytest.mark.parametrize(
    ("name", "setting"),
    [("momentum", "momentum"), ("nesterov", "momentum"), ("adam", "beta1"), ("adamw", "beta2")],
)
def test_bad_settings_are_refused(name, setting, value):
    with pytest.raises(GlassnetError, match=f"{setting} is .*: give a number from 0 to below 1"):
        make_optimizer(name, **{setting: value})


def test_an_unknown_optimizer_is_refused():
    with pytest.raises(GlassnetError, match="unknown optimizer 'adan': did you mean 'adam'"):
        make_optimizer("adan")


# What is remembered


PARAMETERS = {"1.weight": np.ones((2, 3)), "1.bias": np.ones(2)}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_first_state_is_zero_and_fits(name):
    optimizer = make_optimizer(name)
    state = initial_state(optimizer, PARAMETERS)
    assert len(state) == 2 * len(optimizer.remembers)
    assert not any(array.any() for array in state.values())
    check_state(optimizer, PARAMETERS, state)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"1.bias.m": None}, "the optimizer's state has no '1.bias.m', which adam remembers"),
        (
            {"1.bias.velocity": np.zeros(2)},
            "the optimizer's state has '1.bias.velocity', which adam does not",
        ),
        ({"1.weight.v": np.zeros((3, 2))}, r"'1.weight.v' of the optimizer's state is float64 of \(3, 2\)"),
        ({"1.bias.v": np.zeros(2, np.float32)}, "'1.bias.v' of the optimizer's state is float32 of"),
        (
            {"1.weight.m": np.full((2, 3), np.nan)},
            "'1.weight.m' of the optimizer's state holds NaN or infinite",
        ),
    ],
)
def test_a_state_that_does_not_fit_is_refused(changes, sentence):
    state = initial_state(Adam(), PARAMETERS) | changes
    with pytest.raises(GlassnetError, match=sentence):
        check_state(Adam(), PARAMETERS, {name: array for name, array in state.items() if array is not None})


# PyTorch


def torch_optimizer(torch, optimizer, parameters, decay, eta):
    """PyTorch's of that name; decay is its word for λ/n, of the weights alone."""
    w, b = parameters
    groups = [{"params": [w], "weight_decay": decay}, {"params": [b], "weight_decay": 0.0}]
    match optimizer:
        case AdamW(beta1=beta1, beta2=beta2):
            return torch.optim.AdamW(groups, lr=eta, betas=(beta1, beta2))
        case Adam(beta1=beta1, beta2=beta2):
            return torch.optim.Adam(groups, lr=eta, betas=(beta1, beta2))
        case Nesterov(momentum=momentum):
            return torch.optim.SGD(groups, lr=eta, momentum=momentum, nesterov=True)
        case Momentum(momentum=momentum):
            return torch.optim.SGD(groups, lr=eta, momentum=momentum)
    return torch.optim.SGD(groups, lr=eta)


@pytest.mark.parametrize("decay", [0.0, 0.3])
@pytest.mark.parametrize("settings", [{}, {"momentum": 0.5, "beta1": 0.7, "beta2": 0.9}])
@pytest.mark.slow
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_many_steps_are_those_of_torch(name, settings, decay):
    """The gradients are given, so that rounding is not fed back; η is constant, as torch has it outside v."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(3)
    optimizer, eta = make_optimizer(name, **settings), 0.02
    p = {"1.weight": rng.normal(size=(2, 3)), "1.bias": rng.normal(size=2)}
    state = initial_state(optimizer, p)
    w, b = tensors = [torch.tensor(array, requires_grad=True) for array in p.values()]
    theirs = torch_optimizer(torch, optimizer, (w, b), decay, eta)
    for step in range(1, 501):
        g = {name: rng.normal(0.3, rng.choice([1e-3, 1, 10]), array.shape) for name, array in p.items()}
        w.grad, b.grad = (torch.tensor(array) for array in g.values())
        theirs.step()
        optimizer.penalize(p["1.weight"], g["1.weight"], 0.0, decay, 1, eta)
        update(optimizer, p, g, state, eta, step)
        for ours, tensor in zip(p.values(), tensors, strict=True):
            np.testing.assert_allclose(ours, tensor.detach().numpy(), rtol=1e-12, atol=1e-12)
