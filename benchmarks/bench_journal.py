"""How long one part takes to record, early and late in a run: ours against a bare write and against others' patterns.

    python benchmarks/bench_journal.py [--peer-python PATH] [--positions 10 1000 100000] [--bytes 1000]

With `--peer-python`, a Python that has `openhands-sdk` and `mini-swe-agent` installed (`install_peers.py` makes one),
the real programs are measured; without it, mini-swe-agent's pattern is done by hand, and the OpenHands SDK is left
out. All times are of one process on one disk, one after the other, in one run.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from loopwright.record import Journal, PartAdded, RunDir
from loopwright.record.samples import checkpointed, part_added, run_started

if TYPE_CHECKING:  # run as a script: its own folder is on the path, the one above is not
    from benchmarks import journal_rivals as rivals
    from benchmarks.install_peers import has
    from benchmarks.journal_rivals import Times
    from benchmarks.report import exit_code, report
else:
    import journal_rivals as rivals
    from install_peers import has
    from report import exit_code, report

_OURS = "loopwright: Journal.append"
_DURABLE = "loopwright: with a checkpoint (fdatasync)"
_PACED = "loopwright: one part a millisecond"
_BARS = {"p50": 0.05, "p99": 1.0}
"""Milliseconds, at any length."""
_PROGRAMS = {
    "mini-swe-agent: whole JSON": ("mini_swe_agent_save.py", "minisweagent", 20, "not installed"),
    "OpenHands SDK: file per event": ("openhands_events.py", "openhands.sdk", 200, "not installed; needs Python 3.12"),
}


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as temporary:
        rows, missing = _measure(Path(temporary), options)
    _print_table(rows, options.positions)
    for name in missing:
        print(f"{name}: not measured: {missing[name]}")
    _report(rows, missing, options.positions)
    sys.exit(exit_code())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--positions", type=int, nargs="+", default=[10, 1_000, 100_000])
    parser.add_argument("--bytes", type=int, default=1_000, help="size of a part's content")
    parser.add_argument("--peer-python", type=Path, help="a Python that has the peers installed")
    return parser.parse_args()


def _measure(folder: Path, options: argparse.Namespace) -> tuple[dict[str, Times], dict[str, str]]:
    """The times of each writer, and the reasons of those that could not be measured."""
    positions, size = sorted(options.positions), options.bytes
    rows = {
        _OURS: _journal(folder, positions, size),
        _PACED: _paced(folder, size),
        _DURABLE: _journal(folder, positions, size, announced=True),
        "os.write of the same line": rivals.raw_write(folder, positions, size),
        "envoi, first: whole JSON, parts twice": rivals.rewriting(folder, positions, size, rivals.write_json_twice),
        "envoi, now: whole parquet": rivals.rewriting(folder, positions, size, rivals.write_parquet),
    }
    missing = {}
    for name, (script, module, times, reason) in _PROGRAMS.items():
        if options.peer_python and has(options.peer_python, module):
            rows[name] = rivals.installed(options.peer_python, folder, script, positions, size, times)
        else:
            missing[name] = reason
    if not options.peer_python:
        rows["mini-swe-agent's pattern"] = rivals.rewriting(folder, positions, size, rivals.write_json_indented)
    return rows, missing


def _journal(folder: Path, positions: list[int], size: int, *, announced: bool = False) -> Times:
    found: Times = {}
    rundir = RunDir.create(folder / "home", f"run-{announced}")
    with Journal.open(rundir) as journal:
        journal.append(run_started(rundir.id))
        for position in positions:
            while journal.seq <= position:
                journal.append(part_added(journal.seq, size=size))
            times = 200 if announced else 5_000
            found[position] = [_append(journal, size, announced) for _ in range(times)]
    return found


def _paced(folder: Path, size: int) -> Times:
    """Appends over three seconds, so that the background's syncs fall between them, as they do in a real run."""
    rundir = RunDir.create(folder / "home", "run-paced")
    times = []
    with Journal.open(rundir) as journal:
        journal.append(run_started(rundir.id))
        for _ in range(3_000):
            times.append(_append(journal, size, announced=False))
            time.sleep(0.001)
    return {10: times}


def _append(journal: Journal, size: int, announced: bool) -> float:
    event: PartAdded = part_added(journal.seq, size=size)
    if announced:
        event = checkpointed(event, "0" * 40)
    return rivals.timed(lambda: journal.append(event))


def _print_table(rows: dict[str, Times], positions: list[int]) -> None:
    print("| one part | " + " | ".join(f"p50 / p99 ms at part {position:,} | x ours" for position in positions) + " |")
    print("|---" * (1 + 2 * len(positions)) + "|")
    for name, times in rows.items():
        cells = [_cells(times.get(position), rows[_OURS][position]) for position in positions]
        print(f"| {name} | " + " | ".join(cells) + " |")


def _cells(seconds: list[float] | None, ours: list[float]) -> str:
    if seconds is None:
        return "- | -"
    return f"{_p50(seconds):.3f} / {_p99(seconds):.3f} | {_p50(seconds) / _p50(ours):,.1f}"


def _p50(seconds: list[float]) -> float:
    return 1e3 * statistics.median(seconds)


def _p99(seconds: list[float]) -> float:
    return 1e3 * sorted(seconds)[int(0.99 * (len(seconds) - 1))]


def _report(rows: dict[str, Times], missing: dict[str, str], positions: list[int]) -> None:
    for position in sorted(positions):
        name, ours = f"journal: append p50, part {position:,}", _p50(rows[_OURS][position])
        for peer, times in rows.items():
            if not peer.startswith("loopwright"):
                report(name=name, unit="ms", value=ours, bar=_BARS["p50"], peer=peer, peer_value=_p50(times[position]))
        for peer, reason in missing.items():
            report(name=name, unit="ms", value=ours, bar=_BARS["p50"], peer=peer, note=reason)
        p99 = _p99(rows[_OURS][position])
        report(name=f"journal: append p99, part {position:,}", unit="ms", value=p99, bar=_BARS["p99"])
    paced = rows[_PACED][10]
    report(name="journal: append p50, a part each ms", unit="ms", value=_p50(paced), bar=_BARS["p50"])
    report(name="journal: append p99, a part each ms", unit="ms", value=_p99(paced), bar=_BARS["p99"])
    durable = _p50(rows[_DURABLE][max(positions)])
    report(name="journal: append p50, survives a power cut", unit="ms", value=durable)


if __name__ == "__main__":
    main()
