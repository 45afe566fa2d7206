"""The engine's C++ is given nonsense: each time an exception comes, and no array has changed.

`glassnet.engine._native` is private, and `engine.native` hands it right arguments only; but whatever reaches
it must not crash the process or write where it may not. A valid call is taken, and some of its arguments
are broken.
"""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.engine import native

if native.missing():
    pytest.skip(f"the native engine can't run: {native.missing()}", allow_module_level=True)

from glassnet.engine import _native

REFUSALS = (TypeError, ValueError, MemoryError, OverflowError)
N, N_IN, N_OUT, BATCH = 150, 16, 3, 40  # two chunks of rows; the last mini-batch is smaller
BATCHES = 4


def line(kind, activation, shape, output_shape, window=(0, 0, 0), dropout=(0, 1.0)):
    """A layer as the engine is told of it."""
    return kind, activation, shape, output_shape, window, dropout


DENSE, SOFTMAX = line("dense", "linear", [8], [3]), line("softmax", "softmax", [3], [3])
PLAN = [
    line("conv", "tanh", [1, 4, 4], [2, 3, 3], (2, 1, 0)),
    line("max_pool", "linear", [2, 3, 3], [2, 2, 2], (2, 1, 0)),
    line("flatten", "linear", [2, 2, 2], [8]),
    line("dropout", "linear", [8], [8], (0, 0, 0), (2**30, 4 / 3)),
    DENSE,
    SOFTMAX,
]
PARAMETERS = {0: [(2, 1, 2, 2), (2,)], 4: [(3, 8), (3,)]}  # shapes, by layer
SIZES = [18, 8, 8, 8, 3, 3]


def arrays(seed, *shapes, dtype=np.float32):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def memories(kinds, dtype=np.float32):
    """What an optimizer remembers of the parameters, so many kinds of arrays; squares are never below 0."""
    shapes = [*PARAMETERS[0], *PARAMETERS[4]]
    return [[array**2 for array in arrays(i, *shapes, dtype=dtype)] for i in range(kinds)]


def valid(what, dtype="float32"):
    """Arguments for that function, all arrays new."""
    rng = np.random.default_rng(1)
    kind = np.dtype(dtype)
    network = {
        "plan": list(PLAN),
        "parameters": arrays(0, *PARAMETERS[0], *PARAMETERS[4], dtype=kind),
        "target": _native.targets()[0],
    }
    if what == "Predictor":
        return network
    images = rng.integers(0, 256, size=(N, N_IN), dtype=np.uint8)
    if what == "predict":
        return {"images": images, "outputs": np.zeros((N, N_OUT), kind), "threads": 1}
    call = network | {
        "images": images,
        "cost": "log_likelihood",
        "canonical": True,
        "dtype": dtype,
        "threads": 1,
    }
    labels, weights = rng.integers(N_OUT, size=N), rng.uniform(0, 2, N)
    if what == "evaluate":
        return call | {"labels": labels, "outputs": np.zeros((N, N_OUT), kind), "costs": np.zeros(N)}
    if what == "train_batches":
        order = rng.permutation(N)
        return call | {
            "memories": memories(2, kind),
            "labels": labels,
            "example_weights": weights,
            "order": order,
            "seed": 2**63 - 1,
            "epoch": 3,
            "moves": None,
            "batch_size": BATCH,
            "how": ("adam", True, 0.001, 0.01, 0.9, 0.999, 1e-8),
            "paces": np.column_stack([rng.uniform(0.01, 0.1, BATCHES), *rng.uniform(1, 9, (2, BATCHES))]),
            "costs": np.zeros(N),
            "correct": np.zeros(N, bool),
            "gradient_norms": np.zeros((BATCHES, 2)),
        }
    layers = [
        [np.zeros((N, n), kind) for _ in range(4)]
        + ([np.zeros(shape, kind) for shape in PARAMETERS[i]] if i in PARAMETERS else [None, None])
        for i, n in enumerate(SIZES)
    ]
    layers[-1][3] = None  # ∂C/∂a, which the canonical pair goes around
    return call | {
        "targets": labels,
        "example_weights": weights,
        "places": rng.permutation(N),
        "seed": 1,
        "epoch": 2,
        "costs": np.zeros(N),
        "x": np.zeros((N, N_IN), kind),
        "layers": layers,
    }


