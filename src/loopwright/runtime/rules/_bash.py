"""Which programs a bash command would start, read from its syntax tree rather than from its first word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

__all__ = ["Reading", "Words", "read_command"]

Words = tuple[str, ...]

# Programs that start the program which follows their options. `xargs` and `find` are among them on purpose.
_WRAPPERS = frozenset(
    (
        "builtin",
        "chronic",
        "command",
        "coproc",
        "doas",
        "env",
        "exec",
        "ionice",
        "nice",
        "nohup",
        "parallel",
        "setsid",
        "stdbuf",
        "strace",
        "sudo",
        "time",
        "timeout",
        "unbuffer",
        "watch",
        "xargs",
    )
)
_SHELLS = frozenset(("ash", "bash", "dash", "ksh", "sh", "zsh"))
_FIND_RUNS = frozenset(("-exec", "-execdir", "-ok", "-okdir"))
_LITERALS = frozenset(("word", "number", "raw_string", "string", "concatenation", "command_name"))
_EXPANDED = frozenset("{*?[~")
_DEEPEST = 8


class Reading(Struct, frozen=True):
    """What a command would do, as far as its text tells.

    Attributes:
        commands: The words of every program that would be started, wrappers and what they wrap both.
        perhaps: The words behind a wrapper that could be its program, where an option may take a value.
        writes: Literal targets of output redirections.
        unclear: What cannot be told before it runs (`$X args`, `curl | sh`, a syntax error); empty where all can.
    """

    commands: tuple[Words, ...]
    perhaps: tuple[Words, ...]
    writes: tuple[str, ...]
    unclear: tuple[str, ...]


def read_command(text: str) -> Reading:
    """Read a bash command of any length; never runs anything."""
    found = _Found([], [], [], [])
    _read(text.replace("\\\n", ""), found, 0)
    return Reading(tuple(found.commands), tuple(found.perhaps), tuple(found.writes), tuple(found.unclear))


class _Found(Struct):
    commands: list[Words]
    perhaps: list[Words]
    writes: list[str]
    unclear: list[str]


@cache
def _parser() -> Parser:
    import tree_sitter_bash
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_bash.language()))


def _read(text: str, found: _Found, depth: int) -> None:
    if depth > _DEEPEST:
        found.unclear.append("commands inside of commands, too deep to follow")
        return
    root = _parser().parse(text.encode("utf-8", "replace")).root_node
    if root.has_error:
        found.unclear.append("a syntax that bash would read differently")
    for node in _walk(root):
        if node.type == "command":
            _read_words(_words(node), found, depth)
        elif node.type == "file_redirect":
            _read_redirect(node, found)


def _walk(node: Node) -> Iterator[Node]:
    waiting = [node]
    while waiting:
        at = waiting.pop()
        yield at
        waiting.extend(reversed(at.children))


def _words(command: Node) -> list[str | None]:
    """The words of a simple command, from its name on; None for one that is only known when it runs."""
    return [
        _literal(child)
        for child in command.named_children
        if child.type not in ("variable_assignment", "file_redirect", "herestring_redirect", "heredoc_redirect")
    ]


def _literal(node: Node) -> str | None:
    if node.type not in _LITERALS:
        return None
    if node.type in ("concatenation", "command_name", "string"):
        if node.type == "string" and any(child.type not in ("string_content", '"') for child in node.children):
            return None
        pieces = [_literal(child) for child in node.named_children if child.type != "string_content"]
        if node.type == "string":
            return _text(node)[1:-1]
        return None if None in pieces else "".join(piece or "" for piece in pieces)
    text = _text(node)
    return text[1:-1] if node.type == "raw_string" else text.replace("\\", "")


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _read_words(words: Sequence[str | None], found: _Found, depth: int) -> None:
    if not words or not words[0]:
        if words and words[0] is None:
            found.unclear.append("a program whose name is only known when it runs")
        return  # without a name, nothing is started
    name = words[0]
    if name != "[" and _EXPANDED & set(name):
        found.unclear.append("a program whose name is only known when it runs")
        return
    known = tuple("?" if word is None else word for word in words)
    found.commands.append(known)
    program = name.rsplit("/", 1)[-1]
    if program in _SHELLS:
        _read_shell(words, found, depth)
    elif program in ("eval", "trap"):
        _read_text(words[1:], found, depth)
    elif program == "find":
        for at, word in enumerate(words):
            if word in _FIND_RUNS:
                _read_words(words[at + 1 :], found, depth + 1)
    elif program in _WRAPPERS:
        _read_wrapped(words, found, depth)


def _read_wrapped(words: Sequence[str | None], found: _Found, depth: int) -> None:
    """What a wrapper starts: its first word that is no option, number or setting, or else a later one."""
    for at in range(1, len(words)):
        word = words[at]
        if word is None:
            found.unclear.append(f"what {words[0]} would start")
            return
        if not word.startswith("-") and "=" not in word and not word[:1].isdigit():
            _read_words(words[at:], found, depth + 1)
            later = (tuple(word or "?" for word in words[start:]) for start in range(at + 1, len(words)))
            found.perhaps.extend(later)
            return


def _read_shell(words: Sequence[str | None], found: _Found, depth: int) -> None:
    for at, word in enumerate(words[1:], 1):
        if word is not None and word.startswith("-") and "c" in word.lstrip("-") and not word.startswith("--"):
            _read_text(words[at + 1 : at + 2], found, depth)
            return
        if word is None or not word.startswith("-"):
            return  # A script file: it is a program like any other.
    found.unclear.append(f"what {words[0]} reads from its input")


def _read_text(words: Sequence[str | None], found: _Found, depth: int) -> None:
    if not words or None in words:
        found.unclear.append("a command that is put together when it runs")
        return
    _read(" ".join(word or "" for word in words), found, depth + 1)


def _read_redirect(node: Node, found: _Found) -> None:
    if not any(child.type in (">", ">>", "&>", "&>>", ">|", "<>") for child in node.children):
        return
    target = node.child_by_field_name("destination")
    literal = None if target is None else _literal(target)
    if literal is None:
        found.unclear.append("a file whose name is only known when it runs")
    else:
        found.writes.append(literal)
