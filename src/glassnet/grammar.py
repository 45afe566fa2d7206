"""The small languages in which layers, schedules and augmentation are written.

Each is made of parts, and a part is a word with what belongs to it: conv20@5s2, step10x0.5, rotate10.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, NamedTuple

from glassnet.errors import GlassnetError

LONGEST = 120  # characters of a text that an error quotes whole
NEAR = 0.65  # of two words, from here on, one is taken for a slip of the other


def _nothing(_: Any) -> str:
    return ""


class Form(NamedTuple):
    """The syntax of a word, and what it stands for."""

    kind: type[Any]  # of what it names
    rest: str  # a regular expression of what follows the word
    examples: tuple[str, ...]  # the word with what may follow it, the simplest first
    read: Callable[..., dict[str, Any]] = dict  # the settings of its kind, from the groups of `rest`
    write: Callable[[Any], str] = _nothing  # what follows the word, from what it names
    meaning: str = ""  # of the first example, where the word doesn't say it


@dataclass(frozen=True)
class Grammar:
    """The words of a language.

    >>> turns = Grammar(
    ...     "turn",
    ...     {"left": Form(int, r"([0-9]+)", ("left90",), lambda degrees: {"x": degrees}, str)},
    ...     also={"port": "left"},
    ... )
    >>> turns.read("left45"), turns.write(45)
    (('left', {'x': '45'}), 'left45')
    >>> turns.read("prot45")
    Traceback (most recent call last):
    glassnet.errors.GlassnetError: 'prot45' is no turn; did you mean 'left45'?
    """

    what: str  # a part is
    forms: Mapping[str, Form]
    also: Mapping[str, str] = field(default_factory=dict)  # words of other languages, and what they mean here

    def read(self, part: str) -> tuple[str, dict[str, Any]]:
        """The word of a part, and the settings of what it names.

        Raises:
            GlassnetError: an unknown word, one that something else must follow, or a setting that makes no
                sense: a sentence that begins with the part.
        """
        match = re.match(r"[^\W\d]*", part)  # letters
        assert match is not None  # it may match nothing, but it matches
        word, rest = match[0], part[match.end() :]
        if word not in self.forms:
            raise GlassnetError(f"{quoted(part)} is no {self.what}; {self._hint(word, rest)}")
        form = self.forms[word]
        found = re.fullmatch(form.rest, rest, re.ASCII)
        if found is None:
            meaning = f", {form.meaning}" if form.meaning else ""
            examples = " or ".join(form.examples)
            raise GlassnetError(f"{quoted(part)} is not understood: write {examples}{meaning}")
        try:
            return word, form.read(*found.groups())
        except GlassnetError as error:
            raise GlassnetError(f"{quoted(part)}: {error}") from error

    def write(self, named: Any) -> str:
        """The part that names it."""
        word = next(word for word, form in self.forms.items() if form.kind is type(named))
        return word + self.forms[word].write(named)

    def _hint(self, word: str, rest: str) -> str:
        meant = {**{known: known for known in self.forms if known}, **self.also}
        near = get_close_matches(word.lower(), meant, n=1, cutoff=NEAR)
        if not near:
            named = {word: f" ({form.meaning})" if not word else "" for word, form in self.forms.items()}
            *others, last = (form.examples[0] + named[word] for word, form in self.forms.items())
            return f"there are {', '.join(others)} and {last}"
        form = self.forms[meant[near[0]]]
        whole = re.fullmatch(form.rest, rest, re.ASCII)
        return f"did you mean {meant[near[0]] + rest if whole else form.examples[0]!r}?"


def quoted(text: object) -> str:
    """A text (or what stands where one is wanted) as an error quotes it: not all of it, if it is long."""
    if isinstance(text, str):
        return repr(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")
    whole = repr(text)
    return whole if len(whole) <= LONGEST else f"{whole[:LONGEST]}…"