def call(what, arguments, dtype="float32"):
    """Whatever comes back of it."""
    predictor = {"float32": _native.PredictorFloat32, "float64": _native.PredictorFloat64}[dtype]
    if what == "Predictor":
        return predictor(**arguments)
    if what == "predict":
        return predictor(**valid("Predictor", dtype)).predict(**arguments)
    return getattr(_native, what)(**arguments)


FUNCTIONS = ["train_batches", "evaluate", "cost_and_gradient", "Predictor", "predict"]
# What a call writes to.
WRITTEN = {"parameters", "memories", "costs", "correct", "gradient_norms", "outputs", "x", "layers"}


def flat(value):
    """All arrays in an argument."""
    if isinstance(value, np.ndarray):
        return [value]
    return [array for item in value for array in flat(item)] if isinstance(value, list | tuple) else []


def bits(arguments):
    """Of every array, in its own order."""
    return {
        name: [array.tobytes() for array in flat(value) if array.dtype != object and array.nbytes < 2**30]
        for name, value in arguments.items()
    }


@pytest.fixture(scope="module")
def outcomes():
    """What the valid calls leave behind."""
    left = {}
    for what in FUNCTIONS:
        arguments = valid(what)
        answer = call(what, arguments)
        assert answer is True or what == "Predictor"
        left[what] = bits(arguments)
    return left


def test_the_valid_calls_do_their_work(outcomes):
    for what in FUNCTIONS:
        untouched = bits(valid(what))
        changed = {name for name in untouched if untouched[name] != outcomes[what][name]}
        expected = {name for name in untouched if name in WRITTEN}
        assert changed == (
            set()
            if what == "Predictor"
            else expected - ({"parameters"} if what != "train_batches" else set())
        )


# Ways to break an argument, by its kind. Each gives what stands in its place; some are no break at all, such
# as read-only images: then the call must do what the valid one does.


def strided(array):
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


class Odd:
    """Has the methods of an array, but nothing behind them."""

    def __array__(self, *arguments, **options):
        raise RuntimeError("no array")

    def __dlpack__(self, *arguments, **options):
        raise BufferError("no array")

    def __dlpack_device__(self):
        return 1, 0

    def __len__(self):
        return -1


THINGS = [
    None,
    "",
    "text",
    b"bytes",
    0,
    -1,
    1.5,
    2**40,
    2**63,
    2**64,
    10**30,
    [],
    {},
    (),
    [None],
    object(),
    Odd(),
]
THINGS += [
    float("nan"),
    True,
    np.float32(1),
    np.zeros(()),
    np.array([None]),
    np.array(["a"]),
    memoryview(b"12345678"),
]

