"""The engine's own σ, tanh, eˣ and logarithms, seen through networks of one neuron, beside 50 digits.

A neuron with weight 1 and bias 0 has z = x exactly. Errors are counted in units in the last place
(ulp) of the true value.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from itertools import product

import numpy as np
import pytest

from glassnet.activations import ACTIVATIONS
from glassnet.costs import COSTS
from glassnet.engine import ENGINES, native
from glassnet.layers import Dense
from glassnet.network import Network

if native.missing():
    pytest.skip(f"the native engine can't run: {native.missing()}", allow_module_level=True)

NATIVE, TEXTBOOK = ENGINES["native"], ENGINES["textbook"]
EACH_DTYPE = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])


# The functions, as the engine computes them


def neurons(activation, weights, biases, dtype):
    parameters = {"1.weight": np.array(weights, dtype)[:, None], "1.bias": np.array(biases, dtype)}
    return Network([Dense(len(weights), activation)], 1, parameters=parameters, dtype=dtype)


def activated(activation, z):
    return NATIVE.predictor(neurons(activation, [1], [0], z.dtype))(z[:, None])[:, 0]


def one_of_two(z):
    """The first of two outputs of softmax: e^z / (e^z + e^0) = σ(z)."""
    return NATIVE.predictor(neurons("softmax", [1, 0], [0, 0], z.dtype))(z[:, None])[:, 0]


def other_of_two(z):
    """The second: e^0 / (e^−z + e^0) = σ(z)."""
    return NATIVE.predictor(neurons("softmax", [-1, 0], [0, 0], z.dtype))(z[:, None])[:, 1]


def costs(network, z, cost):
    """Of label 0; float64, but each term was rounded to the network's dtype."""
    labels = np.zeros(len(z), np.int64)
    return NATIVE.evaluate(network, z[:, None], labels, COSTS[cost])[1].astype(z.dtype)


def softplus(z):
    """Cross-entropy of σ is Σ ln(1 + e^z) − y z: of label 0, the output with z = 3000 adds exactly 0."""
    return costs(neurons("sigmoid", [0, 1], [3000, 0], z.dtype), z, "cross_entropy")


def logarithm(x):
    """Cross-entropy from one output a that should be 1 is −ln a; the engine asks no more of it than a > 0."""
    return -costs(neurons("linear", [1], [0], x.dtype), x, "cross_entropy")


def log_of_sum(z):
    """Log-likelihood from two z is ln Σ e^z − z₀, with z₀ = 0: ln(1 + e^z)."""
    return costs(neurons("softmax", [0, 1], [0, 0], z.dtype), z, "log_likelihood")


# The truth: for float64 in 50 digits; for float32, NumPy's float64 is exact to 10⁻⁷ ulp.


def in_decimal(function):
    def of_array(x):
        with localcontext() as context:
            context.prec, context.Emin, context.Emax = 50, -99999, 99999
            return [function(Decimal(value)) for value in x.tolist()]

    return of_array


def decimal_tanh(z):
    if abs(z) < Decimal("1e-8"):  # where the quotient would cancel
        return z - z**3 / 3 + 2 * z**5 / 15
    e = (2 * z).exp()
    return (e - 1) / (e + 1)


def decimal_softplus(z):
    t = (-abs(z)).exp()
    tail = t - t**2 / 2 + t**3 / 3 - t**4 / 4 if t < Decimal("1e-10") else (1 + t).ln()
    return max(z, Decimal(0)) + tail


SIGMOID = (in_decimal(lambda z: 1 / (1 + (-z).exp())), lambda z: np.exp(-np.logaddexp(0, -z)))
SOFTPLUS = (in_decimal(decimal_softplus), lambda z: np.logaddexp(0, z))

# The engine's function, the truth, and a bound for its error in ulp. Each is two or three steps (an
# exponential, a sum, a quotient or a logarithm), whose roundings of half a unit to one unit add up. The bound
# is the largest error among every third float32 between 2⁻¹⁶ and 2⁷, rounded up; float64 has less.
FUNCTIONS = {
    "sigmoid": (lambda z: activated("sigmoid", z), SIGMOID, 2.5),  # 2.48 at −16.6
    "tanh": (lambda z: activated("tanh", z), (in_decimal(decimal_tanh), np.tanh), 2.5),  # 2.498 at 4.5
    "softmax, the first": (one_of_two, SIGMOID, 2.5),  # 2.40 at −5.5
    "softmax, the second": (other_of_two, SIGMOID, 2.5),
    "softplus": (softplus, SOFTPLUS, 3),  # 2.73 at −3.5
    "log": (logarithm, (in_decimal(lambda x: x.ln()), np.log), 2),  # 1.96 at 1.016
}


