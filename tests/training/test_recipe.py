"""Recipes: what they refuse, what `auto` means, and the way to TOML and back."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.activations import ACTIVATIONS
from glassnet.costs import COSTS
from glassnet.engine import ENGINES, native
from glassnet.errors import GlassnetError
from glassnet.initializers import INITIALIZERS
from glassnet.network import Network
from glassnet.optimizers import OPTIMIZERS, Adam, Momentum
from glassnet.schedules import SCHEDULES
from glassnet.training import Recipe
from glassnet.training import recipe as recipe_module

NAN, INF, HUGE = float("nan"), float("inf"), 10**400

# field: values that it must refuse.
REFUSED = {
    "data": [None, 5],
    "layers": [None, 784, "", "784", "784-0", "784-10:rellu", "conv20 10", [], [5], [{"kind": "cnv"}], {}],
    "activation": [None, "sigmod", ""],
    "output_activation": [None, "sigmod", "", "relu"],  # relu doesn't go with the default cost
    "cost": [None, "entropy", ["squared"]],
    "initializer": [None, "xavier", 1],
    "learning_rate": [0, 0.0, -0.1, NAN, INF, HUGE, "0.5", None, True],
    "batch_size": [0, -1, 2.5, 10.0, HUGE, "10", None, True],
    "epochs": [-1, 1.5, HUGE, "3", None, True],
    "optimizer": [None, "adan", 5],
    "momentum": [-0.1, 1.0, 1, NAN, INF, HUGE, "0.9", None, True],
    "beta1": [-0.1, 1.0, 1, NAN, INF, HUGE, "0.9", None, True],
    "beta2": [-0.1, 1.0, 1, NAN, INF, HUGE, "0.9", None, True],
    "schedule": [None, 5, "", "cosin", "step", "step0", "halve", "onecycle1", "cosine2", ["cosine"]],
    "l2": [-1, -0.1, NAN, INF, HUGE, "1", None, True],
    "augmentation": [None, 5, "shft2", "shift", "shift-1", "shift2 shift3", "scale1", ["shift2"]],
    "l1": [-1, -0.1, NAN, INF, HUGE, "1", None, True],
    "class_weights": [(1, -1), (NAN,), (INF,), (HUGE,), ("1",), (None,), (True,), 5, None],
    "patience": [0, -1, 2.5, HUGE, "3", True],
    "time_limit": [0, -1, NAN, INF, HUGE, "3", True],
    "keep": ["first", None, []],
    "seed": [-1, 2**63, 1.0, "0", None, True],
    "dtype": ["float16", None, np.float32],
    "engine": [None, 5],
}


def test_the_table_misses_no_field():
    assert set(REFUSED) == {field.name for field in fields(Recipe)}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in REFUSED for value in REFUSED[name]])
def test_values_that_make_no_sense_are_refused(name, value):
    with pytest.raises(GlassnetError) as error:
        Recipe(**{name: value})
    assert "\n" not in str(error.value)
    if name not in ("layers", "output_activation"):  # whose sentences name the part that is wrong
        assert name.split("_")[-1] in str(error.value)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"learning_rate": -1}, "learning_rate is -1.0: give a positive number"),
        ({"l2": NAN}, "l2 is nan: give a number, 0 or more"),
        ({"keep": "beast"}, "unknown keep 'beast': did you mean 'best'? (known: last, best)"),
        ({"cost": "crossentropy"}, "unknown cost 'crossentropy': did you mean 'cross_entropy'?"),
        (
            {"cost": "log_likelihood", "output_activation": "sigmoid"},
            "cost 'log_likelihood' is not defined for 'sigmoid' outputs: give the last layer the activation "
            "softmax",
        ),
        ({"cost": "cross_entropy", "layers": "784-10:tanh"}, "not defined for 'tanh' outputs"),
        (
            {"layers": "conv4@5 pool2"},
            "layers 'conv4@5 pool2' end with pool2, and cross_entropy is not defined for numbers that "
            "are handed on as they are: end with a dense layer, or with softmax",
        ),
        (
            {"layers": "784-10-dropout0.5"},
            "layers '784-10-dropout0.5' end with dropout0.5, and cross_entropy",
        ),
    ],
)
def test_the_sentence_says_what_to_do(values, sentence):
    with pytest.raises(GlassnetError) as error:
        Recipe(**values)
    assert sentence in str(error.value)


# cost: what `auto` makes of the last layer, alone and under a layer of softmax.
OUTPUTS = {
    "squared": ("sigmoid", "sigmoid"),
    "quadratic": ("sigmoid", "sigmoid"),
    "cross_entropy": ("sigmoid", "sigmoid"),
    "log_likelihood": ("softmax", "sigmoid"),
}


def test_the_outputs_miss_no_cost():
    assert set(OUTPUTS) == set(COSTS)


@pytest.mark.parametrize("cost", COSTS)
def test_auto_takes_the_activation_that_the_cost_was_made_for(cost):
    alone, under = OUTPUTS[cost]
    network = Recipe(layers="6-5-4", activation="tanh", cost=cost).network()
    assert [layer.activation for layer in network.layers] == ["tanh", alone]
    network = Recipe(layers="6-5-4-softmax", activation="tanh", cost=cost).network()
    assert [layer.activation for layer in network.layers] == ["tanh", under, "softmax"]


def test_a_named_activation_goes_before_auto():
    network = Recipe(layers="6-5:relu-4:linear", cost="squared").network()
    assert [layer.activation for layer in network.layers] == ["relu", "linear"]
    assert Recipe(cost="squared", output_activation="tanh").network().layers[-1].activation == "tanh"


def test_softmax_is_on_top_only_as_a_layer():
    """`10:softmax` is the last layer's activation: nothing stands on top of it."""
    on_top = ["784-10-softmax", "784-10 - softmax ", "conv2@3 10 softmax", [{"kind": "softmax"}]]
    for layers in on_top:
        assert Recipe(layers=layers, cost="log_likelihood").last_activation == "sigmoid"
    for layers in ["784-10:softmax", "conv2@3 10", "10:softmax"]:
        assert Recipe(layers=layers, cost="log_likelihood").last_activation == "softmax"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("784 - 30 - 10", "784-30-10"),
        (" 784-30\n-10 ", "784-30-10"),
        ("784 - 30 : relu - 10", "784-30:relu-10"),
        ("conv20@5   pool2\n100 :relu  10", "conv20@5 pool2 100:relu 10"),
        ("3×32×32 conv8@3 10", "3x32x32 conv8@3 10"),
    ],
)
def test_layers_are_kept_without_needless_spaces(given, kept):
    assert Recipe(layers=given).layers == kept
    assert Recipe(layers=kept).layers == kept


