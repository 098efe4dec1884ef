"""What the words of a command start: a program, and through it others, as `env`, `bash -c` and `find -exec` do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files

import yaml
from msgspec import Struct, convert, field

__all__ = ["UNKNOWN", "Found", "Words", "started"]

Words = tuple[str, ...]
_Maybe = Sequence[str | None]

UNKNOWN = "\0"
"""A word that is only known when the command runs; it may become several, or none."""


class _Programs(Struct, frozen=True):
    """The tables of `programs.yaml`, which says what each is."""

    shells: frozenset[str]
    exact: dict[str, str]
    others: frozenset[str]
    readers: frozenset[str]
    find_runs: frozenset[str]
    reserved: frozenset[str]
    cunning: frozenset[str]
    harmless: frozenset[str]


@cache
def _known() -> _Programs:
    text = (files(__package__) / "programs.yaml").read_bytes()
    return convert(yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)), _Programs)


# What makes a word more than a name, where a shell reads it.
_SHELLS_TEXT = re.compile(r"[\s'\"\\;&|$`(<>]")


class Found(Struct):
    """What was seen so far; see `Reading`."""

    commands: list[Words] = field(default_factory=list)
    perhaps: list[Words] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)
    vague: list[str] = field(default_factory=list)


def started(words: _Maybe, found: Found) -> Iterator[str]:
    """Note what the words of one command start, and give every text among them that is a command in turn."""
    if not words:
        return
    name = words[0]
    if not name or "{" in name or name in _known().reserved:
        found.unclear.append("a program whose name is only known when it runs")
        return
    found.commands.append(tuple(UNKNOWN if word is None else word for word in words))
    program = name.rsplit("/", 1)[-1]
    if program in _known().shells:
        yield from _shell(words, found)
    elif program in ("eval", "trap", "source", ".", "alias", "mapfile", "readarray") or program in _known().cunning:
        yield from _builtin(program, words, found)
    elif program == "find":
        yield from _find(words, found)
    elif program in _known().exact:
        yield from _exact(program, words, found)
    elif program in _known().others or program.startswith(("ld-linux", "ld.so", "ld-musl")):
        yield from _other(program, words, found)


def _shell(words: _Maybe, found: Found) -> Iterator[str]:
    """`bash [OPTIONS] -c TEXT`, `bash FILE`, or a shell that reads its input."""
    flags, at = "", 1
    while at < len(words):
        word = words[at]
        if word is None:
            break
        if word in ("-", "--") or not word.startswith(("-", "+")):
            break
        flags += word if word.startswith("-") and not word.startswith("--") else ""
        takes_value = word in ("--rcfile", "--init-file") or (word[1:2] != "-" and word[-1] in "oO")
        at += 2 if takes_value else 1
    if at < len(words) and words[at] in ("-", "--"):
        at += 1
    rest = words[at:]
    if "c" in flags:
        yield from _texts(rest[:1], found)
    elif "s" in flags or not rest or rest[0] is None or rest[0].startswith(("/dev/", "/proc/")):
        found.unclear.append(f"what {words[0]} reads")


def _builtin(program: str, words: _Maybe, found: Found) -> Iterator[str]:
    rest = list(words[1:])
    if rest[:1] == ["--"]:
        rest = rest[1:]
    if program == "eval":
        yield from _texts(rest, found)
    elif program == "trap":
        yield from _texts(rest[:1], found) if rest else ()
    elif program == "alias":
        yield from _texts([None if word is None else word.partition("=")[2] for word in rest], found)
    elif program in ("source", "."):
        if not rest or rest[0] is None or rest[0].startswith(("/dev/", "/proc/")):
            found.unclear.append(f"what {program} reads")
    elif program in ("mapfile", "readarray"):
        if any(word is None or (word.startswith("-") and "C" in word) for word in rest):
            found.unclear.append(f"what {program} runs for each line")
    elif any(word not in _known().harmless for word in rest):
        found.unclear.append(f"what {program} makes of names and texts")


def _find(words: _Maybe, found: Found) -> Iterator[str]:
    for at, word in enumerate(words):
        if word in _known().find_runs:
            yield from started(_filled(words[at + 1 :], "{}"), found)
    if None in words:
        found.vague.append("what find is told to do")
        found.perhaps.extend(_ends(words[words.index(None) + 1 :]))


def _exact(program: str, words: _Maybe, found: Found) -> Iterator[str]:
    """What a wrapper starts, found behind its options."""
    at, filled = 1, ""
    while at < len(words):
        word = words[at]
        if word is None:
            found.unclear.append(f"what {program} would start")
            return
        setting = program in ("env", "time") and "=" in word and not word.startswith("-")
        if not (setting or word.startswith("-")) or word == "--":
            at += word == "--"
            break
        if program == "env" and (word.startswith("--s") or (word[:2] != "--" and "S" in word)) and not setting:
            found.unclear.append("a text that env splits into words")
            return
        if word.startswith("--") and "=" not in word:
            found.vague.append(f"what {program} {word} would start")
            found.perhaps.extend(_ends(words[at + 1 :]))
        valued = not setting and not word.startswith("--") and _takes_next(word, _known().exact[program])
        filled = _replaced(program, word, words[at + 1 : at + 2]) or filled
        at += 2 if valued else 1
    inner = list(words[at + (program == "timeout") :])
    while program in ("coproc", "env", "time") and inner and inner[0] is not None and "=" in inner[0]:
        inner = inner[1:]
    if program == "coproc":
        found.perhaps.extend(_ends(inner))
    if program == "xargs" and inner:
        # It adds words of its input.
        inner = [*(_filled(inner, filled) if filled else inner), None]
    yield from started(inner, found)


def _takes_next(word: str, letters: str) -> bool:
    """Whether the value of a short option is the next word: `-n 3`, not `-n3`."""
    first = next((at for at, letter in enumerate(word) if at and letter in letters), None)
    return first is not None and first == len(word) - 1


def _replaced(program: str, word: str, following: _Maybe) -> str:
    """What `xargs` replaces by words of its input."""
    if program != "xargs":
        return ""
    if word.startswith("-I"):
        return word[2:] or (following[0] if following and following[0] else "{}")
    if word.startswith("--replace="):
        return word.partition("=")[2]
    return "{}" if word.startswith(("-i", "--replace")) else ""


def _other(program: str, words: _Maybe, found: Found) -> Iterator[str]:
    """Every word behind such a wrapper may be its program, or a text that it gives to a shell."""
    rest = list(words[1:])
    found.vague.append(f"what {program} would start")
    if None in rest:
        found.unclear.append(f"what {program} would start")
    elif program in _known().readers and all(word is not None and word.startswith("-") for word in rest):
        found.unclear.append(f"what {program} reads from its input")
    found.perhaps.extend(_ends(rest))
    for at, word in enumerate(rest):
        if word is not None and word.rsplit("/", 1)[-1] in {*_known().shells, *_known().exact, "find", "eval"}:
            yield from started(rest[at:], found)
        elif word is not None and (_SHELLS_TEXT.search(word) or word.startswith("-c")):
            yield word.removeprefix("-c")


def _ends(words: _Maybe) -> Iterator[Words]:
    known = [UNKNOWN if word is None else word for word in words]
    return (tuple(known[at:]) for at in range(len(known)))


def _filled(words: _Maybe, mark: str) -> list[str | None]:
    """The words; one that holds the mark of something to be filled in is not known."""
    return [None if word is not None and mark in word else word for word in words]


def _texts(words: _Maybe, found: Found) -> Iterator[str]:
    if not words or None in words:
        found.unclear.append("a command that is put together when it runs")
        return
    yield " ".join(word or "" for word in words)
