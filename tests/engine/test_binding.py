"""The engine's C++ is given nonsense: each time an exception comes, and no array has changed.

`glassnet.engine._native` is private, and `engine.native` hands it right arguments only; but whatever reaches
it must not crash the process or write where it may not. A valid call is taken, and some of its arguments, or
of those of its structs, are broken.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

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


# A call with its structs, as a tree: its leaves can be exchanged before anything is made of it.


@dataclass(frozen=True)
class Of:
    """A struct of the module, or one of its functions, and its arguments."""

    kind: str
    arguments: dict[str, Any]


def built(node):
    """What the module makes of it: a struct, or what the function returns."""
    if isinstance(node, Of):
        arguments = {name: built(value) for name, value in node.arguments.items()}
        if node.kind.startswith("predict."):
            return built(valid("Predictor", node.kind.removeprefix("predict."))).predict(**arguments)
        return getattr(_native, node.kind)(**arguments)
    return type(node)(map(built, node)) if type(node) in (list, tuple) else node


def children(node):
    if isinstance(node, Of):
        return node.arguments.items()
    return enumerate(node) if isinstance(node, list | tuple) else ()


def at(node, path):
    for name in path:
        node = node.arguments[name] if isinstance(node, Of) else node[name]
    return node


def changed(node, path, change):
    """The same tree, but with change(value) at the end of the path."""
    if not path:
        return change(node)
    name, *rest = path
    value = changed(at(node, (name,)), rest, change)
    if isinstance(node, Of):
        return Of(node.kind, {**node.arguments, name: value})
    return type(node)([*node[:name], value, *node[name + 1 :]])


def put(node, values):
    """The same tree with other values, whose paths are written as "examples.images"."""
    for path, value in values.items():
        names = (int(name) if name.isdigit() else name for name in path.split("."))
        node = changed(node, list(names), lambda _, value=value: value)
    return node


def flat(node):
    """All arrays in it."""
    if isinstance(node, np.ndarray):
        return [node]
    if isinstance(node, Of) and node.kind in ("Plan", "Setup", "Descent"):
        return []
    return [array for _, value in children(node) for array in flat(value)]


def bits(call):
    """Of every array, by the argument that it is in."""
    return {
        name: [array.tobytes() for array in flat(value) if array.dtype != object and array.nbytes < 2**30]
        for name, value in call.arguments.items()
    }


# Valid calls


def layer(kind, activation, input_shape, output_shape, **settings):
    shapes = {"input_shape": input_shape, "output_shape": output_shape}
    return Of("Layer", {"kind": kind, "activation": activation, **shapes, **settings})


LAYERS = [
    layer("conv", "tanh", [1, 4, 4], [2, 3, 3], size=2, stride=1, padding=0),
    layer("max_pool", "linear", [2, 3, 3], [2, 2, 2], size=2, stride=1, padding=0),
    layer("flatten", "linear", [2, 2, 2], [8]),
    layer("dropout", "linear", [8], [8], threshold=2**30, scale=4 / 3),
    layer("dense", "linear", [8], [3]),
    layer("softmax", "softmax", [3], [3]),
]
PLAN = Of("Plan", {"layers": LAYERS})
PARAMETERS = {0: [(2, 1, 2, 2), (2,)], 4: [(3, 8), (3,)]}  # shapes, by layer
SIZES = [18, 8, 8, 8, 3, 3]
UNMOVED = np.array([2**16, 0, 0, 0, 2**16, 0], np.int32)


def arrays(seed, *shapes, dtype=np.float32):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def memories(kinds, dtype=np.float32):
    """What an optimizer remembers of the parameters, so many kinds of arrays; squares are never below 0."""
    shapes = [*PARAMETERS[0], *PARAMETERS[4]]
    return [[array**2 for array in arrays(i, *shapes, dtype=dtype)] for i in range(kinds)]


def moves():
    """To the same place; all knots count 0."""
    return Of(
        "Moves",
        {
            "maps": np.tile(UNMOVED, (N, 1)),
            "image_shape": [1, 4, 4],
            "gain": 100,
            "knot_weights_down": np.zeros((4, 7), np.int32),
            "knot_weights_across": np.zeros((4, 7), np.int32),
        },
    )


def valid(what, dtype="float32"):
    """A call of that function, all arrays new."""
    rng = np.random.default_rng(1)
    kind, isa = np.dtype(dtype), _native.targets()[0]
    parameters = arrays(0, *PARAMETERS[0], *PARAMETERS[4], dtype=kind)
    if what == "Predictor":
        predictor = {"float32": "PredictorFloat32", "float64": "PredictorFloat64"}[dtype]
        return Of(predictor, {"plan": PLAN, "parameters": parameters, "instruction_set": isa})
    images = rng.integers(0, 256, size=(N, N_IN), dtype=np.uint8)
    if what == "predict":
        outputs = np.zeros((N, N_OUT), kind)
        return Of(f"predict.{dtype}", {"images": images, "outputs": outputs, "threads": 1})
    setup = {
        "plan": PLAN,
        "cost": "log_likelihood",
        "canonical": True,
        "dtype": dtype,
        "instruction_set": isa,
        "threads": 1,
    }
    examples = {"images": images, "targets": rng.integers(N_OUT, size=N)}
    call = {"setup": Of("Setup", setup), "parameters": parameters}
    if what == "evaluate":
        outputs = {"outputs": np.zeros((N, N_OUT), kind), "costs": np.zeros(N)}
        return Of(what, {**call, "examples": Of("Examples", examples), **outputs})
    call["examples"] = Of("Examples", {**examples, "example_weights": rng.uniform(0, 2, N)})
    if what == "cost_and_gradient":
        layers = [
            {name: np.zeros((N, n), kind) for name in ("z", "a", "delta", "dC_da")}
            | {"weight": None, "bias": None}
            | dict(zip(("weight", "bias"), arrays(i, *PARAMETERS.get(i, []), dtype=kind), strict=False))
            for i, n in enumerate(SIZES)
        ]
        layers[-1]["dC_da"] = None  # which the canonical pair goes around
        draw = {"seed": 1, "epoch": 2, "places": rng.permutation(N)}
        written = {"costs": np.zeros(N), "x": np.zeros((N, N_IN), kind)}
        numbers = [Of("LayerNumbers", layer) for layer in layers]
        return Of(what, {**call, "draw": Of("Draw", draw), **written, "layers": numbers})
    mini_batches = {
        "order": rng.permutation(N),
        "batch_size": BATCH,
        "rates": np.column_stack([rng.uniform(0.01, 0.1, BATCHES), *rng.uniform(1, 9, (2, BATCHES))]),
        "seed": 2**63 - 1,
        "epoch": 3,
        "moves": moves(),
    }
    results = {
        "costs": np.zeros(N),
        "correct": np.zeros(N, bool),
        "gradient_norms": np.zeros((BATCHES, 2)),
    }
    return Of(
        what,
        {
            **call,
            "memories": memories(2, kind),
            "mini_batches": Of("MiniBatches", mini_batches),
            "descent": adam(),
            "results": Of("Results", results),
        },
    )


def adam(**other):
    constants = {"l1": 0.001, "l2": 0.01, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
    return Of("Descent", {"rule": "adam", "decoupled": True, **constants, **other})


FUNCTIONS = ["train_batches", "evaluate", "cost_and_gradient", "Predictor", "predict"]
# What a call writes to.
WRITTEN = {"parameters", "memories", "results", "costs", "outputs", "x", "layers"}


def written(call):
    after = bits(call)
    return {name: after[name] for name in WRITTEN & set(after)}


def done(what, call):
    """Whether all images were finite; of a predictor, whether there is one."""
    answer = built(call)
    return answer is not None if what == "Predictor" else answer


@cache
def outcome(what):
    """What the valid call leaves behind."""
    call = valid(what)
    assert done(what, call) is True
    return written(call)


@pytest.mark.parametrize("what", FUNCTIONS)
def test_the_valid_calls_do_their_work(what):
    untouched = written(valid(what))
    same = {name for name in untouched if untouched[name] == outcome(what)[name]}
    assert same == (set() if what == "train_batches" else {"parameters"} & set(untouched))


# Ways to break an argument, by its kind. Each gives what stands in its place; some are no break at all, such
# as read-only images: then the call must do what the valid one does.


def strided(array):
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


def cast(array, dtype):
    with np.errstate(all="ignore"):
        return array.astype(dtype)


def misaligned(array):
    if array.itemsize == 1:
        raise ValueError("a byte is aligned wherever it lies")
    moved = np.frombuffer(bytearray(array.nbytes + 1), array.dtype, offset=1).reshape(array.shape)
    moved[...] = array
    return moved


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
        f"as {dtype}": lambda array, dtype=dtype: cast(array, dtype)
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
    "misaligned": misaligned,
    "read-only": read_only,
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


SIDES = [0, -1, 2**24, 2**31, 2**32 + 3, 2**40, 2**62, 2**64, 1.0]  # of a shape
# Up to which any other number is as good, though not the same
MOST = {"seed": 2**64 - 1, "epoch": 2**32 - 1, "threshold": 2**32 - 1, "gain": 2**17}

# What else an argument of that name might be
OTHER_VALUES = {
    "kind": ["convolution"],
    "activation": ["gelu"],
    "rule": ["adamw", "Adam", "sgd", "momentum", "nesterov"],  # the known ones are never decoupled
    "size": [1, 3, 5, 2**16 + 1, 2**32 + 2, 2**62],
    "stride": [2, 2**32 + 1],
    "padding": [1, 2],
    "image_shape": [[4, 4], [1, 4, 5], [16, 1, 1], [2**40, 2**40, 1]],
    "gain": [2**17 + 1, 2**70],
}

# Other structs for some places in a tree, whose arguments don't fit together, or don't fit the others
OTHER_STRUCTS = {
    ("layers", 0): {
        "softmax of an image": layer("conv", "softmax", [1, 4, 4], [2, 3, 3], size=2, stride=1),
        "a dense layer of images": layer("dense", "tanh", [1, 4, 4], [2, 3, 3]),
        "a dense layer of a picture": layer("dense", "tanh", [4, 4], [18]),
    },
    ("layers", 1): {
        "a pool that mixes channels": layer("max_pool", "linear", [2, 3, 3], [1, 2, 2], size=2, stride=1),
        "padding": layer("average_pool", "linear", [2, 3, 3], [2, 4, 4], size=2, stride=1, padding=1),
    },
    ("layers", 2): {
        "no flatten": layer("dense", "tanh", [2, 2, 2], [8]),
        "dropout that flattens": layer("dropout", "linear", [2, 2, 2], [8]),
        "softmax that flattens": layer("softmax", "softmax", [2, 2, 2], [8]),
        "a flatten that makes images": layer("flatten", "linear", [2, 2, 2], [2, 2, 2]),
    },
    ("layers", 3): {
        "an image behind rows": layer("dropout", "linear", [8], [2, 2, 2]),
        "dropout of another size": layer("dropout", "linear", [8], [9]),
    },
    ("layers", 4): {"layers that don't fit": layer("dense", "linear", [9], [3])},
    ("layers", 5): {
        "softmax of another size": layer("softmax", "softmax", [3], [4]),
        "softmax that is none": layer("softmax", "tanh", [3], [3]),
    },
    ("descent",): {
        "a rule that remembers nothing": adam(rule="sgd", decoupled=False),
        "a rule that remembers less": adam(rule="momentum", decoupled=False),
        "decoupled, not Adam": adam(rule="nesterov"),
    },
}
LISTS = {
    "one less": lambda items: items[:-1],
    "one more": lambda items: [*items, items[-1]],
    "none": lambda items: [],
    "backwards": lambda items: items[::-1],
    "a tuple of them": tuple,
    "a dictionary": lambda items: dict(enumerate(items)),
}
PLANS = {
    "two less": lambda layers: layers[:-2],
    "an image at the end": lambda layers: layers[:2],
    "many softmax": lambda layers: [*layers, *layers[-1:] * 1000, layer("dense", "tanh", [3], [3])],
}


NUMBERS = ("z", "a", "delta", "dC_da")
OPTIONAL = ("example_weights", "moves", "draw", *NUMBERS)  # may be None


class Way(NamedTuple):
    path: tuple[str | int, ...]
    how: str
    change: Callable[[Any], Any]  # raises TypeError or ValueError where NumPy doesn't make that


def with_place(place):
    def change(array):
        array = array.copy()
        array[len(array) // 2] = place
        return array

    return change


def always(other):
    return lambda _: other


def ways(value, path) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """How to break one argument."""
    name = next(part for part in reversed(path) if isinstance(part, str))
    for thing in THINGS:
        if not fits(thing, value) and not (thing is None and name in OPTIONAL):
            yield f"{type(thing).__name__} {str(thing)[:20]!r}", always(thing)
    for other in OTHER_VALUES.get(name, []) if not isinstance(path[-1], int) else ():
        yield f"{other!r}", always(other)
    if isinstance(value, Of):
        structs = OTHER_STRUCTS.get(path[path.index(name) :], {})
        yield from ((how, always(other)) for how, other in structs.items())
    if isinstance(value, list):
        yield from (way for way in LISTS.items() if way[0] != "backwards" or not is_palindrome(value))
        yield from PLANS.items() if value[0] is LAYERS[0] else ()
    if isinstance(value, np.ndarray):
        yield from OF_ARRAYS.items()
        for place in PLACES if name in ("order", "targets") else ():
            yield f"one is {place}", with_place(place)
    if isinstance(value, str):
        yield from ((f"{text!r:.30}", always(text)) for text in TEXTS if text != value)
    if type(value) is int:
        for number in SIDES if name.endswith("shape") else WHOLE:
            if number != value and not (isinstance(number, int) and 0 <= number <= MOST.get(name, -1)):
                yield f"{number!r}", always(number)


def fits(thing, value):
    """Whether a thing is what an argument of that kind may be, or may be taken for it."""
    if isinstance(value, bool | float):
        return not isinstance(thing, str | bytes | list | dict | Odd | None)
    return isinstance(value, int) and isinstance(thing, int | np.generic | np.ndarray)


def is_palindrome(items):
    return all(one is other for one, other in zip(items, items[::-1], strict=True))


def all_ways(node, path=()):
    """Ways to break an argument anywhere in a tree."""
    if path and node is not None:
        for how, change in ways(node, path):
            yield Way(path, f"{'.'.join(map(str, path))}: {how}", change)
    for name, value in children(node):
        yield from all_ways(value, (*path, name))


# What makes another call that is as valid: nothing to compare it with.
OTHERS = {
    "images: as f4",
    "images: as f8",
    "examples.images: as f4",
    "examples.images: as f8",
    "setup.plan.layers: one less",
    "setup.plan.layers: one more",
    "plan.layers: one less",
    "plan.layers: one more",
    "memories: backwards",
}
# What breaks nothing: the rest of what is done must be among these.
HARMLESS = ("read-only", "a tuple of them", "as f4", "as f8", "as i4", "as i8", "as u1", "as ?", "flat")
WAYS = {what: [way for way in all_ways(valid(what)) if way.how not in OTHERS] for what in FUNCTIONS}


def structs_in(node):
    """Every struct of a call."""
    for _, value in children(node):
        if isinstance(value, Of):
            yield value
        yield from structs_in(value)


@cache
def structs():
    """Valid ones of each kind, with all arguments that they may have."""
    found = {}
    for struct in structs_in(valid("train_batches")):
        found.setdefault(struct.kind, []).append(struct)
    for struct in structs_in(valid("cost_and_gradient")):
        if struct.kind in ("Draw", "LayerNumbers"):
            found.setdefault(struct.kind, []).append(struct)
    return found


KINDS = (
    "Layer",
    "Plan",
    "Setup",
    "Descent",
    "Examples",
    "Moves",
    "MiniBatches",
    "Draw",
    "Results",
    "LayerNumbers",
)
# What is wrong only for the network, or beside another argument of the call
COUNTS = ("half", "no row", "one row less", "one row more", "twice")
COLUMNS = ("no column", "one column more")
LATER = {
    "Layer": {"kind: 'dense'", f"input_shape.0: {2**24}", f"output_shape.0: {2**24}"},
    "Plan": {f"layers: {how}" for how in ("one less", "two less", "one more", "many softmax")},
    "Examples": {f"images: {how}" for how in COLUMNS} | {f"targets: one is {place}" for place in PLACES},
    "Moves": {f"image_shape.0: {2**24}", *(f"maps: {how}" for how in COUNTS)},
    "MiniBatches": {f"order: one is {place}" for place in PLACES},
    "Draw": {f"places: {how}" for how in COUNTS + COLUMNS},
    "Results": {f"gradient_norms: {how}" for how in COUNTS + COLUMNS},
    "LayerNumbers": {
        "bias: NoneType 'None'",
        *(f"weight: {how}" for how in ("NoneType 'None'", "an axis more behind", *COLUMNS)),
    },
}


def own_ways(struct):
    """Ways to break it that are not inside of another struct."""
    for way in all_ways(struct):
        around = [at(struct, way.path[:i]) for i in range(1, len(way.path))]
        if not any(isinstance(node, Of) for node in around):
            yield way


def broken(node, way):
    """None where there is no such way, as NumPy doesn't make that."""
    try:
        return changed(node, way.path, way.change)
    except (TypeError, ValueError):
        return None


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_struct_is_refused_where_it_is_made(kind):
    accepted = set()
    for struct in structs()[kind]:
        built(struct)
        before = bits(struct)
        for way in own_ways(struct):
            other = broken(struct, way)
            try:
                if other is not None:
                    built(other)
                    accepted.add(way.how)
            except REFUSALS:
                pass
        assert bits(struct) == before
    assert {how for how in accepted if not how.endswith(HARMLESS)} == LATER.get(kind, set())


