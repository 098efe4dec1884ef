"""The agent's seat: an agent that does not start with what lies in its home gets an empty one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from loopwright.agents import AgentContext
from loopwright.base import MachineError
from loopwright.record import Payload, TurnStarted
from loopwright.record.samples import at
from loopwright.sandbox import SandboxSpec, open_sandbox
from loopwright.trajectory.past import Past
from loopwright.trajectory.seat import Seat

pytestmark = pytest.mark.anyio
PAST = Past(turns=[TurnStarted(1, at(1), Payload(value="Go."), 1)])


class _Picky:
    """Starts only where its home has no file named `broken`, or never."""

    name, steers = "picky", False

    def __init__(self, log: list[str], never: bool) -> None:
        self._log = log
        self._never = never

    async def resume(self, context: AgentContext, *past: Any) -> None:
        self._log.append("resume")
        assert context.home is not None
        context.home.mkdir(exist_ok=True)
        if self._never or (context.home / "broken").exists():
            (context.home / "left").touch()
            raise MachineError("it is no database")

    async def close(self) -> None:
        self._log.append("close")


async def _seated(tmp_path: Path, never: bool = False) -> tuple[list[str], list[str], MachineError | None]:
    log: list[str] = []
    notices: list[str] = []
    context = AgentContext(
        "Go.",
        tmp_path,
        open_sandbox("host", SandboxSpec()),
        tmp_path,
        "demo",
        run_tests=None,  # type: ignore[arg-type]
        home=tmp_path / "home",
        notice=lambda code, message: notices.append(f"{code}: {message}"),
    )
    seat = Seat(_Picky(log, never), lambda: _Picky(log, never), Past)  # type: ignore[arg-type,return-value]
    try:
        await seat.take(context, PAST)
    except MachineError as error:
        return log, notices, error
    return log, notices, None


async def test_a_home_that_keeps_it_from_starting_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "broken").write_text("kept")
    (tmp_path / "home_damaged_1").mkdir()
    log, notices, error = await _seated(tmp_path)
    assert (log, error) == (["resume", "close", "resume"], None)
    assert (tmp_path / "home_damaged_2" / "broken").read_text() == "kept"
    assert list((tmp_path / "home").iterdir()) == []
    assert [line.partition(":")[0] for line in notices] == ["home_set_aside"]
    assert "it is no database" in notices[0]
    assert "home_damaged_2" in notices[0]


async def test_a_home_that_is_not_to_blame_stays(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "session").write_text("kept")
    log, notices, error = await _seated(tmp_path, never=True)
    assert (log, notices) == (["resume", "close", "resume"], [])
    assert error is not None
    assert (tmp_path / "home" / "session").read_text() == "kept"
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
