"""`glassnet explain` on the terminal: every number is the network's own, and every option shows its part."""

from __future__ import annotations

import os
import re

import numpy as np
import pytest
from PIL import Image

import glassnet as gn
from glassnet.document import as_text, symbol
from glassnet.workflows.guide import SURVEYED
from glassnet.workflows.walkthrough import walkthrough

pytestmark = pytest.mark.table

WALK = [  # the titles of the walk-through; weights and neurons differ
    r"The image and the answer",
    r"Forward: a = σ\(W a \+ b\), layer by layer",
    r"One neuron: z\S+ term by term",
    r"The cost",
    r"Backward: the weight w\S+",
    r"Backward: the weight w\S+",
    r"Three ways to raise a\S+, and all wishes added up",
    r"Back to the pixels",
    r"Nudges: what this image would teach",
]


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    """What is printed depends on nothing but COLUMNS."""
    monkeypatch.setenv("COLUMNS", "100")


# Reading what was printed


def sections(out):
    """Title → text, in order; a title stands alone between empty lines."""
    titles = r"(?:\A|\n\n)(\d+)  (\S.*)\n(?=\n)"
    _, *parts = re.split(titles, out)
    numbers, names, texts = parts[::3], parts[1::3], parts[2::3]
    assert numbers == [str(i) for i in range(1, len(numbers) + 1)]
    assert len(set(names)) == len(names)
    return dict(zip(names, texts, strict=True))


def value(text):
    """The float that a printed number stands for."""
    if text in ("NaN", "∞", "−∞"):
        return float(text.replace("∞", "inf").replace("−", "-"))
    power = text.translate(str.maketrans("−⁻⁰¹²³⁴⁵⁶⁷⁸⁹·₀₁₂₃₄₅₆₇₈₉", "--0123456789e0123456789"))
    return float(re.sub(r"e10(?=[-\d])", "e", power).replace(",", ""))


def row(text, label):
    """The numbers in the only line that begins with a label, without the bars."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"{label} ")]
    return [value(word) for word in line[len(label) :].split() if not set(word) <= set("█▏")]


def about(numbers):
    """Printed to five digits."""
    return pytest.approx(numbers, rel=6e-5)


def flat(text):
    """Without line breaks."""
    return " ".join(text.split())


# The same by hand


class ByHand:
    """Forward and back through 784-12-10 sigmoids with the cross-entropy cost, in plain NumPy."""

    def __init__(self, network, image, label):
        W1, b1, W2, b2 = (
            network.parameters[name].astype(float) for name in ("1.weight", "1.bias", "2.weight", "2.bias")
        )
        self.W, self.b = (None, W1, W2), (None, b1, b2)
        self.y = np.eye(10)[label]
        a = [image.ravel() / 255]
        z = [None]
        for layer in (1, 2):
            z.append(self.W[layer] @ a[-1] + self.b[layer])
            a.append(1 / (1 + np.exp(-z[-1])))
        self.a, self.z = a, z
        self.parts = -(self.y * np.log(a[2]) + (1 - self.y) * np.log(1 - a[2]))
        self.cost = self.parts.sum()
        delta2 = a[2] - self.y
        self.slope = (None, a[1] * (1 - a[1]), a[2] * (1 - a[2]))
        self.dC_da = [None, W2.T @ delta2, delta2 / self.slope[2]]
        delta1 = self.dC_da[1] * self.slope[1]
        self.dC_da[0] = W1.T @ delta1
        self.delta = (None, delta1, delta2)
        self.dW = (None, np.outer(delta1, a[0]), np.outer(delta2, a[1]))
        self.all = np.concatenate([self.dW[1].ravel(), delta1, self.dW[2].ravel(), delta2])

    def steepest(self, layer):
        j, k = np.unravel_index(np.abs(self.dW[layer]).argmax(), self.dW[layer].shape)
        return int(j), int(k)


def cost_with(network, image, label, changes):
    """C₀ after some parameters, (name, place) → difference, were changed."""
    changed = network.astype("float64")
    for (name, place), difference in changes.items():
        changed.parameters[name][place] += difference
    return ByHand(changed, image, label).cost


@pytest.fixture(scope="module")
def network(trained):
    return gn.load_model(trained.model).network


@pytest.fixture(scope="module")
def example():
    """Image 17 of the test images: a 3."""
    return gn.load("digits").test[17]


@pytest.fixture(scope="module")
def hand(network, example):
    return ByHand(network, *example)


@pytest.fixture(scope="module")
def walked(glassnet, trained):
    """The walk-through of image 17, at 100 characters."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "100")
        answer = glassnet("explain", trained.model, "--data", "digits:test:17")
    assert (answer.status, answer.err) == (0, "")
    return sections(answer.out)


def part(walked, beginning):
    (text,) = [text for title, text in walked.items() if title.startswith(beginning)]
    return text


# The walk-through


