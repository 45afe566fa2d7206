"""The other end of `python -m peers`: contenders in processes of their own, asked one after the other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from time import sleep
from types import TracebackType
from typing import Any, NamedTuple, Self

from peers.workload import Workload

Replies = dict[str, dict[str, Any]]
REST = 0.05  # seconds before each question, in which idle threads of the one before stop spinning


class Entrant(NamedTuple):
    """A contender by its name, and the workload that it gets."""

    contender: str
    workload: Workload
    calls: int = 1  # of an epoch or a prediction; their median is one timing


class Failed(Exception):  # noqa: N818
    """A contender can't go on; says why in a line."""


class Child:
    """One contender's process."""

    def __init__(self, entrant: Entrant) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "peers", *self._arguments(entrant)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment(entrant.workload.threads),
        )

    @staticmethod
    def _arguments(entrant: Entrant) -> tuple[str, ...]:
        return entrant.contender, entrant.workload.to_json(), str(entrant.calls)

    def tell(self, command: str) -> None:
        assert self._process.stdin
        try:
            print(command, file=self._process.stdin, flush=True)
        except OSError:
            raise Failed("its process has ended") from None

    def reply(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise Failed(f"its process has ended with status {self._process.wait()}")
        reply: dict[str, Any] = json.loads(line)
        if "error" in reply:
            raise Failed(reply["error"])
        return reply

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


class Crew:
    """Those who are in a race. Whoever fails is left out from then on, and `left_out` says why."""

    def __init__(self, entrants: Mapping[str, Entrant]) -> None:
        self.left_out: dict[str, str] = {}
        self._children = {label: Child(entrant) for label, entrant in entrants.items()}
        self.hello = self._each(Child.reply)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in self._children.values():
            child.close()

    @property
    def present(self) -> list[str]:
        """Those who are still in the race."""
        return list(self._children)

    def ask(self, command: str, only: str | None = None) -> Replies:
        """Put a command to each of them in turn, or to one; their answers."""

        def one(child: Child) -> dict[str, Any]:
            sleep(REST)
            child.tell(command)
            return child.reply()

        return self._each(one, only)

    def dismiss(self, label: str, reason: str) -> None:
        """Leave one out."""
        self.left_out[label] = reason
        self._children.pop(label).close()

    def _each(self, ask: Callable[[Child], dict[str, Any]], only: str | None = None) -> Replies:
        replies = {}
        for label, child in list(self._children.items()):
            if only in (None, label):
                try:
                    replies[label] = ask(child)
                except Failed as reason:
                    self.dismiss(label, str(reason))
        return replies


def environment(threads: int) -> dict[str, str]:
    """Every library's own way to be told how many threads it may use."""
    folder = str(Path(__file__).parent.parent)
    path = os.pathsep.join(filter(None, (folder, os.environ.get("PYTHONPATH"))))
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "GLASSNET_THREADS", "NPROC")
    return os.environ | dict.fromkeys(names, str(threads)) | {"PYTHONPATH": path}
