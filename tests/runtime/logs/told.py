"""A run whose events a test writes one by one, and what its folder then says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from loopwright.gateway.requests import RequestKeeper
from loopwright.record import (
    Event,
    Journal,
    ModelCalled,
    PartAdded,
    Payload,
    RunDir,
    TestsGraded,
    ToolUse,
    TurnStarted,
    Usage,
)
from loopwright.record.samples import run_started
from loopwright.runtime.config.schema.record import Logging
from loopwright.runtime.logs import RunFolder
from loopwright.runtime.logs.redaction import Redactor

__all__ = ["NOW", "TOOL", "Writer", "conversation", "graded", "titles"]

NOW = "2026-01-02T03:04:05Z"
TOOL = {"type": "function", "function": {"name": "read_file", "parameters": {}}}


class Writer:
    """Writes the events of a run: `say`, `call`, `result`, `ask` number themselves."""

    def __init__(self, folder: Path) -> None:
        self.rundir = RunDir.create(folder / "home", "run")
        self.root = folder / "logs"
        self._events: list[Event] = [run_started()]
        self._keeper = RequestKeeper()
        self._messages: list[dict[str, Any]] = []
        self._parts = self._calls = self._replies = self._turns = 0
        self._done = 0

    def turn(self, text: str, sent: str = "") -> None:
        self._turns += 1
        self._messages.append({"role": "user", "content": sent or text})
        self._events.append(TurnStarted(self._turns, NOW, Payload(value=text), self._parts + 1))

    def ask(
        self,
        system: str = "Be good.",
        tools: tuple[Any, ...] = (),
        error: str = "",
        status: int = 200,
        model: str = "m",
    ) -> None:
        self._calls += 1
        messages = [{"role": "system", "content": system}, *self._messages]
        request = {"model": "m", "messages": messages, **({"tools": list(tools)} if tools else {})}
        kept = self._keeper.shorten("chat", self._calls, request)
        self._events.append(
            ModelCalled(
                self._calls, NOW, "chat", model, model, "scripted", False, status, "stop", Usage(), 0.0, 1.0, None,
                error=error, request=Payload(value=kept), response=None if error else Payload(value={"id": "r"}),
            )
        )  # fmt: skip
        self._replies += not error

    def part(self, kind: str, item: str, text: str = "", tool: ToolUse | None = None, role: str = "assistant") -> None:
        self._parts += 1
        content = Payload(value=text) if text else None
        reply = None if role == "user" and kind == "text" else self._replies
        part = {"part": self._parts, "turn": self._turns, "timestamp": NOW, "role": role, "part_type": kind}
        part |= {"item_type": item, "summary": text[:60] or (tool.name if tool else ""), "duration_ms": 0}
        self._events.append(PartAdded(**part, agent_model="m", content=content, tool=tool, reply=reply))  # type: ignore[arg-type]

    def say(self, text: str) -> None:
        self._messages.append({"role": "assistant", "content": text})
        self.part("text", "message", text)

    def call(self, name: str, arguments: Any, result: str, item: str = "function_call") -> None:
        self.part("tool_call", item, tool=ToolUse(name, "c1", Payload(value=arguments)))
        answer = "function_call_output" if item == "function_call" else item
        self.part(
            "tool_result", answer, tool=ToolUse(name, "c1", None, Payload(value=result), "completed"), role="user"
        )

    def folder(self, redactor: Redactor | None = None, **settings: Any) -> RunFolder:
        return RunFolder(self.rundir, self.root / "one", Logging(**settings), redactor or Redactor({}))

    def flush(self) -> None:
        with Journal.open(self.rundir) as journal:
            for event in self._events[self._done :]:
                journal.append(event)
        self._done = len(self._events)

    def written(self, **settings: Any) -> str:
        """The conversation of a new folder; every link in it has to lead to a file."""
        self.flush()
        folder = self.folder(**settings)
        folder.update()
        return conversation(folder.folder)


def graded(cause: Literal["turn_end", "final"], passed: int, total: int) -> TestsGraded:
    counts = {"passed": passed, "failed": total - passed, "total": total}
    place = {"turn": 1, "part": 1, "timestamp": NOW, "commit": "0" * 40, "tree": "0" * 40, "path": ""}
    rest = {"status_code": 200, "error": "", "duration_ms": 1, "suites": {}, "results": Payload(value=[])}
    return TestsGraded(cause, cause, **place, **counts, **rest)  # type: ignore[arg-type]


def conversation(folder: Path) -> str:
    file = folder / "conversation" / "conversation.md"
    text = file.read_text()
    for link in re.findall(r"\]\((\.\./[^)]+)\)", text):
        assert (file.parent / link).resolve().is_file(), link
    return text


def titles(text: str) -> list[str]:
    """The headings outside of fences."""
    bare = re.sub(r"^(`{3,})text\n.*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^(?:\*\*(.+?)\*\*|## .*)", bare, flags=re.MULTILINE)
