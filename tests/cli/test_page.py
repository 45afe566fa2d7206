"""`glassnet explain --html`: one page that needs nothing but itself, also as a browser sees it."""

from __future__ import annotations

import base64
import io
import re
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import glassnet as gn
from glassnet.layers import Dense
from glassnet.storage import Model, read_tensors, save_model
from glassnet.storage.tensor_file import write_tensors

TITLES = [  # of the page with everything; without the formulas
    "The image and the answer",
    "Forward: ",
    "One neuron: ",
    "The cost",
    "Backward: the weight ",
    "Backward: the weight ",
    "Three ways to raise ",
    "Back to the pixels",
    "Nudges: what this image would teach",
    "The gradient check",
    "What each example wants: the first 5 of digits:training",
    "Who pushes ",
    "The landscape of the cost",
]
NAMES = (
    "<script>alert(1)</script>",
    "a`b",
    "&",
    '"><img src=x onerror=alert(1)>',
    "'",
    "</td></table>",
    "&lt;",
    "<!-- -->",
    "w₃,₅⁽²⁾ ∂C₀/∂a",
    "long" * 40,
)
VOID = {"meta", "img"}
PARTS = {"mfrac": 2, "msub": 2, "msup": 2, "munder": 2, "mover": 2, "msubsup": 3, "munderover": 3}


