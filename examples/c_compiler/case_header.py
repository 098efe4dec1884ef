"""The comments at the top of a case, which say what is expected of it."""

from typing import NamedTuple


class Header(NamedTuple):
    """What the comments at the top of a case say. `stdout` has no newline at its end."""

    stdout: str
    exit_code: int
    stdin: bytes
    is_invalid: bool


def read_header(source: str) -> tuple[Header, str]:
    """Split a case into what is expected and what the compiler sees: the same lines, those of the header empty.

    Raises:
        ValueError: A line that looks like one of the header says nothing that is known.
    """
    lines = source.splitlines(keepends=True)
    stdout, stdin, exit_code, invalid, length = [], [], 0, False, 0
    for line in lines:
        key, colon, value = line.rstrip("\n").removeprefix("// ").partition(":")
        value = value.removeprefix(" ")
        if key == "expect_stdout" and colon:
            stdout.append(value)
        elif key == "stdin" and colon:
            stdin.append(value + "\n")
        elif key == "expect_exit" and colon:
            exit_code = int(value)
        elif key == "expect_error" and not colon:
            invalid = True
        elif key.startswith("expect_"):
            raise ValueError(f"unknown line in the header: {line!r}")
        else:
            break
        length += 1
    header = Header("\n".join(stdout), exit_code, "".join(stdin).encode(), invalid)
    return header, "\n" * length + "".join(lines[length:])
