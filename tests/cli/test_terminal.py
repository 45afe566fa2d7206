"""The live table, on a pseudo-terminal."""

from __future__ import annotations

import os
import re
import struct

import pytest

from glassnet.storage import RunFolder, load_model

pytestmark = pytest.mark.table

pty = pytest.importorskip("pty")
fcntl = pytest.importorskip("fcntl")
termios = pytest.importorskip("termios")


def on_a_terminal(spawn, *arguments, columns=80, rows=30):
    """The status of a command and all that it wrote to a terminal of that size."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))
    names = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
    kept = {name: os.environ.pop(name) for name in names if name in os.environ}
    kept_term, os.environ["TERM"] = os.environ.get("TERM"), "xterm-256color"
    try:
        process = spawn(*arguments, stdout=theirs, stderr=theirs, stdin=theirs)
    finally:
        os.environ.update(kept)
        os.environ.pop("TERM")
        if kept_term is not None:
            os.environ["TERM"] = kept_term
    os.close(theirs)
    written = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # on Linux, what a closed terminal answers
            break
        if not part:
            break
        written += part
    os.close(ours)
    return process.wait(), written.decode()


def screen(written):
    """The lines that are left to be seen: rows of text, with the cursor going up and lines erased."""
    lines, row = [""], 0
    for token in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", written):
        if token == "\n":
            row += 1
            if row == len(lines):
                lines.append("")
        elif token.endswith("A") and token.startswith("\x1b["):
            row -= int(token[2:-1])
        elif token == "\x1b[2K":
            lines[row] = ""
        elif not token.startswith("\x1b") and token != "\r":
            lines[row] += token
    return [line.rstrip() for line in lines]


@pytest.mark.parametrize("columns", [80, 120])
def test_the_live_table(spawn, columns):
    run = RunFolder("run")  # a short path: it stands in the last line
    options = ("--seed", "4", "--epochs", "15", "--out", run.path)
    status, written = on_a_terminal(spawn, "train", *options, columns=columns)
    assert status == 0
    lines = screen(written)
    text = "\n".join(lines)
    assert "784-16-16-10 (13,002 parameters) learns digits from 1,197 images" in text
    (place,) = (i for i, line in enumerate(lines) if "‖∂C/∂W‖" in line)
    assert lines[place].split() == (
        ["epoch", "cost", "accuracy", "val.", "cost", "val.", "accuracy", "‖∂C/∂W‖", "by", "layer"]
    )
    history = run.load_progress(run.recipe(), load_model(run.model).data_sha256).history
    rows = lines[place + 1 : place + 13]  # the last twelve
    for row, record in zip(rows, history[3:], strict=True):
        assert row.split() == [
            f"{record.epoch}/15",
            f"{record.training_cost:.4f}",
            f"{record.training_accuracy:.2%}",
            f"{record.validation_cost:.4f}",
            f"{record.validation_accuracy:.2%}",
            *(f"{norm:.3f}" for norm in record.gradient_norms.values()),
        ]
    assert lines[place + 13].split() == ["━" * 40, "100%"]
    assert lines[place + 14].startswith("epoch 15 of 15 is done; ")
    accuracy = load_model(run.model).figures["test_accuracy"]
    assert f"test accuracy        {accuracy:.2%} ({round(360 * accuracy)} of 360)" in lines
    assert "…" not in text  # nothing was cut
    assert all(len(line) <= columns for line in lines)
    assert "\x1b[?25h" in written  # the cursor is shown again
    assert "Traceback" not in text


@pytest.mark.slow
def test_many_layers_on_a_narrow_terminal(spawn, tmp_path):
    """The norms give way, the rest stays to be read."""
    options = ("--layers", "784-8-8-8-8-8-8-10", "--epochs", "2", "--out", tmp_path / "run")
    status, written = on_a_terminal(spawn, "train", *options)
    assert status == 0
    (row,) = (line for line in screen(written) if line.startswith("  2/2"))
    assert len(row) <= 80
    assert re.match(r"  2/2  \d\.\d{4} +\d+\.\d\d% +\d\.\d{4} +\d+\.\d\d%  (\d\.\d{3} )+", row)
    assert row.endswith("…")


@pytest.mark.slow
def test_json_and_quiet_have_no_table(spawn, tmp_path):
    status, written = on_a_terminal(spawn, "train", "--epochs", "2", "-q", "--out", tmp_path / "a")
    assert (status, written) == (0, "")
    status, written = on_a_terminal(spawn, "train", "--epochs", "2", "--json", "--out", tmp_path / "b")
    assert status == 0
    assert "\x1b" not in written
    assert [line[:9] for line in written.splitlines()] == ['{"epoch":', '{"epoch":', '{"finishe']
