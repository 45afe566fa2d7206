"""The command line: `glassnet COMMAND …`."""

from glassnet.cli.main import main

__all__ = ["main"]
