"""The small languages in which layers, schedules and augmentation are written.

Each is made of parts, and a part is a word with what belongs to it: conv20@5s2, step10x0.5, rotate10.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, NamedTuple

LONGEST = 120  # characters of a text that an error quotes whole
NEAR = 0.65  # of two words, from here on, one is taken for a slip of the other


def _nothing(_: Any) -> str:
    return ""


class Form(NamedTuple):
    """How a word is used."""

    kind: type[Any]  # of what it names
    rest: str  # a regular expression of what follows the word
    examples: tuple[str, ...]  # the word with what may follow it, the simplest first
    read: Callable[..., dict[str, Any]] = dict  # the settings of its kind, from the groups of `rest`
    write: Callable[[Any], str] = _nothing  # what follows the word, from what it names


class MisreadError(Exception):
    """Why a part can't be read, and what was probably meant: the end of a sentence that begins with it."""


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
    glassnet.grammar.MisreadError: is no turn; did you mean 'left45'?
    """

    what: str  # a part is
    forms: Mapping[str, Form]
    also: Mapping[str, str] = field(default_factory=dict)  # words of other languages, and what they mean here

    def read(self, part: str) -> tuple[str, dict[str, Any]]:
        """The word of a part, and the settings of what it names.

        Raises:
            MisreadError: an unknown word, or one that something else must follow.
            GlassnetError: a setting that makes no sense.
        """
        match = re.match(r"[^\W\d]*", part)  # letters
        assert match is not None  # it may match nothing, but it matches
        word, rest = match[0], part[match.end() :]
        if word not in self.forms:
            raise MisreadError(f"is no {self.what}; {self._hint(word, rest)}")
        form = self.forms[word]
        found = re.fullmatch(form.rest, rest, re.ASCII)
        if found is None:
            raise MisreadError(f"is no {self.what}: write {' or '.join(form.examples)}")
        return word, form.read(*found.groups())

    def write(self, named: Any) -> str:
        """The part that names it."""
        word = next(word for word, form in self.forms.items() if form.kind is type(named))
        return word + self.forms[word].write(named)

    def _hint(self, word: str, rest: str) -> str:
        meant = {**{known: known for known in self.forms if known}, **self.also}
        near = get_close_matches(word.lower(), meant, n=1, cutoff=NEAR)
        if not near:
            *others, last = (form.examples[0] for form in self.forms.values())
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
