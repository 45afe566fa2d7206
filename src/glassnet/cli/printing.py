"""Explanations on the terminal, in color; into a pipe or a file, as plain text."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence

import click

from glassnet.document import Block, Section, as_text, show

PIPED = 100  # characters a line where nobody says how wide the terminal is


def print_blocks(blocks: Sequence[Block | Section]) -> None:
    """Show the blocks, as wide as the terminal is (or as COLUMNS says)."""
    if sys.stdout is not None and sys.stdout.isatty():
        from rich.console import Console

        show(blocks, Console())
    else:
        click.echo(as_text(blocks, shutil.get_terminal_size((PIPED, 24)).columns))