def attempt(what, call, how):
    """Refused, and nothing touched; or done, and the same done as by the valid call."""
    before = bits(call)
    try:
        answer = done(what, call)
    except REFUSALS:
        assert bits(call) == before, how
        return False
    assert answer is True, how
    for name, after in written(call).items():
        assert after == outcome(what)[name], how
    return True


def is_left_to_the_call(call, way):
    """Whether no struct refuses it alone."""
    for end in range(len(way.path) - 1, 0, -1):
        if isinstance(struct := at(call, way.path[:end]), Of):
            how = way.how.removeprefix(".".join(map(str, way.path[:end])) + ".")
            return how in LATER.get(struct.kind, ()) or how.endswith(HARMLESS)
    return True


@pytest.mark.parametrize("what", FUNCTIONS)
def test_one_broken_argument_is_refused(what):
    call = valid(what)
    ways = [way for way in WAYS[what] if is_left_to_the_call(call, way)]
    assert len(ways) > 100
    for way in ways:
        other = broken(call, way)
        if other is not None and attempt(what, other, way.how):
            assert way.how.endswith(HARMLESS), way.how
            call = valid(what)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(data=st.data())
def test_several_broken_arguments_are_refused(data):
    what = data.draw(st.sampled_from(FUNCTIONS))
    indices = st.integers(0, len(WAYS[what]) - 1)  # far faster than to sample from the ways themselves
    ways = [WAYS[what][i] for i in data.draw(st.lists(indices, min_size=2, max_size=4))]
    ways = list({way.path: way for way in ways}.values())
    call, breaks = valid(what), []
    for way in sorted(ways, key=lambda way: -len(way.path)):  # what is inside of another comes first
        if (other := broken(call, way)) is not None:
            call = other
            breaks.append(way.how)
    attempt(what, call, breaks)


