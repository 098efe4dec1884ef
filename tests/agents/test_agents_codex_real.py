"""The real Codex in the real sandbox, on a scripted model behind the real gateway."""

from __future__ import annotations

import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

import anyio
import pytest
from tests.agents.codex_stage import open_stage, played
from tests.agents.programs_fixture import ensure_agents

from loopwright.agents import AgentItem, AgentMemory
from loopwright.agents.codex import CodexAgent
from loopwright.agents.programs import Program
from loopwright.base import MachineError
from loopwright.record import PartAdded, Payload, TurnStarted

pytestmark = [pytest.mark.slow, pytest.mark.anyio]

_PATIENCE = 50.0


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Codex that obeys late, because the machine is busy, is not killed here."""
    monkeypatch.setattr("loopwright.agents.codex.session._INTERRUPT_SECONDS", _PATIENCE)


_ALL_KINDS = r"""
  - think: "First the file."
    say: "I write it."
    calls:
      - write: {path: a.txt, text: "one\n"}
  - calls:
      - shell: "echo two >> a.txt; echo err >&2; exit 3"
      - shell: "echo b > b.txt; rm -rf b.txt; echo b > b.txt"
  - calls:
      - run_tests: "words"
  - calls:
      - call: {name: apply_patch, arguments: {}}
  - calls:
      - delegate:
          prompt: "look at the files please"
          replies:
            - say: "I look."
              calls: [{shell: "echo sub > sub.txt"}]
            - say: "sub done"
  - calls:
      - shell: "head -c 400000 /dev/zero | tr '\\0' 'x'; printf '\\377\\376'"
  - say: "Done."
