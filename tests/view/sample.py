"""A realistic trajectory made up: 61 parts, 3 turns, 12 checkpoints, grades that rise, fall and recover."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha1
from typing import Any

from msgspec import UNSET

from loopwright.record import (
    CheckpointInfo,
    Event,
    FileChange,
    Limits,
    ModelCalled,
    Noticed,
    PartAdded,
    Payload,
    RunEnded,
    RunStarted,
    SuiteCount,
    TestsGraded,
    ToolUse,
    Trace,
    TurnEnded,
    TurnStarted,
    Usage,
    fold,
)

ID = "3f2a9c1b7d5e4f60"
START = datetime(2025, 7, 14, 9, 12, 0, tzinfo=UTC)
CATEGORIES = {
    "smoke": 7,
    "variables": 11,
    "control_flow": 13,
    "functions": 12,
    "expressions": 14,
    "edge_cases": 9,
    "stress": 6,
    "multi_file": 6,
    "rejects": 8,
}
ROUNDS = 12
_TURN_OF_ROUND = [1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3]
_SAYS = [
    "A driver that calls gcc's assembler, so that something runs end to end.",
    "Local variables live on the stack; every declaration gets a slot.",
    "if, while and for become labels and jumps.",
    "Arguments go through registers, the rest through the stack.",
    "Precedence climbing for the expression parser.",
    "Pointers and arrays: scale the index by the size of the element.",
    "A rewrite of the register allocator.",
    "The allocator clobbered callee-saved registers: save them.",
    "Large frames need probing; deep recursion now works.",
    "Several files: compile each, link once.",
    "Reject what is not C: undeclared names, wrong arity, missing return type.",
    "The last two edge cases: integer promotion, and shifts of negative numbers.",
]


def every_test(suites: int = 1) -> list[tuple[str, str]]:
    """(suite, id) of every test, in the order in which they come to pass."""
    found = [
        ("basics", f"basics/{category}/{category[:4]}_{n:02d}")
        for category, count in CATEGORIES.items()
        for n in range(count)
    ]
    if suites > 1:
        found += [("torture", f"torture/part_{n // 20 + 1}/{20000101 + n}") for n in range(60)]
    return found


def cases(round_number: int, suites: int = 1, path: str = "") -> list[dict[str, Any]]:
    """The case results of the grade of round 1..12."""
    everything = every_test(suites)
    done = len(everything) * round_number // ROUNDS
    return [
        _case(index, suite, test, _status(round_number, index, done, test))
        for index, (suite, test) in enumerate(everything)
        if test.startswith(path)
    ]


def _status(round_number: int, index: int, done: int, test: str) -> str:
    if round_number == 7 and index % 3 == 1 and index < done:
        return "failed"
    if round_number == 8 and "functions" in test and index % 3 == 0:
        return "timeout"
    if index < done - (index % 5 if round_number < ROUNDS else 0):
        return "passed"
    if "stress" in test:
        return "timeout"
    return "error" if round_number == 1 else "failed"


def _case(index: int, suite: str, test: str, status: str) -> dict[str, Any]:
    row: dict[str, Any] = {"id": test, "suite": suite, "status": status, "duration_ms": 20 + index % 7 * 11}
    if status != "passed":
        row |= {"message": f"exit code 1, expected {index % 5}", "expected": f"{index}\n", "actual": "<b>\x1b[31m0\n"}
    return row


def commit(number: int) -> str:
    """A commit id: 40 hex digits."""
    return sha1(f"commit {number}".encode()).hexdigest()


def sample_events(*, suites: int = 1, scripted: bool = True, ended: bool = True, priced: bool = True) -> list[Event]:
    """The journal of the trajectory, in order."""
    return _Writer(suites, scripted, ended, priced).events


class _Writer:
    def __init__(self, suites: int, scripted: bool, ended: bool, priced: bool) -> None:
        self.suites, self.priced, self.scripted = suites, priced, scripted
        self.events: list[Event] = []
        self.part = self.turn = self.calls = self.seconds = 0
        self.commit = commit(0)
        self.start(scripted)
        for number in range(1, ROUNDS + 1):
            self.round(number)
        if ended:
            self.end_turn()
            self.grade("final", ROUNDS)
            solved = self.commit
            self.add(RunEnded(self.now(), "solved", self.part, self.turn, self.commit, solved, "every suite passed"))

    def add(self, event: Event) -> None:
        self.events.append(event)

    def now(self) -> str:
        self.seconds += 1
        return (START + timedelta(seconds=self.seconds)).isoformat()

    def start(self, scripted: bool) -> None:
        expected: dict[str, int] = {}
        for suite, _ in every_test(self.suites):
            expected[suite] = expected.get(suite, 0) + 1
        model = "scripted:examples/c_compiler/scripted.yaml" if scripted else "anthropic/claude-sonnet-4-6"
        self.add(
            RunStarted(
                schema_version=1,
                trajectory_id=ID,
                session_id="session-1",
                started_at=START.isoformat(),
                agent="native",
                agent_version="0.1.0",
                agent_model="scripted-c-compiler" if scripted else model.partition("/")[2],
                model=model,
                scripted=scripted,
                task="c_compiler",
                task_path="examples/c_compiler",
                task_digest="9d" * 32,
                instruction=Payload(value="Write a C compiler in Python."),
                sandbox="bwrap",
                isolation="bwrap 0.8.0: user, pid, net, mount namespaces",
                limits=Limits(max_parts=200, max_seconds=3600.0),
                suites=expected,
                store="file:///home/someone/.loopwright",
                artifacts={"agent_trace": f"trajectories/{ID}/agent_trace.json"},
                initial_commit=commit(0),
                initial_tree="11" * 20,
            )
        )
        self.add(Noticed(self.now(), "warning", "memory_not_limited", "Memory is not limited: no cgroup is writable."))

    def round(self, number: int) -> None:
        turn = _TURN_OF_ROUND[number - 1]
        if turn != self.turn:
            if self.turn:
                self.end_turn()
            self.turn = turn
            self.add(TurnStarted(turn, self.now(), Payload(value="Go on; 12 tests fail."), self.part + 1))
        self.call(number)
        self.say("reasoning" if number % 3 else "text", _SAYS[number - 1])
        self.write(number)
        if number == 6:
            self.test(number, "basics/smoke")
        else:
            self.test(number)

    def call(self, number: int) -> None:
        self.calls += 1
        self.seconds += 20
        usage = Usage(600 + 40 * number, 900 + 70 * (number % 4), 3000 * number, 400, 300)
        cost = (0.0 if self.scripted else 0.031 + 0.004 * number) if self.priced or number < 5 else None
        backend = "scripted" if self.scripted else "anthropic"
        call = ModelCalled(
            self.calls, self.now(), "chat", "m", "m", backend, True, 200, "stop", usage, cost, 812.0, 120.0
        )
        self.add(call)

    def item(self, part_type: Any, item_type: str, summary: str, **more: Any) -> None:
        self.part += 1
        self.add(
            PartAdded(
                part=self.part,
                turn=self.turn,
                timestamp=self.now(),
                role="assistant",
                part_type=part_type,
                item_type=item_type,
                summary=summary,
                duration_ms=850,
                agent_model="scripted-c-compiler",
                reply=self.calls,
                **more,
            )
        )

    def say(self, part_type: str, text: str) -> None:
        self.item(part_type, part_type, text, content=Payload(value=text))

    def write(self, number: int) -> None:
        path = ["cc.py", "parser.py", "codegen.py", "build.sh"][number % 4]
        text = "".join(f"line {n}\n" for n in range(40 + number))
        arguments = Payload(value={"path": path, "content": text})
        call = f"call-{number}"
        self.item("tool_call", "write_file", f"write_file {path}", tool=ToolUse("write_file", call, arguments))
        before, self.commit = self.commit, commit(number)
        files = (FileChange(path, "added" if number < 4 else "modified"),)
        checkpoint = CheckpointInfo(before, self.commit, f"{number:02d}" * 20, files)
        result = ToolUse("write_file", call, arguments, Payload(value=f"wrote {len(text)} bytes"), "completed")
        self.item("tool_result", "write_file", f"wrote {path}", tool=result, files=files, checkpoint=checkpoint)

    def test(self, number: int, path: str = "") -> None:
        call = f"test-{number}"
        arguments = Payload(value={"test_path": path})
        self.item("tool_call", "run_tests", f"run_tests {path}".strip(), tool=ToolUse("run_tests", call, arguments))
        grade = self.grade("agent", number, path, call)
        text = f"{grade.passed} of {grade.total} passed"
        result = ToolUse("run_tests", call, arguments, Payload(value=text), "completed")
        self.item("tool_result", "run_tests", text, tool=result, grade_ids=(grade.grade_id,))

    def grade(self, cause: Any, number: int, path: str = "", call_id: str = "") -> TestsGraded:
        rows = cases(number, self.suites, path)
        counts: dict[str, SuiteCount] = {}
        for suite in dict.fromkeys(row["suite"] for row in rows):
            mine = [row["status"] == "passed" for row in rows if row["suite"] == suite]
            counts[suite] = SuiteCount(sum(mine), len(mine) - sum(mine), len(mine), len(mine))
        passed = sum(count.passed for count in counts.values())
        event = TestsGraded(
            grade_id=f"grade-{cause}-{number}",
            cause=cause,
            turn=self.turn,
            part=self.part,
            timestamp=self.now(),
            commit=self.commit,
            tree=f"{number:02d}" * 20,
            path=path,
            status_code=200,
            error="",
            passed=passed,
            failed=len(rows) - passed,
            total=len(rows),
            duration_ms=2300,
            suites=counts,
            results=Payload(value=rows),
            cached=cause != "agent",
            call_id=call_id,
        )
        self.add(event)
        return event

    def end_turn(self) -> None:
        if self.turn == 3:
            self.say("text", "Every test of basics passes; the compiler is done.")
        self.add(TurnEnded(self.turn, self.now(), self.part, "finished"))


def sample_trace(
    *, suites: int = 1, scripted: bool = True, ended: bool = True, priced: bool = True, until: int | None = None
) -> Trace:
    """The trace of `sample_events`, or of the first `until` of them."""
    return fold(sample_events(suites=suites, scripted=scripted, ended=ended, priced=priced)[:until])


def values(payload: Payload) -> Any:
    """Resolve a payload: everything in the sample is by value."""
    assert payload.value is not UNSET
    return payload.value
