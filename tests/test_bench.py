"""The benchmarks' arithmetic by hand, their tables against README, and one quick run of the whole."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "docs" / "benchmarks.json"


@pytest.fixture
def module(monkeypatch):
    """Imports a file of `benchmarks`, which is no package that is installed."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module


def test_ratios_are_how_many_times_as_long_the_others_take(module):
    rows = module("rows")
    assert rows.ratios({"glassnet": 0.25, "NumPy": 1.0, "JAX": 0.125}) == {"NumPy": 4.0, "JAX": 0.5}
    assert rows.ratios({"NumPy": 1.0}) == {}


def test_a_bar_is_kept_missed_or_not_measured(module):
    Bar = module("rows").Bar
    assert Bar("NumPy", 4).judge({"NumPy": 4.0})["met"] is True
    assert Bar("NumPy", 4).judge({"NumPy": 3.9})["met"] is False
    assert Bar("peak memory", 250, at_most=True).judge({"peak memory": 251.0})["met"] is False
    assert Bar("NumPy", 4).judge({"JAX": 9.0})["met"] is None


def test_growth_is_judged_by_its_exponent(module):
    rows = module("rows")
    assert rows.exponent([10, 100, 1000], [2.0, 20.0, 200.0]) == pytest.approx(1.0)
    assert rows.exponent([1, 4, 16], [3.0, 24.0, 192.0]) == pytest.approx(1.5)  # 8 = 4^1.5 times each


def test_memory_is_compared_by_mini_batch_and_by_image(module):
    rows = module("rows")
    row = next(row for row in rows.rows("random", "textbook") if row.name == "convolution-memory")
    medians = {rows.memory_label(m, 5_000): 10.0 for m in (10, 64, 128, 512)}
    medians |= {rows.memory_label(4_096, 5_000): 12.0, rows.memory_label(10, 50_000): 14.5}
    # 4.5 MB more for 45,000 images more
    assert rows.measures(row, medians) == {
        "batch 4,096 over batch 128": pytest.approx(1.2),
        "for each further image": pytest.approx(100),
    }


def test_a_growing_row_compares_the_time_per_image(module):
    rows = module("rows")
    row = next(row for row in rows.rows("random", "textbook") if row.name == "images")
    medians = {
        "1,000 images": 2.0,
        "10,000 images": 16.0,
        "100,000 images": 200.0,
        "1,000,000 images": 2000.0,
    }
    # 2, 1.6, 2, 2 ms an image
    assert rows.measures(row, medians) == {"slowest / fastest": pytest.approx(1.25)}
    assert rows.measures(row, {"1,000 images": 2.0}) == {}


def test_operations_leave_out_only_the_inputs_gradient(module):
    workload, gn = module("peers.workload"), module("glassnet")
    network = gn.Network([gn.Dense(3), gn.Dense(2)], 4, seed=0)
    # products: 4·3 = 12 and 3·2 = 6; forward 2·18, ∂C/∂W 2·18, ∂C/∂x of the second layer 2·6
    assert workload.operations(network, training=False) == 36
    assert workload.operations(network, training=True) == 36 + 36 + 12


def test_the_work_of_the_books_convolutions_is_that_of_the_formulas(module):
    """25 weights of 20 filters at 24·24 places, 500 of 40 at 8·8, then 640·100 and 100·10.

    288,000 + 1,280,000 + 64,000 + 1,000 products; training (3 · 1,633,000 − 288,000) · 2 operations an
    image, which is 461 · 10⁹ for 50,000.
    """
    workload, rows = module("peers.workload"), module("rows")
    network = rows.CONVOLUTION.network()
    assert workload.operations(network, training=False) == 2 * 1_633_000
    assert workload.operations(network, training=True) == 9_222_000
    assert round(workload.operations(network, training=True) * 50_000 / 1e9) == 461


def test_share_of_peak_is_operations_a_second_over_the_peak(module):
    bench, rows = module("bench"), module("rows")
    row = next(row for row in rows.rows("random", "textbook") if row.name == "784-30-10")
    # 784·30 = 23,520 and 30·10 = 300 products: 3·2·23,820 − 2·23,520 = 95,880 operations an image
    share = bench.share_of_peak(row, {"glassnet": {"median": 0.5}}, [95_880e6, 95_880e6, 1e9])
    assert share == pytest.approx(0.1)  # 95,880·50,000 / 0.5 s = 9.588e9 a second
    assert bench.share_of_peak(row, {"glassnet": {"median": 0.5}}, [None, None]) is None


