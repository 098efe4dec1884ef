"""What the tale of every agent says, point by point, and the one table of what some agents cannot show."""

from __future__ import annotations

from typing import NamedTuple

from tests.conformance.facts import (
    counts_tokens,
    hears_at_once,
    keeps_its_session,
    keeps_raw_items,
    keeps_the_end,
    numbers_replies,
)
from tests.conformance.tale import Entrant

__all__ = ["AGENTS", "EXCEPTIONS", "FACTS", "POINTS", "Difference", "expected"]


AGENTS = {
    "native": Entrant("native", "native", ()),
    "codex": Entrant("Codex", "codex", ("codex",)),
    "claude": Entrant("Claude Code", "claude", ("claude",)),
    "opencode": Entrant("OpenCode", "opencode", ("opencode",)),
    "acp": Entrant("OpenCode over ACP", "acp:opencode acp", ("opencode",)),
}

POINTS: dict[str, list[str]] = {
    "reasoning, and text": ["reasoning First I look around.", "text I begin."],
    "a shell command, with its exit code": ["call shell", "result shell completed 0"],
    "create a file by a tool": ["call edit", "result edit completed", "files greet.sh added"],
    "create files by a command": ["call shell", "result shell completed 0", "files gone.txt added, made.txt added"],
    "`run_tests`, and its counts": ["call tests", "result tests completed all 0/3"],
    "edit a file by a tool": ["call edit", "result edit completed", "files greet.sh modified"],
    "edit a file by a command": ["call shell", "result shell completed 0", "files made.txt modified"],
    "a patch of two files": [
        "call edit",
        "call edit",
        "result edit completed",
        "result edit completed",
        "files added.txt added, made.txt modified",
    ],
    "delete a file by a tool": ["call edit", "result edit completed", "files gone.txt deleted"],
    "delete a file by a command": ["call shell", "result shell completed 0", "files added.txt deleted"],
    "a command that fails": ["call shell", "result shell failed 3"],
    "parallel calls, `run_tests` among them": [
        "text Now several at once.",
        "call shell",
        "call shell",
        "call tests",
        "result shell completed 0",
        "result shell completed 0",
        "result tests completed words/ada 1/1",
    ],
    "a sub-agent, and what it does": [
        "call subagent",
        "inner reasoning I am the other one.",
        "inner call shell",
        "inner result shell completed 0",
        "files copy.txt added",
        "inner text It says 1 and 2.",
        "result subagent completed",
    ],
    "a tool that does not exist": ["call nosuchtool", "result nosuchtool failed"],
    "10 MB of output": ["call shell", "result shell completed 0"],
    "output that is not UTF-8": ["call shell", "result shell completed 0 caf\N{REPLACEMENT CHARACTER}"],
    "the end of a turn": ["text That was the first turn."],
    "killed (SIGKILL) in the middle of a turn": ["text I am killed now.", "call shell"],
    "taken up again, in the same turn": [
        "text I go on.",
        "call edit",
        "result edit completed",
        "files back.txt added",
    ],
    "told something in the middle of a turn": [
        "text I am told something now.",
        "call shell",
        "result shell completed 0",
    ],
    "stopped in the middle of a turn": ["text I am stopped now.", "call shell"],
    "out of tokens": ["text Short of tokens.", "call shell", "result shell completed 0", "files lives.txt added"],
    "out of money": ["text Short of money.", "call shell", "result shell completed 0", "files lives.txt modified"],
    "out of parts": ["text Short of parts.", "call shell", "result shell completed 0", "files lives.txt modified"],
}
"""What happens in the tale, and the lines (see `normal.lines`) that an agent's parts make of it."""

FACTS = {
    "hears you in the middle of a turn": hears_at_once,
    "the same session after a crash and after a stop": keeps_its_session,
    "which parts came from one reply of the model": numbers_replies,
    "tokens of a reply with its parts": counts_tokens,
    "each item as it came": keeps_raw_items,
    "the end of 10 MB of output": keeps_the_end,
}
"""What is true of a whole tale; see `facts`."""


class Difference(NamedTuple):
    """Where an agent differs: the words for people, and for a point the lines that come instead."""

    words: str
    lines: tuple[str, ...] = ()


_BY_A_COMMAND = Difference("by a command", ("call shell", "result shell completed 0", "files gone.txt deleted"))
_COUNTED_BY_THE_GATEWAY = Difference("with the calls of the model")


def _short_of(what: str, change: str) -> tuple[str, ...]:
    said = (f"text Short of {what}.", "call shell", "result shell completed 0", f"files lives.txt {change}")
    return (*said, "text api_error")


EXCEPTIONS: dict[str, dict[str, Difference]] = {
    "native": {
        "delete a file by a tool": _BY_A_COMMAND,
        "a sub-agent, and what it does": Difference("has none", ("call subagent", "result subagent failed")),
        "killed (SIGKILL) in the middle of a turn": Difference(
            "runs the command again", ("text I am killed now.", "call shell", "result shell completed 0")
        ),
        "told something in the middle of a turn": Difference(
            "also as a part",
            ("text I am told something now.", "call shell", "result shell completed 0", "text Mind the gap."),
        ),
        "each item as it came": Difference("once for each reply"),
    },
    "codex": {
        "edit a file by a tool": Difference(
            "by a patch or a command", ("call shell", "result shell completed 0", "files greet.sh modified")
        ),
        "a patch of two files": Difference(
            "as one part", ("call edit", "result edit completed", "files added.txt added, made.txt modified")
        ),
        "a sub-agent, and what it does": Difference(
            "starting it and waiting are two calls",
            ("call subagent", "result subagent completed", *POINTS["a sub-agent, and what it does"]),
        ),
        "tokens of a reply with its parts": _COUNTED_BY_THE_GATEWAY,
    },
    "claude": {
        "a patch of two files": Difference(
            "reads first",
            (
                *("call edit",) * 3,
                *("result edit completed",) * 3,
                "files added.txt added, made.txt modified",
            ),
        ),
        "delete a file by a tool": _BY_A_COMMAND,
        "a sub-agent, and what it does": Difference(
            "without exit codes",
            tuple(line.removesuffix(" 0") for line in POINTS["a sub-agent, and what it does"]),
        ),
        "out of tokens": Difference("says why, in a text", _short_of("tokens", "added")),
        "out of money": Difference("says why, in a text", _short_of("money", "modified")),
        "tokens of a reply with its parts": _COUNTED_BY_THE_GATEWAY,
        "the end of 10 MB of output": Difference("only the beginning"),
    },
    "opencode": {"delete a file by a tool": _BY_A_COMMAND},
    "acp": {
        "delete a file by a tool": _BY_A_COMMAND,
        "a sub-agent, and what it does": Difference(
            "only its beginning and end", ("call subagent", "result subagent completed", "files copy.txt added")
        ),
        "hears you in the middle of a turn": Difference("at the next turn"),
        "which parts came from one reply of the model": Difference("no"),
        "tokens of a reply with its parts": _COUNTED_BY_THE_GATEWAY,
    },
}
"""Everything that an agent cannot show, or shows in another way. What is not needed any more fails a test."""


def expected(name: str) -> dict[str, list[str]]:
    """The lines of each point for one agent."""
    own = EXCEPTIONS[name]
    return {point: list(own[point].lines) if point in own else usual for point, usual in POINTS.items()}
