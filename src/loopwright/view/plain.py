"""Following a run where there is no terminal: one line per event, stable, easy to grep, without escapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TextIO

import msgspec

from loopwright.agents import Delta
from loopwright.base import one_line
from loopwright.record import (
    AgentSession,
    CheckpointTaken,
    Event,
    Limits,
    LimitsChanged,
    ModelCalled,
    Noticed,
    PartAdded,
    RunEnded,
    RunResumed,
    RunStarted,
    Steered,
    StopRequested,
    TestsGraded,
    TurnEnded,
    TurnStarted,
)
from loopwright.view._following import Clock, Following, time_of, utc_now
from loopwright.view._labels import money
from loopwright.view._pending import CompleteLines, Trickle

__all__ = ["PlainView"]

_TEXT = 240
_MOST_FILES = 100
_PLENTIFUL = ("output", "diff")


class PlainView:
    """Writes `SEQ TIME EVENT KEY=VALUE... TEXT`, one line per event.

    SEQ is the number in the journal, TIME is `HH:MM:SS` in UTC, EVENT the tag of the event as in the journal. Values
    hold no spaces; the text, where there is one, comes last. The format changes only by further keys.

    What is on its way is told line by line, where it has several: SEQ is `------` then and EVENT is `delta`. Of what
    tools print, and of diffs, only so much is told as can be read; `left_out` counts the lines that were not.

    Args:
        stream: Where the lines go; flushed after each.
        limits: Taken for the likeness of `LiveView`; the limits are printed as the run was started with them.
        clock: The time now in UTC, for what is on its way.
    """

    def __init__(self, stream: TextIO, limits: Limits | None = None, *, clock: Clock = utc_now) -> None:
        self._stream = stream
        self._state = Following(limits)
        self._clock = clock
        self._coming = CompleteLines()
        self._trickle = Trickle()

    def on_event(self, seq: int, event: Event) -> None:
        """Print an event; one that was printed before is left out.

        Raises:
            OSError: The stream cannot be written.
        """
        if not self._state.apply(seq, event):
            return
        self._coming.on_event(event)
        self._tell_left_out()
        tag = event.__struct_config__.tag
        self._print(f"{seq:06d} {time_of(event):%H:%M:%S} {tag} {self._words(event)}")

    def catch_up(self, seq: int, event: Event) -> None:
        """Take an event of the past into account, and print nothing of it."""
        self._state.apply(seq, event)

    def on_delta(self, delta: Delta) -> None:
        """Print the lines that this piece completes.

        Raises:
            OSError: The stream cannot be written.
        """
        for kind, tool, text in self._coming.on_delta(delta):
            if kind in _PLENTIFUL and not self._trickle.lets_through(self._clock()):
                continue
            self._tell_left_out()
            self._delta({"kind": kind} | ({"tool": tool} if tool else {}), text)

    def _tell_left_out(self) -> None:
        number = self._trickle.left_out()
        if number:
            self._delta({"left_out": number})

    def _delta(self, pairs: Mapping[str, object], text: str = "") -> None:
        self._print(f"------ {self._clock():%H:%M:%S} delta {_pairs(pairs, text)}")

    def _print(self, line: str) -> None:
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        self._stream.write(line.rstrip().encode(encoding, "replace").decode(encoding) + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Nothing is held open; here for the likeness of `LiveView`."""

    def _words(self, event: Event) -> str:
        match event:
            case RunStarted():
                return _started(event)
            case PartAdded():
                return self._part(event)
            case TestsGraded():
                return _graded(event)
            case ModelCalled():
                return _called(event)
            case TurnStarted() | TurnEnded():
                return _turn(event)
            case _:
                return _other(event)

    def _part(self, event: PartAdded) -> str:
        pairs: dict[str, object] = {"part": event.part, "turn": event.turn, "type": event.part_type}
        if event.parent is not None:
            pairs["subagent_of"] = self._state.caller(event)
        if event.tool is not None:
            pairs |= {"tool": event.tool.name, "status": event.tool.status}
            if event.tool.exit_code is not None:
                pairs["exit"] = event.tool.exit_code
        if event.checkpoint is not None:
            pairs["commit"] = event.checkpoint.commit_after[:12]
        if event.files:
            pairs["files"] = ",".join(words.replace(" ", ":") for words in self._state.change_words(event, _MOST_FILES))
        return _pairs(pairs, event.summary)