@pytest.mark.parametrize("columns", [80, 100, 120])
def test_nine_sections_in_the_order_of_the_lessons(ok, trained, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    out = ok("explain", trained.path).out
    titles = [*sections(out)]
    assert len(titles) == len(WALK)
    assert all(re.fullmatch(wanted, title) for wanted, title in zip(WALK, titles, strict=True))
    assert "`" not in out
    assert "…" not in out  # what rich writes where it cuts a cell
    assert max(map(len, out.splitlines())) <= columns
    assert "▲" not in out
    assert "digits" not in out  # nothing of other parts


def test_without_an_image_it_is_the_first_test_image(ok, trained):
    assert ok("explain", trained.path).out == ok("explain", trained.path, "--data", "digits:test:0").out


def test_it_prints_what_the_library_gives(ok, trained, network, example, monkeypatch):
    explanation = gn.explain(network, *example, "cross_entropy", class_names=tuple("0123456789"))
    for columns in (80, 120):
        monkeypatch.setenv("COLUMNS", str(columns))
        out = ok("explain", trained.path, "--data", "digits:test:17").out
        assert out == as_text(walkthrough(explanation, 0.5, pictures=False), columns) + "\n"
        for shown in (
            *(explanation.layer(layer) for layer in (1, 2)),
            explanation.neuron(2, 3),
            explanation.cost,
            *(explanation.weight(*explanation.steepest_weight(layer)) for layer in (1, 2)),
            explanation.ways_to_raise(3),
            explanation.wishes(),
            explanation.nudges(0.5),
        ):
            assert as_text(shown.blocks(), columns) in out


def test_the_image_and_the_answer(walked, example, hand):
    text = part(walked, "The image")
    assert flat(text).startswith("The network 784-12-10 answers 3 (its largest output, ")
    assert "), which is right." in flat(text)
    assert value(re.search(r"output, ([^\s)]+)\)", text)[1]) == about(hand.a[2][3])
    assert value(re.search(r"C₀ = (\S+)\.\s", text)[1]) == about(hand.cost)
    picture = text[text.index("\n\n") : text.index("the image: 784 numbers")].strip("\n").splitlines()
    rows = example[0].any(axis=1)
    first = int(rows.argmax())
    assert len(picture) == 28 - first - int(rows[::-1].argmax())
    for drawn, pixels in zip(picture, example[0][first:], strict=False):
        assert len(drawn) == 2 * (len(pixels) - int((pixels > 0)[::-1].argmax()) if pixels.any() else 0)


def test_the_layers(walked, hand):
    text = part(walked, "Forward")
    assert "a⁽¹⁾ = σ(W⁽¹⁾ a⁽⁰⁾ + b⁽¹⁾)" in text
    assert "(12) = σ( (12×784) · (784) + (12) )" in text
    assert "a⁽²⁾ = σ(W⁽²⁾ a⁽¹⁾ + b⁽²⁾)" in text
    for j in range(12):
        assert row(text, symbol("a", 1, j)) == about([hand.z[1][j], hand.a[1][j]])
    for j in range(10):
        assert row(text, symbol("a", 2, j)) == about([j, hand.z[2][j], hand.a[2][j]])  # under its name


def test_one_neuron(walked, hand):
    text = part(walked, "One neuron")
    products = hand.W[2][3] * hand.a[1]
    order = [value(k) for k in re.findall(r"(?m)^w₃,([₀-₉]+)⁽²⁾", text)]
    assert order == [*np.argsort(-np.abs(products))]
    for k in range(12):
        label = f"{symbol('w', 2, 3, k)} · {symbol('a', 1, k)}"
        assert row(text, label) == about([hand.W[2][3, k], hand.a[1][k], products[k]])
    assert row(text, "bias b₃⁽²⁾") == about([hand.b[2][3]])
    assert row(text, "sum z₃⁽²⁾") == about([hand.z[2][3]])
    assert value(re.search(r"= (\S+)$", text)[1]) == about(hand.a[2][3])


def test_the_cost(walked, hand):
    text = part(walked, "The cost")
    assert "C₀ = Σⱼ −[yⱼ ln(aⱼ) + (1 − yⱼ) ln(1 − aⱼ)]" in text
    for j in range(10):
        assert row(text, str(j)) == about([hand.a[2][j], hand.y[j], hand.parts[j]])
    assert row(text, "cost C₀") == about([hand.cost])


@pytest.mark.parametrize("layer", [2, 1])
def test_one_weight(walked, network, example, hand, layer):
    j, k = hand.steepest(layer)
    letter = symbol("w", layer, j, k)
    text = walked[f"Backward: the weight {letter}"]
    assert f"which is {layer}.weight[{j}, {k}]" in flat(text)
    factors = [
        (f"∂C₀/∂{symbol('a', layer, j)}", hand.dC_da[layer][j]),
        (f"σ′({symbol('z', layer, j)})", hand.slope[layer][j]),
        (symbol("a", layer - 1, k), hand.a[layer - 1][k]),
    ]
    assert f"∂C₀/∂{letter} = {' · '.join(name for name, _ in factors)}\n" in text
    for name, factor in factors:
        (line,) = [line for line in text.splitlines() if line.startswith(f"{name} ")]
        assert value(line[len(name) :].split()[0]) == about(factor)
    wanted = hand.dW[layer][j, k]
    products = re.findall(rf"∂C₀/∂{re.escape(letter)} = .*\d.* = (\S+)$", text, re.MULTILINE)
    assert products
    for product in products:
        assert value(product) == about(wanted)
    h = 1e-5
    above, below = (
        cost_with(network, example[0], example[1], {(f"{layer}.weight", (j, k)): sign * h})
        for sign in (1, -1)
    )
    verdict = re.search(
        r"✓ Backpropagation: (\S+); finite difference .* / 2h: (\S+); relative error (\S+)\.", flat(text)
    )
    assert value(verdict[1]) == pytest.approx(wanted, rel=1e-8)
    assert value(verdict[2]) == pytest.approx((above - below) / (2 * h), rel=1e-6)
    assert value(verdict[3]) <= 1e-6
    if layer == 2:
        a, y = symbol("a", 2, j), symbol("y", None, j)
        assert f"{symbol('δ', 2, j)} = {a} − {y} = " in text  # the short form
    else:
        for i in range(10):
            term = [hand.W[2][i, j], hand.slope[2][i], hand.dC_da[2][i]]
            assert row(text, str(i)) == about([*term, np.prod(term)])
        assert row(text, f"sum ∂C₀/∂{symbol('a', 1, j)}") == about([hand.dC_da[1][j]])


def test_three_ways_and_all_wishes(walked, hand):
    text = part(walked, "Three ways")
    slope = hand.slope[2][3]
    assert value(re.search(r"∂a₃⁽²⁾/∂b₃⁽²⁾ = σ′\(z₃⁽²⁾\) = (\S+)", text)[1]) == about(slope)
    for k in np.argsort(-hand.a[1])[:8]:
        assert row(text, symbol("w", 2, 3, int(k))) == about([hand.a[1][k], slope * hand.a[1][k]])
    ways, wishes = text.split("Every neuron of layer 2")
    for k in np.argsort(-np.abs(hand.W[2][3]))[:8]:
        assert row(ways, symbol("a", 1, int(k))) == about([hand.W[2][3, k], slope * hand.W[2][3, k]])
    unit = 10.0 ** value(re.search(r"in units of 10(\S+)", wishes)[1].replace("⁻", "−"))
    for k in range(12):
        each = [-hand.W[2][j, k] * hand.delta[2][j] for j in range(10)]
        printed = np.array(row(wishes, symbol("a", 1, k))) * unit
        np.testing.assert_allclose(printed, [*each, -hand.dC_da[1][k]], atol=0.00501 * unit)


def test_back_to_the_pixels(walked, hand):
    text = part(walked, "Back to the pixels")
    k = int(np.abs(hand.dC_da[0]).argmax())
    assert f"with pixel {k} (row {k // 28}, column {k % 28}) most of all" in flat(text)
    for j in range(12):
        term = [hand.W[1][j, k], hand.slope[1][j], hand.dC_da[1][j]]
        assert row(text, str(j)) == about([*term, np.prod(term)])
    assert row(text, f"sum ∂C₀/∂{symbol('a', 0, k)}") == about([hand.dC_da[0][k]])
    assert "✓ Backpropagation" in text


def assert_nudges(text, hand, network, example, eta):
    nudges = -hand.all
    most = np.abs(nudges).max()
    strongest = np.sort(np.abs(nudges))[::-1][:12]
    found = re.findall(r"^[wb]\S+\s+([12]\.\w+)\[([\d, ]+)\]\s+(\S+) .*(should \w+ .*)$", text, re.MULTILINE)
    assert len(found) == 12
    for (name, place, number, words), size in zip(found, strongest, strict=True):
        layer, place = int(name[0]), tuple(map(int, place.split(",")))
        nudge = -(hand.dW if name.endswith("weight") else hand.delta)[layer][place]
        assert value(number) == about(nudge)
        assert abs(nudge) == pytest.approx(size, rel=1e-9)
        much = "a lot" if size >= most / 2 else "somewhat" if size >= most / 5 else "a little"
        assert words.strip() == f"should {'increase' if nudge > 0 else 'decrease'} {much}"
    for sign, way in ((1, "increase"), (-1, "decrease")):
        for low, high, much in ((0.5, 2, "a lot"), (0.2, 0.5, "somewhat"), (0, 0.2, "a little")):
            share = sign * nudges / most
            count = int(((share > 0) & (share >= low) & (share < high)).sum())
            assert row(text, f"should {way} {much}") == [count]
    assert row(text, "should stay as it is") == [int((nudges == 0).sum())]
    squares = [float((hand.dW[i] ** 2).sum() + (hand.delta[i] ** 2).sum()) for i in (1, 2)]
    for layer, square in zip((1, 2), squares, strict=True):
        (line,) = re.findall(rf"(?m)^{layer}\s+(\S+)\s+(\S+)% [█▏]", text)
        assert value(line[0]) == about(square**0.5)
        assert float(line[1]) == pytest.approx(100 * square / sum(squares), abs=0.0501)
    stepped = network.astype("float64")
    for layer in (1, 2):
        stepped.parameters[f"{layer}.weight"] -= eta * hand.dW[layer]
        stepped.parameters[f"{layer}.bias"] -= eta * hand.delta[layer]
    after = ByHand(stepped, *example).cost
    assert row(text, "before") == about([hand.cost])
    (predicted,) = re.findall(r"predicted by the slope: .* (\S+)$", text, re.MULTILINE)
    assert value(predicted) == about(hand.cost - eta * sum(squares))
    assert row(text, "after the step") == about([after])
    assert value(re.search(r"ΔC₀ = (\S+)", text)[1]) == about(after - hand.cost)


def test_the_nudges(walked, hand, network, example):
    assert_nudges(part(walked, "Nudges"), hand, network, example, 0.5)


# Options that name a part

LESSON = ["--data", "digits:test:17"]


def titles(ok, model, *options):
    return [*sections(ok("explain", model, *LESSON, *options).out)]


PARTS = {
    "--weight 2 3 5": ["Backward: the weight w₃,₅⁽²⁾"],
    "--weight 1 11 783": ["Backward: the weight w₁₁,₇₈₃⁽¹⁾"],
    "--bias 2 9": ["Backward: the bias b₉⁽²⁾"],
    "--bias 1 0": ["Backward: the bias b₀⁽¹⁾"],
    "--neuron 0 783": ["Backward: the activation a₇₈₃⁽⁰⁾"],
    "--neuron 1 4": [
        "One neuron: z₄⁽¹⁾ term by term",
        "Backward: the activation a₄⁽¹⁾",
        "Three ways to raise a₄⁽¹⁾, and all wishes added up",
    ],
    "--neuron 2 3": [
        "One neuron: z₃⁽²⁾ term by term",
        "Backward: the activation a₃⁽²⁾",
        "Three ways to raise a₃⁽²⁾, and all wishes added up",
    ],
    "--nudges": ["Nudges: what this image would teach"],
    "--batch": [
        "What each example wants: the first 5 of digits:training",
        "Who pushes w₈,₁⁽²⁾: digits:training",
    ],
    "--class 3": [
        "What each example wants: the 121 of class 3 in digits:training",
        "Who pushes w₈,₁⁽²⁾: the 121 of class 3 in digits:training",
    ],
    "--check": ["The gradient check"],
    "--landscape": ["The landscape of the cost"],
    "--direction 2.weight[3,5] --direction 2.bias[2]": ["The landscape of the cost"],
    # several
    "--weight 2 3 5 --weight 1 0 300": ["Backward: the weight w₃,₅⁽²⁾", "Backward: the weight w₀,₃₀₀⁽¹⁾"],
    "--weight 1 0 300 --bias 1 0 --neuron 0 300 --check --nudges": [
        "Backward: the weight w₀,₃₀₀⁽¹⁾",
        "Backward: the bias b₀⁽¹⁾",
        "Backward: the activation a₃₀₀⁽⁰⁾",
        "Nudges: what this image would teach",
        "The gradient check",
    ],
    "--batch --weight 2 3 5 --weight 1 4 400": [
        "Backward: the weight w₃,₅⁽²⁾",
        "Backward: the weight w₄,₄₀₀⁽¹⁾",
        "What each example wants: the first 5 of digits:training",
        "Who pushes w₃,₅⁽²⁾: digits:training",
        "Who pushes w₄,₄₀₀⁽¹⁾: digits:training",
    ],
}


@pytest.mark.parametrize("options", PARTS)
def test_options_that_name_a_part_show_that_part_alone(ok, trained, hand, options):
    wanted = [title.replace("w₈,₁⁽²⁾", symbol("w", 2, *hand.steepest(2))) for title in PARTS[options]]
    out = ok("explain", trained.model, *LESSON, *re.findall(r"--\w+|[^\s]+", options)).out
    headline, *found = sections(out).items()
    assert headline[0] == "784-12-10, explained"
    assert flat(headline[1]).startswith("The network 784-12-10 answers 3 (")
    assert [title for title, _ in found] == wanted
    assert "`" not in out


def test_the_same_part_twice_is_shown_twice(ok, trained):
    once = ok("explain", trained.model, "--bias", 2, 3).out
    twice = ok("explain", trained.model, "--bias", 2, 3, "--bias", 2, 3).out
    assert twice.count("Backward: the bias b₃⁽²⁾") == 2 * once.count("Backward: the bias b₃⁽²⁾") == 2


def test_parts_are_those_of_the_walk_through(ok, trained, walked, hand):
    j, k = hand.steepest(1)
    out = ok("explain", trained.model, *LESSON, "--nudges", "--weight", 1, j, k, "--neuron", 2, 3).out
    shown = sections(out)
    for title in (f"Backward: the weight {symbol('w', 1, j, k)}", "Nudges: what this image would teach"):
        assert shown[title].strip() == walked[title].strip()
    assert part(shown, "One neuron").strip() == part(walked, "One neuron").strip()
    assert part(shown, "Three ways").strip() == part(walked, "Three ways").strip()


def test_a_bias(ok, trained, hand):
    text = ok("explain", trained.model, *LESSON, "--bias", 1, 4).out
    products = re.findall(r"^    ∂C₀/∂b₄⁽¹⁾ = .*\d.* = (\S+)$", text, re.MULTILINE)
    assert products
    assert all(value(product) == about(hand.delta[1][4]) for product in products)
    assert "✓" in text


@pytest.mark.parametrize("eta", [0.001, 0.25, 3.0])
def test_the_learning_rate(ok, trained, hand, network, example, eta):
    text = ok("explain", trained.model, *LESSON, "--nudges", "--learning-rate", eta).out
    assert_nudges(part(sections(text), "Nudges"), hand, network, example, eta)
    assert f"η = {eta:g}" in text


def test_the_learning_rate_alone_walks_through(ok, trained, hand, network, example):
    walked = sections(ok("explain", trained.model, *LESSON, "--learning-rate", 0.125).out)
    assert len(walked) == 9
    assert_nudges(part(walked, "Nudges"), hand, network, example, 0.125)


def test_a_step_too_long_says_so(ok, others):
    text = flat(ok("explain", others["tanh"].path, *LESSON, "--nudges").out)
    before, after = (value(re.search(rf"{when} (\S+)", text)[1]) for when in ("before", "after the step"))
    assert after > before
    assert "the step is too long, the cost has risen" in text


def letter_place(letter):
    """Layer and indices of a printed w₃,₅⁽²⁾."""
    below, above = re.fullmatch(r"[wb]([₀-₉,]+)⁽([⁰¹²])⁾", letter).groups()
    return int(value(above)), tuple(int(value(digits)) for digits in below.split(","))


@pytest.mark.parametrize("option", ["--batch", "--class"])
def test_what_each_example_wants(ok, trained, network, option):
    training = gn.load("digits").training
    some = training[:5] if option == "--batch" else training[training.labels == 3]
    out = ok("explain", trained.model, option, *(["3"] if option == "--class" else [])).out
    text = part(sections(out), "What each")
    hands = [ByHand(network, *some[i]) for i in range(len(some))]
    unit = re.search(r"nudges in units of 10(\S+)", text)
    unit = 10.0 ** value(unit[1].replace("⁻", "−")) if unit else 1.0
    rows = re.findall(r"^([wb][₀-₉,]+⁽[¹²]⁾) (.*)$", text, re.MULTILINE)
    assert len(rows) == 12
    shown = min(10, len(some))
    against = 0
    for letter, numbers in rows:
        layer, place = letter_place(letter)
        wants = np.array(
            [-(of.dW[layer][place] if len(place) == 2 else of.delta[layer][place]) for of in hands]
        )
        against += int((wants * wants.mean() < 0).sum())
        printed = np.array([value(number) for number in numbers.replace("…", "").split()]) * unit
        np.testing.assert_allclose(printed, [*wants[:shown], wants.mean()], atol=0.00501 * unit)
    assert ("…" in text) == (len(some) > 10)
    assert f"{against / (12 * len(some)):.0%} of these wishes point against" in flat(text)
    heads = [*map(str, some.labels[:shown]), *(["…"] if len(some) > 10 else []), "mean"]
    assert heads in [line.split() for line in text.splitlines()]


def test_who_pushes_a_weight(ok, trained, network):
    training = gn.load("digits").training
    text = part(sections(ok("explain", trained.model, "--batch", "--weight", 2, 3, 5).out), "Who pushes")
    pushes = np.array([-ByHand(network, *training[i]).dW[2][3, 5] for i in range(len(training))])
    up, down = int((pushes > 0).sum()), int((pushes < 0).sum())
    words = flat(text)
    assert f"Of 1,197 images, {up:,} push w₃,₅⁽²⁾ (2.weight[3, 5]) up, {down:,} push it down" in words
    assert value(re.search(r"Their mean, (\S+),", words)[1]) == about(pushes.mean())
    order = np.argsort(-pushes)
    for way, images in (("up", order[:5]), ("down", order[::-1][:5])):
        found = re.findall(rf"^{way} +no\. (\d+) +(\d) +(\S+)$", text, re.MULTILINE)
        assert [int(image) for image, _, _ in found] == [*images]
        assert [int(label) for _, label, _ in found] == [*training.labels[images]]
        assert [value(push) for _, _, push in found] == about(pushes[images])
    for label in range(10):
        mine = training.labels == label
        assert row(text, str(label)) == about([int(mine.sum()), pushes[mine].sum() / len(pushes)])
    assert row(text, "all") == about([1197, pushes.mean()])


def test_the_gradient_check(ok, trained):
    text = part(sections(ok("explain", trained.model, *LESSON, "--check").out), "The gradient check")
    assert "✓ gradient right: 9,550 parameters checked; worst " in flat(text)
    counts = [value(count) for count in re.findall(r"^(?:below )?10\S+.*? ([\d,]+)(?: [█▏]+)?$", text, re.M)]
    assert sum(counts) == 9550


@pytest.mark.slow
def test_the_landscape_of_a_model_and_of_a_run(ok, trained, hand, network, monkeypatch):
    monkeypatch.setattr("glassnet.workflows.guide.SURVEYED", SURVEYED)  # as many as users get, for once
    for model, kind in ((trained.model, "random"), (trained.path, "principal")):
        text = part(sections(ok("explain", model, *LESSON, "--landscape").out), "The landscape")
        words = flat(text)
        assert value(re.search(r"The mean cost of one image is C = (\S+)", words)[1]) == about(hand.cost)
        norm = float(np.linalg.norm(hand.all))
        assert value(re.search(r"‖∇C‖ = (\S+)\. Along", words)[1]) == about(norm)
        assert f"The mean cost C of 1,000 images over {kind} direction 1 and {kind} direction 2." in words
        assert ("Of the path's variance" in words) == (kind == "principal")
        some = gn.load("digits").training[:1000]
        (cost, *_) = row(text, "the network")
        assert cost == about(gn.evaluate(network, some, "cross_entropy").cost)


@pytest.mark.slow
def test_two_chosen_directions(ok, trained, network):
    options = ["--direction", "2.weight[3, 5]", "--direction", " 2.bias [2] "]
    text = part(sections(ok("explain", trained.model, *LESSON, *options).out), "The landscape")
    here = [network.parameters["2.weight"][3, 5], network.parameters["2.bias"][2]]
    assert row(text, "the network")[1:] == pytest.approx(here, rel=6e-4)
    assert "over 2.weight[3, 5] and 2.bias[2]" in flat(text)


# Images


@pytest.fixture
def drawing(tmp_path, example):
    """The 3, drawn larger and dark on light."""
    grey = np.asarray(Image.fromarray(example[0]).resize((140, 140)))
    Image.fromarray(255 - np.pad(grey, 12)).save(tmp_path / "three.png")
    return "three.png"


def test_a_drawing_is_explained_as_predict_reads_it(ok, trained, network, drawing):
    image = gn.normalize_drawing(gn.read_drawing(drawing))
    (predicted,) = ok("predict", trained.path, drawing, "--json").json
    explanation = gn.explain(network, image, 3, "cross_entropy")
    assert predicted["answer"] == str(explanation.answer) == "3"
    out = ok("explain", trained.path, "--image", drawing, "--label", "3").out
    assert out == as_text(walkthrough(explanation, 0.5, pictures=False), 100) + "\n"
    assert row(part(sections(out), "The cost"), "3")[0] == about(predicted["confidences"]["3"])
    # without a label, the answer is taken, and it is said
    assumed = ok("explain", trained.path, "--image", drawing).out
    words = ". No label was given: its own answer is taken as wanted."
    assert flat(assumed).replace(words, ", which is right.") == flat(out)


def test_another_label_is_another_wish(ok, trained, network, drawing):
    image = gn.normalize_drawing(gn.read_drawing(drawing))
    hand = ByHand(network, image, 8)
    out = ok("explain", trained.path, "--image", drawing, "--label", "8").out
    assert "but 8 is wanted." in flat(out)
    assert row(part(sections(out), "The cost"), "cost C₀") == about([hand.cost])
    assert ok("explain", trained.path, *LESSON, "--label", "8").out.count("but 8 is wanted") == 1


def test_a_drawing_and_the_data_that_the_network_learned_from(ok, trained, drawing):
    out = ok("explain", trained.path, "--image", drawing, "--label", "3", "--batch").out
    assert "What each example wants: the first 5 of digits:training" in sections(out)


# Networks of every kind

KINDS = {  # what stands in the walk-through of each; j is any index
    "softmax": (
        "a⁽²⁾ = softmax(W⁽²⁾ a⁽¹⁾ + b⁽²⁾)",
        "a⁽¹⁾ = relu(W⁽¹⁾ a⁽⁰⁾ + b⁽¹⁾)",
        "C₀ = Σⱼ −yⱼ ln(aⱼ)",
        "δj⁽²⁾ = Σᵢ ∂aᵢ⁽²⁾/∂zj⁽²⁾ · ∂C₀/∂aᵢ⁽²⁾",
        "δj⁽²⁾ = aj⁽²⁾ − yj",
        "∂aᵢ⁽²⁾/∂zⱼ⁽²⁾ = aᵢ⁽²⁾ (1[i=j] − aⱼ⁽²⁾)",
    ),
    "softmax on top": ("a⁽³⁾ = softmax(a⁽²⁾)", "(10) = softmax((10))", "no parameters", "∂aᵢ⁽³⁾/∂zⱼ⁽³⁾"),
    "tanh": ("a⁽²⁾ = tanh(W⁽²⁾ a⁽¹⁾ + b⁽²⁾)", "1 − a²", "C₀ = Σⱼ (aⱼ − yⱼ)²", "= 2 (aj⁽²⁾ − yj)"),
    "relu": ("a⁽²⁾ = relu(W⁽²⁾ a⁽¹⁾ + b⁽²⁾)", "a⁽³⁾ = linear(W⁽³⁾ a⁽²⁾ + b⁽³⁾)", "C₀ = Σⱼ ½ (aⱼ − yⱼ)²"),
    "quadratic": ("a⁽²⁾ = σ(W⁽²⁾ a⁽¹⁾ + b⁽²⁾)", "C₀ = Σⱼ ½ (aⱼ − yⱼ)²", "∂C₀/∂aj⁽²⁾ = aj⁽²⁾ − yj"),
    "one layer": ("a⁽¹⁾ = σ(W⁽¹⁾ a⁽⁰⁾ + b⁽¹⁾)", "C₀ = Σⱼ −[yⱼ ln(aⱼ)"),
}


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("kind", KINDS)
def test_a_walk_through_every_kind_of_network(ok, others, example, monkeypatch, kind, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    out = ok("explain", others[kind].path, *LESSON).out
    wanted = [*WALK]
    if "softmax" in kind:
        wanted.insert(5, r"Softmax: how the outputs of layer \d share")
    if kind == "one layer":
        del wanted[5]
    if kind == "relu":  # two hidden layers
        wanted.append(r"Depth: the vanishing gradient")
    found = [*sections(out)]
    assert len(found) == len(wanted)
    assert all(re.fullmatch(one, title) for one, title in zip(wanted, found, strict=True))
    for formula in KINDS[kind]:  # wherever the line breaks
        pattern = re.escape("".join(formula.split())).replace("j⁽", "[₀-₉]+⁽").replace("−yj", "−y[₀-₉]+")
        assert re.search(pattern, "".join(out.split()))
    assert "`" not in out
    assert "…" not in out
    assert "▲" not in out
    assert out.count("✓ Backpropagation: ") == (2 if kind == "one layer" else 3)
    model = gn.load_model(others[kind].model)
    explanation = gn.explain(model.network, *example, model.recipe.cost)
    assert out == as_text(walkthrough(explanation, model.recipe.learning_rate, False), columns) + "\n"


@pytest.mark.parametrize("kind", KINDS)
def test_all_parts_of_every_kind_of_network(ok, others, kind):
    options = "--weight 1 3 300 --bias 1 3 --neuron 0 300 --neuron 1 3 --nudges --batch --class 2 --check"
    out = ok("explain", others[kind].model, *LESSON, *options.split(), "--landscape").out
    assert len(sections(out)) == 12
    assert "▲" not in out
    assert "`" not in out


def test_the_jacobian_of_softmax_is_full(ok, others, example):
    network = gn.load_model(others["softmax"].model).network.astype("float64")
    text = part(sections(ok("explain", others["softmax"].path, *LESSON).out), "Softmax: how the outputs")
    a = network.predict(example[0][None])[0]
    unit = 10.0 ** value(re.search(r"in units of 10(\S+)", text)[1].replace("⁻", "−"))
    for i in range(10):
        wanted = [a[i] * ((i == j) - a[j]) for j in range(10)]
        printed = np.array(row(text, symbol("a", 2, i))) * unit
        np.testing.assert_allclose(printed, wanted, atol=0.00501 * unit)


def test_another_cost_than_the_models_own(ok, trained, network, example):
    out = ok("explain", trained.path, *LESSON, "--cost", "squared").out
    assert "C₀ = Σⱼ (aⱼ − yⱼ)²" in out
    explanation = gn.explain(network, *example, "squared")
    assert row(part(sections(out), "The cost"), "cost C₀") == about([explanation.gradient.cost])


def test_a_model_that_learned_from_nothing_known(ok, glassnet, named, drawing):
    model = named(*"0123456789")
    assert len(sections(ok("explain", model, "--image", drawing).out)) == 9
    assert len(sections(ok("explain", model, *LESSON, "--batch").out)) == 3
    answer = glassnet("explain", model)
    assert answer.err == f"glassnet: {model} doesn't say what it learned from: name the --data\n"


def test_other_class_names(ok, named):
    """The image's own label is the data's; a network with other names gives it none."""
    names = ["zero", "one", "two", "*three*", "[bold]four[/bold]", "five`6", "a\nb", "&", "<b>", "nine"]
    model = named(*names)
    out = ok("explain", model, *LESSON).out
    assert flat(out).startswith(
        "1 The image and the answer The network 784-12-10 answers *three* (its largest"
    )
    assert "No label was given: its own answer is taken as wanted." in flat(out)
    cost = part(sections(out), "The cost")
    for j, shown in enumerate([*names[:5], "fiveʼ6", "a b", "&", "<b>", "nine"]):
        assert re.search(rf"(?m)^{j}  {re.escape(shown)} ", cost)
    assert "but a b is wanted" in flat(ok("explain", model, *LESSON, "--label", "a\nb").out)
    assert "`" not in out


def test_class_names_send_nothing_to_the_terminal(ok, named):
    out = ok("explain", named("\x1b[31mred", "\x07", "\x9b2J", *"3456789"), *LESSON).out
    assert not set(out) & {*map(chr, range(32)), *map(chr, range(127, 160))} - {"\n"}


def test_rows_keep_their_names_beside_long_class_names(ok, named, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    clothes = "T-shirt/top Trouser Pullover Dress Coat Sandal Shirt Sneaker Bag Ankle-boot"
    text = part(sections(ok("explain", named(*clothes.split()), *LESSON, "--batch").out), "What each")
    assert len(re.findall(r"(?m)^[wb][₀-₉,]+⁽[¹²]⁾ ", text)) == 12


def test_on_a_terminal_it_is_in_color(ok, trained, spawn, monkeypatch):
    pty = pytest.importorskip("pty")
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    ours, theirs = pty.openpty()
    process = spawn("explain", trained.path, *LESSON, "--nudges", stdout=theirs, stderr=theirs)
    os.close(theirs)
    written = b""
    with open(ours, "rb", buffering=0) as terminal:  # noqa: PTH123
        try:
            while piece := terminal.read(65536):
                written += piece
        except OSError:  # on Linux, what a closed terminal answers
            pass
    assert process.wait() == 0
    for stream in (process.stdout, process.stderr):
        assert stream is None
    text = written.decode().replace("\r\n", "\n")
    assert "\x1b[36m" in text  # formulas are cyan
    plain = re.sub(r"\x1b\[[\d;]*m", "", text)
    assert flat(plain) == flat(ok("explain", trained.path, *LESSON, "--nudges").out)


@pytest.mark.slow
def test_nothing_is_written(ok, trained, drawing, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    ok("explain", trained.path, "--image", drawing, "--batch", "--landscape")
    assert sorted(tmp_path.rglob("*")) == before


# Parameters that are not finite


SPOILED = {
    "NaN in a hidden weight": ("1.weight", (3, 407), np.nan, r"1\.weight\[3, 407\]"),
    "NaN in an output's bias": ("2.bias", (4,), np.nan, r"2\.bias\[4\]"),
    "infinity in a weight": ("2.weight", (4, 2), np.inf, r"2\.weight\[4, 2\]"),
    "minus infinity in a bias": ("1.bias", (4,), -np.inf, r"1\.bias\[4\]"),
}
EVERYTHING = (
    "--weight 1 3 407 --weight 2 4 2 --bias 1 4 --bias 2 4 --neuron 0 407 --neuron 1 3 --neuron 2 4 "
    "--nudges --batch --class 3 --check"
)


@pytest.mark.parametrize("what", SPOILED)
@pytest.mark.parametrize("options", ["", "--label 0", EVERYTHING])
def test_a_network_that_is_not_finite_is_explained(ok, changed, what, options):
    name, place, number, where = SPOILED[what]
    out = ok("explain", changed(name, place, number), *options.split()).out
    first = next(iter(sections(out).values()))
    assert re.search(rf"▲ Not all numbers are finite. The first on the way.* {where}", flat(first))
    if not options:
        assert [bool(re.fullmatch(*pair)) for pair in zip(WALK, sections(out), strict=True)] == [True] * 9
        where_it_shows = {"1.weight": "NaN", "2.bias": "NaN", "2.weight": "∞", "1.bias": "−∞"}[name]
        assert where_it_shows in out


def test_a_drawing_for_a_network_that_is_not_finite(ok, changed, drawing):
    out = ok("explain", changed("2.bias", (4,), np.nan), "--image", drawing).out
    assert "has no answer" in out
    assert "2.bias[4]" in out


@pytest.mark.parametrize("options", ["--landscape", "--direction 1.bias[0] --direction 1.bias[1]"])
def test_there_is_no_landscape_of_what_is_not_finite(glassnet, changed, options):
    answer = glassnet("explain", changed("2.bias", (4,), np.nan), *options.split())
    assert (answer.status, answer.out) == (2, "")
    assert answer.err == "glassnet: 2.bias holds NaN or infinite values: give a network of finite numbers\n"


def test_nan_is_not_taken_for_a_saturated_output(ok, changed):
    assert "so near to 0 or 1" not in flat(ok("explain", changed("2.bias", (4,), np.nan)).out)


def test_nan_is_not_right(ok, changed):
    assert "which is right" not in ok("explain", changed("1.weight", (3, 407), np.nan), "--label", "0").out


def test_a_drawing_beside_data_to_compare_it_with(ok, glassnet, named, drawing):
    model = named(*"0123456789")
    assert "name the --data" in glassnet("explain", model, "--image", drawing, "--batch").err
    out = ok("explain", model, "--image", drawing, "--data", "digits", "--batch", "--label", "3").out
    assert "What each example wants: the first 10 of digits:training" in sections(out)
    assert "which is right" in flat(out)


def test_the_page_never_takes_the_place_of_the_model(glassnet, named):
    model = named(*"0123456789")
    before = model.read_bytes()
    answer = glassnet("explain", model, *LESSON, "--bias", 1, 0, "--html", model)
    assert model.read_bytes() == before
    assert answer.status == 2
