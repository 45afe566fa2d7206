"""Formulas as one line of Unicode and as MathML: nothing is lost on the way, and all of it is well-formed."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.document import (
    in_parentheses,
    mathml,
    number,
    partial,
    power_of_ten,
    symbol,
    with_values,
)
from glassnet.document.formula import ABOVE, BELOW, PLAIN, is_number

# Numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (-1.0, "−1"),
        (0.1 + 0.2, "0.3"),
        (1 / 3, "0.33333"),
        (-2 / 3, "−0.66667"),
        (0.0001, "0.0001"),
        (0.00001, "1·10⁻⁵"),
        (-0.000012345678, "−1.2346·10⁻⁵"),
        (12345.0, "12345"),
        (12345.6, "12346"),
        (99999.4, "99999"),
        (99999.6, "1·10⁵"),
        (1234567.0, "1.2346·10⁶"),
        (5e-324, "4.9407·10⁻³²⁴"),
        (1.7976931348623157e308, "1.7977·10³⁰⁸"),
        (inf, "∞"),
        (-inf, "−∞"),
        (nan, "NaN"),
        (7, "7"),
        (np.float32(0.1), "0.1"),
        (np.float64(-2.5), "−2.5"),
    ],
)
def test_numbers(value, text):
    assert number(value) == text
    assert is_number(text)


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (2 / 3, 2, "0.67"),
        (2 / 3, 9, "0.666666667"),
        (1.6e-11, 1, "2·10⁻¹¹"),
        (0.0080653483, 9, "0.0080653483"),
    ],
)
def test_digits(value, digits, text):
    assert number(value, digits) == text


PLAIN_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻−", "0123456789--")


def read(text):
    """A number as `number` writes it, read back."""
    mantissa, _, power = text.partition("·10")
    return float(mantissa.translate(PLAIN_DIGITS)) * 10.0 ** int(power.translate(PLAIN_DIGITS) or 0)


@settings(deadline=None)
@given(st.floats(min_value=-1e300, max_value=1e300), st.integers(1, 12))
def test_a_number_reads_back_to_as_many_digits(value, digits):
    text = number(value, digits)
    assert "-" not in text  # the sign is a minus, not a hyphen
    assert "e" not in text
    assert read(text) == pytest.approx(value, rel=0.51 * 10.0 ** (1 - digits), abs=1e-300)


@pytest.mark.parametrize(("exponent", "text"), [(0, "10⁰"), (-6, "10⁻⁶"), (12, "10¹²"), (-310, "10⁻³¹⁰")])
def test_powers_of_ten(exponent, text):
    assert power_of_ten(exponent) == text


@pytest.mark.parametrize(
    "text", ["0", "−1", "+3.12", "0.5", "12,345", "1.5·10⁻⁵", "∞", "−∞", "+∞", "NaN", "", "13,002"]
)
def test_what_is_a_number(text):
    assert is_number(text)


@pytest.mark.parametrize(
    "text", ["w₃", "a", "1 of 3", "no. 17", "-1", "1e5", "10⁻⁵a", "…", "−", "·", "3.", "0.5 ", "NaN NaN"]
)
def test_what_is_no_number(text):
    assert not is_number(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5, "0.5"),
        (0.0, "0"),
        (-0.5, "(−0.5)"),
        (1e-9, "(1·10⁻⁹)"),
        (-inf, "(−∞)"),
        (inf, "∞"),
        (nan, "NaN"),
    ],
)
def test_factors_of_a_product(value, text):
    assert in_parentheses(value) == text


# Symbols


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("w", 2, 3, 17), "w₃,₁₇⁽²⁾"),
        (("W", 1), "W⁽¹⁾"),
        (("a", 0, 783), "a₇₈₃⁽⁰⁾"),
        (("z", "l", "j"), "zⱼ⁽ˡ⁾"),
        (("z", "L", "i"), "zᵢ⁽ᴸ⁾"),
        (("y", None, 0), "y₀"),
        (("a",), "a"),
        (("b", 12, 0), "b₀⁽¹²⁾"),
        (("w", 1, "j", "k"), "wⱼ,ₖ⁽¹⁾"),
    ],
)
def test_symbols(arguments, text):
    assert symbol(*arguments) == text


def test_partial_derivatives():
    assert partial("C₀", symbol("w", 2, 3, 17)) == "∂C₀/∂w₃,₁₇⁽²⁾"
    assert partial(symbol("a", 1, "i"), symbol("z", 1, 0)) == "∂aᵢ⁽¹⁾/∂z₀⁽¹⁾"


@pytest.mark.parametrize(
    ("formula", "values", "text"),
    [
        ("2 (a − y)", {"a": "0.97", "y": "1"}, "2 (0.97 − 1)"),
        ("(a − y) / (a (1 − a))", {"a": "aⱼ", "y": "yⱼ"}, "(aⱼ − yⱼ) / (aⱼ (1 − aⱼ))"),
        ("−[y ln(a) + (1 − y) ln(1 − a)]", {"a": "½", "y": "0"}, "−[0 ln(½) + (1 − 0) ln(1 − ½)]"),
        ("max(0, z)", {"z": "3"}, "max(0, 3)"),  # the a of max is no letter by itself
        ("tanh(z)", {"z": "z", "a": "7"}, "tanh(z)"),
        ("a − y", {"a": "y", "y": "a"}, "y − a"),  # all at once
    ],
)
def test_letters_are_replaced_by_values(formula, values, text):
    assert with_values(formula, **values) == text


# MathML


# Parentheses that a math font doesn't stretch to the fractions in the same row.
L, R = '<mo stretchy="false">(</mo>', '<mo stretchy="false">)</mo>'
MATHML = {
    "": "",
    "a": "<mi>a</mi>",
    "12,345.5": "<mn>12,345.5</mn>",
    "a₃": "<msub><mi>a</mi><mn>3</mn></msub>",
    "a²": "<msup><mi>a</mi><mn>2</mn></msup>",
    "W⁽¹⁾": f"<msup><mi>W</mi><mrow>{L}<mn>1</mn>{R}</mrow></msup>",
    "w₃,₁₇⁽²⁾": "<msubsup><mi>w</mi><mrow><mn>3</mn><mo>,</mo><mn>17</mn></mrow>"
    f"<mrow>{L}<mn>2</mn>{R}</mrow></msubsup>",
    "σ′": "<msup><mi>σ</mi><mo>′</mo></msup>",
    "10⁻⁵": "<msup><mn>10</mn><mrow><mo>−</mo><mn>5</mn></mrow></msup>",
    "e⁻ᶻ": "<msup><mi>e</mi><mrow><mo>−</mo><mi>z</mi></mrow></msup>",
    "ln": "<mi>ln</mi>",
    "leaky_relu′": "<msup><mi>leaky_relu</mi><mo>′</mo></msup>",
    "½": "<mn>½</mn>",
    "(a − y)²": f"{L}<mi>a</mi><mo>−</mo><mi>y</mi><msup>{R}<mn>2</mn></msup>",
    "Σⱼ a": "<munder><mo>∑</mo><mi>j</mi></munder><mi>a</mi>",
    "∂C₀/∂b": "<mfrac><mrow><mo>∂</mo><msub><mi>C</mi><mn>0</mn></msub></mrow>"
    "<mrow><mo>∂</mo><mi>b</mi></mrow></mfrac>",
    "<&": "<mo>&lt;</mo><mo>&amp;</mo>",
}


@pytest.mark.parametrize("formula", MATHML)
def test_formulas_as_mathml(formula):
    assert mathml(formula) == f"<math>{MATHML[formula]}</math>"


def test_a_formula_on_a_line_of_its_own_is_large():
    assert mathml("a", large=True) == '<math displaystyle="true"><mi>a</mi></math>'


@pytest.mark.parametrize("formula", ["max(0, z)", "(3, 5)", "1,5", "f(1,z)"])
def test_the_comma_between_two_is_no_index(formula):
    assert "msub" not in mathml(formula)
    assert "<mo>,</mo>" in mathml(formula)


def test_the_comma_of_thousands_belongs_to_the_number():
    assert mathml("13,002") == "<math><mn>13,002</mn></math>"
    assert mathml("1,234,567.5") == "<math><mn>1,234,567.5</mn></math>"


@pytest.mark.parametrize(
    ("formula", "signs"),
    [
        ("−a", "prefix"),
        ("a − b", "infix"),
        ("a = −b", "prefix"),
        ("(−0.5) · 2", "prefix"),
        ("1 / (−z)", "prefix"),
        ("2 · −3", "prefix"),
        ("a₁ − −3", "infix prefix"),
    ],
)
def test_a_minus_is_between_two_or_belongs_to_one(formula, signs):
    found = [element.get("form", "infix") for element in root(formula).iter("mo") if element.text == "−"]
    assert found == signs.split()


CHILDREN = {"msub": 2, "msup": 2, "msubsup": 3, "munder": 2, "mover": 2, "munderover": 3, "mfrac": 2}
LEAVES = {"mi", "mn", "mo"}


def root(formula):
    return ET.fromstring(mathml(formula))


def assert_right(formula):
    """Well-formed MathML, every element with as many children as it takes, and no character lost."""
    math = root(formula)
    assert math.tag == "math"
    for element in math.iter():
        assert element.tag in {"math", "mrow", *LEAVES, *CHILDREN}
        if element.tag in CHILDREN:
            assert len(element) == CHILDREN[element.tag], formula
        if element.tag in LEAVES:
            assert element.text, formula
            assert len(element) == 0
        else:
            assert not (element.text or "").strip()
        assert not (element.tail or "").strip()
    texts = ("".join(math.itertext()), formula.replace("Σ", "∑"))
    shown, expected = (
        # indices back on the line; a fraction needs no slash
        re.sub(r"\s|/", "", "".join(PLAIN.get(character, character) for character in text))
        for text in texts
    )
    assert shown == expected, formula


# What formulas are made of, and what could break them.
PIECE = st.one_of(
    st.sampled_from(
        [*"abwzyCWδσηΣ∂∇Δ∞½", *"+−=·/×()[]|‖,.: ′", "<", "&", '"', "'", ">", "ln", "max", "∂C₀/∂"]
    ),
    st.sampled_from([*ABOVE.values(), *BELOW.values()]),
    st.builds(symbol, st.sampled_from("wabz"), st.integers(0, 99), st.integers(0, 999), st.integers(0, 999)),
    st.floats().map(number),
    st.characters(exclude_categories=["Cc", "Cs", "Cn", "Co"]),
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.lists(PIECE, max_size=12).map("".join))
def test_any_text_makes_mathml_that_holds_it(formula):
    assert_right(formula)


@settings(deadline=None)
@given(st.text())
def test_no_text_makes_markup(text):
    """Whatever is in it: tags are those of formulas, and < and & stand only where they are escaped."""
    tags = set(re.findall(r"</?(\w+)", mathml(text)))
    assert tags <= {"math", "mrow", *LEAVES, *CHILDREN}
    assert not re.search(r"&(?!lt;|gt;|amp;|quot;|#x27;)", mathml(text))
