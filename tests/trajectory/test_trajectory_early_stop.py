"""A run that is asked to end while its agent's program is still starting."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import anyio
import psutil
import pytest

from loopwright.record import RunDir, fold, read_events, verify
from loopwright.trajectory import ControlRequest, RunOptions, ask, make_plan, start

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("backend", ["bwrap", "host"])
def test_an_agent_that_does_not_get_ready_is_ended_at_once(
    tmp_path: Path, tiny_task: Path, tiny_script: Path, backend: str
) -> None:
    home, model = tmp_path / "home", f"scripted:{tiny_script}"
    options = RunOptions(tiny_task, "acp:sleep 1234.5", model, home, sandbox=backend, trajectory_id="run")
    rundir, asked = RunDir(home, "run"), 0.0

    def meddle() -> None:
        nonlocal asked
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not (rundir.control.exists() and _sleepers()):
            time.sleep(0.02)
        asked = time.monotonic()
        ask(rundir.control, ControlRequest(do="stop", source="me"), 60)

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.to_thread.run_sync, meddle)
            await start(options, make_plan(options))

    anyio.run(main)
    assert 0 < time.monotonic() - asked < 60, "it does not wait for an answer as long as it may"
    trace = fold(event for _, event in read_events(rundir.journal))
    assert trace.session_end is not None
    assert (trace.session_end.reason, trace.session_end.detail, trace.turns) == ("stopped", "me", ())
    assert verify(rundir).ok
    assert (_sleepers(), list(rundir.path.glob("*.sock"))) == ([], [])


def _sleepers() -> list[int]:
    found = []
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it may end while it is looked at
            if child.name() == "sleep" and child.cmdline()[-1:] == ["1234.5"]:
                found.append(child.pid)
    return found
