"""Runs of the tiny task, in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from loopwright.record import Limits, RunDir, Trace, fold, read_events
from loopwright.trajectory import RunOptions, make_plan, start

_ENOUGH = Limits(max_parts=100)
Run = Callable[..., tuple[RunDir, Trace]]


@pytest.fixture
def run(tmp_path: Path, tiny_task: Path, tiny_script: Path) -> Run:
    def go(limits: Limits = _ENOUGH, listener: Any = None, **changes: Any) -> tuple[RunDir, Trace]:
        options = RunOptions(
            task=tiny_task, agent="native", model=f"scripted:{tiny_script}", home=tmp_path / "home", limits=limits
        )
        options = msgspec.structs.replace(options, **changes)
        plan = make_plan(options)
        rundir, _ = anyio.run(lambda: start(options, plan, [listener] if listener else []))
        return rundir, fold(event for _, event in read_events(rundir.journal))

    return go
