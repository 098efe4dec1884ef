"""Pages of documentation as tests read them: fenced blocks, links, headings, and commands.

A block's info string says what a test does with it: `file=NAME` is written to that file; `console` is a session whose
`$ ` lines are run and whose other lines are their output; `exit=N` is how the last of its commands ends (0 else);
`sh run` are commands that must end with 0, whatever they print.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

__all__ = ["ROOT", "Block", "Link", "Step", "anchors", "blocks", "code_words", "commands", "links", "pages", "steps"]

ROOT = Path(__file__).resolve().parents[2]
_SHELL = ("", "sh", "console", "bash")


class Block(NamedTuple):
    """A fenced block; `line` is its first line of text, `options` the `key=value` and bare words of its info string."""

    page: Path
    line: int
    language: str
    options: dict[str, str]
    text: str


class Link(NamedTuple):
    page: Path
    line: int
    target: str


class Step(NamedTuple):
    """One command of a console block, and the lines that it has to print."""

    line: int
    command: str
    output: list[str]


def pages() -> list[Path]:
    """The README and every page of docs/."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def _tokens(page: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    for token in _tokens(page):
        if token.type == "fence" and token.map is not None:
            language, *words = token.info.split() or [""]
            options = {key: value for key, _, value in (word.partition("=") for word in words)}
            yield Block(page, token.map[0] + 2, language, options, token.content)


def links(page: Path) -> Iterator[Link]:
    """The links and images of a page."""
    for token in _tokens(page):
        for child in token.children or ():
            target = child.attrs.get("href", child.attrs.get("src"))
            if isinstance(target, str):
                yield Link(page, token.map[0] + 1 if token.map else 0, target)


def code_words(page: Path) -> set[str]:
    """The words that the text of a page, its tables included, sets as code."""
    spans = [child.content for token in _tokens(page) for child in token.children or () if child.type == "code_inline"]
    return set(re.findall(r"\w+", " ".join(spans)))


def anchors(page: Path) -> set[str]:
    """What a link can name on a page: its headings, as GitHub spells them."""
    tokens = _tokens(page)
    titles = [tokens[at + 1].content for at, token in enumerate(tokens) if token.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def steps(block: Block) -> list[Step]:
    """The commands of a console block; one that ends in a backslash goes on in the next line."""
    found: list[Step] = []
    for number, line in enumerate(block.text.splitlines(), block.line):
        if found and found[-1].command.endswith("\\"):
            found[-1] = found[-1]._replace(command=f"{found[-1].command}\n{line}")
        elif line.startswith("$ "):
            found.append(Step(number, line.removeprefix("$ "), []))
        elif found:
            found[-1].output.append(line)
        else:
            raise ValueError(f"{block.page.name}:{number}: output before the first command")
    return found


def commands(page: Path, only: str = "") -> Iterator[tuple[int, str]]:
    """Every command of a page's shell blocks (those with the option `only`): its line number and text, no comment."""
    for block in blocks(page):
        if only and only not in block.options:
            continue
        if block.language == "console":
            yield from ((step.line, step.command) for step in steps(block))
        elif block.language in _SHELL:
            # A line that ends in a backslash goes on in the next one; the number is that of the first.
            number = block.line
            for line in re.split(r"(?<!\\)\n", block.text.rstrip("\n")):
                yield number, line.replace("\\\n", " ").partition("  #")[0].rstrip()
                number += 1 + line.count("\n")