@pytest.mark.parametrize("what", FUNCTIONS)
def test_an_argument_that_is_missing_or_unknown_is_refused(what):
    call = valid(what)
    for node in [call, *structs_in(call)]:
        optional = {"size", "stride", "padding", "threshold", "scale", "example_weights", "moves"}
        for name in node.arguments.keys() - optional:
            others = {other: value for other, value in node.arguments.items() if other != name}
            with pytest.raises(TypeError):
                built(Of(node.kind, others))
        with pytest.raises(TypeError):
            built(Of(node.kind, {**node.arguments, "another": 1}))


@pytest.mark.parametrize("kind", KINDS)
def test_a_struct_never_changes(kind):
    arguments = {name: built(value) for name, value in structs()[kind][0].arguments.items()}
    struct_type = getattr(_native, kind)
    struct = struct_type(**arguments)
    for name in (*arguments, "another"):
        with pytest.raises(AttributeError):
            setattr(struct, name, None)
    with pytest.warns(RuntimeWarning, match="already"), pytest.raises(TypeError):
        struct.__init__(**arguments)
    with pytest.raises(TypeError):
        type("Derived", (struct_type,), {})


@pytest.mark.parametrize("kind", KINDS)
def test_a_struct_that_was_never_made_is_refused(kind):
    for what in FUNCTIONS:
        call = valid(what)
        paths = {way.path for way in WAYS[what]}
        for path in (
            path for path in paths if isinstance(at(call, path), Of) and at(call, path).kind == kind
        ):
            struct_type = getattr(_native, kind)
            unmade = struct_type.__new__(struct_type)
            with pytest.warns(RuntimeWarning, match="uninitialized"), pytest.raises(TypeError):
                built(changed(call, path, always(unmade)))


