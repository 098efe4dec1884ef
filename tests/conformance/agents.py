"""What the tale of every agent says, point by point, and the one table of what some agents cannot show."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["AGENTS", "EXCEPTIONS", "FACTS", "POINTS", "Entrant", "Exception_"]


class Entrant(NamedTuple):
    """An agent that the tale is told with: `agent` as `--agent` wants it, and the programs that it needs."""

    title: str
    agent: str
    programs: tuple[str, ...]


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
    "told something in the middle of a turn": ["text I am told something now.", "call shell", "result shell completed 0"],
    "stopped in the middle of a turn": ["text I am stopped now.", "call shell"],
    "out of tokens": ["text Short of tokens.", "call shell", "result shell completed 0", "files lives.txt added"],
    "out of money": ["text Short of money.", "call shell", "result shell completed 0", "files lives.txt modified"],
    "out of parts": ["text Short of parts.", "call shell", "result shell completed 0", "files lives.txt modified"],
}
"""What happens in the tale, and the lines (see `normal.lines`) that an agent's parts make of it."""

FACTS = (
    "hears you in the middle of a turn",
    "the same session after a crash, and after a stop",
    "which parts came from one reply of the model",
    "tokens of each reply with its parts",
    "each part's own raw item",
    "the end of 10 MB of output",
)
"""What is true of the whole tale, see `test_conformance_facts`."""


class Exception_(NamedTuple):
    """Where an agent differs: the words for people, and for a point the lines that come instead."""

    words: str
    lines: list[str] = []


_SAYS_WHY = "says why in a text of its own"

EXCEPTIONS: dict[str, dict[str, Exception_]] = {
    "native": {},
    "codex": {},
    "claude": {},
    "opencode": {},
    "acp": {},
}
