"""`bash_block`: a shell command between tags.

    <BASH>
    make && ./run
    </BASH>

Between tags on lines of their own, any text is the command; on one line, neither tag may occur in it.
"""

from __future__ import annotations

import re

from loopwright.runtime.calls import Call
from loopwright.runtime.dialects.dialect import Block, Dialect, Fault, ParseOptions
from loopwright.runtime.dialects.source import Source

__all__ = ["BashBlock"]

_CLOSER = "</BASH>"
# A closer stands at the beginning of a line, or at the end of one, or right before the next block.
_PLACED = re.compile(r"^[ \t]*</BASH>|</BASH>(?=[ \t\r]*$|[ \t]*<BASH>)", re.MULTILINE)
_NEXT = re.compile(r"<BASH>|^[ \t]*</BASH>[ \t\r]*$", re.MULTILINE)
_OPENED = re.compile(r"^[ \t]*<BASH>", re.MULTILINE)


class BashBlock(Dialect):
    """Commands in `<BASH>` tags, which call the shell tool."""

    name = "bash_block"
    serves = "shell"
    tag = "<BASH>"
    closer = _CLOSER

    def at_opener(self, source: Source, start: int, options: ParseOptions) -> Block | None:
        """Read to the closer that belongs to the form: on its own line for a block, on the same line for a line."""
        body = start + len(self.tag)
        found = _PLACED.search(source.text, body)
        if found is None:
            fault = Fault(start, "<BASH> that is not closed", f"{_CLOSER} on a line of its own")
            return self.malformed(source, (start, len(source.text)), fault)
        command, end = source.text[body : found.start()], found.end()
        first, newline, rest = command.partition("\n")
        is_block = bool(newline) and not first.strip()
        is_unclear = _OPENED.search(rest) if is_block else ("<BASH>" in command or _CLOSER in command)
        after = _NEXT.search(source.text, end)
        if after and after[0] != self.tag:
            is_unclear, end = after, after.end()  # one closer too many: the first may be part of the command
        command = (rest if is_block else command).replace("\r\n", "\n").strip("\n")
        span = (start, end)
        if is_unclear:
            expected = f"<BASH> and {_CLOSER} on lines of their own around one command"
            return self.malformed(source, span, Fault(start, "tags that do not show where the command ends", expected))
        if not command.strip():
            return self.malformed(source, span, Fault(start, "<BASH> without a command", "a command between the tags"))
        return Block(*span, (self.call(source, span, options.shell_tool, {options.shell_argument: command}),))

    def render(self, call: Call, options: ParseOptions) -> str:
        """Write a call of the shell tool that has no other argument than the command."""
        command = (call.arguments or {}).get(options.shell_argument)
        if not isinstance(command, str) or call.arguments != {options.shell_argument: command}:
            raise self.cannot(call)
        if call.tool != options.shell_tool or not command.strip() or command != command.strip("\n"):
            raise self.cannot(call)
        if _PLACED.search(f"{command}\n") or _OPENED.search(command) or "\r" in command:
            raise self.cannot(call)
        return f"<BASH>\n{command}\n{_CLOSER}"