@pytest.mark.parametrize("what", FUNCTIONS)
def test_every_array_of_the_other_dtype_is_refused(what):
    """A network of float64 called float32, and the other way round."""
    for right, wrong in (("float32", "float64"), ("float64", "float32")):
        assert done(what, valid(what, right)) is True
        call = valid(what, right)
        if "setup" in call.arguments:
            call = put(call, {"setup.dtype": wrong})
        else:
            call = Of(valid(what, wrong).kind, call.arguments)
        before = bits(call)
        with pytest.raises(ValueError, match="wrong dtype, shape or alignment"):
            built(call)
        assert bits(call) == before


@pytest.mark.parametrize("threads", [1, 2, 3, 200, 1024])
@pytest.mark.parametrize("what", ["train_batches", "evaluate", "cost_and_gradient", "predict"])
def test_any_number_of_threads_does_the_same(what, threads):
    call = put(valid(what), {"threads" if what == "predict" else "setup.threads": threads})
    assert built(call) is True
    assert written(call) == outcome(what)


def without_rows(call, paths):
    """The same call with empty arrays there, where it has any."""
    found = {way.path for way in WAYS[call.kind.split(".")[0]]}
    for path in paths:
        if (names := tuple(path.split("."))) in found:
            call = changed(call, names, lambda array: array[:0].copy())
    return call