def test_a_workload_travels_as_json(module):
    workload = module("peers.workload").Workload(module("glassnet").Recipe(l2=5.0), 1000, 2)
    assert type(workload).from_json(workload.to_json()) == workload
    assert workload.decay == pytest.approx(1 - 0.5 * 5 / 1000)


def test_random_images_are_as_sparse_as_mnist_and_can_be_learned(module):
    data = module("peers.workload").random_data(2000)
    assert data.images.shape == (2000, 784)
    assert (data.images > 0).mean() == pytest.approx(0.19, abs=0.02)
    of_one_class = data.images[data.labels == 3] > 0
    assert of_one_class.mean(axis=0).max() > 0.5  # its pattern


def test_numpy_contender_makes_the_textbooks_step(module):
    """Every cost and activation of the rows, with L2, also on a last mini-batch that is smaller."""
    np, gn, workloads = module("numpy"), module("glassnet"), module("peers.workload")
    for layers, activation, cost in (
        ("784-6-10", "sigmoid", "quadratic"),
        ("784-6-5-10", "sigmoid", "cross_entropy"),
        ("784-6-5-10", "relu", "log_likelihood"),
    ):
        recipe = gn.Recipe(
            data="random", layers=layers, activation=activation, cost=cost, l2=3.0, initializer="glorot"
        )
        workload = workloads.Workload(recipe, 25)
        data, network = workload.data(), recipe.network()
        loop = module("peers").contender("NumPy")(workload, data)
        loop.load(list(network.parameters.values()))
        order = np.arange(25)
        loop.epoch(order)
        for batch in (order[:10], order[10:20], order[20:]):
            exact = workloads.textbook_step(network, data.images[batch], data.labels[batch], workload)
            network.load_parameters(dict(zip(network.parameters, exact, strict=True)))
        for ours, right in zip(loop.parameters(), network.parameters.values(), strict=True):
            np.testing.assert_allclose(ours, right, rtol=0, atol=1e-5)


def test_the_rates_of_a_workload_are_those_of_its_epoch(module):
    np, gn, workloads = module("numpy"), module("glassnet"), module("peers.workload")
    assert workloads.Workload(gn.Recipe(learning_rate=0.25), 25).rates == [0.25] * 3
    found = workloads.Workload(gn.Recipe(learning_rate=2.0, schedule="cosine", epochs=1), 40).rates
    assert found == pytest.approx([2, 1 + np.sqrt(0.5), 1, 1 - np.sqrt(0.5)])  # of 4 mini-batches
    with pytest.raises(NotImplementedError):
        workloads.Workload(gn.Recipe(schedule="cosine", epochs=2), 40).rates  # noqa: B018 (a property)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["PyTorch", "PyTorch, tuned", "PyTorch, channels last"])
@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": "adam", "beta1": 0.7, "beta2": 0.9, "schedule": "onecycle", "learning_rate": 0.01},
        {"optimizer": "adam", "learning_rate": 0.01, "l2": 2.0, "augmentation": "shift1"},
        {"schedule": "onecycle0.2", "l2": 3.0, "learning_rate": 0.1},
        {"optimizer": "adam", "learning_rate": 0.001},
        {"l2": 3.0, "learning_rate": 0.1},
    ],
)
def test_pytorch_ends_an_epoch_where_glassnet_does(module, name, changes):
    """In one epoch, and once more from the beginning, with its schedule."""
    pytest.importorskip("torch")
    np, gn, workloads = module("numpy"), module("glassnet"), module("peers.workload")
    recipe = gn.Recipe(
        data="random",
        layers="conv2@5s2:relu pool2 10",
        cost="log_likelihood",
        initializer="he",
        epochs=1,
        **changes,
    )
    workload = workloads.Workload(recipe, 95)
    data, initial = workload.data(), list(recipe.network().parameters.values())
    order = gn.rng.Stream(recipe.seed, gn.rng.Purpose.SHUFFLE, epoch=1).permutation(95)
    ours, theirs = (module("peers").contender(who)(workload, data) for who in ("glassnet", name))
    for _ in range(2):
        for contender in (ours, theirs):
            contender.load(initial)
            contender.epoch(order)
        for mine, wanted in zip(theirs.parameters(), ours.parameters(), strict=True):
            np.testing.assert_allclose(mine, wanted, rtol=0, atol=1e-4)
        assert max(np.abs(a - b).max() for a, b in zip(ours.parameters(), initial, strict=True)) > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"optimizer": "adamw", "epochs": 1}, "adamw"),
        ({"augmentation": "shift1", "epochs": 2}, "shift1, 2 epochs"),
        ({"augmentation": "expanded", "epochs": 1}, "expanded"),
    ],
)
def test_what_pytorch_contenders_do_not_do_they_refuse(module, changes, what):
    pytest.importorskip("torch")
    recipe = module("glassnet").Recipe(data="random", layers="conv2@5s2:relu pool2 10", **changes)
    workload = module("peers.workload").Workload(recipe, 20)
    with pytest.raises(NotImplementedError, match=what):
        module("peers").contender("PyTorch")(workload, workload.data())


