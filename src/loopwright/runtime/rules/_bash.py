"""Which programs a bash command would start, read from its syntax tree rather than from its first word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct, field

from loopwright.runtime.rules._programs import Found, Words, started

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

__all__ = ["Reading", "read_command"]

_DEEPEST = 8
_WRITES = (">", ">>", ">&", "&>", "&>>", ">|", "<>")
_LITERALS = frozenset(("word", "number", "raw_string", "string", "concatenation", "command_name"))
_WORDS = (*_LITERALS, "ansi_c_string", "brace_expression", "command_substitution", "expansion", "simple_expansion")
_OWN = ("variable_assignment", "file_redirect", "herestring_redirect", "heredoc_redirect")
# Characters that make several words, or another word, out of an unquoted one.
_GLOBS = re.compile(r"(?<!\\)[*?\[~]")
_BRACES = re.compile(r"(?<!\\)\{[^{}]*(?:,|\.\.)")
_ESCAPED = re.compile(r'\\([$`"\\])')
# What bash would run if it ever took a text for arithmetic, a subscript or a prompt.
_HIDDEN = re.compile(r"\$\(|`")
_TEXTS = frozenset(("ansi_c_string", "raw_string", "string_content", "word"))
# In a word: a backtick that would begin a command, or the end of a line, which would end it.
_MISREAD = re.compile(r"(?<!\\)(?:\\\\)*[`\n]")
_BACKTICK = re.compile(r"(?<!\\)(?:\\\\)*`")
_SUMS = frozenset(("((", "arithmetic_expansion", "c_style_for_statement", "subscript", "unset_command"))
# Where else bash evaluates texts: what the node must hold for that.
_SOMETIMES = {
    "command": re.compile(r"(?:\S*/)?(?:let|mapfile|read|readarray)\b|(?:printf|test|\[)\s.*-v"),
    "declaration_command": re.compile(r".*(?:-\w*i|\[)", re.DOTALL),
    "expansion": re.compile(r".*:"),
    "test_command": re.compile(r".*-(?:v|eq|ne|lt|le|gt|ge)\b", re.DOTALL),
}
# Variables whose values bash runs as commands, and those that decide which file a program's name means.
_RUN = frozenset(("BASH_ALIASES", "BASH_CMDS", "BASH_ENV", "ENV", "PROMPT_COMMAND", "PS0", "PS1", "PS4", "SHELLOPTS"))
_LOOKUP = frozenset(("LD_AUDIT", "LD_LIBRARY_PATH", "LD_PRELOAD", "PATH"))


class Reading(Struct, frozen=True):
    """What a command would do, as far as its text tells.

    Attributes:
        commands: The words of every program that would be started, wrappers and what they wrap both. `PATH=` and the
            like stand for a change of what a program's name means.
        perhaps: The words behind a wrapper that could be its program, where that cannot be told for certain.
        writes: Literal targets of output redirections.
        unclear: What cannot be told before it runs (`$X args`, `curl | sh`, a syntax error); empty where all can.
        vague: What only matters where all is forbidden that is not allowed.
    """

    commands: tuple[Words, ...]
    perhaps: tuple[Words, ...]
    writes: tuple[str, ...]
    unclear: tuple[str, ...]
    vague: tuple[str, ...]


def read_command(text: str) -> Reading:
    """Read a bash command of any length; never runs anything."""
    reader = _Reader()
    reader.read(text, 0)
    found = reader.found
    return Reading(
        tuple(found.commands), tuple(found.perhaps), tuple(found.writes), tuple(found.unclear), tuple(found.vague)
    )


@cache
def _parser() -> Parser:
    import tree_sitter_bash
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_bash.language()))


class _Reader(Struct):
    """Reads a command, and the commands that stand in its words."""

    found: Found = field(default_factory=Found)
    moved: bool = False

    def read(self, text: str, depth: int) -> None:
        """Note all that a text would start."""
        if depth > _DEEPEST:
            self.found.unclear.append("commands inside of commands, too deep to follow")
            return
        self._tree(text, depth)
        if "\\\n" in text:
            # The parser takes a continued line for the end of a word; bash takes the halves together.
            self._tree(text.replace("\\\n", ""), depth)

    def _tree(self, text: str, depth: int) -> None:
        root = _parser().parse(text.encode("utf-8", "replace")).root_node
        if root.has_error:
            self.found.unclear.append("a syntax that bash would read differently")
        sums = hidden = False
        for node in _walk(root):
            sums = sums or _is_sum(node)
            hidden = hidden or (node.type in _TEXTS and _HIDDEN.search(_text(node).replace("\\", "")) is not None)
            self._node(node, depth)
        if sums and hidden:
            self.found.unclear.append("a quoted command in arithmetic or a test, which bash may run")

    def _node(self, node: Node, depth: int) -> None:
        match node.type:
            case "command":
                self._command(node, depth)
            case "file_redirect":
                self._redirect(node)
            case "heredoc_redirect":
                self._heredoc(node)
            case "variable_assignment":
                self._assignment(node)
            case "command_substitution" if _text(node).startswith("`") and "\\" in _text(node):
                self.read(re.sub(r"\\([$`\\])", r"\1", _text(node)[1:-1]), depth + 1)
            case "expansion" if any(child.type == "@" for child in node.children):
                self.found.unclear.append("a variable that bash may run as a prompt")
            case "word" | "regex" if _MISREAD.search(_text(node)):
                self.found.unclear.append("a syntax that bash would read differently")

    def _command(self, node: Node, depth: int) -> None:
        words = [_literal(child) for child in _word_nodes(node)]
        self.moved = self.moved or bool(words and words[0] in ("cd", "pushd", "popd"))
        for text in started(words, self.found):
            self.read(text, depth + 1)

    def _assignment(self, node: Node) -> None:
        name = re.split(r"[\[=+]", _text(node), maxsplit=1)[0]
        if name in _RUN:
            self.found.unclear.append(f"a change of {name}, which bash runs")
        if name in _LOOKUP:
            self.found.commands.append((f"{name}=",))

    def _heredoc(self, node: Node) -> None:
        start = next((_text(child) for child in node.children if child.type == "heredoc_start"), "")
        bodies = [child for child in node.children if child.type == "heredoc_body"]
        if any(mark in start for mark in "'\"\\"):
            return
        for body in bodies:
            seen = sum(child.type == "command_substitution" for child in _walk(body))
            if _BACKTICK.search(_text(body)) or len(re.findall(r"(?<!\\)\$\(", _text(body))) > seen:
                self.found.unclear.append("a command inside of a here-document")

    def _redirect(self, node: Node) -> None:
        if not any(child.type in _WRITES for child in node.children):
            return
        targets = _targets(node)
        literal = _literal(targets[0]) if targets else None
        if literal is None or literal.startswith(("/proc/", "/dev/fd/")):
            self.found.unclear.append("a file whose name is only known when it runs")
        elif self.moved and not literal.startswith("/") and not literal.isdigit():
            self.found.unclear.append(f"a file in a folder that is only known when it runs ({literal})")
        elif literal != "-":
            self.found.writes.append(literal)


def _walk(node: Node) -> Iterator[Node]:
    waiting = [node]
    while waiting:
        at = waiting.pop()
        yield at
        waiting.extend(reversed(at.children))


def _word_nodes(command: Node) -> list[Node]:
    """The words of a command. The parser leaves those that follow a redirection with the redirection."""
    words = []
    for child in command.named_children:
        words += _following(child) if child.type in _OWN else [child]
    above = command.parent
    if above is not None and above.type == "redirected_statement":
        words += [word for child in above.named_children for word in _following(child)]
    return words


def _following(redirect: Node) -> list[Node]:
    """The words of the command that stand behind the target of a redirection."""
    if redirect.type == "file_redirect":
        return _targets(redirect)[1:]
    if redirect.type != "heredoc_redirect":
        return []
    words = []
    for child in redirect.named_children:
        words += _following(child) if child.type == "file_redirect" else [child] if child.type in _WORDS else []
    return words


def _targets(redirect: Node) -> list[Node]:
    return [child for child in redirect.named_children if child.type != "file_descriptor"]


def _is_sum(node: Node) -> bool:
    """Whether bash evaluates a text here, where a subscript may hold a command."""
    sometimes = _SOMETIMES.get(node.type)
    return node.type in _SUMS or (sometimes is not None and sometimes.match(_text(node)) is not None)


def _literal(node: Node) -> str | None:
    """What a word is, without quotes; None for one that is only known when it runs, or that becomes several."""
    text = _text(node)
    if node.type not in _LITERALS:
        return None
    if node.type == "raw_string":
        return text[1:-1]
    if node.type == "string":
        plain = all(child.type in ("string_content", '"') for child in node.children)
        return _ESCAPED.sub(r"\1", text[1:-1].replace("\\\n", "")) if plain else None
    if node.type in ("concatenation", "command_name"):
        pieces = [_literal(child) for child in node.named_children]
        known = pieces and None not in pieces and not (node.type == "concatenation" and _several(node))
        return "".join(piece or "" for piece in pieces) if known else None
    return None if _GLOBS.search(text) and text != "[" else text.replace("\\\n", "").replace("\\", "")


def _several(node: Node) -> bool:
    """Whether a word of several pieces may become other words."""
    unquoted = (_text(child) for child in node.named_children if child.type == "word")
    return any("[" in text for text in unquoted) or _BRACES.search(_text(node)) is not None


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