OF_EXAMPLES = ["examples.images", "examples.targets", "examples.example_weights"]
OF_ORDER = [f"mini_batches.{name}" for name in ("order", "rates", "moves.maps")]
OF_RESULTS = [f"results.{name}" for name in ("costs", "correct", "gradient_norms")]


@pytest.mark.parametrize("what", ["train_batches", "evaluate", "predict"])
def test_nothing_to_do_is_done(what):
    """No image, or none in the order."""
    call = without_rows(valid(what), ["images", "outputs", "costs", *OF_EXAMPLES, *OF_ORDER, *OF_RESULTS])
    assert not any(len(array) for name in ("examples", "images") for array in flat(call.arguments.get(name)))
    before = bits(call)
    assert built(call) is True
    assert bits(call) == before


def test_an_order_may_be_empty_and_may_repeat():
    call = valid("train_batches")
    before = bits(call)["parameters"]
    assert built(without_rows(call, [*OF_ORDER, *OF_RESULTS])) is True
    assert bits(call)["parameters"] == before
    at(call, ("mini_batches", "order"))[:] = 7
    assert built(call) is True
    assert len(set(at(call, ("results", "costs"))[:BATCH])) == 1


def test_a_gradient_of_no_image_is_refused():
    call = without_rows(valid("cost_and_gradient"), [*OF_EXAMPLES, "draw.places", "costs", "x"])
    for i, name in ((i, name) for i in range(len(LAYERS)) for name in NUMBERS):
        call = changed(call, ("layers", i, name), lambda array: None if array is None else array[:0])
    with pytest.raises(ValueError, match="images: none"):
        built(call)