def test_the_table_of_trainings_says_how_many_images_most_rows_have(module):
    """A row with another number says so itself."""
    rows = [row for row in module("rows").rows("random", "textbook") if row.group == "training"]
    results = [
        {
            "title": row.title,
            "entrants": {who: {"images": of.workload.images} for who, of in row.entrants.items()},
        }
        for row in rows
    ]
    assert module("results_table").heading(results, "training") == "An epoch of training, 50,000 images"
    for row, result in zip(rows, results, strict=True):
        (images,) = {of["images"] for of in result["entrants"].values()}
        assert images == 50_000 or f"{images:,} images" in row.title


def test_rows_that_are_not_measured_stay_if_all_else_is_the_same(module):
    with_others = module("bench").with_others
    same = {"data": "mnist", "engine": "native", "machine": {"cores": 2}}
    before = same | {
        "versions": {"torch": "2", "jax": "1"},
        "rows": [{"name": "digits"}, {"name": "784-30-10"}],
    }
    again = same | {"versions": {"torch": "2"}, "rows": [{"name": "digits", "measured": "now"}]}
    both = [{"name": "784-30-10"}, {"name": "digits", "measured": "now"}]  # in their usual order
    assert with_others(again, before) == same | {"versions": before["versions"], "rows": both}
    for change in ({"machine": {"cores": 4}}, {"versions": {"torch": "3"}}, {"data": "random"}):
        assert with_others(again | change, before) == again | change


def test_kept_figures_are_those_of_the_recipes_that_stand_there():
    code = "import json; from figures import FIGURES as all; "
    code += "print(json.dumps({name: of.recipe.to_dict() for name, of in all.items()}))"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "benchmarks", capture_output=True, check=True
    )
    kept, recipes = json.loads((ROOT / "docs" / "figures.json").read_text()), json.loads(ran.stdout)
    trained = [figure for figure in kept if figure in recipes]
    assert len(trained) >= 2
    for figure in trained:
        assert kept[figure]["recipe"] == recipes[figure], figure


def test_an_epoch_that_was_the_last_begins_anew(module):
    """The second of a recipe with one epoch is the first again, and not another one."""
    crew, workloads = module("peers.crew"), module("peers.workload")
    recipe = module("glassnet").Recipe(data="random", epochs=1, schedule="cosine")
    entrants = {"glassnet": crew.Entrant("glassnet", workloads.Workload(recipe, 200))}
    with crew.Crew(entrants) as alone:
        assert alone.ask("epoch").keys() == {"glassnet"}
        first = alone.ask("accuracy")
        assert alone.ask("epoch").keys() == {"glassnet"}
        assert alone.ask("accuracy") == first
    assert alone.left_out == {}