def sweep(name, dtype):
    """Numbers of all magnitudes, close together where the function bends; those of tanh have both signs."""
    many = 100_000 if dtype == np.float32 else 800
    info = np.finfo(dtype)
    if name == "log":
        powers = np.exp2(np.linspace(np.log2(float(info.smallest_subnormal)), info.maxexp - 1e-4, many))
        x = [powers, np.linspace(0.5, 2, many), 1 + np.linspace(-1e-3, 1e-3, many), [info.max, info.tiny]]
        return np.unique(np.concatenate(x).astype(dtype))
    small = 1e-30 if dtype == np.float32 else 1e-300
    magnitudes = [np.geomspace(small, 1000, many), np.linspace(0, 1, many), np.linspace(0, 120, many)]
    magnitudes += [np.linspace(0, 750, many // 2), [info.smallest_subnormal, info.tiny]]
    z = np.concatenate(magnitudes).astype(dtype)
    return np.unique(np.concatenate([-z, z]))


@EACH_DTYPE
@pytest.mark.parametrize("name", FUNCTIONS)
def test_errors_are_a_few_units_in_the_last_place(name, dtype):
    function, (exact, nearly), bound = FUNCTIONS[name]
    x = sweep(name, dtype)
    mine = function(x)
    assert mine.dtype == dtype
    if dtype == np.float32:
        truth = nearly(x.astype(np.float64))
        ulp = np.spacing(np.abs(truth).astype(dtype)).astype(np.float64)
        errors = np.abs(mine - truth) / ulp
    else:
        wanted = exact(x)
        truth = np.array([float(value) for value in wanted])
        ulps = np.spacing(np.abs(truth)).tolist()
        pairs = zip(mine.tolist(), wanted, ulps, strict=True)
        errors = np.array([float(abs(Decimal(a) - value) / Decimal(ulp)) for a, value, ulp in pairs])
    if (
        name == "sigmoid"
    ):  # 1 + e⁻ᶻ overflows where σ is below the normal numbers: 0 there, as in the textbook
        tiny = np.finfo(dtype).tiny
        assert (mine[truth < tiny] < tiny).all()
        errors[truth < tiny] = 0
    assert errors.max() <= bound, x[errors.argmax()]


@EACH_DTYPE
def test_the_logarithm_of_a_sum_is_exact_to_its_largest_term(dtype):
    """ln(1 + e^z) is 0 once 1 + e^z is 1: in units of 1, or of what is larger, the error stays small."""
    z = sweep("softplus", dtype)
    truth = np.logaddexp(0, z.astype(np.float64))
    assert (np.abs(log_of_sum(z) - truth) <= 3 * np.spacing(np.maximum(truth, 1).astype(dtype))).all()


# Neighbors that are compared: from here on, so many floats in a row
STARTS = [-40, -9, -1.1, -0.3, -0.01, 1e-30, 0.01, 0.3, 0.9999, 1.3, 3, 9, 40]


@EACH_DTYPE
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_never_fall_where_the_true_ones_rise(name, dtype):
    """From float to float, and over the whole sweep; the sum in softplus may fall by its error, 2 ulp."""
    function, _, _ = FUNCTIONS[name]
    whole = np.int32 if dtype == np.float32 else np.int64
    for start in STARTS:
        if start > 0 or name != "log":
            x = np.sort((dtype(start).view(whole) + np.arange(10_000, dtype=whole)).view(dtype))
            mine = function(x)
            least = -2 * np.spacing(np.abs(mine[1:])) if name == "softplus" else 0
            assert (np.diff(mine) >= least).all(), start
    mine = function(sweep(name, dtype))
    least = -2 * np.spacing(np.abs(mine[1:])) if name == "softplus" else 0
    assert (np.diff(mine) >= least).all()


@EACH_DTYPE
def test_ends_and_middles_are_exact(dtype):
    def at(function, *z):
        return function(np.array(z, dtype)).tolist()

    def sigmoid(z):
        return activated("sigmoid", z)

    def tanh(z):
        return activated("tanh", z)

    half, one = [0.5] * 2, [1.0] * 2
    assert at(sigmoid, 0.0, -0.0) == at(one_of_two, 0.0, -0.0) == at(other_of_two, 0.0, -0.0) == half
    assert at(sigmoid, 40, 1e30) == at(one_of_two, 40, 1e30) == at(other_of_two, 40, 1e30) == one
    assert at(sigmoid, -1000, -1e30) == at(one_of_two, -1000, -1e30) == [0.0, 0.0]
    assert at(tanh, 0.0, -0.0, 20, -20, 1e30, -1e30) == [0.0, 0.0, 1.0, -1.0, 1.0, -1.0]
    assert at(softplus, -1000, 1000, 1e30) == [0.0, 1000.0, float(dtype(1e30))]
    assert at(logarithm, 1.0, 0.0) == [0.0, -np.inf]
    assert np.isnan(at(logarithm, -1.0, -1e-30)).all()


@EACH_DTYPE
def test_tanh_is_odd_and_stays_within_one(dtype):
    z = sweep("tanh", dtype)
    z = z[z > 0]
    a = activated("tanh", z)
    assert np.array_equal(activated("tanh", -z), -a)
    assert (a <= 1).all()
    assert (a > 0).all()
    small = z[z < np.finfo(dtype).eps / 8]
    assert np.array_equal(activated("tanh", small), small)  # z³/3 is far less than a unit of z


@EACH_DTYPE
def test_sigmoid_and_softmax_are_probabilities(dtype):
    z = sweep("sigmoid", dtype)
    for a in (activated("sigmoid", z), one_of_two(z), other_of_two(z)):
        assert ((a >= 0) & (a <= 1)).all()
    two = NATIVE.predictor(neurons("softmax", [1, 0], [0, 0], dtype))(z[:, None])
    assert (np.abs(two.sum(axis=1) - 1) <= 2 * np.finfo(dtype).eps).all()


@EACH_DTYPE
def test_a_zero_is_never_negative(dtype):
    """Inputs that are 0 are left out of the sums, so −0 would depend on the neighbors: z is +0 always."""
    for activation in ACTIVATIONS:
        for weight, bias, x in [(1, -0.0, -0.0), (-1, 0.0, 0.0), (1, -0.0, 0.0), (-1, -0.0, 1e-320)]:
            a = activated_with(activation, weight, bias, x, dtype)
            if a == 0:
                assert not np.signbit(a), (activation, weight, bias, x)


def activated_with(activation, weight, bias, x, dtype):
    return NATIVE.predictor(neurons(activation, [weight], [bias], dtype))(np.array([[x]], dtype))[0, 0]


def assert_as_bad_as_the_textbook(x, bad, dtype):
    for activation, name in product(ACTIVATIONS, ["1.weight", "1.bias", "2.weight", "2.bias"]):
        network = Network([Dense(3, activation), Dense(2, "sigmoid")], 2, seed=0, dtype=dtype)
        network.parameters[name].flat[0] = bad
        images, labels = np.array([[x, 1.0], [0.25, 1.0]], dtype), np.array([0, 1])
        with np.errstate(all="ignore"):
            wanted, wanted_costs = TEXTBOOK.evaluate(network, images, labels, COSTS["cross_entropy"])
            outputs, costs = NATIVE.evaluate(network, images, labels, COSTS["cross_entropy"])
            alone = np.concatenate([NATIVE.predictor(network)(image[None]) for image in images])
        np.testing.assert_array_equal(np.isnan(outputs), np.isnan(wanted), f"{activation} {name}")
        np.testing.assert_array_equal(np.isfinite(costs), np.isfinite(wanted_costs), f"{activation} {name}")
        np.testing.assert_array_equal(alone, outputs, f"{activation} {name}")


@EACH_DTYPE
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_parameters_that_are_not_finite_are_not_hidden(bad, dtype):
    """Outputs and costs are NaN or infinite where the textbook's are."""
    assert_as_bad_as_the_textbook(0.5, bad, dtype)


@EACH_DTYPE
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_pixels_that_are_zero_hide_no_bad_weight(bad, dtype):
    """0 · NaN and 0 · ∞ are NaN; and what an image's outputs are doesn't depend on the images beside it."""
    assert_as_bad_as_the_textbook(0.0, bad, dtype)


@EACH_DTYPE
@pytest.mark.parametrize("n_in", [1, 7, 256])
def test_pixels_are_divided_exactly(n_in, dtype):
    """All 256 of them: the correctly rounded quotient, not p · (1/255)."""
    pixels = np.arange(256, dtype=np.uint8)
    images = np.resize(pixels, (-(-256 // n_in), n_in))
    network = Network([Dense(1, "linear")], n_in, seed=0, dtype=dtype)
    x = NATIVE.gradient(network, images, np.zeros(len(images), np.int64), "quadratic").caches[0].x
    assert np.array_equal(x, np.divide(images, 255, dtype=dtype))
    alone = activated("linear", np.zeros(1, dtype))
    assert alone.tolist() == [0.0]
    parameters = {"1.weight": np.ones((1, 1)), "1.bias": np.zeros(1)}
    one = Network([Dense(1, "linear")], 1, parameters=parameters, dtype=dtype)
    assert np.array_equal(NATIVE.predictor(one)(pixels[:, None])[:, 0], np.divide(pixels, 255, dtype=dtype))