def test_maps_to_the_same_place_move_nothing():
    call = put(valid("train_batches"), {"mini_batches.moves": None})
    assert built(call) is True
    assert written(call) == outcome("train_batches")


@pytest.mark.parametrize("number", [2**31 - 1, -(2**31)])
def test_any_map_and_any_knots_lead_somewhere(number):
    """Those that lead out of the image find zeros; whatever overflows does no harm."""
    for gain in (0, 2**17):
        call = put(valid("train_batches"), {"mini_batches.moves.gain": gain})
        for array in flat(at(call, ("mini_batches", "moves"))):
            array[:] = number
        assert built(call) is True


def test_floats_do_not_move():
    call = changed(valid("train_batches"), ("examples", "images"), lambda images: images / 255)
    with pytest.raises(ValueError, match="moves: of uint8 alone"):
        built(call)


@pytest.mark.parametrize("what", ["train_batches", "cost_and_gradient"])
def test_weights_of_one_are_as_none(what):
    ones, none = valid(what), put(valid(what), {"examples.example_weights": None})
    at(ones, ("examples", "example_weights"))[:] = 1
    assert built(ones) is built(none) is True
    assert written(ones) == written(none)


def test_evaluation_takes_no_weights():
    call = valid("evaluate")
    examples = {**at(call, ("examples",)).arguments, "example_weights": np.ones(N)}
    with pytest.raises(ValueError, match="evaluated without"):
        built(put(call, {"examples": Of("Examples", examples)}))


