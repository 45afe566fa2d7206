"""Places on a command line: `--weight 2 3 5` of a dense layer, `--weight 1 3 0 2 1` of a filter.

Click's options take a fixed number of values each. Here an option's numbers are put together to one
value, with commas between them, before click reads the line; that form may be written, too.
"""

from __future__ import annotations

import re
from typing import Any

import click

WHOLE = re.compile(r"[+-]?\d+", re.ASCII)


class Place(click.ParamType[tuple[int, ...]]):
    """Whole numbers, in one of several counts."""

    name = "place"

    def __init__(self, *counts: int) -> None:
        self.counts = counts

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        parts = value.split(",")
        for part in parts:
            if not WHOLE.fullmatch(part):
                self.fail(f"{part!r} is not a valid integer.", param, ctx)
        if len(parts) not in self.counts:
            self.fail(f"{value!r} has {len(parts)} numbers: give {self.wanted}.", param, ctx)
        return tuple(map(int, parts))

    @property
    def wanted(self) -> str:
        """Such as 3 or 5."""
        return " or ".join(map(str, self.counts))


class PlacesCommand(click.Command):
    """A command whose options of type `Place` take one number after another."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        kinds = {
            name: option.type
            for option in self.params
            if isinstance(option.type, Place)
            for name in option.opts
        }
        return super().parse_args(ctx, joined(args, kinds))


def joined(args: list[str], kinds: dict[str, Any]) -> list[str]:
    """The arguments, the numbers behind each of these options put together.

    >>> joined(["run", "--weight", "1", "3", "0", "2", "1", "--nudges"], {"--weight": Place(3, 5)})
    ['run', '--weight=1,3,0,2,1', '--nudges']
    """
    out: list[str] = []
    rest = list(args)
    while rest:
        option, equals, first = rest.pop(0).partition("=")
        if option == "--":
            return [*out, option, *rest]
        if option not in kinds:
            out.append(f"{option}{equals}{first}")
            continue
        values = [first] if equals else []
        if not equals and rest and "," in rest[0]:
            values = [rest.pop(0)]
        if not (values and "," in values[0]):
            fewest, *more = kinds[option].counts
            values += [rest.pop(0) for _ in range(min(fewest - len(values), len(rest)))]
            if len(values) < fewest:
                others = " or ".join(map(str, more))
                raise click.BadOptionUsage(
                    option, f"Option {option!r} requires {fewest} arguments, or {others} over an image."
                )
            for count in reversed(more):
                further = rest[: count - fewest]
                if len(further) == count - fewest and all(map(WHOLE.fullmatch, further)):
                    values += further
                    del rest[: len(further)]
                    break
        out.append(f"{option}={','.join(values)}")
    return out