OF_ARRAYS = {
    **{
        f"as {dtype}": lambda array, dtype=dtype: array.astype(dtype)
        for dtype in (
            "f2",
            "f4",
            "f8",
            "i1",
            "i2",
            "i4",
            "i8",
            "u1",
            "u8",
            "?",
            "c8",
            "c16",
            ">f4",
            ">f8",
            ">i8",
            "M8[s]",
        )
    },
    "as longdouble": lambda array: array.astype(np.longdouble),
    "as objects": lambda array: array.astype(object),
    "as a record": lambda array: array.view([("field", array.dtype)]),
    "an axis more": lambda array: array[None],
    "an axis more behind": lambda array: array[..., None],
    "flat": lambda array: array.ravel(),
    "no axis": lambda array: array.ravel()[0],
    "one row more": lambda array: np.concatenate([array, array[-1:]]),
    "one row less": lambda array: array[:-1],
    "no row": lambda array: array[:0],
    "half": lambda array: array[: len(array) // 2],
    "twice": lambda array: np.concatenate([array, array]),
    "one column more": lambda array: np.concatenate([array, array], axis=-1),
    "no column": lambda array: array[..., :0],
    "every other number": strided,
    "backwards": lambda array: array[::-1],
    "in columns": lambda array: np.asfortranarray(array) if array.ndim > 1 else strided(array),
    "one number for all": lambda array: (
        np.broadcast_to(array.ravel()[:1], array.shape) if array.size else array[None]
    ),
    "huge by repetition": lambda array: np.broadcast_to(array.ravel()[:1], (2**40, *array.shape[1:])),
    "a list": lambda array: array.tolist(),
    "bytes": lambda array: array.tobytes(),
    "a memoryview": lambda array: memoryview(array.tobytes()),
}
PLACES = [-1, -(2**63), N, N + 1, 10**6, 2**62, 2**63 - 1]
TEXTS = [
    "",
    "dense",
    "float16",
    "float",
    "Float32",
    "log-likelihood",
    "x86-64-v5",
    "a\0b",
    "é" * 1000,
    None,
    3,
    b"float32",
]
WHOLE = [0, -1, 10**9, 2**31, 2**32, 2**63 - 1, 2**63, 2**64, -(2**63), 1.5, "2", None]


def with_part(place, part, value):
    """Changes one part of a layer."""

    def change(plan):
        lines = [list(of) for of in plan]
        lines[place][part] = value
        return [tuple(of) for of in lines]

    return change


def with_size(place, part, axis, size):
    """Changes one number of a shape."""
    shape = list(PLAN[place][part])
    shape[axis] = size
    return with_part(place, part, shape)


PLANS = {
    "no layer": lambda plan: [],
    "one layer less": lambda plan: plan[:-1],
    "one layer more": lambda plan: [*plan, plan[-1]],
    "backwards": lambda plan: plan[::-1],
    "layers that don't fit": lambda plan: [*plan[:4], line("dense", "linear", [9], [3]), plan[5]],
    "softmax of another size": lambda plan: [*plan[:5], line("softmax", "softmax", [3], [4])],
    "softmax that is none": lambda plan: [*plan[:5], line("softmax", "tanh", [3], [3])],
    "softmax of an image": lambda plan: [line("conv", "softmax", *PLAN[0][2:]), *plan[1:]],
    "an unknown layer": lambda plan: [line("convolution", "tanh", *PLAN[0][2:]), *plan[1:]],
    "an unknown activation": lambda plan: [line("conv", "gelu", *PLAN[0][2:]), *plan[1:]],
    "no flatten": lambda plan: [*plan[:2], line("dense", "tanh", [2, 2, 2], [8]), *plan[3:]],
    "an image at the end": lambda plan: plan[:2],
    "a dense layer of images": lambda plan: [line("dense", "tanh", [1, 4, 4], [2, 3, 3]), *plan[1:]],
    "an image behind rows": lambda plan: [*plan[:3], line("dropout", "linear", [8], [2, 2, 2]), *plan[3:]],
    "a pool that mixes channels": lambda plan: [
        plan[0],
        line("max_pool", "linear", [2, 3, 3], [1, 2, 2], (2, 1, 0)),
        *plan[2:],
    ],
    "a pool with padding": lambda plan: [
        plan[0],
        line("average_pool", "linear", [2, 3, 3], [2, 4, 4], (2, 1, 1)),
        *plan[2:],
    ],
    **{
        f"window {window} of layer {place}": with_part(place, 4, window)
        for place in (0, 1)
        for window in [
            *[(size, 1, 0) for size in (0, 1, 3, 5, 2**16 + 1, 2**32 + 2, 2**62, -1, None)],
            *[(2, stride, 0) for stride in (0, 2, 2**32 + 1, 2**63, -1, "1")],
            *[(2, 1, padding) for padding in (1, 2, 2**31, 2**63, -1)],
            (2, 1),
            (2, 1, 0, 0),
        ]
    },
    **{
        f"dropout {how}": with_part(3, 5, how)
        for how in ((-1, 1.0), (2**32, 1.0), (0, "1"), (0,), (0, 1.0, 2))
    },
    "three parts": lambda plan: [plan[0][:3], *plan[1:]],
    "seven parts": lambda plan: [(*plan[0], 1), *plan[1:]],
    "a layer of None": lambda plan: [None, *plan[1:]],
    "None in a layer": lambda plan: [(None, *plan[0][1:]), *plan[1:]],
    "a text": lambda plan: "dense",
    "a dictionary": lambda plan: dict(enumerate(plan)),
    "many softmax": lambda plan: [
        *plan,
        *[SOFTMAX] * 1000,
        line("dense", "tanh", [3], [3]),
    ],
    **{
        f"layer {place}, {'in' if part == 2 else 'out'} {axis} {size}": with_size(place, part, axis, size)
        for place in range(len(PLAN))
        for part in (2, 3)
        for axis in range(len(PLAN[place][part]))
        for size in (0, -1, 2**24, 2**31, 2**32 + 3, 2**40, 2**62, 2**64, 1.0)
    },
}


HOWS = {
    "no rule": (True, 0.001, 0.01, 0.9, 0.999, 1e-8),
    "a number more": ("adam", True, 0.001, 0.01, 0.9, 0.999, 1e-8, 0.0),
    "a rule that remembers nothing": ("sgd", False, 0.001, 0.01, 0.9, 0.999, 1e-8),
    "a rule that remembers less": ("momentum", False, 0.001, 0.01, 0.9, 0.999, 1e-8),
    "decoupled, not Adam": ("nesterov", True, 0.001, 0.01, 0.9, 0.999, 1e-8),
    "None for a number": ("adam", True, 0.001, None, 0.9, 0.999, 1e-8),
    **{
        f"rule {rule!r:.20}": (rule, True, 0.001, 0.01, 0.9, 0.999, 1e-8)
        for rule in (*TEXTS, "adamw", "Adam")
    },
}


def broken(name, value):
    """All ways to break it: {how: what stands there instead}."""
    ways = {f"{name} is {type(thing).__name__} {str(thing)[:20]!r}": thing for thing in THINGS}
    if name == "example_weights":
        del ways["example_weights is NoneType 'None'"]  # a call as valid as the other
    if name == "moves":
        del ways["moves is NoneType 'None'"]  # nothing moves
    if name == "places":
        del ways["places is NoneType 'None'"]  # nothing is dropped then
    if name == "plan":
        return ways | {f"plan: {how}": change(value) for how, change in PLANS.items()}
    if name == "how":
        return ways | {f"how: {reason}": wrong for reason, wrong in HOWS.items()}
    if name in ("parameters", "memories", "layers"):
        ways |= {
            f"{name}: one less": value[:-1],
            f"{name}: one more": [*value, value[-1]],
            f"{name}: none": [],
        }
        ways |= {f"{name}: backwards": value[::-1], f"{name}: a tuple of them": tuple(value)}
        for i, item in enumerate(value):
            inside = broken("layers" if isinstance(item, list) else "item", item) if item is not None else {}
            for how, other in inside.items():
                # None for ∂C/∂W is refused, for z, a, δ it only says that nobody wants them.
                if not (other is None and name == "layers"):
                    ways[f"{name}[{i}]: {how}"] = [*value[:i], other, *value[i + 1 :]]
        return ways
    if isinstance(value, np.ndarray):
        for how, change in OF_ARRAYS.items():
            try:
                ways[f"{name}: {how}"] = change(value)
            except (TypeError, ValueError):
                continue  # NumPy doesn't make that
        ways[f"{name}: read-only"] = read_only(value)
        if name in ("order", "labels", "targets"):
            for place in PLACES:
                changed = value.copy()
                changed[len(value) // 2] = place
                ways[f"{name}: one is {place}"] = changed
        return ways
    if isinstance(value, bool | float):
        return {
            how: thing for how, thing in ways.items() if isinstance(thing, str | bytes | list | dict | Odd)
        }
    if isinstance(value, str):
        return ways | {f"{name} {text!r:.30}": text for text in TEXTS}
    if isinstance(value, int):
        most = {"seed": 2**64 - 1, "epoch": 2**32 - 1}.get(name, -1)  # up to which any other is as good
        wrong = [number for number in WHOLE if not (isinstance(number, int) and 0 <= number <= most)]
        return {f"{name} {number!r}": number for number in wrong} | {
            how: thing for how, thing in ways.items() if not isinstance(thing, int | np.generic | np.ndarray)
        }
    return ways


def attempt(what, arguments, expected, how):
    """Refused, and nothing touched; or done, and the same done as by the valid call."""
    before = bits(arguments)
    try:
        answer = call(what, arguments)
    except REFUSALS:
        assert bits(arguments) == before, how
        return False
    assert answer is True or what == "Predictor", how
    after = bits(arguments)
    for name in WRITTEN & set(arguments):
        assert after[name] == expected[name], how
    return True


# What makes another call that is as valid: nothing to compare it with.
OTHERS = {
    "images: as f4",
    "images: as f8",
    "plan: one layer less",
    "plan: one layer more",
    "memories: backwards",
    "batch_size 1000000000",
}
# What breaks nothing: the rest of what is done must be among these.
HARMLESS = ("read-only", "a tuple of them", "as f4", "as f8", "as i8", "as u1", "as ?", "flat")


def ways_to_break(what):
    """(argument, how) for all of them."""
    arguments = valid(what)
    pairs = ((name, how) for name, value in arguments.items() for how in broken(name, value))
    return [(name, how) for name, how in pairs if how not in OTHERS]


WAYS = {what: ways_to_break(what) for what in FUNCTIONS}


@pytest.mark.parametrize("what", FUNCTIONS)
def test_one_broken_argument_is_refused(what, outcomes):
    assert len(WAYS[what]) > 100
    for name, how in WAYS[what]:
        arguments = valid(what)
        arguments[name] = broken(name, arguments[name])[how]
        if attempt(what, arguments, outcomes[what], how):
            assert how.endswith(HARMLESS), how


@settings(max_examples=200, deadline=None, derandomize=True)
@given(data=st.data())
def test_several_broken_arguments_are_refused(data, outcomes):
    what = data.draw(st.sampled_from(FUNCTIONS))
    breaks = dict(data.draw(st.lists(st.sampled_from(WAYS[what]), min_size=2, max_size=4)))
    arguments = valid(what)
    for name, how in breaks.items():
        arguments[name] = broken(name, arguments[name])[how]
    attempt(what, arguments, outcomes[what], breaks)


@pytest.mark.parametrize("what", FUNCTIONS)
def test_an_argument_that_is_missing_or_unknown_is_refused(what):
    for name in valid(what):
        arguments = valid(what)
        del arguments[name]
        with pytest.raises(TypeError):
            call(what, arguments)
    with pytest.raises(TypeError):
        call(what, valid(what) | {"another": 1})


@pytest.mark.parametrize("what", FUNCTIONS)
def test_every_array_of_the_other_dtype_is_refused(what):
    """A network of float64 called float32, and the other way round."""
    for right, wrong in (("float32", "float64"), ("float64", "float32")):
        assert call(what, valid(what, right), right) is True or what == "Predictor"
        arguments = valid(what, right)
        if "dtype" in arguments:
            arguments["dtype"] = wrong
        before = bits(arguments)
        with pytest.raises(ValueError, match="wrong dtype, shape or alignment"):
            call(what, arguments, wrong)
        assert bits(arguments) == before


@pytest.mark.parametrize("threads", [1, 2, 3, 200, 1024])
@pytest.mark.parametrize("what", ["train_batches", "evaluate", "cost_and_gradient", "predict"])
def test_any_number_of_threads_does_the_same(what, threads, outcomes):
    arguments = valid(what) | {"threads": threads}
    assert call(what, arguments) is True
    assert {name: bits(arguments)[name] for name in WRITTEN & set(arguments)} == {
        name: outcomes[what][name] for name in WRITTEN & set(arguments)
    }


@pytest.mark.parametrize("what", ["train_batches", "evaluate", "predict"])
def test_nothing_to_do_is_done(what, outcomes):
    """No image, or none in the order."""
    arguments = valid(what)
    for name in (
        "images",
        "labels",
        "example_weights",
        "order",
        "outputs",
        "costs",
        "correct",
        "gradient_norms",
        "paces",
    ):
        if name in arguments:
            arguments[name] = arguments[name][:0].copy()
    before = bits(arguments)
    assert call(what, arguments) is True
    assert bits(arguments) == before


def test_an_order_may_be_empty_and_may_repeat():
    arguments = valid("train_batches")
    nothing = {
        name: arguments[name][:0].copy() for name in ("order", "costs", "correct", "gradient_norms", "paces")
    }
    before = bits(arguments)["parameters"]
    assert call("train_batches", arguments | nothing) is True
    assert bits(arguments)["parameters"] == before
    arguments["order"][:] = 7
    assert call("train_batches", arguments) is True
    assert len(set(arguments["costs"][:BATCH])) == 1


def test_a_gradient_of_no_image_is_refused():
    arguments = valid("cost_and_gradient")
    for name in ("images", "targets", "example_weights", "places", "costs", "x"):
        arguments[name] = arguments[name][:0].copy()
    for layer in arguments["layers"]:
        layer[:4] = [None if array is None else array[:0].copy() for array in layer[:4]]
    with pytest.raises(ValueError, match="images: none"):
        call("cost_and_gradient", arguments)


UNMOVED = np.array([2**16, 0, 0, 0, 2**16, 0], np.int32)
KNOTS = np.zeros((4, 7), np.int32)
MOVES = (np.tile(UNMOVED, (N, 1)), [1, 4, 4], 100, KNOTS, KNOTS)  # of PLAN's images; all knots count 0


def test_maps_to_the_same_place_move_nothing(outcomes):
    arguments = valid("train_batches") | {"moves": MOVES}
    assert call("train_batches", arguments) is True
    wanted = outcomes["train_batches"]
    assert {name: bits(arguments)[name] for name in WRITTEN & set(arguments)} == {
        name: wanted[name] for name in WRITTEN & set(arguments)
    }


@pytest.mark.parametrize("number", [2**31 - 1, -(2**31)])
def test_any_map_and_any_knots_lead_somewhere(number):
    """Those that lead out of the image find zeros; whatever overflows does no harm."""
    knots = np.full((4, 7), number, np.int32)
    for gain in (0, 2**17):
        arguments = valid("train_batches")
        arguments["moves"] = (np.full((N, 6), number, np.int32), [1, 4, 4], gain, knots, knots)
        assert call("train_batches", arguments) is True


@pytest.mark.parametrize(
    ("place", "value"),
    [
        *[(0, maps) for maps in (MOVES[0][1:], MOVES[0][:, 1:], MOVES[0].astype(np.int64), None, [])],
        *[(1, shape) for shape in ([4, 4], [1, 4, 5], [1, 0, 4], [16, 1, 1], [2**40, 2**40, 1], [-1, 4, 4])],
        *[(2, gain) for gain in (-1, 2**17 + 1, 2**70, 0.5, None)],
        *[(axis, knots) for axis in (3, 4) for knots in (KNOTS[1:], KNOTS[:, 1:], KNOTS * 1.0, None)],
    ],
)
def test_moves_that_do_not_fit_are_refused(place, value):
    arguments = valid("train_batches")
    arguments["moves"] = (*MOVES[:place], value, *MOVES[place + 1 :])
    before = bits(arguments)
    with pytest.raises(REFUSALS):
        call("train_batches", arguments)
    assert bits(arguments) == before


def test_floats_do_not_move():
    arguments = valid("train_batches") | {"moves": MOVES}
    arguments["images"] = arguments["images"] / 255
    with pytest.raises(ValueError, match="moves: of uint8 alone"):
        call("train_batches", arguments)


def test_weights_of_one_are_as_none():
    for what in ("train_batches", "cost_and_gradient"):
        ones, none = valid(what), valid(what) | {"example_weights": None}
        ones["example_weights"][:] = 1
        assert call(what, ones) is call(what, none) is True
        both = [{name: bits(one)[name] for name in WRITTEN & set(one)} for one in (ones, none)]
        assert both[0] == both[1]


def test_numbers_that_nobody_wants_are_left_out(outcomes):
    arguments = valid("cost_and_gradient")
    for layer in arguments["layers"]:
        layer[:4] = [None] * 4
    assert call("cost_and_gradient", arguments) is True
    wanted = outcomes["cost_and_gradient"]
    left = bits(arguments)
    assert left["x"] == wanted["x"]
    assert left["costs"] == wanted["costs"]
    first, second = (sum(4 + 2 * (i in PARAMETERS) for i in range(end)) + 4 for end in (0, 4))
    assert left["layers"] == [wanted["layers"][place] for place in (first, first + 1, second, second + 1)]
    for place in (4, 5):
        arguments = valid("cost_and_gradient")
        arguments["layers"][0][place] = None
        with pytest.raises(ValueError, match="no room"):
            call("cost_and_gradient", arguments)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 60, N - 1])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("what", ["train_batches", "evaluate", "cost_and_gradient", "predict"])