@pytest.mark.parametrize("what", ["train_batches", "evaluate", "cost_and_gradient"])
def test_targets_are_labels_or_rows_in_the_dtype_of_the_network(what):
    for dtype, other in (("float32", "float64"), ("float64", "float32")):
        labeled, call = valid(what, dtype), valid(what, dtype)
        rows = np.eye(N_OUT)[at(call, ("examples", "targets"))]
        call = put(call, {"examples.targets": rows.astype(dtype)})
        assert built(call) is built(labeled) is True
        for name in written(call):
            for one, another in zip(flat(call.arguments[name]), flat(labeled.arguments[name]), strict=True):
                if one.dtype != bool:  # which of the outputs is right, only labels tell
                    np.testing.assert_allclose(one, another, rtol=1e-5, atol=1e-6)
        rows = rows.astype(dtype)
        for wrong in (rows.astype(other), rows[:, 1:].copy(), rows.repeat(2, axis=1)):
            with pytest.raises(ValueError, match="targets: wrong dtype, shape or alignment"):
                built(put(call, {"examples.targets": wrong}))


def test_numbers_that_nobody_wants_are_left_out():
    wanted = valid("cost_and_gradient")
    assert built(wanted) is True
    call = valid("cost_and_gradient")
    for i, name in ((i, name) for i in range(len(LAYERS)) for name in NUMBERS):
        call = put(call, {f"layers.{i}.{name}": None})
    assert built(call) is True
    for path in [
        ("x",),
        ("costs",),
        *(("layers", i, name) for i in PARAMETERS for name in ("weight", "bias")),
    ]:
        assert np.array_equal(at(call, path), at(wanted, path))
    for name in ("weight", "bias"):
        with pytest.raises(ValueError, match=f"a gradient for each {name}, and no other"):
            built(put(call, {f"layers.0.{name}": None}))
        with pytest.raises(ValueError, match=f"a gradient for each {name}, and no other"):
            built(put(call, {f"layers.1.{name}": np.ones(2, np.float32)}))


# Which array is written where another one is read; the bytes of one are taken for those of the other.
OVERLAPS = {
    "train_batches": [
        ("results.costs", "examples.example_weights"),
        ("results.costs", "examples.targets"),
        ("results.costs", "examples.images"),
        ("results.costs", "mini_batches.order"),
        ("results.correct", "mini_batches.order"),
        ("results.correct", "mini_batches.rates"),
        ("results.gradient_norms", "examples.images"),
        ("results.costs", "mini_batches.moves.maps"),
        ("results.correct", "mini_batches.moves.knot_weights_down"),
        ("results.correct", "mini_batches.moves.knot_weights_across"),
    ],
    "evaluate": [
        (written, read)
        for written in ("outputs", "costs")
        for read in ("examples.images", "examples.targets")
    ],
    "cost_and_gradient": [
        (written, read)
        for written in ("costs", "x", "layers.0.z", "layers.3.delta", "layers.0.weight", "layers.4.bias")
        for read in (*OF_EXAMPLES, "draw.places")
    ],
}


@pytest.mark.parametrize("what", OVERLAPS)
def test_nothing_is_written_where_something_is_read(what):
    for pair in OVERLAPS[what]:
        call = valid(what)
        to, of = (at(call, [int(n) if n.isdigit() else n for n in path.split(".")]) for path in pair)
        room = np.zeros(max(to.nbytes, of.nbytes) + 8, np.uint8)
        room[: of.nbytes] = np.frombuffer(of.tobytes(), np.uint8)
        to, of = (room[: array.nbytes].view(array.dtype).reshape(array.shape) for array in (to, of))
        call = put(call, dict(zip(pair, (to, of), strict=True)))
        before = bits(call)
        with pytest.raises(ValueError, match="overlap"):
            built(call)
        assert bits(call) == before


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 60, N - 1])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("what", ["train_batches", "evaluate", "cost_and_gradient", "predict"])
def test_images_that_are_not_finite_are_told_and_change_no_parameter(what, dtype, place, bad):
    call, path = valid(what, dtype), ("images",) if what == "predict" else ("examples", "images")
    if what == "train_batches":
        call = put(call, {"mini_batches.moves": None})
    call = changed(call, path, lambda images: (images / 255).astype(dtype))
    images = at(call, path)
    images[place, N_IN - 1] = bad
    before = bits(call)
    assert built(call) is False
    after = bits(call)
    untouched = {"parameters", "images", "examples", "mini_batches", "draw"} & set(after)
    assert {name: after[name] for name in untouched} == {name: before[name] for name in untouched}
    images[place, N_IN - 1] = 0
    assert built(call) is True


