"""What the real programs do wrong, and what becomes of a run then: each of these was seen in the wild."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.agents.programs_fixture import ensure_agents
from tests.conformance.leftovers import leftovers
from tests.conformance.tale import Tale
from tests.conftest import Loopwright

pytestmark = pytest.mark.slow

# A provider is asked again as often as ever, but sooner.
_IN_A_HURRY = """
from loopwright.gateway.provider import retry
retry._FIRST_WAIT = retry._LONGEST_WAIT = 0.02
"""
# An agent's start is silent for many seconds on a busy machine; a call of the model may be for 6 of 60 here.
_CALLS_ARE_SHORT = """
from loopwright.trajectory import watchdog
watchdog.BUSY_FACTOR = 0.1
"""
_SOLVING = r"""
  - say: I write.
    calls: [{shell: "echo 'echo hello $1' > greet.sh"}]
  - say: Done.
"""


def _run(
    call: Loopwright, folder: Path, agent: str, replies: str, *words: str, env: dict[str, str] | None = None
) -> Tale:
    ensure_agents(agent)
    script = folder / "script.yaml"
    script.write_text(f"version: 1\nname: failing\nreplies:\n{replies}")
    model = f"scripted:{script}"
    words = ("--task", str(folder / "greet"), "--agent", agent, "--model", model, "--trajectory-id", "bad", *words)
    said = call("run", *words, env=env)
    assert "Traceback" not in said.out + said.err
    assert leftovers(folder) == []
    return Tale(folder, "bad")


def _end(tale: Tale) -> tuple[str, str]:
    end = tale.trace.session_end
    assert end is not None
    return end.reason, end.detail


@pytest.mark.usefixtures("tiny_task")
@pytest.mark.parametrize("agent", ["codex", "claude", "opencode"])
def test_ended_by_a_signal_it_is_no_success_and_goes_on(agent: str, loopwright: Loopwright, tmp_path: Path) -> None:
    # Claude Code may call a turn a success that SIGTERM cut off; the others end without a last event.
    end_it = '  - calls: [{shell: "kill -TERM $PPID; sleep 5"}]\n'
    tale = _run(loopwright, tmp_path, agent, end_it + _SOLVING)
    assert _end(tale)[0] == "solved"
    turns = tale.trace.turns
    codes = [notice.code for notice in tale.trace.notices]
    assert "agent_died" in codes or len(turns) > 1, codes
    assert [part.summary for part in tale.trace.parts if part.part_type == "text"][-2:] == ["I write.", "Done."]


@pytest.mark.usefixtures("tiny_task")
@pytest.mark.parametrize("agent", ["codex", "claude"])
def test_a_stream_that_stops_while_the_process_lives_is_noticed(
    agent: str, loopwright: Loopwright, tmp_path: Path, beginning_with: Callable[[str], dict[str, str]]
) -> None:
    hanging = "  - {say: never heard, fault: {hang_after: 2, times: 9}}\n"
    env = beginning_with(_CALLS_ARE_SHORT)
    tale = _run(loopwright, tmp_path, agent, hanging, "--max-silence", "60", "--on-silence", "end", env=env)
    assert _end(tale)[0] == "infrastructure_error"  # it is the model that was silent
    (turn,) = tale.trace.turns
    told = r"heard of it for ([6-9]|[1-5]\d) s, while a call of the model was under way"
    assert re.search(told, turn.detail), turn.detail


@pytest.mark.usefixtures("tiny_task")
@pytest.mark.parametrize("agent", ["codex", "claude", "opencode"])
def test_a_conversation_that_does_not_fit_is_not_compacted_for_ever(
    agent: str, loopwright: Loopwright, tmp_path: Path
) -> None:
    tale = _run(loopwright, tmp_path, agent, "  - {say: never heard, fault: {overflow: true, times: 99}}\n")
    reason, detail = _end(tale)
    assert reason == "agent_error"
    assert detail
    assert len(tale.trace.model_calls) < 12


@pytest.mark.usefixtures("tiny_task")
def test_nobody_at_the_address_of_the_model_is_told_in_bounded_time(
    loopwright: Loopwright, tmp_path: Path, beginning_with: Callable[[str], dict[str, str]]
) -> None:
    # Codex, left to itself, would try for ever to reach a model that refuses connections.
    ensure_agents("codex")
    words = ["--task", tmp_path / "greet", "--agent", "codex", "--model", "http://127.0.0.1:9/v1#m"]
    said = loopwright("run", *words, "--trajectory-id", "bad", env=beginning_with(_IN_A_HURRY))
    reason, detail = _end(Tale(tmp_path, "bad"))
    assert {call.retries for call in Tale(tmp_path, "bad").trace.model_calls} == {4}
    assert said.code == 3
    assert reason == "infrastructure_error"
    assert "127.0.0.1:9" in detail
    assert leftovers(tmp_path) == []
