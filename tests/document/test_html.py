"""Blocks as HTML: escaped, balanced, and in need of nothing but themselves."""

from __future__ import annotations

import io
import re
from base64 import b64decode
from html.parser import HTMLParser
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

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
    fragment,
    page,
)
from glassnet.document.style import STYLE

EVIL = """<script>alert("1")</script> & 'x' </td></p><img src=x onerror=y>"""
EVERYTHING = [
    Paragraph("prose with `w₃⁽¹⁾`"),
    Note("well", good=True),
    Note("look", good=False),
    Equation("a₀ = Σₖ wₖ", "in `words`"),
    Table(("name", "`w`"), [("x", 0.5), ("y", Bar(-1.0, 2.0)), ("z", "−3")], "a `caption`", sums=1),
    Pixels(np.array([[0, 255]], np.uint8), "the `image`"),
    Picture(b"\x89PNG", "the `picture`"),
]


class Strict(HTMLParser):
    """Reads HTML as a browser would, and complains of what isn't closed or leads elsewhere."""

    EMPTY = ("meta", "img", "br")

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.texts, self.attributes = [], [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.texts.append(data)

    def values(self, name):
        return [value for _, of, value in self.attributes if of == name]


def assert_needs_nothing_else(html):
    """No script, no link to elsewhere, no picture but those within."""
    read = Strict(html)
    assert not {"script", "link", "iframe", "object", "embed", "base", "form"} & set(read.tags)
    assert all(source.startswith("data:image/png;base64,") for source in read.values("src"))
    assert all(target.startswith("#") for target in read.values("href"))
    assert not [name for _, name, _ in read.attributes if name.startswith("on")]
    for way_out in ("http:", "https:", "url(", "@import", "javascript:"):
        assert way_out not in html
    return read


# The kinds of blocks


@pytest.mark.parametrize(
    ("block", "html"),
    [
        (Paragraph("a `b` c"), "<p>a <math><mi>b</mi></math> c</p>"),
        (Note("good", good=True), '<p class="good">good</p>'),
        (Note("bad `a`", good=False), '<p class="look">bad <math><mi>a</mi></math></p>'),
        (
            Equation("a"),
            '<div class="equation"><math displaystyle="true"><mi>a</mi></math></div>',
        ),
        (
            Equation("a", "words"),
            '<div class="equation"><math displaystyle="true"><mi>a</mi></math>'
            '<span class="words">words</span></div>',
        ),
    ],
)
def test_blocks(block, html):
    assert f'<div class="glassnet">{html}</div>' in fragment([block])


def test_a_table():
    rows = [(0.1 + 0.2, "`a`"), ("5", "<b>")]
    html = fragment([Table(("x", "`y`"), rows, "in `z`", sums=1)])
    assert "<caption>in <math><mi>z</mi></math></caption>" in html
    (head,) = re.findall("<thead>(.*)</thead>", html)
    assert re.findall("<th[^>]*>(.*?)</th>", head) == ["x", "<math><mi>y</mi></math>"]
    (body,) = re.findall("<tbody>(.*)</tbody>", html)
    assert body == (
        '<tr><td class="number" title="0.30000000000000004">0.3</td>'
        '<td class="short"><math><mi>a</mi></math></td></tr>'
        '<tr class="sum"><td class="short">5</td><td class="short">&lt;b&gt;</td></tr>'
    )


@pytest.mark.parametrize(
    ("bar", "text", "width", "side"),
    [
        (Bar(2.0, 2.0), "2", "5.000em", "more"),
        (Bar(-1.0, 2.0), "−1", "2.500em", "less"),
        (Bar(4.0, 2.0), "4", "5.000em", "more"),  # never longer than the longest
        (Bar(0.0, 2.0), "0", "0.000em", "more"),
        (Bar(1.0, 0.0), "1", "0.000em", "more"),
        (Bar(nan, 2.0), "NaN", "0.000em", "more"),
        (Bar(-inf, 2.0), "−∞", "0.000em", "less"),
        (Bar(1.0, inf), "1", "0.000em", "more"),
        (Bar(1.0, 2.0, "<one>"), "&lt;one&gt;", "2.500em", "more"),
    ],
)
def test_bars(bar, text, width, side):
    html = fragment([Table(("x",), [(bar,)])])
    assert f"<span>{text}</span>" in html
    assert f'<span class="bar {side}" style="width:{width}"></span>' in html
    assert f'title="{bar.value!r}"' in html


def picture_of(html):
    (source,) = Strict(html).values("src")
    return Image.open(io.BytesIO(b64decode(source.partition(",")[2])))


def test_a_heat_map_is_a_png_of_blue_and_red():
    """White at 0, the bars' colors at the largest by size, half way at its half; grey is no number."""
    values = np.array([[0.0, 2.0, -2.0], [1.0, -1.0, np.nan]])
    found = np.asarray(picture_of(fragment([HeatMap(values)])).convert("RGB")).astype(int)
    blue, red = (32, 102, 168), (194, 65, 45)
    assert [tuple(pixel) for pixel in found[0]] == [(255, 255, 255), blue, red]
    for pixel, full in zip(found[1], (blue, red), strict=False):
        np.testing.assert_allclose(pixel, (255 + np.array(full)) / 2, atol=1)
    assert tuple(found[1, 2]) == (160, 160, 160)
    assert "background: #2066a8" in STYLE  # the bars' colors are these
    assert "background: #c2412d" in STYLE


def test_narrow_pictures_are_marked():
    assert '<figure class="picture narrow">' in fragment([Picture(b"", "a", narrow=True)])
    assert '<figure class="picture">' in fragment([Picture(b"", "a")])


def test_pixels_are_a_png_of_the_same_pixels():
    pixels = np.arange(6, dtype=np.uint8).reshape(2, 3) * 50
    assert np.array_equal(np.asarray(picture_of(fragment([Pixels(pixels)]))), pixels)
    floats = np.array([[0.0, 0.2, 1.0], [-1.0, 7.0, nan]])
    found = np.asarray(picture_of(fragment([Pixels(floats)])))
    assert found.tolist() == [[0, 51, 255], [0, 255, 0]]
    assert np.asarray(picture_of(fragment([Pixels(pixels[0])]))).shape == (1, 3)  # a row


def test_a_picture_is_carried_along():
    (source,) = Strict(fragment([Picture(b"\x89PNG\x00", "x")])).values("src")
    assert b64decode(source.removeprefix("data:image/png;base64,")) == b"\x89PNG\x00"


def test_who_cannot_see_a_picture_is_told_of_it():
    for block in (Picture(b"", 'a "`w·a`" <b>'), Pixels(np.zeros((1, 1)), 'a "`w·a`" <b>')):
        (words,) = Strict(fragment([block])).values("alt")
        assert words == 'a "w·a" <b>'
    assert Strict(fragment([Picture(b"", "")])).values("alt") == ["picture"]


# Nothing gets out, and nothing in


@pytest.mark.parametrize(
    "block",
    [
        Paragraph(EVIL),
        Paragraph(f"`{EVIL}`"),
        Note(EVIL, good=True),
        Equation(EVIL, EVIL),
        Table((EVIL,), [(EVIL,), (Bar(1.0, 1.0, EVIL),)], EVIL),
        Pixels(np.zeros((1, 1)), EVIL),
        Picture(b"", EVIL),
    ],
    ids=lambda block: type(block).__name__,
)
def test_whatever_a_text_holds_is_text(block):
    read = Strict(fragment([block]))
    assert "script" not in read.tags
    assert not read.values("onerror")
    assert {source[:22] for source in read.values("src")} <= {"data:image/png;base64,"}
    squeezed = "".join("".join(read.texts).split())
    assert "".join(EVIL.split()) in squeezed


@settings(deadline=None)
@given(st.text(), st.text())
def test_no_text_breaks_a_page(one, two):
    blocks = [Paragraph(one), Note(two, good=True), Equation(one, two), Table((one,), [(two,)], one)]
    assert_needs_nothing_else_but_text(page(two, [Section(one, blocks)]))


def assert_needs_nothing_else_but_text(html):
    read = Strict(html)
    known = {"html", "head", "meta", "title", "style", "body", "main", "nav", "section", "div", "p", "span"}
    known |= {"h1", "h2", "ol", "li", "a", "table", "caption", "thead", "tbody", "tr", "th", "td"}
    known |= {"math", "mrow", "mi", "mn", "mo", "msub", "msup", "msubsup", "munder", "mover", "munderover"}
    assert set(read.tags) <= known | {"mfrac"}
    assert read.values("src") == []


def test_a_fragment_needs_nothing_else():
    assert_needs_nothing_else(fragment(EVERYTHING))


def test_a_page_needs_nothing_else():
    read = assert_needs_nothing_else(page("A page", [Section("One", EVERYTHING), Section("Two", [])]))
    assert read.tags[:2] == ["html", "head"]
    assert ("html", "lang", "en") in read.attributes
    assert ("meta", "charset", "utf-8") in read.attributes
    assert ("meta", "name", "viewport") in read.attributes  # readable on a phone


def test_a_page_has_a_title_and_a_way_to_every_section():
    html = page("A <page>", [Section("One & only", [Paragraph("1")]), Section("`a₀`", [Paragraph("2")])])
    assert html.startswith("<!DOCTYPE html>\n")
    assert "<title>A &lt;page&gt;</title>" in html
    assert "<h1>A &lt;page&gt;</h1>" in html
    assert re.findall(r'<section id="([\w-]+)"><h2>(.*?)</h2>', html) == [
        ("part-1", "One &amp; only"),
        ("part-2", "<math><msub><mi>a</mi><mn>0</mn></msub></math>"),
    ]
    read = Strict(html)
    assert [target.removeprefix("#") for target in read.values("href")] == read.values("id")


def test_a_page_says_how_it_is_printed():
    assert "@media print" in page("x", [])
    assert "@media (max-width" in page("x", [])
