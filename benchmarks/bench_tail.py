"""How long it takes to see the end of a run of 1,000,000 parts, and how much memory.

    python benchmarks/bench_tail.py [--parts 1000000] [--bytes 1000] [--tail 200]

Makes the journal in a temporary folder (about 1.4 GB), drops it from the page cache where that is allowed, and opens
its tail in a new process each time.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from loopwright.record._line import frame
from loopwright.record.events import encode_event
from loopwright.record.samples import part_added, run_started

if TYPE_CHECKING:  # run as a script: its own folder is on the path, the one above is not
    from benchmarks.report import exit_code, report
else:
    from report import exit_code, report

_TIMES = 7
_BARS = {"ms": 100.0, "MB": 100.0}

_OPEN = """
import sys, time
from pathlib import Path
begin = time.perf_counter()
from loopwright.record import read_tail
loaded = time.perf_counter()
found = read_tail(Path(sys.argv[1]), int(sys.argv[2]))
done = time.perf_counter()
assert len(found) == int(sys.argv[2])
peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
print(1e3 * (done - loaded), 1e3 * (done - begin), peak / 1024)
"""


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as temporary:
        journal = Path(temporary) / "journal.jsonl"
        _make(journal, options.parts, options.bytes)
        runs = [_open_tail(journal, options.tail) for _ in range(_TIMES)]
        size = journal.stat().st_size
    tail, with_import, peak = (statistics.median(column) for column in zip(*runs, strict=True))
    print(f"journal: {options.parts:,} parts, {size / 1e6:,.0f} MB; tail of {options.tail} events, {_TIMES} processes")
    print(f"read_tail: {tail:.1f} ms (with importing Python modules {with_import:.1f} ms); peak memory: {peak:.1f} MB")
    for unit, value in {"ms": tail, "MB": peak}.items():
        print(f"bar: at most {_BARS[unit]:g} {unit}: {'met' if value <= _BARS[unit] else 'MISSED'}")
    name = f"open the tail of {options.parts:,} parts"
    report(name=name, unit="ms", value=tail, bar=_BARS["ms"])
    report(name=f"{name}, with importing Python modules", unit="ms", value=with_import, bar=_BARS["ms"])
    report(name=f"{name}, memory", unit="MB", value=peak, bar=_BARS["MB"])
    sys.exit(exit_code())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", type=int, default=1_000_000)
    parser.add_argument("--bytes", type=int, default=1_000, help="size of a part's content")
    parser.add_argument("--tail", type=int, default=200, help="events to read")
    return parser.parse_args()


def _make(journal: Path, parts: int, size: int) -> None:
    with journal.open("wb", buffering=1 << 20) as file:
        file.write(frame(1, encode_event(run_started())))
        for part in range(1, parts + 1):
            file.write(frame(part + 1, encode_event(part_added(part, size=size))))
        file.flush()
        os.fsync(file.fileno())


def _open_tail(journal: Path, count: int) -> tuple[float, ...]:
    with journal.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    command = [sys.executable, "-c", _OPEN, str(journal), str(count)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return tuple(float(word) for word in done.stdout.split())


if __name__ == "__main__":
    main()