@pytest.mark.slow
def test_the_quick_run_works_from_end_to_end(module, tmp_path):
    results, picture = tmp_path / "benchmarks.json", tmp_path / "benchmarks.png"
    options = ["--quick", "--repeats", "1", "--json", str(results), "--picture", str(picture)]
    options += [
        "--rows",
        "784-100-10",
        "convolution-64",
        "one-image",
        "convolution-memory",
        "parameters",
        "digits",
    ]
    options += ["--contenders", "glassnet", "NumPy"]
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", str(ROOT / "benchmarks" / "bench.py"), *options],
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(results.read_text())
    assert picture.stat().st_size > 10_000
    assert ran.stdout == module("results_table").tables(found) + "\n"
    for row in found["rows"]:
        assert row["left_out"] == {}
        for entrant in row["entrants"].values():
            assert len(entrant["timings"]) == 1
            assert min(entrant["timings"]) > 0
    training, convolution, prediction, memory, growth, digits = found["rows"]
    assert set(training["entrants"]) == set(prediction["entrants"]) == {"glassnet", "NumPy"}
    assert all(entrant["deviation"] < 1e-4 for entrant in training["entrants"].values())
    assert training["measures"]["NumPy"] == pytest.approx(
        training["entrants"]["NumPy"]["median"] / training["entrants"]["glassnet"]["median"]
    )
    assert convolution["entrants"]["glassnet"]["deviation"] < 1e-4
    assert convolution["operations_per_second"] == pytest.approx(
        9_222_000 * 500 / convolution["entrants"]["glassnet"]["median"]
    )
    assert min(entrant["median"] for entrant in memory["entrants"].values()) > 0
    assert set(memory["measures"]) == {bar["measure"] for bar in memory["bars"]}
    assert len(growth["entrants"]) == 5
    assert digits["measures"]["accuracy printed after"] < digits["measures"]["ended after"]


def test_a_contender_that_is_not_there_is_left_out(module):
    crew, workloads = module("peers.crew"), module("peers.workload")
    workload = workloads.Workload(module("glassnet").Recipe(data="random"), 20)
    entrants = {name: crew.Entrant(name, workload) for name in ("NumPy", "nobody")}
    with crew.Crew(entrants) as both:
        assert both.present == ["NumPy"]
        assert both.left_out == {"nobody": "KeyError: 'nobody'"}
        assert both.ask("epoch").keys() == {"NumPy"}
        assert both.ask("nonsense") == {}
    assert both.left_out.keys() == {"NumPy", "nobody"}


def test_readme_shows_what_was_measured(module):
    table, readme = module("results_table"), (ROOT / "README.md").read_text()
    shown = readme.partition(table.BEGIN)[2].partition(table.END)[0]
    assert shown.strip() == table.tables(json.loads(RESULTS.read_text()))


def test_put_into_readme_replaces_what_stands_between_the_markers(module, tmp_path):
    table = module("results_table")
    page = tmp_path / "README.md"
    page.write_text(f"before\n\n{table.BEGIN}\n\nold\n\n{table.END}\n\nafter\n")
    results = {
        "machine": {"cpu": "a CPU", "instructions": "AVX2", "cores": 2},
        "versions": {"glassnet": "1.0", "numpy": "2.0"},
        "engine": "native",
        "data": "mnist",
        "repeats": 5,
        "rows": [
            {
                "name": "a",
                "group": "training",
                "title": "**1-1**, batch 10",
                "entrants": {
                    "glassnet": {"median": 0.02, "images": 50_000},
                    "NumPy": {"median": 0.5, "images": 50_000},
                },
                "left_out": {"JAX": "jax is not installed"},
                "share_of_peak": 0.125,
                "measures": {"NumPy": 25.0},
                "bars": [
                    {
                        "measure": "NumPy",
                        "bound": 5,
                        "at_most": False,
                        "unit": "×",
                        "value": 25.0,
                        "met": True,
                    }
                ],
            }
        ],
    }
    for _ in range(2):  # the second time changes nothing
        table.put_into_readme(results, page)
        text = page.read_text()
        assert "old" not in text
        assert text.startswith("before\n\n" + table.BEGIN)
        assert text.endswith(table.END + "\n\nafter\n")
        assert "| **1-1**<br>batch 10 | **20.0 ms**<br>12% of peak | 25×<br>500 ms | NumPy ≥ 5× ✓ |" in text
        assert "JAX is left out: jax is not installed." in text
        assert "which this one has not" in text  # AVX-512
    page.write_text("no markers")
    with pytest.raises(SystemExit, match="put them where the tables belong"):
        table.put_into_readme(results, page)
