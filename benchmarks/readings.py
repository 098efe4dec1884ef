"""Figures out of the text of those benchmarks that print none for `run.py`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # run as a script: its own folder is on the path, the one above is not
    from benchmarks.report import Figure
else:
    from report import Figure

__all__ = ["read_checkpoint", "read_grader", "read_sandbox"]

_SECTION = re.compile(r"(\d+) files$|refs$")
_CHECKPOINT = re.compile(r" +(?P<row>\S.*?)  +(?P<ms>[\d.]+) ms(?: +(?P<peer>git(?: status)?) (?P<git>[\d.]+) ms)?")
_SANDBOX = re.compile(r" +(?P<row>\S.*?)  +[\d.]+ +(?P<median>[\d.]+) +[\d.]+ +[\d.]+ x")
_GRADER = re.compile(r"(xargs|grader) +([\d.]+) tests/s")
_BAR_CHECKPOINT_MS, _BAR_CHECKPOINT_TIMES = 80.0, 3.0
_BAR_SANDBOX_MS, _BAR_CELL_MS = 20.0, 8.0


def read_checkpoint(text: str) -> Iterator[Figure]:
    """Read `bench_checkpoint.py`: a row for each figure, under the number of files."""
    files = ""
    for line in text.splitlines():
        if section := _SECTION.match(line):
            files = f", {int(section[1]):,} files" if section[1] else ""
        elif found := _CHECKPOINT.match(line):
            yield from _checkpoint(found, files)


def _checkpoint(found: re.Match[str], files: str) -> Iterator[Figure]:
    name, ours, theirs = f"checkpoint: {found['row']}{files}", float(found["ms"]), float(found["git"] or 0)
    changed = found["row"] == "3 files changed"
    peer = "git add -A && git commit" if found["peer"] == "git" else found["peer"] or ""
    bar = _BAR_CHECKPOINT_MS if changed else None
    yield Figure(name=name, unit="ms", value=ours, bar=bar, peer=peer, peer_value=theirs or None)
    if changed and ours and theirs:
        name = f"checkpoint: how much faster than git{files}"
        yield Figure(name=name, unit="x", value=theirs / ours, bar=_BAR_CHECKPOINT_TIMES, more_is_better=True)


def read_sandbox(text: str) -> Iterator[Figure]:
    """Read `bench_sandbox.py`: two tables of minimum, median and 90th percentile in milliseconds."""
    medians = {found["row"]: float(found["median"]) for found in map(_SANDBOX.match, text.splitlines()) if found}
    ours = medians.get("Sandbox.run, bwrap")
    for peer in ("bwrap, our flags, subprocess.run", "true"):
        if ours is not None and peer in medians:
            name = "sandbox: start, bwrap"
            yield Figure(name=name, unit="ms", value=ours, bar=_BAR_SANDBOX_MS, peer=peer, peer_value=medians[peer])
    if "cell" in medians and "exec" in medians:
        over, bare = medians["cell"] - medians["exec"], medians["exec"]
        name = "sandbox: a cell in it, over a bare exec"
        yield Figure(name=name, unit="ms", value=over, bar=_BAR_CELL_MS, peer="the exec itself", peer_value=bare)


def read_grader(text: str) -> Iterator[Figure]:
    """Read `bench_grader.py`: tests in a second, of the grader and of xargs."""
    rates = {name: float(rate) for name, rate in _GRADER.findall(text)}
    if rates.keys() == {"xargs", "grader"}:
        name, peer = "grader: compile and run", "xargs -P2, no isolation"
        ours = rates["grader"]
        yield Figure(name=name, unit="tests/s", value=ours, more_is_better=True, peer=peer, peer_value=rates["xargs"])