def test_images_that_are_not_finite_are_told_and_change_no_parameter(what, dtype, place, bad):
    arguments = valid(what, dtype)
    images = arguments["images"] = (arguments["images"] / 255).astype(dtype)
    images[place, N_IN - 1] = bad
    before = bits(arguments)
    assert call(what, arguments, dtype) is False
    after = bits(arguments)
    untouched = {"parameters", "images", "labels", "targets", "example_weights", "order"} & set(arguments)
    assert {name: after[name] for name in untouched} == {name: before[name] for name in untouched}
    images[place, N_IN - 1] = 0
    assert call(what, arguments, dtype) is True


def test_numbers_that_are_not_finite_elsewhere_do_no_harm():
    """NaN as a parameter, a weight, η or λ comes out as NaN; it is for others to complain."""
    for bad in (np.nan, np.inf, -1e300):
        numbers = (bad,) * 5
        assert call("train_batches", valid("train_batches") | {"how": ("adam", True, *numbers)}) is True
        assert call("train_batches", valid("train_batches") | {"paces": np.full((BATCHES, 3), bad)}) is True
    for what in ("train_batches", "evaluate", "cost_and_gradient"):
        arguments = valid(what)
        arguments["parameters"][0][:] = np.nan
        assert call(what, arguments) is True
        assert np.isnan(arguments["costs"]).all()


def test_a_predictor_that_was_never_made_predicts_nothing():
    for kind in (_native.PredictorFloat32, _native.PredictorFloat64):
        with pytest.warns(RuntimeWarning, match="uninitialized"), pytest.raises(TypeError):
            kind.__new__(kind).predict(**valid("predict"))
        with pytest.raises(TypeError):
            kind()
        with pytest.raises(TypeError):
            kind.predict(None, **valid("predict"))


@pytest.mark.parametrize("arguments", [("neon8", 1, 0.01), (None, 1, 0.01), ("", 0, 0.01)])
def test_the_peak_of_nothing_is_not_measured(arguments):
    with pytest.raises(REFUSALS):
        _native.measure_peak(*arguments)
    for threads in (0, -1, 1025, 2**64):
        with pytest.raises(REFUSALS):
            _native.measure_peak(_native.targets()[0], threads, 0.001)


def test_nothing_is_kept():
    """No call holds on to the arrays that it was given."""
    for what in FUNCTIONS:
        arguments = valid(what)
        watched = [weakref.ref(array) for value in arguments.values() for array in flat(value)]
        call(what, arguments)
        del arguments
        gc.collect()
        assert not any(reference() is not None for reference in watched), what
