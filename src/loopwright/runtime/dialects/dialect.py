"""What a dialect is: how it reads a block of its own in a text, and how it writes a call."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Literal

from msgspec import Struct

from loopwright.base import UsageError, one_line
from loopwright.runtime.calls import Call, Malformed, Parsed
from loopwright.runtime.dialects.source import Fence, Source
from loopwright.runtime.edits.operations import Operation

__all__ = ["Block", "Dialect", "Fault", "FencedDialect", "ParseOptions", "Serves", "block_name", "explain", "fenced"]

Serves = Literal["edit", "shell", "any"]


class ParseOptions(Struct, frozen=True):
    """What a dialect must know of the run in order to read a reply.

    Attributes:
        use_dev_null: Whether a unified diff creates files only from `/dev/null`.
        prefer_write_file_tool: Whether an empty SEARCH is refused, so that files are created by `write_tool`.
        edit_tool: The name under which blocks of an edit dialect are recorded.
        write_tool: The tool that creates files, as the model knows it.
        shell_tool: The tool that a shell block calls, as the model knows it.
        shell_argument: The argument of it that is the command.
        schemas: By tool, then by argument: its JSON schema, for syntaxes that do not say types.
    """

    use_dev_null: bool = False
    prefer_write_file_tool: bool = False
    edit_tool: str = "apply_patch"
    write_tool: str = "write_file"
    shell_tool: str = "run_shell"
    shell_argument: str = "command"
    schemas: Mapping[str, Mapping[str, dict[str, Any]]] = {}


class Fault(Exception):
    """A block cannot be read, because of what was found at the offset `at`; nothing of it may be done."""

    def __init__(self, at: int, found: str, expected: str) -> None:
        super().__init__(found)
        self.at, self.found, self.expected = at, found, expected


class Block(Struct, frozen=True):
    """A piece of a text that belongs to a dialect, in characters: its calls, or what is wrong with it."""

    start: int
    end: int
    calls: tuple[Call, ...] = ()
    malformed: Malformed | None = None


class Dialect:
    """One syntax for calls, read from text.

    A subclass says where a block of it can begin (`opener` at the start of a line, `tag` also right behind another
    block, or a fence), and reads it there. Reading is linear in the length of the text.

    Attributes:
        name: As in configs and in `Call.dialect`.
        serves: `edit` for file edits only, `shell` for commands only, `any` for calls of any tool.
        opener: Regular expression of a line that may begin a block, without its indentation; "" for none.
        tag: Regular expression of a tag that begins a block; "" for none.
        closer: What ends a block that a tag began.
    """

    name: ClassVar[str]
    serves: ClassVar[Serves]
    opener: ClassVar[str] = ""
    tag: ClassVar[str] = ""
    closer: ClassVar[str] = ""

    def at_opener(self, source: Source, start: int, options: ParseOptions) -> Block | None:
        """Read the block whose opener or tag stands at `start`; None where it is not one after all."""
        return None

    def at_fence(self, source: Source, fence: Fence, options: ParseOptions) -> Block | None:
        """Read the block in a fence; None where it is an ordinary one."""
        return None

    def render(self, call: Call, options: ParseOptions) -> str:
        """Write a call as a model should write it.

        Raises:
            UsageError: The syntax cannot say this.
        """
        raise self.cannot(call)

    def parse(self, text: str, reply: int, options: ParseOptions | None = None) -> Parsed:
        """Read the calls of a whole reply in this dialect alone. Never raises, whatever the text is."""
        from loopwright.runtime.dialects.scanner import parse

        return parse(text, reply, (self,), options or ParseOptions())

    def cannot(self, call: Call) -> UsageError:
        """The error that this dialect cannot write a call."""
        return UsageError(f"the dialect {self.name} cannot write this call of {call.tool}")

    def call(self, source: Source, span: tuple[int, int], tool: str, arguments: dict[str, Any]) -> Call:
        """A call that stands at a span."""
        return Call("", tool, arguments, source.text[slice(*span)], "text", self.name, span)

    def edit(
        self, source: Source, span: tuple[int, int], operations: Iterable[Operation], options: ParseOptions
    ) -> Call:
        """An edit that stands at a span."""
        raw = source.text[slice(*span)]
        return Call("", options.edit_tool, {"patch": raw}, raw, "text", self.name, span, tuple(operations))

    def block(self, source: Source, span: tuple[int, int], read: Callable[[], Iterable[Call]]) -> Block:
        """The block at a span, with the calls that `read` gives or the `Fault` that it raises."""
        try:
            return Block(*span, tuple(read()))
        except Fault as fault:
            return self.malformed(source, span, fault)

    def malformed(self, source: Source, span: tuple[int, int], fault: Fault) -> Block:
        """A block that cannot be read."""
        found = one_line(fault.found, 160)
        return Block(*span, malformed=Malformed(self.name, span, source.line_number(fault.at), found, fault.expected))


class FencedDialect(Dialect):
    """A dialect whose calls may stand in a fence with a label of its own.

    Attributes:
        labels: What the fence may be labelled.
        shape: What its first line that is not blank must match; all else in such a fence is prose.
    """

    labels: ClassVar[tuple[str, ...]]
    shape: ClassVar[re.Pattern[str]]

    def at_fence(self, source: Source, fence: Fence, options: ParseOptions) -> Block | None:
        """Read a fence with one of our labels whose body has our shape."""
        if fence.info not in self.labels:
            return None
        first = source.past_blank(fence.body)
        if not self.shape.match(source.text, first):
            return None
        closing = source.closing(fence)
        if closing is None:
            fault = Fault(fence.start, f"a {fence.info} fence that does not end", f"{fence.marks} after it")
            return self.malformed(source, (fence.start, len(source.text)), fault)
        span = (fence.start, closing.next)
        return self.block(source, span, lambda: self.read(source, (first, closing.start), span, options))

    def read(
        self, source: Source, body: tuple[int, int], span: tuple[int, int], options: ParseOptions
    ) -> Iterable[Call]:
        """Read the calls of a fence's body, which begins at a line; `span` is all of the fence.

        Raises:
            Fault: It cannot be read.
        """
        raise Fault(body[0], source.line(body[0]).text, f"a body that {self.name} reads")


def block_name(dialect: str) -> str:
    """What a block of a dialect is called, where people and models read it."""
    return f"{dialect.removesuffix('_block')} block"


def explain(malformed: Malformed) -> str:
    """What a model is told of a block that it must write again: where, what was found, what was expected."""
    block = f"the {block_name(malformed.dialect)} at line {malformed.line}"
    return (
        f"error: {block} of your reply cannot be read; nothing of it was done.\n"
        f"found: {one_line(malformed.found)}\nexpected: {one_line(malformed.expected)}"
    )


def fenced(label: str, body: str) -> str:
    """The lines of a body in a fence that is longer than any in it."""
    marks = "`" * max([3, *(len(run) + 1 for run in re.findall("^ {0,3}(`{3,})", body, re.MULTILINE))])
    return f"{marks}{label}\n{body}{marks}"
