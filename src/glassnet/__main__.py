"""`python -m glassnet` is `glassnet`."""

from glassnet.cli import main

main()
