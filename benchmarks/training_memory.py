"""What an epoch of training needs at most beyond what was there before it, in MB (10⁶ bytes).

    python benchmarks/training_memory.py RECIPE IMAGES

RECIPE is JSON; the images are random. A process tells its peak once, so each measurement is one of its own.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path

import numpy as np

import glassnet as gn


def main() -> None:
    recipe, count = gn.Recipe.from_dict(json.loads(sys.argv[1])), int(sys.argv[2])
    rng = np.random.default_rng(0)
    images = rng.integers(256, size=(count, 784), dtype=np.uint8)
    split = gn.Split(images, rng.integers(10, size=count))
    data = gn.Dataset("random", split, split[:0], split[:0], tuple("0123456789"))
    trainer = gn.Trainer(recipe.network(), data, recipe)
    before = now()
    trainer.epoch()
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit - before) / 1e6)


def now() -> int:
    """Bytes of memory that this process has now; where the system doesn't say, the most it had so far."""
    pages = Path("/proc/self/statm")
    if pages.exists():
        return int(pages.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