COSTS = {"train_batches": ("results", "costs"), "evaluate": ("costs",), "cost_and_gradient": ("costs",)}


def test_numbers_that_are_not_finite_elsewhere_do_no_harm():
    """NaN as a parameter, a weight, η or λ comes out as NaN; it is for others to complain."""
    for bad in (np.nan, np.inf, -1e300):
        constants = dict.fromkeys(("l1", "l2", "beta1", "beta2", "epsilon"), bad)
        assert built(put(valid("train_batches"), {"descent": adam(**constants)})) is True
        assert built(put(valid("train_batches"), {"mini_batches.rates": np.full((BATCHES, 3), bad)})) is True
    for what, costs in COSTS.items():
        call = valid(what)
        at(call, ("parameters", 0))[:] = np.nan
        assert built(call) is True
        assert np.isnan(at(call, costs)).all()


def test_a_predictor_that_was_never_made_predicts_nothing():
    for kind in (_native.PredictorFloat32, _native.PredictorFloat64):
        with pytest.warns(RuntimeWarning, match="uninitialized"), pytest.raises(TypeError):
            kind.__new__(kind).predict(**valid("predict").arguments)
        with pytest.raises(TypeError):
            kind()
        with pytest.raises(TypeError):
            kind.predict(None, **valid("predict").arguments)


def test_rows_at_a_time_are_those_of_a_dtype_that_there_is():
    plan = built(PLAN)
    assert plan.rows_of_chunk("float32") == plan.rows_of_chunk(dtype="float64") == 128
    for wrong in (*TEXTS, *THINGS):
        with pytest.raises(REFUSALS):
            plan.rows_of_chunk(wrong)


@pytest.mark.parametrize("arguments", [("neon8", 1, 0.01), (None, 1, 0.01), ("", 0, 0.01)])
def test_the_peak_of_nothing_is_not_measured(arguments):
    with pytest.raises(REFUSALS):
        _native.measure_peak(*arguments)
    for threads in (0, -1, 1025, 2**64):
        with pytest.raises(REFUSALS):
            _native.measure_peak(_native.targets()[0], threads, 0.001)


@pytest.mark.parametrize("what", FUNCTIONS)
def test_nothing_is_kept(what):
    """Neither calls nor structs that are gone hold on to the arrays that they were given."""
    call = valid(what)
    watched = [weakref.ref(array) for array in flat(call)]
    assert done(what, call) is True
    del call
    assert not any(reference() is not None for reference in watched)


@pytest.mark.parametrize("what", ["train_batches", "evaluate", "cost_and_gradient"])
def test_structs_keep_their_arrays_as_long_as_they_live(what):
    call = valid(what)
    names = [
        name for name in ("examples", "mini_batches", "results", "draw", "layers") if name in call.arguments
    ]
    structs = {name: built(call.arguments[name]) for name in names}
    watched = [weakref.ref(array) for name in names for array in flat(call.arguments[name])]
    call = put(call, structs)
    assert all(reference() is not None for reference in watched)
    assert built(call) is True
    again = {name: after for name, after in written(call).items() if name not in names}
    assert again == {name: outcome(what)[name] for name in again}
    del call, structs
    assert not any(reference() is not None for reference in watched)


@pytest.mark.parametrize("place", PLACES)
def test_indices_that_change_after_their_struct_was_made_are_refused(place):
    for what, path in [
        *((what, ("examples", "targets")) for what in ("train_batches", "evaluate", "cost_and_gradient")),
        ("train_batches", ("mini_batches", "order")),
    ]:
        call = valid(what)
        before = written(call)
        indices = at(call, path)
        call = put(call, {path[0]: built(call.arguments[path[0]])})
        indices[N // 2] = place
        with pytest.raises(ValueError, match=r"not an output|outside of the images"):
            built(call)
        assert written(call) == {name: before[name] for name in written(call)}
