"""How a test ends other than by returning: failures and skips, with capped texts for people and agents."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["TEXT_LIMIT", "Failure", "Skipped", "as_text", "capped", "expect_equal", "fail", "skip"]

TEXT_LIMIT = 8192
"""Most bytes of UTF-8 that `message`, `expected`, `actual` and `input` keep, each."""


class Failure(Exception):
    """The submission did something wrong. Texts are kept up to 8 KiB each, head and tail."""

    def __init__(
        self, message: str, *, expected: object = "", actual: object = "", input: object = "", timed_out: bool = False
    ) -> None:
        super().__init__(message)
        self.expected = expected
        self.actual = actual
        self.input = input
        self.timed_out = timed_out


class Skipped(Exception):
    """The test does not apply here; it counts as neither passed nor failed."""


def fail(message: str, *, expected: object = "", actual: object = "", input: object = "") -> NoReturn:
    """End the test as failed; texts and bytes are shown as they are, other values by `repr`."""
    raise Failure(message, expected=expected, actual=actual, input=input)


def skip(reason: str) -> NoReturn:
    """End the test as skipped. A task with a skipped test is never solved."""
    raise Skipped(reason)


def expect_equal(actual: object, expected: object, what: str = "output", *, input: object = "") -> None:
    """Fail with both values and the first place where they differ, unless they are equal."""
    if actual == expected:
        return
    wanted, got = as_text(expected), as_text(actual)
    raise Failure(f"{what} differs{_first_difference(wanted, got)}", expected=expected, actual=actual, input=input)


def _first_difference(wanted: str, got: str) -> str:
    wanted_lines, got_lines = wanted.split("\n"), got.split("\n")
    if max(len(wanted_lines), len(got_lines)) < 2:
        return ""
    for number, (left, right) in enumerate(zip(wanted_lines, got_lines, strict=False), start=1):
        if left != right:
            return f" at line {number}"
    return f" at line {min(len(wanted_lines), len(got_lines)) + 1}"


def as_text(value: object) -> str:
    """Text as it is, bytes as UTF-8 with replacement, other values by `repr`."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    return repr(value)


def capped(value: object, limit: int = TEXT_LIMIT) -> str:
    """The text of `value`; where it is over `limit` bytes of UTF-8, its head and tail and what was cut."""
    data = as_text(value).encode("utf-8", "replace")
    if len(data) <= limit:
        return data.decode("utf-8", "replace")
    room = max(limit - 48, 0)
    head, tail = data[: room - room // 3], data[len(data) - room // 3 :]
    cut = f"\n[... {len(data) - len(head) - len(tail)} bytes cut ...]\n"
    return head.decode("utf-8", "ignore") + cut + tail.decode("utf-8", "ignore")
