"""How the command line says what is wrong: one line on standard error."""

from __future__ import annotations

import click


def complain(sentence: object) -> None:
    """Print the sentence as one line, whatever line breaks a file's name brought into it."""
    click.echo(f"glassnet: {' '.join(str(sentence).splitlines())}", err=True)