"""


async def _all(items: AsyncIterator[AgentItem]) -> list[AgentItem]:
    return [item async for item in items]


def _kinds(items: list[AgentItem]) -> list[str]:
    return [f"{item.part_type}:{item.tool_name or ''}" for item in items]


async def test_everything_that_a_turn_can_hold(tmp_path: Path) -> None:
    async with played(tmp_path, _ALL_KINDS) as (agent, stage, turn):
        items = await _all(turn("do it"))
        memory = agent.memory()
    assert agent.outcome.outcome == "finished"
    main = [item for item in items if item.parent is None]
    assert _kinds(main)[:3] == ["reasoning:", "text:", "patch:apply_patch"]
    assert main[2].summary == "add a.txt"
    assert _kinds(main)[3:5] == ["tool_call:exec_command"] * 2
    removed = next(item for item in main if item.part_type == "tool_result" and "b.txt" in str(item.raw))
    assert (removed.tool_status, removed.exit_code) == ("completed", 0), "every command is allowed"
    failed = next(item for item in main if item.exit_code == 3)
    assert (failed.tool_status, failed.result, failed.may_change_files) == ("failed", "err\n", True)
    tests = [item for item in main if item.tool_name == "run_tests"]
    assert [item.part_type for item in tests] == ["tool_call", "tool_result"]
    assert tests[0].arguments == {"test_path": "words"}
    assert tests[0].may_change_files
    assert tests[1].result == "graded 'words': 1 passed"
    assert stage.asked == ["words"]
    large = next(item for item in items if isinstance(item.result, str) and len(item.result) > 100_000)
    assert large.exit_code == 0
    assert (stage.file("a.txt"), stage.file("sub.txt")) == ("one\ntwo\n", "sub\n")
    _check_sub_agent(items)
    _check_calls(items)
    assert {delta.kind for delta in stage.deltas} >= {"text", "reasoning", "tool", "diff"}
    assert [item.reply for item in main[:5]] == [1, 1, 1, 2, 2]
    assert stage.notices == []
    assert stage.context.activity.tools == {}
    assert memory is not None
    assert b"First the file." in next(iter(memory.files.values()))


async def _until(true: Callable[[], bool]) -> None:
    with anyio.fail_after(60):
        while not true():  # noqa: ASYNC110 - what is waited for is a plain attribute
            await anyio.sleep(0.02)


def _check_sub_agent(items: list[AgentItem]) -> None:
    spawn = next(item for item in items if item.tool_name == "spawn_agent")
    inner = [item for item in items if item.parent == spawn.call_id]
    assert _kinds(inner) == ["text:", "tool_call:exec_command", "tool_result:exec_command", "text:"]


def _check_calls(items: list[AgentItem]) -> None:
    """Each call has one result, after it."""
    calls = [item.call_id for item in items if item.part_type == "tool_call"]
    results = [item.call_id for item in items if item.part_type == "tool_result"]
    assert len(set(calls)) == len(calls)
    assert sorted(calls) == sorted(results)
    order = [(item.part_type, item.call_id) for item in items]
    assert all(order.index(("tool_call", call)) < order.index(("tool_result", call)) for call in calls)


async def test_it_hears_what_it_is_told_in_the_middle_of_a_turn(tmp_path: Path) -> None:
    script = '\n  - calls: [{shell: "until [ -e /tmp/told ]; do sleep 0.1; done"}]\n  - say: "I heard."\n'
    async with played(tmp_path, script) as (agent, stage, turn):
        assert not await agent.steer("too early")
        async with aclosing(turn("do it")) as items:  # type: ignore[type-var]
            first = await anext(items)
            assert first.part_type == "tool_call"
            assert await agent.steer("use blue ink")
            (tmp_path / "scratch" / "told").touch()
            rest = await _all(items)
        assert rest[-1].content == "I heard."
        assert not await agent.steer("too late")
    assert "use blue ink" not in stage.request(0)
    assert "use blue ink" in stage.request(1)


async def test_a_closed_turn_is_interrupted_and_the_next_one_goes_on(tmp_path: Path) -> None:
    script = '\n  - calls: [{shell: "sleep 100; echo late > late.txt"}]\n  - say: "Well."\n'
    async with played(tmp_path, script) as (agent, stage, turn):
        async with aclosing(turn("do it")) as items:  # type: ignore[type-var]
            async for item in items:
                assert item.part_type == "tool_call"
                await _until(lambda: bool(stage.context.activity.tools))
                break
            began = time.monotonic()
        assert time.monotonic() - began < _PATIENCE, "it obeyed"
        assert agent.outcome.outcome == "interrupted"
        assert stage.context.activity.tools == {}
        items_after = await _all(turn("go on"))
    assert [item.content for item in items_after] == ["Well."]
    assert "do it" in stage.request(-1)
    assert stage.notices == []


@pytest.mark.parametrize(("signal", "words"), [("KILL", "signal 9"), ("TERM", "codex")])
async def test_a_process_that_dies_says_how_and_its_thread_goes_on(tmp_path: Path, signal: str, words: str) -> None:
    shell = f"until [ -e /tmp/seen ]; do sleep 0.1; done; kill -{signal} $PPID; sleep 5"
    script = f'\n  - say: "Before."\n    calls: [{{shell: "{shell}"}}]\n  - say: "After."\n'
    async with played(tmp_path, script) as (agent, stage, turn):
        items = []
        async for item in turn("do it"):
            items.append(item)
            if item.part_type == "tool_call":
                (tmp_path / "scratch" / "seen").touch()
        assert _kinds(items)[:2] == ["text:", "tool_call:exec_command"]
        assert (agent.outcome.outcome, agent.outcome.dead) == ("error", True)
        assert words in agent.outcome.detail
        assert stage.context.activity.dead is not None
        again = await _all(turn("go on"))
        assert agent.outcome.outcome == "finished"
    assert [item.content for item in again] == ["After."]
    assert "do it" in stage.request(-1)
    assert [code for code, _ in stage.notices if code != "codex_warning"] == ["codex_restarted"]


def _past() -> tuple[list[TurnStarted], list[PartAdded]]:
    turn = TurnStarted(1, "2026-01-01T00:00:00Z", Payload(value="write a poem"), 1)
    part = PartAdded(1, 1, "2026-01-01T00:00:01Z", "assistant", "text", "agentMessage", "s", 1, "demo", reply=4)
    return [turn], [part]


async def test_a_thread_is_resumed_from_its_home_from_memory_or_told_what_happened(tmp_path: Path) -> None:
    script = '\n  - say: "First."\n  - say: "Second."\n  - say: "Third."\n  - say: "Fourth."\n'
    async with played(tmp_path, script) as (agent, _, turn):
        await _all(turn("write a poem"))
        memory = agent.memory()
    assert memory is not None
    await _resumes(tmp_path, script, memory, [], "write a poem", reply=5)
    shutil.rmtree(tmp_path / "home")
    await _resumes(tmp_path, script, memory, [], "write a poem", reply=5)
    for rollout in (tmp_path / "home").rglob("rollout-*.jsonl"):
        rollout.write_bytes(b"\x00 not a rollout\n")
    torn = AgentMemory(memory.session_id, dict.fromkeys(memory.files, b"{]\n"))
    await _resumes(tmp_path, script, torn, ["codex_resume", "codex_resume", "session_lost"], "<transcript>", reply=5)
    shutil.rmtree(tmp_path / "home")
    await _resumes(tmp_path, script, None, ["session_lost"], "write a poem", reply=5)


async def _resumes(
    folder: Path, script: str, memory: AgentMemory | None, codes: list[str], asked: str, reply: int
) -> None:
    async with open_stage(folder, script) as stage:
        agent = CodexAgent()
        try:
            await agent.resume(stage.context, *_past(), memory)
            items = await _all(agent.unfinished_turn())
        finally:
            await agent.close()
    assert agent.outcome.outcome == "finished"
    assert [(item.part_type, item.reply) for item in items] == [("text", reply)]
    assert [code for code, _ in stage.notices if code != "codex_warning"] == codes
    assert asked in stage.request(-1)
    assert "interrupted" in stage.request(-1)


async def test_a_memory_with_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    async with played(tmp_path, '\n  - say: "Hm."\n') as (agent, _, turn):
        await _all(turn("do it"))
        # Codex is at work elsewhere in its home, where folders may come and go.
        rollout = next((tmp_path / "home" / ".codex" / "sessions").rglob("rollout-*.jsonl"))
        secret = tmp_path / "secret"
        secret.write_text("not for the record\n")
        rollout.rename(rollout.with_suffix(".moved"))
        rollout.symlink_to(secret)
        memory = agent.memory()
    assert memory is not None
    assert memory.files == {}


async def test_an_mcp_server_that_does_not_start_is_one_sentence(tmp_path: Path) -> None:
    async with open_stage(tmp_path, '\n  - say: "Hm."\n', mcp=False) as stage:
        agent = CodexAgent()
        with pytest.raises(MachineError, match=r"Codex could not be started: .*loopwright") as caught:
            await agent.prepare(stage.context)
        await agent.close()
    assert "\n" not in str(caught.value)


async def test_a_command_that_runs_on_has_a_result_now_and_one_when_it_ends(tmp_path: Path) -> None:
    script = """
  - calls:
      - call:
          name: exec_command
          arguments: {cmd: "until [ -e /tmp/go ]; do sleep 0.1; done; echo end > end.txt", yield_time_ms: 250}
  - say: "It runs on."
  - calls: [{shell: "touch /tmp/go; sleep 3"}]
  - say: "Over."
