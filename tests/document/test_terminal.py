"""Blocks as text: what each looks like, without color where there is none, and nothing cut off."""

from __future__ import annotations

import io
from math import inf, nan

import numpy as np
import pytest
from rich.console import Console

from glassnet.document import (
    Bar,
    Equation,
    HeatMap,
    Note,
    Paragraph,
    Picture,
    Pixels,
    Section,
    Table,
    as_text,
    in_characters,
    show,
)

FORMULA = "∂C₀/∂w₃,₅⁽²⁾ = a₅⁽¹⁾ · δ₃⁽²⁾"


def test_prose_and_formulas():
    assert as_text([Paragraph("The weight `w₀⁽¹⁾` is `0.5`.")]) == "The weight w₀⁽¹⁾ is 0.5."
    assert as_text([Equation(FORMULA)]) == f"    {FORMULA}"
    assert as_text([Equation(FORMULA, "by `δ`")]) == f"    {FORMULA}\n    by δ"


def test_notes_are_good_or_to_be_looked_at():
    assert as_text([Note("All is `right`.", good=True)]) == "✓ All is right."
    assert as_text([Note("Look here.", good=False)]) == "▲ Look here."


def test_blocks_stand_apart():
    assert as_text([Paragraph("one"), Paragraph("two")]) == "one\n\ntwo"
    assert as_text([]) == ""


def test_sections_are_numbered_where_there_are_several():
    one, two = Section("One", [Paragraph("a")]), Section("Two: `z₀`", [Paragraph("b")])
    assert as_text([one]) == "One\n\na"
    assert [line for line in as_text([one, two]).split("\n") if line] == ["1  One", "a", "2  Two: z₀", "b"]


def test_a_table():
    table = Table(
        ("term", "`w`", "product"),
        [
            ("`w₀ · a₀`", 0.5, Bar(2.0, 4.0)),
            ("`w₁ · a₁`", -1.25, Bar(-4.0, 4.0)),
            ("sum", "", Bar(-2.0, 4.0)),
        ],
        "the terms of `z`",
        sums=1,
    )
    lines = as_text([table]).split("\n")
    assert lines[:2] == ["the terms of z", "term          w   product"]
    assert set(lines[2]) == {"─"}
    assert lines[3:] == [
        "w₀ · a₀     0.5             2 ██████",
        "w₁ · a₁   −1.25            −4 ████████████",
        "",
        "sum                        −2 ██████",
    ]


@pytest.mark.parametrize(
    ("bar", "text"),
    [
        (Bar(4.0, 4.0), "4 ████████████"),
        (Bar(-1.0, 4.0), "−1 ███"),
        (Bar(8.0, 4.0), "8 ████████████"),  # never longer than the longest
        (Bar(0.01, 4.0), "0.01 ▏"),  # too small to be seen, but not 0
        (Bar(0.0, 4.0), "0"),
        (Bar(0.0, 0.0), "0"),
        (Bar(nan, 4.0), "NaN"),
        (Bar(inf, 4.0), "∞"),
        (Bar(-inf, inf), "−∞"),
        (Bar(1.0, inf), "1 ▏"),
        (Bar(3.0, 4.0, "three"), "three █████████"),
    ],
)
def test_bars(bar, text):
    assert as_text([Table(("x",), [(bar,)])]).split("\n")[-1].strip() == text


def test_an_image_in_characters():
    """Levels 0 … 1 in six shades, a shade for every fifth begun."""
    pixels = np.array([[0, 1, 51, 52, 102], [103, 153, 154, 204, 255]], np.uint8)
    assert in_characters(pixels) == "  ····░░░░\n▒▒▒▒▓▓▓▓██"
    assert in_characters(np.array([0.0, 0.5, 1.0, 7.0, -1.0, nan])) == "  ▒▒████"
    assert as_text([Pixels(pixels)]) == "  ····░░░░\n▒▒▒▒▓▓▓▓██"


def test_the_caption_of_an_image():
    text = as_text([Pixels(np.array([[255]], np.uint8), "the activations `a⁽⁰⁾`")])
    assert text == "██\nthe activations a⁽⁰⁾"


def test_an_image_is_never_wrapped():
    text = as_text([Pixels(np.full((2, 80), 255, np.uint8))], width=40)
    assert text == "\n".join(["█" * 160] * 2)


def test_of_a_picture_a_terminal_shows_the_caption():
    assert as_text([Picture(b"", "the landscape")]) == "[picture] the landscape"


def test_a_pictures_caption_may_hold_formulas():
    assert as_text([Picture(b"", "each pixel's `w·a`")]) == "[picture] each pixel's w·a"


@pytest.mark.parametrize("text", ["[bold]x[/bold]", "[/]", "[link=http://x]y[/link]", ":smile:", "a [1=2] b"])
def test_nothing_in_a_text_is_taken_for_style(text):
    table = Table((text,), [(text,)], text)
    for block in (Paragraph(text), Note(text, good=True), Equation(text, text), table):
        shown = as_text([block])
        assert shown.count(text) == {Paragraph: 1, Note: 1, Equation: 2, Table: 3}[type(block)]
    assert as_text([Section(text, [])]) == text


def test_without_color_there_is_none_and_with_color_there_is():
    blocks = [Paragraph("`a`"), Note("x", good=False), Table(("x",), [(Bar(-1.0, 1.0),)]), Equation("a")]
    assert "\x1b" not in as_text(blocks)
    file = io.StringIO()
    show(blocks, Console(file=file, width=80, color_system="standard", force_terminal=True, _environ={}))
    assert "\x1b[36m" in file.getvalue()  # formulas in cyan
    assert "\x1b[31m" in file.getvalue()  # what is negative in red


def test_long_lines_are_wrapped_at_the_width():
    text = as_text([Paragraph("word " * 50), Equation("a + " * 40 + "b", "words " * 40)], width=60)
    assert max(map(len, text.split("\n"))) <= 60
    assert text.split().count("word") == 50
    assert text.split().count("words") == 40


# Maps


def test_a_heat_map_in_digits():
    """Signs and ninths of the largest; next to nothing is a dot, nothing is blank."""
    values = np.array([[0.9, -0.9, 0.5], [0.001, -0.14, 0.0], [nan, inf, 0.06]])
    assert as_text([HeatMap(values, "a map of `w`")]).split("\n") == [
        "┌──────┐",
        "│+9−9+5│",
        "│ ·−1  │",
        "│ ? ?+1│",
        "└──────┘",
        "a map of w",
    ]


def test_a_heat_map_of_nothing():
    assert as_text([HeatMap(np.zeros((1, 2)))]) == "┌────┐\n│    │\n└────┘"


@pytest.mark.parametrize("block", [HeatMap, Pixels])
def test_a_long_caption_is_broken_between_words(block):
    words = "a caption that is longer than the line"
    lines = as_text([block(np.ones((1, 2)), words)], width=20).split("\n")
    assert max(map(len, lines)) <= 20
    assert " ".join(lines).endswith(words)


def test_signs_in_a_heat_map_have_the_colors_of_bars():
    file = io.StringIO()
    show([HeatMap(np.array([[1.0, -1.0]]))], Console(file=file, color_system="standard", force_terminal=True))
    assert "\x1b[34m+9" in file.getvalue()
    assert "\x1b[31m−9" in file.getvalue()


def test_a_head_that_does_not_fit_is_not_cut_off():
    table = Table(("w" * 30, "v" * 30), [("1", "2")])
    text = as_text([table], width=40)
    assert "…" not in text
    assert text.count("w") == text.count("v") == 30
