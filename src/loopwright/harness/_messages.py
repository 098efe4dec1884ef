"""What the runner says, line by line, as the host reads it: checked, never trusted to be whole."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from loopwright.harness._listing import Broken, Plan
from loopwright.harness.results import CaseResult, Status

__all__ = ["Ended", "HookDone", "Message", "SetupDone", "TeardownDone", "TestDone", "decode_message"]


class TestDone(Struct, frozen=True, tag="test", tag_field="type"):
    """One test ended. `slow`: some program of it ran out of time."""

    __test__ = False

    id: str
    status: Status
    duration_ms: int
    message: str = ""
    expected: str = ""
    actual: str = ""
    input: str = ""
    slow: bool = False

    def case(self, suite: str) -> CaseResult:
        """The result as it is recorded."""
        return CaseResult(
            self.id, suite, self.status, self.duration_ms, self.message, self.expected, self.actual, self.input
        )


class _Hook(Struct, frozen=True):
    status: Status
    duration_ms: int
    message: str = ""
    expected: str = ""
    actual: str = ""
    input: str = ""
    slow: bool = False


class SetupDone(_Hook, frozen=True, tag="setup", tag_field="type"):
    """The build ended."""


class TeardownDone(_Hook, frozen=True, tag="teardown", tag_field="type"):
    """The clean-up ended."""


HookDone = SetupDone | TeardownDone


class Ended(Struct, frozen=True, tag="end", tag_field="type"):
    """The last line; `count` is how many tests were reported."""

    count: int


Message = Plan | Broken | SetupDone | TestDone | TeardownDone | Ended
_decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)


def decode_message(line: bytes) -> Message:
    """Read one line of the runner.

    Raises:
        msgspec.DecodeError: The line is not one of its messages.
    """
    try:
        return _decoder.decode(line)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(str(error)) from None