class Tree(HTMLParser):
    """A page, read strictly: every tag is closed where it must be, and nothing else is in it."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.elements = []  # (tag, attributes) in order
        self.texts = []  # (the elements around it, text)
        self.children = []  # of each element
        self._open = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attributes):
        assert len(dict(attributes)) == len(attributes)
        if self._open:
            self.children[self._open[-1]] += 1
        self.elements.append((tag, dict(attributes)))
        self.children.append(0)
        if tag not in VOID:
            self._open.append(len(self.elements) - 1)

    def handle_endtag(self, tag):
        assert self.elements[self._open.pop()][0] == tag

    def handle_data(self, data):
        if self._open:
            self.texts.append(([*self._open], data))
        else:
            assert not data.strip()

    def handle_comment(self, data):
        raise AssertionError(data)

    handle_pi = unknown_decl = handle_comment

    def handle_startendtag(self, tag, attributes):
        raise AssertionError(tag)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    def texts_in(self, tag):
        """The text of every such element."""
        return [
            "".join(text for around, text in self.texts if place in around)
            for place, (name, _) in enumerate(self.elements)
            if name == tag
        ]

    @property
    def text(self):
        (text,) = self.texts_in("body")
        return text


class AsWanted(dict):
    """A dictionary that makes what it lacks when it is asked for it."""

    def __init__(self, make):
        super().__init__()
        self.make = make

    def __missing__(self, name):
        self[name] = self.make(name)
        return self[name]


@pytest.fixture(scope="module")
def pages(glassnet, trained, convolution, tmp_path_factory):
    """Pages of every sort, by name."""
    folder = tmp_path_factory.mktemp("pages")
    model = gn.load_model(trained.model)
    save_model(folder / "names.safetensors", Model(model.network, NAMES))
    softmax = gn.Network([Dense(12, "relu"), Dense(10, "softmax")], 784, seed=3)
    save_model(folder / "softmax.safetensors", Model(softmax, tuple("0123456789"), model.recipe, "digits"))
    arrays, information = read_tensors(trained.model)
    arrays["1.weight"] = arrays["1.weight"].copy()
    arrays["1.weight"][3, 407] = np.nan
    write_tensors(folder / "nan.safetensors", arrays, information)
    made = {
        "everything": (trained.path,),
        "names": (folder / "names.safetensors",),
        "nan": (folder / "nan.safetensors",),
        "softmax": (folder / "softmax.safetensors", "--weight", 2, 3, 5, "--neuron", 0, 300, "--nudges"),
    }
    made = {name: (*arguments, "--data", "digits:test:17") for name, arguments in made.items()}
    parts = "--layer 1 --layer 2 --layer 5 --layer 8 --filter 3 1 --weight 1 2 0 4 1 --neuron 3 2 1 0 --depth"
    made["conv"] = (convolution, *parts.split(), "--data", "digits:training:17", "--epoch", 2)

    def make(name):
        path = folder / f"{name}.html"
        answer = glassnet("explain", *made[name], "--html", path)
        assert (answer.status, answer.err) == (0, "")
        return path

    return AsWanted(make)


@pytest.fixture(scope="module")
def trees(pages):
    return AsWanted(lambda name: Tree(pages[name].read_text(encoding="utf-8")))


# What looks at the pages that show everything, or takes a browser to all of them; the others are quick.
slow = pytest.mark.slow
ALL = [*(pytest.param(name, marks=slow) for name in ("everything", "names", "nan")), "softmax", "conv"]

# As it is written


@pytest.mark.parametrize("name", ALL)
def test_a_page_is_whole(trees, pages, name):
    html, tree = pages[name].read_text(encoding="utf-8"), trees[name]
    assert html.startswith('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">')
    assert html.endswith("</html>\n")
    assert [len(tree.all(tag)) for tag in ("html", "head", "title", "body", "main", "h1", "nav")] == [1] * 7
    for place, (tag, _) in enumerate(tree.elements):
        if tag in PARTS:
            assert tree.children[place] == PARTS[tag], tag
    assert tree.all("math")
    assert tree.all("img")
    assert tree.all("table")
    assert "`" not in tree.text


@pytest.mark.parametrize("name", ALL)
def test_a_page_needs_nothing_but_itself(trees, pages, name):
    tree = trees[name]
    for tag in ("script", "link", "iframe", "object", "embed", "base", "form", "svg", "video"):
        assert tree.all(tag) == []
    for _, attributes in tree.elements:
        assert not [attribute for attribute in attributes if attribute.startswith("on")]
        assert re.fullmatch(r"(width:\d+\.\d+em)?", attributes.get("style", ""))
        assert re.fullmatch(r"(#part-\d+)?", attributes.get("href", ""))
        assert attributes.get("src", "data:image/png;base64,").startswith("data:image/png;base64,")
    (style,) = tree.texts_in("style")
    assert not re.search(r"url\(|@import|http|expression", style)
    outside = re.sub(r'src="data:image/png;base64,[^"]*"', "", pages[name].read_text(encoding="utf-8"))
    assert "http:" not in outside
    assert "https:" not in outside


@pytest.mark.parametrize("name", ALL)
def test_the_pictures_of_a_page_are_whole(trees, name):
    for image in trees[name].all("img"):
        with Image.open(io.BytesIO(base64.b64decode(image["src"].partition(",")[2], validate=True))) as png:
            png.load()
            assert png.format == "PNG"
            assert min(png.size) >= 20
        assert image["alt"].strip()


@slow
def test_the_page_shows_the_image_itself(trees):
    first, *_ = trees["everything"].all("img")
    with Image.open(io.BytesIO(base64.b64decode(first["src"].partition(",")[2]))) as png:
        np.testing.assert_array_equal(np.asarray(png), gn.load("digits").test.images[17])


@pytest.mark.parametrize("name", ALL)
def test_the_contents_lead_to_the_sections(trees, name):
    tree = trees[name]
    sections = [attributes["id"] for attributes in tree.all("section")]
    assert sections == [f"part-{i}" for i in range(1, len(sections) + 1)]
    assert [link["href"] for link in tree.all("a")] == [f"#{section}" for section in sections]
    assert tree.texts_in("a") == tree.texts_in("h2")


@slow
def test_the_page_has_every_section(trees):
    titles = trees["everything"].texts_in("h2")
    assert len(titles) == len(TITLES)
    assert all(title.startswith(beginning) for title, beginning in zip(titles, TITLES, strict=True))


@slow
def test_the_title_names_the_network_and_the_image(trees):
    for name, wanted in (("everything", "784-12-10"), ("softmax", "784-12-10"), ("nan", "784-12-10")):
        for tag in ("title", "h1"):
            assert trees[name].texts_in(tag) == [f"{wanted} and digits:test:17"]


@slow
def test_numbers_on_the_page_are_the_librarys(trees, trained):
    """What a reader finds under the pointer is the float itself; what is shown is that to five digits."""
    network = gn.load_model(trained.model).network
    explanation = gn.explain(network, *gn.load("digits").test[17], "cross_entropy")
    found = {attributes["title"] for attributes in trees["everything"].all("td") if "title" in attributes}
    for layer in (1, 2):
        for factor in explanation.weight(*explanation.steepest_weight(layer)).factors:
            assert repr(factor.value) in found
        for values in (
            explanation.trace.z(layer),
            explanation.trace.a(layer),
            explanation.trace.dC_da(layer),
        ):
            assert {repr(float(value)) for value in values} <= found
    assert repr(explanation.gradient.cost) in found
    assert {repr(nudge.value) for nudge in explanation.nudges(0.5).steepest} <= found


@slow
def test_numbers_are_shown_to_five_digits(pages):
    html = pages["everything"].read_text(encoding="utf-8")
    cells = re.findall(r'<td class="number" title="([^"]+)">([^<]+)</td>', html)
    assert len(cells) > 200
    for exact, shown in cells:
        mantissa, _, exponent = shown.replace("−", "-").partition("·10")
        power = exponent.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")) or "0"
        assert float(f"{mantissa}e{power}") == pytest.approx(float(exact), rel=6e-5, abs=0)


@slow
def test_class_names_are_text(trees):
    text = " ".join(trees["names"].text.split())
    for wanted in NAMES:
        assert wanted.replace("`", "ʼ") in text
    for tag in ("b", "script"):
        assert trees["names"].all(tag) == []
    assert all("onerror" not in image for image in trees["names"].all("img"))


@slow
def test_a_network_that_is_not_finite_has_a_page(trees):
    tree = trees["nan"]
    assert "Not all numbers are finite. The first on the way" in tree.text
    assert "1.weight[3, 407]" in tree.text
    assert "NaN" in tree.text
    assert len(tree.all("section")) == 13
    assert "1.weight holds NaN or infinite values" in tree.text  # where the landscape would stand


def test_pictures_over_the_image(trees):
    """Filters, maps, winners, one filter, masks, places, how δ shrinks: all narrow enough for a phone."""
    tree = trees["conv"]
    narrow = [figure for figure in tree.all("figure") if figure["class"] == "picture narrow"]
    assert len(narrow) == len(tree.all("img")) == 2 + 1 + 1 + 2 + 1 + 2
    assert tree.texts_in("h1") == [
        "28×28 conv3@5s2 pool2 conv4@3 avgpool2 dropout0.25 12 dropout0.5 10 and digits:training:17"
    ]


def test_narrow_pictures_fit_the_screen(show):
    widths = show("conv", "phone").evaluate("""[...document.querySelectorAll('.narrow img')].map(image =>
        [image.getBoundingClientRect().width, image.closest('figure').scrollWidth])""")
    assert len(widths) == 9
    for shown, box in widths:
        assert 300 < shown < box + 1 <= 360


# Making it


def test_what_the_command_says(ok, trained, tmp_path):
    out = ok("explain", trained.path, "--data", "digits:test:17", "--bias", 1, 0, "--html", "page.html").out
    assert out == "784-12-10 and digits:test:17\npage: page.html\n"
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


@slow
def test_the_same_page_has_the_same_bytes(ok, trained, tmp_path):
    for name in ("one.html", "two.html"):
        ok("explain", trained.path, "--nudges", "--class", 3, "--html", name)
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_the_name_of_a_picture_is_text(ok, trained, tmp_path):
    name = """<b>&"'x`y.png"""
    grey = np.asarray(Image.fromarray(gn.load("digits").test.images[17]).resize((140, 140)))
    Image.fromarray(255 - grey).save(tmp_path / "drawing.png")
    (tmp_path / "drawing.png").rename(tmp_path / name)
    ok("explain", trained.path, "--image", name, "--bias", 1, 0, "--html", "page.html")
    tree = Tree((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert tree.all("b") == []
    assert tree.texts_in("h1") == tree.texts_in("title") == [f"784-12-10 and {name.replace('`', 'ʼ')}"]


@slow
def test_a_run_without_a_checkpoint_has_a_page_that_says_so(ok, trained, tmp_path):
    shutil.copytree(trained.path, "run")
    (tmp_path / "run" / "checkpoint.safetensors").unlink()
    ok("explain", "run", "--html", "page.html")
    tree = Tree((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert len(tree.all("section")) == 13
    assert "run has no checkpoint" in tree.text


def test_a_page_takes_the_place_of_no_other_file(glassnet, trained, tmp_path):
    other = tmp_path / "notes.txt"
    other.write_text("not a page")
    answer = glassnet("explain", trained.path, "--bias", 1, 0, "--html", other)
    assert (answer.status, other.read_text()) == (2, "not a page")
    assert answer.err == f"glassnet: --html {other}: there is a file that is no page; name another one\n"


@pytest.mark.parametrize("old", [None, b"<!DOCTYPE html>an older page"])
def test_a_page_that_can_not_be_written_leaves_the_old_one(glassnet, trained, tmp_path, monkeypatch, old):
    path = tmp_path / "page.html"
    if old is not None:
        path.write_bytes(old)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("glassnet.files.os.replace", full)
        answer = glassnet("explain", trained.path, "--bias", 1, 0, "--html", path)
    assert (answer.status, answer.out) == (2, "")
    kept = "; the file that was there is untouched" if old is not None else ""
    assert answer.err == f"glassnet: can't write {path}: No space left on device{kept}\n"
    assert [(file, file.read_bytes()) for file in tmp_path.iterdir()] == ([(path, old)] if old else [])


def test_bad_input_leaves_the_old_page(glassnet, trained, tmp_path):
    path = tmp_path / "page.html"
    path.write_bytes(b"<!DOCTYPE html>an older page")
    answer = glassnet("explain", trained.path, "--bias", 1, 0, "--weight", 1, 12, 0, "--html", path)
    assert (answer.status, answer.out) == (2, "")
    assert path.read_bytes() == b"<!DOCTYPE html>an older page"


def drawing(name="drawing.png"):
    grey = np.asarray(Image.fromarray(gn.load("digits").test.images[17]).resize((140, 140)))
    Image.fromarray(255 - np.pad(grey, 12)).save(name)
    return name


def headings(path):
    return Tree(Path(path).read_text(encoding="utf-8")).texts_in("h1")


@slow
def test_a_drawing_has_a_page_without_the_data_that_the_network_learned_from(ok, trained):
    network = gn.load_model(trained.model).network
    save_model("mnist.safetensors", Model(network, tuple("0123456789"), trained.recipe(), "mnist"))
    ok("explain", "mnist.safetensors", "--image", drawing(), "--html", "page.html")
    assert headings("page.html") == ["784-12-10 and drawing.png"]


def test_a_network_with_other_classes_has_a_page(ok):
    save_model("three.safetensors", Model(gn.Network("784-3", seed=0), ("a", "b", "c")))
    ok("explain", "three.safetensors", "--data", "digits:test:0", "--html", "page.html")
    assert headings("page.html") == ["784-3 and digits:test:0"]


def test_a_network_without_parameters_has_a_page(ok):
    network = gn.Network([gn.Softmax()], 784, seed=0)
    save_model("none.safetensors", Model(network, tuple(map(str, range(784)))))
    ok("explain", "none.safetensors", "--image", drawing(), "--html", "page.html")
    assert headings("page.html") == ["784-softmax and drawing.png"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_picture_whose_name_is_no_text_has_a_page(ok, trained):
    ok("explain", trained.path, "--image", drawing("\udcff.png"), "--bias", 1, 0, "--html", "page.html")
    assert headings("page.html") == ["784-12-10 and \ufffd.png"]


def test_class_names_in_any_script_make_no_warnings(ok, named):
    ok(
        "explain",
        named(*"零一二三四五六七八九"),
        "--data",
        "digits:test:0",
        "--nudges",
        "--batch",
        "--html",
        "p",
    )


# As a browser sees it

QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
SCREENS = {"phone": (360, 740), "small phone": (320, 568), "desktop": (1280, 900)}


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no Chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=QUIET.split())
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def screens(browser):
    """A tab for every size of screen, offline, with a list of what went on in it."""
    contexts, tabs = [], {}
    for name, (width, height) in SCREENS.items():
        context = browser.new_context(viewport={"width": width, "height": height})
        context.set_offline(True)
        tab, events = context.new_page(), []
        tab.on("request", lambda request, events=events: events.append(request.url))
        tab.on("console", lambda message, events=events: events.append(message.text))
        tab.on("pageerror", lambda error, events=events: events.append(str(error)))
        tab.on("dialog", lambda dialog, events=events: (events.append(dialog.message), dialog.dismiss()))
        contexts.append(context)
        tabs[name] = (tab, events)
    yield tabs
    for context in contexts:
        context.close()


@pytest.fixture
def show(screens, pages):
    """Opens a page on a screen."""

    def show(name, screen="desktop"):
        tab, events = screens[screen]
        uri = pages[name].as_uri()
        assert events == []
        if tab.url.partition("#")[0] != uri:
            tab.goto(uri)
            assert events == [uri]  # no other request, no error, no dialog
            events.clear()
        return tab

    return show


@pytest.mark.parametrize("name", ALL)
def test_the_browser_reads_what_was_written(show, trees, name):
    tab = show(name)
    tags = tab.evaluate("[...document.querySelectorAll('*')].map(element => element.localName)")
    assert tags == [tag for tag, _ in trees[name].elements]
    assert [tab.title()] == trees[name].texts_in("h1")
    assert tab.evaluate("document.compatMode") == "CSS1Compat"
    written = "".join(trees[name].text.split())
    assert "".join(tab.evaluate("document.body.textContent").split()) == written


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", ALL)
@slow
def test_a_page_is_no_wider_than_the_screen(show, name, screen):
    tab = show(name, screen)
    width, seen = tab.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert seen == SCREENS[screen][0]
    assert width <= seen
    # What is wider than the screen can be moved to in a box of its own.
    assert [] == tab.evaluate("""[...document.querySelectorAll('body *')].filter(element =>
        element.getBoundingClientRect().right > innerWidth + 0.5
        && !element.closest('.table, .equation, .picture')).map(element => element.outerHTML.slice(0, 80))""")
    boxes = tab.evaluate("""[...document.querySelectorAll('.table, .equation, .picture')].map(box => {
        box.scrollLeft = 1e6;
        const moved = box.scrollLeft, style = getComputedStyle(box).overflowX;
        box.scrollLeft = 0;
        return [box.scrollWidth - box.clientWidth, moved, style];
    })""")
    assert all(moved == pytest.approx(more, abs=1) for more, moved, _ in boxes)
    assert all(style == "auto" for more, _, style in boxes if more)
    assert (max(more for more, _, _ in boxes) > 20) == ("phone" in screen or "names" in name)


@pytest.mark.parametrize("name", ALL)
def test_every_picture_has_loaded(show, trees, name):
    images = show(name, "phone").evaluate("""[...document.images].map(image =>
        [image.complete, image.naturalWidth, image.getBoundingClientRect().width])""")
    assert len(images) == len(trees[name].all("img"))
    for complete, natural, shown in images:
        assert complete
        assert natural > 0
        assert shown > 100


@pytest.mark.parametrize("name", [pytest.param("everything", marks=slow), "softmax"])
def test_formulas_are_laid_out(show, name):
    tab = show(name)
    boxes = """element => {
        return [element, ...element.children].map(node => node.getBoundingClientRect()).map(
            ({left, top, width, height}) => [left, top, width, height]);
    }"""
    fractions = tab.evaluate(f"[...document.querySelectorAll('mfrac')].map({boxes})")
    assert len(fractions) > 10
    for whole, top, bottom in fractions:
        assert whole[3] >= top[3] + bottom[3] > 8
        assert top[1] + top[3] <= bottom[1] + 0.5  # one above the other
        assert abs(top[0] + top[2] / 2 - bottom[0] - bottom[2] / 2) < 1  # in the middle
    for tag, sign in (("msub", 1), ("msup", -1)):
        found = tab.evaluate(f"[...document.querySelectorAll('{tag}')].map({boxes})")
        assert found
        for _, base, script in found:
            assert script[0] >= base[0] + base[2] / 2
            assert sign * (script[1] + script[3] / 2 - base[1] - base[3] / 2) > 0
    both = tab.evaluate(f"[...document.querySelectorAll('msubsup')].map({boxes})")
    assert len(both) > 30
    assert all(above[1] < below[1] for _, _, below, above in both)
    formulas = tab.evaluate(f"[...document.querySelectorAll('math')].map({boxes})")
    assert all(whole[2] > 3 and whole[3] > 5 for whole, *_ in formulas)


@pytest.mark.parametrize("screen", ["phone", "desktop"])
@slow
def test_every_link_leads_to_its_section(show, screen):
    tab = show("everything", screen)
    links = tab.locator("nav a")
    assert links.count() == len(TITLES)
    for i in range(links.count()):
        links.nth(i).click()
        top, height, end = tab.evaluate("""[
            document.querySelector(location.hash).getBoundingClientRect().top, innerHeight,
            document.documentElement.scrollHeight - innerHeight - scrollY]""")
        assert tab.evaluate("location.hash") == f"#part-{i + 1}"
        assert abs(top) <= 1 or (end <= 1 and 0 < top < height)  # the last ones can't be moved to the top


# Of every element that has a text of its own: its size, its color and what lies behind it.
TEXTS = """[...document.querySelectorAll('body *')].filter(element =>
    [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())).map(element => {
        const color = text => text.match(/[\\d.]+/g).map(Number);
        let behind = element;
        while (behind && (color(getComputedStyle(behind).backgroundColor)[3] ?? 1) === 0)
            behind = behind.parentElement;
        let script = false;
        for (let at = element; at.parentElement; at = at.parentElement)
            script ||= /^m(sub|sup|subsup|under|over|underover)$/.test(at.parentElement.localName)
                && at !== at.parentElement.firstElementChild;
        const style = getComputedStyle(element);
        return {text: element.textContent.slice(0, 40), script,
            size: parseFloat(style.fontSize), color: color(style.color),
            behind: behind ? color(getComputedStyle(behind).backgroundColor) : [255, 255, 255]};
    })"""


@slow
def test_text_on_a_phone_is_large_enough(show):
    texts = show("everything", "phone").evaluate(TEXTS)
    assert len(texts) > 500
    for text in texts:
        assert text["size"] >= (8.5 if text["script"] else 12), text  # an index, or a letter


def contrast(color, behind):
    """By the rules of the WCAG, 1 to 21."""

    def luminance(rgb):
        linear = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in np.array(rgb[:3]) / 255
        ]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    lighter, darker = sorted((luminance(color), luminance(behind)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_by_hand():
    assert contrast([0, 0, 0], [255, 255, 255]) == pytest.approx(21)
    assert contrast([118, 118, 118], [255, 255, 255]) == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("screen", ["phone", "desktop"])
@slow
@pytest.mark.parametrize("name", ["everything", "nan"])
def test_text_stands_out(show, name, screen):
    texts = show(name, screen).evaluate(TEXTS)
    assert len(texts) > 500
    for text in texts:
        assert contrast(text["color"], text["behind"]) >= 4.5, text


@slow
def test_text_stands_out_in_a_dark_notebook(browser, trained):
    network = gn.load_model(trained.model).network
    shown = gn.explain(network, *gn.load("digits").test[17], "cross_entropy").weight(2, 3, 5)
    tab = browser.new_page()
    try:
        tab.set_content(f'<body style="background: #111; color: #eee">{shown._repr_html_()}</body>')
        texts = tab.evaluate(TEXTS)
        assert len(texts) > 20
        for text in texts:
            assert contrast(text["color"], text["behind"]) >= 4.5, text
    finally:
        tab.close()


@pytest.mark.parametrize("name", ALL)
@slow
def test_a_page_can_be_printed(show, name):
    tab = show(name)
    pdf = tab.pdf(format="A4")
    assert pdf.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) >= (8 if name == "everything" else 3)


@slow
def test_on_paper_nothing_is_cut_off(show):
    tab = show("everything")
    size = tab.viewport_size
    try:
        tab.emulate_media(media="print")
        tab.set_viewport_size({"width": 718, "height": 1047})  # A4 with margins of 1 cm, at 96 dots an inch
        assert tab.evaluate("document.documentElement.scrollWidth") <= 718
        assert [] == tab.evaluate("""[...document.querySelectorAll('section *')].filter(element =>
            element.getBoundingClientRect().right > innerWidth + 0.5).map(e => e.outerHTML.slice(0, 80))""")
        assert not tab.locator("nav").is_visible()
        assert tab.locator("section").first.is_visible()
    finally:
        tab.emulate_media(media="screen")
        tab.set_viewport_size(size)
