"""Formulas as one line of Unicode, for terminals as they are and for pages as MathML.

`∂C₀/∂w₃,₅⁽²⁾ = a₅⁽¹⁾ · δ₃⁽²⁾` is written once: a letter, its indices below, the layer above in
parentheses. `mathml` makes subscripts, superscripts and fractions of it.
"""

from __future__ import annotations

import re
from html import escape
from math import isinf, isnan

ABOVE = dict(zip("0123456789+-()lLTnz", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ˡᴸᵀⁿᶻ", strict=True))
BELOW = dict(zip("0123456789+-ijklmprs", "₀₁₂₃₄₅₆₇₈₉₊₋ᵢⱼₖₗₘₚᵣₛ", strict=True))
PLAIN = {raised: plain for table in (ABOVE, BELOW) for plain, raised in table.items()} | {"⁻": "−", "₋": "−"}


def symbol(letter: str, layer: int | str | None = None, *indices: int | str) -> str:
    """A letter with its indices below and its layer above.

    Raises:
        ValueError: an index that Unicode has no small letter for.

    >>> symbol("w", 2, 3, 17), symbol("z", "l", "j"), symbol("C", None, 0)
    ('w₃,₁₇⁽²⁾', 'zⱼ⁽ˡ⁾', 'C₀')
    """
    for character in "".join(map(str, indices)):
        if character not in BELOW:
            raise ValueError(f"{character!r} can't stand below {letter}: take one of {' '.join(BELOW)}")
    below = ",".join("".join(BELOW[character] for character in str(index)) for index in indices)
    above = "" if layer is None else "".join(ABOVE[character] for character in f"({layer})")
    return letter + below + above


def partial(of: str, by: str) -> str:
    """The partial derivative of one thing by another.

    >>> partial("C₀", symbol("b", 1, 4))
    '∂C₀/∂b₄⁽¹⁾'
    """
    return f"∂{of}/∂{by}"


def number(value: float, digits: int = 5) -> str:
    """A number to so many significant digits, with a power of ten where it needs one.

    >>> number(-0.25), number(1234567), number(6.02e-23, 3), number(float("inf"))
    ('−0.25', '1.2346·10⁶', '6.02·10⁻²³', '∞')
    """
    if isnan(value):
        return "NaN"
    if isinf(value):
        return "∞" if value > 0 else "−∞"
    mantissa, _, exponent = f"{value or 0.0:.{digits}g}".partition("e")
    power = f"·{power_of_ten(int(exponent))}" if exponent else ""
    return f"{mantissa}{power}".replace("-", "−")


def power_of_ten(exponent: int) -> str:
    """Ten to that power.

    >>> power_of_ten(-6)
    '10⁻⁶'
    """
    return "10" + "".join(ABOVE[character] for character in str(exponent))


def with_values(formula: str, **values: str) -> str:
    """A formula with its letters replaced: by numbers, or by letters with indices.

    >>> with_values("2 (a − y)", a="0.97", y="1")
    '2 (0.97 − 1)'
    """
    letter = rf"(?<![^\W\d_])({'|'.join(values)})(?![^\W\d_])"
    return re.sub(letter, lambda match: values[match[1]], formula)


def in_parentheses(value: float, digits: int = 5) -> str:
    """A number as a factor of a product: negative ones and powers of ten in parentheses."""
    text = number(value, digits)
    if text == "1" and value != 1:  # else 1 − a would be shown as 1 − 1
        text = f"1 {'−' if value < 1 else '+'} {number(abs(1 - value), 3)}"
    return f"({text})" if text.startswith("−") or "·" in text or " " in text else text


_ABOVE, _BELOW = ("".join(map(re.escape, table.values())) for table in (ABOVE, BELOW))
# A number, a letter, or the name of a function, which may be of several words: leaky_relu.
_LETTERS = rf"[^\W\d_Δ{_ABOVE}{_BELOW}]+"
_WORD = rf"(?:\d+(?:,\d{{3}})*(?:\.\d+)?|{_LETTERS}(?:_{_LETTERS})*)"
_ATOM = rf"{_WORD}′?[{_BELOW}]*(?:(?<=[{_BELOW}]),[{_BELOW}]+)*[{_ABOVE}]*"
_TOKEN = re.compile(
    rf"∂(?P<of>{_ATOM})/∂(?P<by>{_ATOM})|(?P<atom>{_ATOM})|(?P<space>\s+)"
    rf"|(?P<sign>.)(?P<raised>[{_ABOVE}]*)"
)
_NUMBER = re.compile(r"[+−]?(\d+(,\d{3})*(\.\d+)?(·10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?|∞)|NaN|")
_PARTS = re.compile(rf"(?P<base>.*?)(?P<prime>′?)(?P<below>[{_BELOW},]*)(?P<above>[{_ABOVE}]*)")


def is_number(text: str) -> bool:
    """Whether a text is a number as `number` writes them (or nothing at all).

    >>> is_number("−6.02·10⁻²³"), is_number("w₃")
    (True, False)
    """
    return _NUMBER.fullmatch(text) is not None


def mathml(formula: str, large: bool = False) -> str:
    """The formula as a MathML element, `large` on a line of its own; everything in it is escaped.

    >>> mathml("a²")
    '<math><msup><mi>a</mi><mn>2</mn></msup></math>'
    """
    style = ' displaystyle="true"' if large else ""
    return f"<math{style}>{_row(formula)}</math>"


def _row(formula: str) -> str:
    elements = []
    before = ""  # the token before, without spaces
    for token in _TOKEN.finditer(formula):
        if token["space"]:
            continue
        if token["of"]:
            top, bottom = (f"<mrow><mo>∂</mo>{_atom(token[part])}</mrow>" for part in ("of", "by"))
            elements.append(f"<mfrac>{top}{bottom}</mfrac>")
        elif token["atom"]:
            elements.append(_atom(token["atom"]))
        else:
            # After a number or a letter − is minus; after a sign it belongs to what follows.
            alone = token["sign"] in "−+" and (not before or before in "=≈·+−×(/|[")
            sign = _sign(token["sign"], ' form="prefix"' if alone else "")
            if token["sign"] in "Δ∇":
                sign = f"<mi>{token['sign']}</mi>"
            elements.append(f"<msup>{sign}{_script(token['raised'])}</msup>" if token["raised"] else sign)
        before = token[0]
    return "".join(elements)


def _sign(text: str, form: str = "") -> str:
    """An operator; a math font would stretch parentheses to the fractions in their row."""
    small = ' stretchy="false"' if text in "()[]|" else ""
    return f"<mo{form}{small}>{escape(text)}</mo>"


def _atom(text: str) -> str:
    """A letter, a word or a number, with what stands above and below it."""
    parts = _PARTS.fullmatch(text)
    assert parts is not None
    base, below, above = parts["base"], parts["below"], parts["above"]
    kind = "mn" if base[0].isnumeric() else "mo" if base == "Σ" else "mi"
    element = f"<{kind}>{escape(base.replace('Σ', '∑'))}</{kind}>"
    if parts["prime"]:
        element = f"<msup>{element}<mo>′</mo></msup>"
    scripts = [_script(script) for script in (below, above) if script]
    if not scripts:
        return element
    tag = "msubsup" if below and above else "msub" if below else "msup"
    if base == "Σ":
        tag = {"msubsup": "munderover", "msub": "munder", "msup": "mover"}[tag]
    return f"<{tag}>{element}{''.join(scripts)}</{tag}>"


def _script(raised: str) -> str:
    """What stands above or below, brought back to the line, as one element."""
    plain = "".join(PLAIN.get(character, character) for character in raised)
    elements = re.findall(r"\d+|.", plain)
    inner = "".join(
        f"<mn>{element}</mn>"
        if element.isdigit()
        else f"<mi>{element}</mi>"
        if element.isalpha()
        else _sign(element)
        for element in elements
    )
    return inner if len(elements) == 1 else f"<mrow>{inner}</mrow>"