def _pairs(pairs: Mapping[str, object], text: str = "") -> str:
    words = [f"{key}={_word(value)}" for key, value in pairs.items()]
    return " ".join([*words, one_line(text, _TEXT)]).rstrip()


def _word(value: object) -> str:
    """A value without spaces: whatever an agent or a person named it."""
    return "_".join(one_line(str(value), _TEXT).split()) or "-"


def _started(event: RunStarted) -> str:
    pairs = {
        "id": event.trajectory_id,
        "agent": event.agent,
        "model": event.model or event.agent_model,
        "scripted": "yes" if event.scripted else "no",
        "task": event.task,
        "sandbox": event.sandbox,
        **({"parent": f"{event.parent}:{event.parent_part}"} if event.parent is not None else {}),
        **_limits(event.limits),
    }
    return _pairs(pairs)


def _limits(limits: Limits) -> dict[str, object]:
    return {key: value for key, value in msgspec.to_builtins(limits).items() if value is not None}


def _graded(event: TestsGraded) -> str:
    suites = {f"suite:{name}": f"{count.passed}/{count.expected}" for name, count in event.suites.items()}
    pairs = {
        "part": event.part,
        "cause": event.cause,
        "path": event.path or "all",
        "passed": event.passed,
        "failed": event.failed,
        "total": event.total,
        "code": event.status_code,
        "commit": event.commit[:12],
        **{_word(name): count for name, count in suites.items()},
    }
    return _pairs(pairs, event.error)


def _called(event: ModelCalled) -> str:
    pairs = {
        "call": event.call,
        "model": event.model_served,
        "backend": event.backend,
        "status": event.status,
        "tokens": event.usage.total,
        "cost": "unknown" if event.cost is None else money(event.cost),
        "ms": round(event.latency_ms),
        **({"purpose": event.purpose} if event.purpose not in ("", "turn") else {}),
        **({"waited_ms": round(event.waited_ms)} if event.waited_ms >= 1 else {}),
    }
    return _pairs(pairs, event.error)


def _turn(event: TurnStarted | TurnEnded) -> str:
    if isinstance(event, TurnStarted):
        return _pairs({"turn": event.turn, "part": event.part_start})
    return _pairs({"turn": event.turn, "part": event.part_end, "outcome": event.outcome}, event.detail)


def _other(event: Event) -> str:
    match event:
        case Noticed():
            return _pairs({"level": event.level, "code": event.code}, event.message)
        case StopRequested():
            return _pairs({"source": event.source})
        case RunResumed():
            pairs = {"part": event.after_part, "commit": event.commit[:12]}
            return _pairs(pairs | _limits(event.limits or Limits()), event.detail)
        case RunEnded():
            pairs = {"reason": event.reason, "parts": event.total_parts, "turns": event.total_turns}
            return _pairs(pairs | {"commit": event.final_git_commit[:12]}, event.detail)
        case _:
            return _beside(event)


def _beside(event: Event) -> str:
    match event:
        case CheckpointTaken():
            files = ",".join(
                f"{change.path}:{change.status}" for change in event.checkpoint.changed_files[:_MOST_FILES]
            )
            return _pairs({"part": event.part, "commit": event.checkpoint.commit_after[:12], "files": files})
        case AgentSession():
            return _pairs({"part": event.part, "session": event.session_id, "files": len(event.files)})
        case Steered():
            text = event.text.value if isinstance(event.text.value, str) else event.text.preview
            return _pairs({"source": event.source, "delivered": event.delivered}, text)
        case LimitsChanged():
            return _pairs({"source": event.source} | _limits(event.limits))
        case _:
            return ""
