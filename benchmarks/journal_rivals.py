"""How others record one part, for `bench_journal.py`: a bare write, writers of whole files, and installed programs."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from loopwright.record._line import frame
from loopwright.record.events import encode_event
from loopwright.record.samples import part_added

__all__ = ["Times", "installed", "raw_write", "rewriting", "timed", "write_json_indented", "write_json_twice"]
__all__ += ["write_parquet"]

Times = dict[int, list[float]]
"""Seconds of single appends, by the number of parts that were there before."""

_PEERS = Path(__file__).parent / "peers"


def timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def raw_write(folder: Path, positions: Iterable[int], size: int) -> Times:
    """Time `os.write` of the line that our journal writes: the least that recording can cost."""
    line = frame(1, encode_event(part_added(1, size=size)))
    descriptor = os.open(folder / "raw.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    found: Times = {}
    count = 0
    for position in sorted(positions):
        for _ in range(position - count):
            os.write(descriptor, line)
        count = position
        found[position] = [timed(lambda: os.write(descriptor, line)) for _ in range(5_000)]
    os.close(descriptor)
    return found


def rewriting(
    folder: Path, positions: Iterable[int], size: int, write: Callable[[Path, list[dict[str, Any]]], None]
) -> Times:
    """Time a writer that writes everything again for each part."""
    found: Times = {}
    for position in sorted(positions):
        parts = [_plain_part(number, size) for number in range(1, position + 1)]
        times = 50 if position <= 1_000 else 3
        found[position] = [timed(lambda: write(folder / "whole", parts)) for _ in range(times)]  # noqa: B023
    return found


def _plain_part(part: int, size: int) -> dict[str, Any]:
    return {
        "part": part,
        "timestamp": "2026-01-02T03:04:05Z",
        "role": "assistant",
        "content": os.urandom(size // 2).hex(),
    }


def write_json_twice(path: Path, parts: list[dict[str, Any]]) -> None:
    path.write_text(json.dumps({"parts": parts, "turns": [{"turn": 1, "parts": parts}]}))


def write_json_indented(path: Path, parts: list[dict[str, Any]]) -> None:
    path.write_text(json.dumps({"messages": parts}, indent=2))


def write_parquet(path: Path, parts: list[dict[str, Any]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(parts), path)


def installed(python: Path, folder: Path, script: str, positions: Iterable[int], size: int, times: int) -> Times:
    """Time an installed program by the script of that name in `benchmarks/peers/`."""
    here = folder / script
    here.mkdir()
    command = [*map(str, (python, _PEERS / script, here, size, times, *positions))]
    quiet = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "OPENHANDS_SUPPRESS_BANNER": "1"}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=os.environ | quiet)
    return {int(position): seconds for position, seconds in json.loads(done.stdout.splitlines()[-1]).items()}
