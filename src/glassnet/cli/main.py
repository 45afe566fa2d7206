"""The command line's frame: which commands there are, and how errors end them."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from errno import EPIPE
from functools import partial
from importlib import import_module
from io import TextIOWrapper
from typing import Any

import click

from glassnet import __version__
from glassnet.cli.complaints import complain
from glassnet.errors import GlassnetError, GlassnetWarning, unknown_name
from glassnet.files import cannot

# A command's module is imported when it is called, so that `glassnet --help` answers at once.
COMMANDS = {
    "train": "Train a network; ends with its test accuracy and a run folder.",
    "find-rate": "Which learning rate? A quick search, and its picture.",
    "summary": "Layers, shapes, parameters and multiply-adds of a network.",
    "evaluate": "Accuracy, cost, confusion and the worst mistakes of a trained network.",
    "calibrate": "How sure is a trained network, and when is a picture no digit? Stored in its file.",
    "predict": "Which digit is in a picture? All outputs of the network.",
    "explain": "Every number between an image, its cost and its gradient, step by step.",
    "check": "Is the gradient right? Backpropagation beside finite differences.",
    "doctor": "What ails a training or a network, each finding with its number.",
    "data": "List, fetch and show the data to learn from.",
}


class Refusal(click.ClickException):
    """A GlassnetError at the command line: its sentence, no traceback, status 2."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        complain(self.message)


class Commands(click.Group):
    """The commands of the table above."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            raise Refusal(str(unknown_name("command", cmd_name, COMMANDS)))
        name = cmd_name.replace("-", "_")
        module = import_module(f"glassnet.cli.{name}")
        command = getattr(module, name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([*COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")  # no η in cp1252, file names that aren't text
        try:
            with warnings.catch_warnings():
                warnings.showwarning = partial(show_warning, warnings.showwarning)
                return super().invoke(ctx)
        except GlassnetError as error:
            raise Refusal(str(error)) from error
        except KeyboardInterrupt:
            complain("stopped")
            raise SystemExit(130) from None
        except OSError as error:
            if error.errno == EPIPE:  # `| head` has enough; click ends quietly
                raise
            raise Refusal(str(cannot("use", error.filename or "the output", error))) from error
        except MemoryError as error:
            raise Refusal(
                f"not enough memory ({error}): make the layers or the mini-batches smaller"
            ) from error


def show_warning(others: Callable[..., None], message: Warning | str, *where: Any, **more: Any) -> None:
    """A warning of ours at the command line: its sentence, without the place in the code."""
    if isinstance(message, GlassnetWarning):
        complain(message)
    else:
        others(message, *where, **more)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="glassnet")
def main() -> None:
    """A neural network made of glass: train it, look into it, check every number.

    `glassnet train` teaches a network of 784-16-16-10 neurons to read handwritten digits.
    """
