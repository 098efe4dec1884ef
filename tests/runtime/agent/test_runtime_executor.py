"""Calls side by side: what really runs at the same time, in which order it is answered, and what ends it."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial
from typing import Any, cast

import anyio
import pytest
import yaml

from loopwright.agents import AgentItem
from loopwright.base import MachineError
from loopwright.runtime.calls import Outcome
from loopwright.runtime.tools.handlers import HANDLERS

pytestmark = pytest.mark.slow

TOOLS = "tools: {registry: {paths: ['@core', mine]}}\n"
DONE = {"say": "Done."}


@pytest.fixture
def seen(lab: Any, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Tools `wait` (reads a clock), `block` (declares nothing) and `fail`, and what they did."""
    log: list[tuple[str, str]] = []

    async def wait(context: Any, arguments: dict[str, Any], call_id: str) -> Outcome:
        name, seconds = arguments["name"], arguments.get("seconds", 0.0)
        log.append(("begin", name))
        try:
            await anyio.sleep(seconds)
        except BaseException:
            log.append(("cancelled", name))
            raise
        log.append(("end", name))
        return Outcome(name)

    async def fail(context: Any, arguments: dict[str, Any], call_id: str) -> Outcome:
        await anyio.sleep(0.05)
        raise {"machine": MachineError("no sandbox"), "bug": ZeroDivisionError("a bug")}[arguments["name"]]

    (lab.folder / "mine").mkdir()
    parameters = [
        {"name": "name", "type": "string"},
        {"name": "seconds", "type": "number", "required": False},
    ]
    for name, more in (
        ("wait", {"resources": ["read:clock"]}),
        ("block", {}),
        ("fail", {"resources": ["read:clock"]}),
        ("twice", {"resources": ["read:clock"], "execution": {"max_per_turn": 2}}),
    ):
        monkeypatch.setitem(HANDLERS, name, fail if name == "fail" else wait)
        tool = {"id": name, "kind": "other", "description": name, "handler": name, "parameters": parameters, **more}
        (lab.folder / "mine" / f"{name}.yaml").write_text(yaml.safe_dump(tool))
    return log


def reply(*calls: tuple[str, str, float]) -> dict[str, Any]:
    made = [{"call": {"name": tool, "arguments": {"name": name, "seconds": s}}} for tool, name, s in calls]
    return {"calls": made}


def played(lab: Any, profile: str, *calls: tuple[str, str, float]) -> Any:
    text = profile if profile.startswith("tools:") else f"{TOOLS}{profile}"
    return lab.run(yaml.safe_dump([reply(*calls), DONE]), text)


def test_calls_that_share_nothing_run_at_the_same_time_and_are_answered_in_order(lab: Any, seen: Any) -> None:
    ran = played(lab, "", ("wait", "a", 1.5), ("wait", "b", 0.1), ("wait", "c", 0.8))
    assert [ran.result(at) for at in range(3)] == ["a", "b", "c"]
    assert [name for what, name in seen if what == "end"] == ["b", "c", "a"]
    assert [what for what, _ in seen[:3]] == ["begin"] * 3


def test_real_commands_run_at_the_same_time_where_their_tools_say_so(lab: Any) -> None:
    (lab.folder / "mine").mkdir()
    tool = "id: look\nkind: shell\ndescription: d\nhandler: run_shell\nresources: ['read:clock']\n"
    (lab.folder / "mine" / "look.yaml").write_text(tool + "parameters: [{name: command, type: string}]\n")
    # Each waits until it has seen the other begin, or has waited long enough to know that it is alone.
    meet = "echo x >> {0}; n=0; while [ $(wc -l < {0}) -lt 2 ] && [ $n -lt {1} ]; do sleep 0.05; n=$((n+1)); done"
    for tool, together, patience in (("look", True, 600), ("run_shell", False, 10)):
        command = {"command": f"{meet.format(tool, patience)}; wc -l < {tool}"}
        calls = {"calls": [{"call": {"name": tool, "arguments": command}}] * 2}
        ran = lab.run(yaml.safe_dump([calls, DONE]), TOOLS)
        assert [ran.result(at).strip() for at in range(2)] == (["2", "2"] if together else ["1", "2"])


@pytest.mark.parametrize(
    ("profile", "together"),
    [
        ("concurrency: {max_parallel: 1}", False),
        ("concurrency: {groups: [{name: g, match_tools: [wait], max_parallel: 1}]}", False),
        ("concurrency: {groups: [{name: g, match_tools: ['w*'], barrier_after: wait}]}", False),
        ("concurrency: {policy: seed}", False),
        ("concurrency: {policy: seed, nonblocking_tools: [wait]}", True),
        ("concurrency: {groups: [{name: g, match_tools: [wait], max_parallel: 2}]}", True),
    ],
)
def test_what_keeps_two_calls_apart(lab: Any, seen: Any, profile: str, together: bool) -> None:
    played(lab, profile, ("wait", "a", 0.1), ("wait", "b", 0.1))
    assert [what for what, _ in seen] == (["begin", "begin", "end", "end"] if together else ["begin", "end"] * 2)


