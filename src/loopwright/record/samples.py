"""A made-up run, for tests, benchmarks and documentation; deterministic."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from typing import Any

from msgspec import structs

from loopwright.record.events import (
    SCHEMA_VERSION,
    AgentSession,
    CheckpointInfo,
    CheckpointTaken,
    Event,
    FileChange,
    Limits,
    LimitsChanged,
    ModelCalled,
    Noticed,
    PartAdded,
    Payload,
    RunEnded,
    RunResumed,
    RunStarted,
    ScriptPosition,
    SkippedFile,
    Steered,
    StopRequested,
    SuiteCount,
    TestsGraded,
    ToolUse,
    TurnEnded,
    TurnStarted,
    Usage,
)

__all__ = ["at", "commit_id", "graded", "model_called", "part_added", "run_started", "sample_events"]

_BEGIN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def at(seconds: float) -> str:
    """The time so many seconds after the run began, ISO 8601."""
    return (_BEGIN + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def commit_id(name: object) -> str:
    """40 hex digits for a name."""
    return sha1(str(name).encode(), usedforsecurity=False).hexdigest()


def run_started(trajectory_id: str = "sample", **changes: Any) -> RunStarted:
    """The first event, with two suites of two and three tests."""
    event = RunStarted(
        schema_version=SCHEMA_VERSION,
        trajectory_id=trajectory_id,
        session_id="session-1",
        started_at=at(0),
        agent="native",
        agent_version="0.1.0",
        agent_model="scripted:demo.yaml",
        model="scripted:demo.yaml",
        scripted=True,
        task="demo",
        task_path="examples/demo",
        task_digest="d" * 64,
        instruction=Payload(value="Write a program.", size=18),
        sandbox="bwrap",
        isolation="bwrap 0.8.0: user, pid, net, mount namespaces",
        limits=Limits(max_parts=1000),
        suites={"basics": 2, "more/extra": 3},
        store="file:///store",
        artifacts={"agent_trace": "file:///store/agent_trace.json"},
        initial_commit=commit_id(0),
        initial_tree=commit_id("tree 0"),
        parent="earlier",
        parent_part=7,
        environment={"python": "3.11"},
        options={"seed": 1, "nested": {"list": [1, 2.5, None, True]}},
    )
    return structs.replace(event, **changes)


def part_added(part: int, turn: int = 1, size: int = 100, **changes: Any) -> PartAdded:
    """A tool call that changed nothing; `size` is about the number of characters in its arguments."""
    event = PartAdded(
        part=part,
        turn=turn,
        timestamp=at(part),
        role="assistant",
        part_type="tool_call",
        item_type="function_call",
        summary=f"write_file main.py ({part})",
        duration_ms=12,
        agent_model="scripted:demo.yaml",
        tool=ToolUse("write_file", f"call-{part}", Payload(value={"path": "main.py", "text": "x" * size}, size=size)),
        usage=Usage(input_tokens=100, output_tokens=20),
        cost=0.001,
        reply=part,
    )
    return structs.replace(event, **changes)


def checkpointed(event: PartAdded, before: str) -> PartAdded:
    """The part with a checkpoint named after it, following the commit `before`."""
    change = FileChange("main.py", "modified")
    name = commit_id(event.part)
    info = CheckpointInfo(before, name, commit_id(f"tree {event.part}"), (change,))
    return structs.replace(event, files=(change,), checkpoint=info)


def graded(number: int, commit: str, suites: dict[str, SuiteCount], **changes: Any) -> TestsGraded:
    """A grade of everything, of the agent's asking."""
    event = TestsGraded(
        grade_id=f"grade-{number}",
        cause="agent",
        turn=1,
        part=number,
        timestamp=at(number + 0.5),
        commit=commit,
        tree=commit_id(f"tree of {commit}"),
        path="",
        status_code=200,
        error="",
        passed=sum(count.passed for count in suites.values()),
        failed=sum(count.failed for count in suites.values()),
        total=sum(count.total for count in suites.values()),
        duration_ms=400,
        suites=suites,
        results=Payload(value=[], size=2),
        call_id=f"call-{number}",
    )
    return structs.replace(event, **changes)


