"""What is wrong with a configuration: all of it at once, each with its place and what was probably meant."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec import Struct
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from loopwright.base import UsageError, nearest, one_line
from loopwright.runtime.config.foreign import reason_to_refuse
from loopwright.runtime.config.keys import known_keys
from loopwright.runtime.config.written import Loc, Tree, dotted, reach

__all__ = ["ConfigError", "Problem", "did_you_mean", "in_words", "schema_problems", "without_echoes"]


_SHAPES = {
    "dict_type": "a mapping (lines of `key: value`) belongs here",
    "mapping_type": "a mapping (lines of `key: value`) belongs here",
    "model_type": "a mapping (lines of `key: value`) belongs here",
    "tuple_type": "a list (lines of `- item`) belongs here",
    "list_type": "a list (lines of `- item`) belongs here",
    "int_type": "a whole number belongs here",
    "int_parsing": "a whole number belongs here",
    "float_type": "a number belongs here",
    "float_parsing": "a number belongs here",
    "bool_type": "true or false belongs here",
    "bool_parsing": "true or false belongs here",
    "string_type": "text belongs here",
    "too_short": "it must not be empty",
    "finite_number": "a finite number belongs here",
}
"""What belongs where something of another kind stands, by pydantic's name of the error."""


class Problem(Struct, frozen=True):
    """One thing that is wrong: the key it is about, if any, what, where (`file:line`), and what to write instead."""

    key: str
    what: str
    where: str
    remedy: str = ""

    def __str__(self) -> str:
        what = f"{self.key}: {self.what}" if self.key else self.what
        return f"{self.where}: {what}{'. ' if self.remedy else ''}{self.remedy}"


class ConfigError(UsageError):
    """A configuration that cannot be used. The message is about the first problem; `problems` has all."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        first, others = problems[0], len(problems) - 1
        more = f" (and {others} more {'problem' if others == 1 else 'problems'})" if others else ""
        super().__init__(f"{first.key}: {first.what}{more}", where=first.where, remedy=first.remedy or None)
        self.problems = tuple(problems)


def schema_problems(error: ValidationError, tree: Tree) -> list[Problem]:
    """What pydantic found, in the order of the files; of a file of another version, only that."""
    details = without_echoes(error)
    details = [each for each in details if each["loc"] == ("version",)] or details
    places = [reach(tree, each["loc"])[1].origin for each in details]
    order = sorted(range(len(details)), key=lambda index: (str(places[index].file), places[index].line))
    return list(dict.fromkeys(_problem(details[index], tree) for index in order))


def without_echoes(error: ValidationError) -> list[ErrorDetails]:
    """What pydantic found, without what follows from the rest: a list whose only item is wrong has none, for it."""
    details = error.errors(include_url=False)
    return [each for each in details if each["type"] != "too_short" or not _deeper(each["loc"], details)]


def in_words(error: ErrorDetails, loc: Loc) -> str:
    """What is wrong with the value at `loc`, without its place."""
    if error["type"] == "extra_forbidden":
        return f"unknown key. {did_you_mean(str(loc[-1]), known_keys(loc[:-1]))}"
    return _message(error)


def _message(error: ErrorDetails) -> str:
    message = _SHAPES.get(error["type"]) or one_line(error["msg"].removeprefix("Value error, "))
    return f"{message[:1].lower()}{message[1:]}"


def _deeper(loc: Loc, details: Sequence[ErrorDetails]) -> bool:
    """Whether something in `loc` is wrong too."""
    return any(each["loc"][: len(loc)] == loc and len(each["loc"]) > len(loc) for each in details)


def did_you_mean(word: str, known: Collection[str]) -> str:
    """A remedy for a name that is not there."""
    close = nearest(word, sorted(known))
    return f"Did you mean {close!r}?" if close else f"There are: {', '.join(sorted(known)) or 'none'}."


def _problem(error: ErrorDetails, tree: Tree) -> Problem:
    done, node = reach(tree, error["loc"])
    where, last = str(node.origin), error["loc"][-1] if error["loc"] else ""
    if error["type"] == "extra_forbidden":
        reason = reason_to_refuse(done)
        if reason is not None:
            return Problem(dotted(done), f"this key is refused: {reason}", where, "Remove it.")
        return Problem(dotted(done), "unknown key", where, did_you_mean(str(last), known_keys(done[:-1])))
    if error["type"] == "missing":
        return Problem(dotted((*done, last)), "this key is missing", where, "Add it.")
    return Problem(dotted(done), _message(error), where, _hint(error, done))


def _hint(error: ErrorDetails, loc: Loc) -> str:
    if loc == ("version",):
        return "Write `version: 2`, then type: loopwright config migrate FILE; it says what becomes of each key."
    if loc[-1:] == ("driver",) and error["input"] in ("docker", "process"):
        return "Use `strongest`; there is no docker driver yet, and `process` is called `host`."
    if error["type"] == "string_type" and not isinstance(error["input"], dict | tuple | None):
        return 'Put it in quotes: "...".'
    simple = isinstance(error["input"], str | int | float | bool)
    return f"It is {str(error['input'])!r} now." if simple else ""
