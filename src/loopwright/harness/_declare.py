"""Suites and tests as a task's environment.py declares them."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, TypeVar

    _Body = TypeVar("_Body", bound=Callable[..., object])
    _Hook = TypeVar("_Hook", bound=Callable[[], object])
    Params = Iterable[Mapping[str, Any]] | Callable[[], Iterable[Mapping[str, Any]]]

__all__ = ["Case", "DeclarationError", "Declarations", "Suite", "declared", "setup", "suite", "teardown"]

# What may stand in an id: nothing that a glob, a shell or a JSON path could take for something else.
_SEGMENT = re.compile(r"[A-Za-z0-9_.+=,:@%()-]+")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class DeclarationError(Exception):
    """environment.py declares something that cannot be run."""


class Case:
    """One test: an id, the suite it counts for, and what to call."""

    __slots__ = ("body", "id", "params", "suite", "timeout")

    def __init__(
        self, id: str, suite: str, body: Callable[..., object], params: Mapping[str, Any], timeout: float | None
    ) -> None:
        self.id = id
        self.suite = suite
        self.body = body
        self.params = params
        self.timeout = timeout


class Declarations:
    """All that one environment.py declared, in its order."""

    def __init__(self) -> None:
        self.suites: dict[str, Suite] = {}
        self.setup: Callable[[], object] | None = None
        self.teardown: Callable[[], object] | None = None

    def cases(self) -> list[Case]:
        """Every test, suites in their order of declaration.

        Raises:
            DeclarationError: Two tests share an id, or there is no test at all.
        """
        cases = [case for each in self.suites.values() for case in each.cases]
        seen: set[str] = set()
        for case in cases:
            if case.id in seen:
                raise DeclarationError(f"two tests have the id {case.id!r}")
            seen.add(case.id)
        for name, each in self.suites.items():
            if not each.cases:
                raise DeclarationError(f"the suite {name!r} has no test")
        if not cases:
            raise DeclarationError("environment.py declares no test")
        return cases


declared = Declarations()
"""What the environment.py of this process declared; a process loads one."""


class Suite:
    """A named list of tests. Made by `suite`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.cases: list[Case] = []

    def test(
        self, template: str, *, params: Params | None = None, timeout: float | None = None
    ) -> Callable[[_Body], _Body]:
        """Declare one test, or one for each entry of `params`.

        Args:
            template: The id below the suite, `/` between its levels; `{key}` stands for a parameter.
            params: The keyword arguments of each test, or a function that returns them.
            timeout: Seconds that one test may take; by default `[tests] timeout_seconds` of task.toml.

        Raises:
            DeclarationError: A placeholder without a parameter, no parameters, or an id of other characters than
                letters, digits and `_.+=,:@%()-`.
        """
        if timeout is not None and not timeout > 0:
            raise DeclarationError(f"{self.name}/{template}: timeout must be more than 0 seconds, not {timeout!r}")
        entries = self._entries(template, params)

        def declare(body: _Body) -> _Body:
            for entry in entries:
                self.cases.append(Case(self._id(template, entry), self.name, body, entry, timeout))
            return body

        return declare

    def _entries(self, template: str, params: Params | None) -> list[Mapping[str, Any]]:
        if params is None:
            return [{}]
        entries = [dict(entry) for entry in (params() if callable(params) else params)]
        if not entries:
            raise DeclarationError(f"{self.name}/{template}: params is empty, so it would test nothing")
        return list(entries)

    def _id(self, template: str, entry: Mapping[str, Any]) -> str:
        for name in _PLACEHOLDER.findall(template):
            if name not in entry:
                known = ", ".join(entry) or "none"
                raise DeclarationError(f"{self.name}/{template}: no parameter {name!r} (parameters: {known})")
        rest = _PLACEHOLDER.sub(lambda found: str(entry[found.group(1)]), template)
        if not all(_SEGMENT.fullmatch(segment) and segment.strip(".") for segment in rest.split("/")):
            raise DeclarationError(f"{self.name}/{template}: {rest!r} cannot be an id")
        return f"{self.name}/{rest}"


def suite(name: str) -> Suite:
    """Declare a suite; `name` is one word (letters, digits, `_.-`).

    Raises:
        DeclarationError: The name is taken or is not one word.
    """
    if not _SEGMENT.fullmatch(name) or not name.strip("."):
        raise DeclarationError(f"{name!r} cannot be the name of a suite")
    if name in declared.suites:
        raise DeclarationError(f"the suite {name!r} is declared twice")
    declared.suites[name] = made = Suite(name)
    return made


def setup(function: _Hook) -> _Hook:
    """Declare what runs once before the tests (the build), in a process of its own: it leaves files, not variables."""
    if declared.setup is not None:
        raise DeclarationError("setup is declared twice")
    declared.setup = function
    return function


def teardown(function: _Hook) -> _Hook:
    """Declare what runs once after the tests, whatever they did, in a process of its own."""
    if declared.teardown is not None:
        raise DeclarationError("teardown is declared twice")
    declared.teardown = function
    return function