def model_called(call: int, **changes: Any) -> ModelCalled:
    """One answer of a scripted model."""
    event = ModelCalled(
        call=call,
        timestamp=at(call),
        api="chat",
        model_asked="demo",
        model_served="demo",
        backend="scripted",
        streamed=True,
        status=200,
        finish_reason="stop",
        usage=Usage(100, 20, 30, 4, 5),
        cost=0.5,
        latency_ms=12.5,
        first_token_ms=3.25,
        script=ScriptPosition("main", call, call, "e" * 64, call + 1, 1),
    )
    return structs.replace(event, **changes)


def sample_events(trajectory_id: str = "sample") -> Iterator[Event]:
    """A run in two turns with every kind of event: it is stopped, resumed and solved; ten parts."""
    half = {"basics": SuiteCount(1, 1, 2, 2), "more/extra": SuiteCount(0, 0, 0, 3, "the build failed")}
    full = {"basics": SuiteCount(2, 0, 2, 2), "more/extra": SuiteCount(3, 0, 3, 3)}
    hidden = Payload(blob="b" * 64, size=9000, preview="a long text")
    yield run_started(trajectory_id)
    yield TurnStarted(1, at(0.5), Payload(value="Write a program.", size=18), 1)
    yield model_called(1, request=Payload(value={"n": 1}, size=7), response=hidden, retries=2, error="overloaded")
    yield PartAdded(1, 1, at(1), "assistant", "reasoning", "thinking", "Thinks", 5, "m", Payload(value="Hm.", size=5))
    skipped = SkippedFile("core", 1 << 30, "too_large", "c" * 64)
    first = checkpointed(part_added(2), commit_id(0))
    info = structs.replace(first.checkpoint, skipped=(skipped,)) if first.checkpoint else None
    yield structs.replace(first, checkpoint=info)
    yield Noticed(at(2.5), "warning", "too_large", "core is recorded by hash.")
    yield part_added(3)
    between = (FileChange("notes.md", "added"),)
    yield CheckpointTaken(at(3.2), 1, 3, CheckpointInfo(commit_id(2), commit_id(3), commit_id("tree 3"), between))
    yield graded(3, commit_id(3), half, error="one suite could not be built", status_code=500)
    done = ToolUse("run_tests", "call-3", None, Payload(value="1 of 5", size=8), "completed", 0)
    yield part_added(4, part_type="tool_result", role="user", tool=done, grade_ids=("grade-3",), parent="child")
    memory = {"sessions/one.jsonl": Payload(value="e30K", size=6)}
    yield AgentSession(at(4.5), 1, 4, "native", "thread-1", memory, {"sessions/one.jsonl": 100})
    yield StopRequested(at(5), "Ctrl-C")
    yield TurnEnded(1, at(5), 4, "interrupted", "stopped")
    yield RunEnded(at(5), "stopped", 4, 1, commit_id(3), None, "asked for")
    yield RunResumed(at(1000), 4, commit_id(3), Limits(max_parts=50, max_cost=1.5), "by hand")
    yield TurnStarted(2, at(1001), Payload(value="Go on.", size=8), 5)
    for part in range(5, 9):
        yield structs.replace(part_added(part, turn=2), timestamp=at(1000 + part))
    yield Steered(at(1008.2), "loopwright steer", Payload(value="Mind the edge cases.", size=22), "now", 2, 8)
    yield LimitsChanged(at(1008.5), "loopwright limit", Limits(max_parts=60, max_cost=1.5))
    yield structs.replace(checkpointed(part_added(9, turn=2, raw=hidden), commit_id(3)), timestamp=at(1009))
    yield PartAdded(10, 2, at(1010), "assistant", "text", "message", "Done", 1, "m", Payload(value="Done.", size=7))
    yield TurnEnded(2, at(1011), 10, "finished")
    yield graded(10, commit_id(9), full, cause="turn_end", turn=2, timestamp=at(1012), call_id="", cached=True)
    yield RunEnded(at(1013), "solved", 10, 2, commit_id(9), commit_id(9))
