"""The pages of docs show what really happens: their code is what runs, their numbers are what it prints."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
PAGES = sorted(DOCS.glob("*.md"))
SCRIPTS = [page for page in PAGES if page.with_suffix(".py").exists()]


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)


def test_there_are_pages():
    assert DOCS / "detectors.md" in SCRIPTS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
        assert (page.parent / target).is_file(), target


@pytest.mark.parametrize("page", SCRIPTS, ids=lambda page: page.stem)
@pytest.mark.slow
def test_the_code_of_a_page_is_what_runs(page, tmp_path):
    """Every part of it stands in the script, in the same order, and the page shows all that it prints."""
    script = page.with_suffix(".py").read_text()
    place = 0
    for code in blocks(page, "python"):
        for part in re.split(r"\n{2,}", code.strip()):  # imports stand further apart there
            place = script.index(part, place) + len(part)

    command = [sys.executable, str(page.with_suffix(".py")), str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stdout == "".join(blocks(page, "text"))
    drawn = {picture.name for picture in tmp_path.glob("*.png")}
    assert drawn == {Path(link).name for link in re.findall(r"\((images/.*?\.png)\)", page.read_text())}
    for picture in tmp_path.glob("*.png"):
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert picture.stat().st_size > 10_000