def test_a_tool_that_declares_nothing_runs_alone_and_the_record_says_why(lab: Any, seen: Any) -> None:
    ran = played(lab, "", ("wait", "a", 0.1), ("block", "b", 0.1), ("wait", "c", 0.0))
    assert [name for _, name in seen] == ["a", "a", "b", "b", "c", "c"]
    waited = [item.raw.get("waited") for item in ran.items if item.part_type == "tool_result"]
    assert waited == [None, "for the clock", "for the clock"]


def test_calls_over_a_limit_are_refused_and_the_rest_runs(lab: Any, seen: Any) -> None:
    calls = [("twice", name, 0.0) for name in "abcd"]
    ran = played(lab, "", *calls)
    assert [status for _, status in ran.results()] == ["completed", "completed", "denied", "denied"]
    assert "2 time(s)" in ran.result(2)
    seen.clear()
    ran = played(
        lab, "concurrency: {at_most_one_of: [wait, twice]}", ("wait", "a", 0), ("twice", "b", 0), ("wait", "c", 0)
    )
    assert [status for _, status in ran.results()] == ["completed", "denied", "denied"]


@pytest.mark.parametrize(
    "calls", [[("fail", "machine", 0)], [("wait", "a", 9), ("fail", "machine", 0), ("wait", "b", 9)]]
)
def test_a_broken_machine_is_not_told_to_the_model_and_stays_what_it_is(lab: Any, seen: Any, calls: Any) -> None:
    with pytest.raises(MachineError, match="no sandbox"):
        anyio.run(_inside, lab, [reply(*calls), DONE], _take)
    assert seen.count(("cancelled", "a")) == len(calls) // 3


def test_a_bug_in_one_of_several_tools_is_no_group(lab: Any, seen: Any) -> None:
    with pytest.raises(ZeroDivisionError):
        anyio.run(_inside, lab, [reply(("wait", "a", 9), ("fail", "bug", 0)), DONE], _take)
    assert ("cancelled", "a") in seen


async def _inside(lab: Any, replies: list[Any], work: Any) -> Any:
    """Run `work` with an open agent; its errors are raised as they are, not as the lab's task groups give them."""
    error: BaseException | None = None
    result = None
    async with lab.opened(yaml.safe_dump(replies), lab.profile(TOOLS)) as (runtime, _):
        try:
            result = await work(runtime)
        except Exception as raised:  # noqa: BLE001 - raised again outside of the groups
            error = raised
    if error is not None:
        raise error
    return result


async def _take(runtime: Any) -> list[AgentItem]:
    return [item async for item in runtime.turn("Go.")]


def test_stopping_in_the_middle_of_calls_leaves_nothing_running(lab: Any) -> None:
    (lab.folder / "mine").mkdir()
    tool = "id: look\nkind: shell\ndescription: d\nhandler: run_shell\nresources: ['read:clock']\n"
    (lab.folder / "mine" / "look.yaml").write_text(tool + "parameters: [{name: command, type: string}]\n")
    commands = [f"while :; do echo x >> beat{number}; sleep 0.02; done" for number in range(3)]
    calls = [{"call": {"name": "look", "arguments": {"command": command}}} for command in commands]

    async def stop_when_all_have_begun(scope: anyio.CancelScope) -> None:
        while len(list(lab.workspace.glob("beat*"))) < 3:  # noqa: ASYNC110 - programs send no event
            await anyio.sleep(0.02)
        scope.cancel()

    async def stopped(runtime: Any) -> None:
        async with anyio.create_task_group() as tasks:
            with anyio.CancelScope() as scope:
                tasks.start_soon(stop_when_all_have_begun, scope)
                await _take(runtime)
        assert scope.cancelled_caught
        assert not runtime.steer("too late")

    anyio.run(_inside, lab, [{"calls": calls}, DONE], stopped)
    beats = {path.name: path.stat().st_size for path in lab.workspace.glob("beat*")}
    assert len(beats) == 3
    time.sleep(0.2)
    assert {path.name: path.stat().st_size for path in lab.workspace.glob("beat*")} == beats


def test_closing_a_turn_at_any_item_ends_it_at_once_and_the_next_turn_is_whole(lab: Any, seen: Any) -> None:
    replies = [reply(("wait", "a", 0.0), ("wait", "b", 0.0), ("block", "c", 0.0)), DONE, DONE]

    async def cut(number: int, runtime: Any) -> list[AgentItem]:
        async with aclosing(cast("AsyncGenerator[AgentItem]", runtime.turn("Go."))) as items:
            for _ in range(number):
                await anext(items)
        assert not runtime.steer("too late")
        return await _take(runtime)

    for number in range(1, 6):
        items = anyio.run(_inside, lab, replies, partial(cut, number))
        assert [item.content for item in items] == ["Done."]
