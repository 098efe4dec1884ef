"""What the runner said, checked as it comes: every asked test once, no other, and a proper end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct

from loopwright.harness._listing import Broken, Declared, Plan
from loopwright.harness._messages import Ended, Message, SetupDone, TeardownDone, TestDone, decode_message

__all__ = ["SessionEnd", "Transcript"]

_LINE_LIMIT = 8 << 20
_GOOD = ("passed", "skipped")


class SessionEnd(Struct, frozen=True):
    """How a session ended.

    Attributes:
        harness_error: Empty where every asked test was reported, or the build failed.
        build: The output of a build that the submission failed.
        build_slow: Whether that build may have failed only because it ran out of time.
        warning: What went wrong without touching any result.
    """

    harness_error: str = ""
    build: str = ""
    build_slow: bool = False
    warning: str = ""


class Transcript:
    """Takes the runner's bytes; knows when it is over and what it came to.

    Args:
        declared: Every test of the task; the runner has to know the same.
        asked: The tests that were to run.
        on_test: Called with each asked test's result, at most once each.
    """

    def __init__(
        self, declared: Sequence[Declared], asked: Sequence[Declared], on_test: Callable[[TestDone], None]
    ) -> None:
        self._declared = tuple(declared)
        self._missing = {test.id for test in asked}
        self._on_test = on_test
        self._pending = b""
        self._setup: SetupDone | None = None
        self._teardown: TeardownDone | None = None
        self._ended = False
        self._error = ""

    @property
    def over(self) -> bool:
        """Whether there is nothing more to learn: the runner said that it ended, or broke the rules."""
        return self._ended or bool(self._error)

    @property
    def broken(self) -> bool:
        """Whether something went wrong that is not the submission's fault."""
        return bool(self._error)

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        *lines, self._pending = (self._pending + data).split(b"\n")
        for line in lines:
            self._on_line(line)
        if len(self._pending) > _LINE_LIMIT:
            self.fail("the test runner wrote a line without end")

    def fail(self, reason: str) -> None:
        """Note what went wrong; the first reason stays."""
        self._error = self._error or reason

    def end(self) -> SessionEnd:
        """What it came to."""
        if not self._error and self._setup is not None and self._setup.status not in _GOOD:
            return _build_failure(self._setup)
        if self._missing:
            self.fail(f"{len(self._missing)} tests were never reported")
        torn = self._teardown
        warning = f"teardown failed: {torn.message}" if torn and torn.status not in _GOOD else ""
        return SessionEnd(harness_error=self._error, warning=warning)

    def _on_line(self, line: bytes) -> None:
        if self.over:
            return
        try:
            message = decode_message(line)
        except msgspec.DecodeError as error:
            self.fail(f"the test runner wrote a line that is not a result ({error})")
            return
        self._on_message(message)

    def _on_message(self, message: Message) -> None:
        if isinstance(message, TestDone):
            self._on_result(message)
        elif isinstance(message, SetupDone):
            self._setup = message
        elif isinstance(message, TeardownDone):
            self._teardown = message
        elif isinstance(message, Ended):
            self._ended = True
        elif isinstance(message, Broken):
            self.fail(f"environment.py cannot be loaded in the sandbox: {message.error}")
        else:
            self._on_plan(message)

    def _on_plan(self, plan: Plan) -> None:
        if plan.tests != self._declared:
            self.fail("environment.py declares other tests in the sandbox than when the task was loaded")

    def _on_result(self, result: TestDone) -> None:
        if result.id not in self._missing:
            self.fail(f"the test {result.id!r} was reported twice, or was not asked for")
            return
        self._missing.discard(result.id)
        self._on_test(result)


def _build_failure(setup: SetupDone) -> SessionEnd:
    output = "\n".join(text for text in (setup.message, setup.actual) if text) or "setup failed without a word"
    if setup.status == "error":  # setup itself broke, which no submission should be able to make it do
        return SessionEnd(harness_error=f"setup failed: {output}", build=output)
    return SessionEnd(build=output, build_slow=setup.slow or setup.status == "timeout")