def test_a_convolutional_network_is_of_28_by_28_unless_it_says_otherwise():
    """5·(3·3 + 1) filters; 5·26·26 → 5·13·13 = 845 numbers, and 10 neurons of each."""
    network = Recipe(layers="conv5@3 pool2 10", activation="relu").network()
    assert network.input_shape == (1, 28, 28)
    assert network.parameter_count == 5 * 10 + 10 * (845 + 1)
    assert [layer.activation for layer in network.layers] == ["relu", "linear", "linear", "sigmoid"]
    assert Recipe(layers="3x8x8 conv5@3 10").network().input_shape == (3, 8, 8)


TABLES = """
[[layers]]
kind = "conv"
filters = 20
size = 5
stride = 2
activation = "relu"

[[layers]]
kind = "max_pool"
size = 2

[[layers]]
kind = "dense"
size = 10
"""


def test_layers_as_tables_become_the_text():
    recipe = Recipe.from_toml(TABLES)
    assert recipe.layers == "conv20@5s2:relu pool2 10"
    assert recipe == Recipe(layers="conv20@5s2:relu pool2 10") == Recipe.from_toml(recipe.to_toml())
    assert Recipe().replace(layers=[{"kind": "dense", "size": 10}]).layers == "784-10"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_network_is_the_recipes(dtype):
    recipe = Recipe(layers="6-5-4", initializer="normal", seed=3, dtype=dtype)
    network = recipe.network()
    assert network.dtype == dtype
    same = Network("6-5-4", seed=3, initializer="normal", dtype=dtype)
    assert network.layers == same.layers
    for name, array in same.parameters.items():
        assert np.array_equal(array, network.parameters[name])
    other = recipe.replace(seed=4).network().parameters["1.weight"]
    assert not np.array_equal(network.parameters["1.weight"], other)
    glorot = recipe.replace(initializer="glorot").network()
    assert not glorot.parameters["1.bias"].any()  # normal's biases are not zero
    assert network.parameters["1.bias"].all()


def test_whole_numbers_are_numbers():
    recipe = Recipe(learning_rate=3, l2=5, time_limit=60, class_weights=[1, 2])
    assert (recipe.learning_rate, recipe.l2, recipe.time_limit) == (3.0, 5.0, 60.0)
    assert type(recipe.learning_rate) is type(recipe.l2) is type(recipe.time_limit) is float
    assert recipe.class_weights == (1, 2)


def test_the_optimizer_takes_its_own_settings():
    recipe = Recipe(optimizer="momentum", momentum=0.5, beta1=0.7, beta2=0)
    assert recipe.make_optimizer() == Momentum(0.5)
    assert recipe.replace(optimizer="adam").make_optimizer() == Adam(0.7, 0.0)


@pytest.mark.parametrize(
    ("given", "kept"), [("step10", "step10x0.1"), ("onecycle", "onecycle0.3"), ("onecycle.5", "onecycle0.5")]
)
def test_schedules_are_kept_with_all_their_numbers(given, kept):
    assert Recipe(schedule=given).schedule == kept
    assert Recipe(schedule=given) == Recipe(schedule=kept)


# A recipe as it was written before there were optimizers and schedules.
OLD = """
data = "digits"
layers = "784-16-16-10"
activation = "sigmoid"
output_activation = "auto"
cost = "cross_entropy"
initializer = "scaled_normal"
learning_rate = 0.5
batch_size = 10
epochs = 60
l2 = 0.0
class_weights = []
keep = "last"
seed = 0
dtype = "float32"
engine = "native"
"""