"""
    async with played(tmp_path, script) as (_, stage, turn):
        first = await _all(turn("do it"))
        second = await _all(turn("go on"))
    assert _kinds(first) == ["tool_call:exec_command", "tool_result:exec_command", "text:"]
    assert "running" in str(first[1].result)
    late = [item for item in second if item.call_id == first[0].call_id]
    assert [(item.part_type, item.exit_code) for item in late] == [("tool_result", 0)]
    assert stage.file("end.txt") == "end\n"


def _without_app_server(folder: Path, real: Program) -> Program:
    """The real program behind a launcher that knows no app-server, as old versions do not."""
    path = folder / "codex"
    refusal = "echo \"error: unrecognized subcommand 'app-server'\" >&2; exit 2"
    path.write_text(f'#!/bin/sh\nif [ "$1" = app-server ]; then {refusal}; fi\nexec {real.path} "$@"\n')
    path.chmod(0o755)
    return Program("codex", path, path, real.version, "path")


async def test_a_version_without_an_app_server_is_run_by_exec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = _without_app_server(tmp_path, ensure_agents("codex")["codex"])
    monkeypatch.setattr("loopwright.agents.codex.session.find", lambda name: program)
    script = _ALL_KINDS.split("  - calls:\n      - call:")[0] + '  - say: "Done."\n  - calls: [{shell: "sleep 60"}]\n'
    async with played(tmp_path, script, backend="host") as (agent, stage, turn):
        items = await _all(turn("do it"))
        finished = agent.outcome
        assert not await agent.steer("nobody hears")
        async with aclosing(turn("and on")) as more:  # type: ignore[type-var]
            call = await anext(more)
    assert (finished.outcome, agent.outcome.outcome) == ("finished", "interrupted")
    assert _kinds(items)[:3] == ["reasoning:", "text:", "patch:apply_patch"]
    assert call.part_type == "tool_call"
    assert [item.result for item in items if item.tool_name == "run_tests"][1] == "graded 'words': 1 passed"
    assert items[-1].content == "Done."
    assert items[0].reply is None
    _check_calls(items)
    assert [code for code, _ in stage.notices] == ["codex_exec"]