def test_an_old_recipe_means_what_it_meant():
    old = Recipe.from_toml(OLD)
    assert old == Recipe()
    assert (old.optimizer, old.schedule, old.l1) == ("sgd", "constant", 0.0)


def test_a_recipe_is_a_value():
    recipe = Recipe()
    with pytest.raises(FrozenInstanceError):
        recipe.seed = 1
    assert recipe == Recipe()
    assert recipe.replace(seed=1) == Recipe(seed=1) != recipe
    assert hash(recipe) == hash(Recipe())


def test_every_field_has_a_help_that_names_its_choices():
    helps = {field.name: field.metadata["help"] for field in fields(Recipe)}
    assert all(len(text) > 10 for text in helps.values())
    for name, table in [
        ("activation", ACTIVATIONS),
        ("cost", COSTS),
        ("initializer", INITIALIZERS),
        ("optimizer", OPTIMIZERS),
        ("schedule", SCHEDULES),
        ("engine", ENGINES),
    ]:
        assert all(choice in helps[name] for choice in table), name


# Files

RECIPES = st.builds(
    Recipe,
    layers=st.sampled_from(
        ["784-10", "784-16:relu-10", "28-3:tanh-10-softmax", "1×28x28  conv20@5s2:relu pool2 10 : linear"]
    ),
    activation=st.sampled_from(list(ACTIVATIONS)),
    cost=st.sampled_from(["squared", "quadratic"]),
    initializer=st.sampled_from(list(INITIALIZERS)),
    learning_rate=st.floats(1e-300, 1e300),
    batch_size=st.integers(1, 10**9),
    epochs=st.integers(0, 10**9),
    optimizer=st.sampled_from(list(OPTIMIZERS)),
    momentum=st.floats(0, 1, exclude_max=True),
    beta1=st.floats(0, 1, exclude_max=True),
    beta2=st.floats(0, 1, exclude_max=True),
    schedule=st.sampled_from(["constant", "step3", "step10x1e-05", "halve4", "cosine", "onecycle.25"]),
    l2=st.floats(0, 1e300),
    augmentation=st.sampled_from(["", "shift2 rotate10", "elastic.5 shear0.25  scale0.1", "expanded"]),
    l1=st.floats(0, 1e300),
    class_weights=st.lists(st.floats(0, 1e300), max_size=3).map(tuple),
    patience=st.none() | st.integers(1, 1000),
    time_limit=st.none() | st.floats(1e-9, 1e9),
    keep=st.sampled_from(["last", "best"]),
    seed=st.integers(0, 2**63 - 1),
    dtype=st.sampled_from(["float32", "float64"]),
    data=st.text(st.characters(codec="utf-8"), max_size=5),
)


@settings(deadline=None)
@given(RECIPES)
def test_toml_and_back(recipe):
    assert Recipe.from_toml(recipe.to_toml()) == recipe
    assert Recipe.from_dict(recipe.to_dict()) == recipe


def test_what_is_left_out_has_its_default():
    assert Recipe.from_toml("") == Recipe.from_dict({}) == Recipe()
    assert Recipe.from_toml("learning_rate = 3") == Recipe(learning_rate=3.0)
    assert "patience" not in Recipe().to_dict()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("epochs =", "config.toml is not TOML: "),
        ("epochs = " + "9" * 5000, "config.toml is not TOML: "),
        ("epochs = " + "9" * 500, "config.toml: epochs is 999"),
        ("a = " + "[" * 5000, "config.toml is not TOML: "),
        ("epocs = 3", "config.toml: unknown recipe field 'epocs': did you mean 'epochs'?"),
        ("epochs = -3", "config.toml: epochs is -3: give a whole number"),
        ("class_weights = 1", "config.toml: class_weights is 1: give a list of numbers"),
        ("class_weights = 'abc'", "config.toml: class_weights is 'abc': give a list of numbers"),
        ("[layers]\na = 1", "config.toml: layers is {'a': 1}: give a text, or a list of tables ([[layers]])"),
        ("layers = 'conv20@5 pol2'", "config.toml: layers 'conv20@5 pol2': part 2, 'pol2' is no layer; did"),
        ("[[layers]]\nkind = 'conv'", "config.toml: layers, table 1: a conv layer needs its filters"),
        (
            "[[layers]]\nkind = 'cov'",
            "config.toml: layers, table 1: unknown kind of layer 'cov': did you mean",
        ),
    ],
    ids=range(12),
)
def test_texts_that_are_refused(text, sentence):
    with pytest.raises(GlassnetError) as error:
        Recipe.from_toml(text, "config.toml")
    assert str(error.value).startswith(sentence)


def test_replace_knows_its_fields():
    with pytest.raises(GlassnetError, match=r"unknown recipe field 'lr'"):
        Recipe().replace(lr=3)


def test_the_engines_are_those_of_the_engine_package():
    names = ["native", "textbook"]
    assert list(recipe_module.ENGINES) == names
    assert list(ENGINES) == (names[1:] if native.missing() else names)  # those that can run here
    with pytest.raises(GlassnetError, match="unknown engine 'steam'"):
        Recipe(engine="steam")
