"""What is typed into the command, and C programs that call the library."""

from pathlib import Path

from cases import FILES, FOLDERS, LIMITS

from loopwright.harness.environment import (
    case_folder,
    describe,
    expect_equal,
    fail,
    run,
    setup,
    suite,
    workspace,
)

PROGRAMS = Path(__file__).parent / "tests"
HEADER = Path(__file__).parent / "files" / "protofs.h"
FLAGS = ["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror"]

files, folders, limits, library = suite("files"), suite("folders"), suite("limits"), suite("library")


@setup
def build() -> None:
    run(["make"], timeout=60, cwd=workspace(), check=True)
    if not (workspace() / "protofs").is_file():
        fail("make left no file called protofs in the workspace")


def typed(cases: dict[str, tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "lines": lines, "expected": expected} for name, (lines, expected) in cases.items()]


@files.test("{name}", params=typed(FILES))
@folders.test("{name}", params=typed(FOLDERS))
@limits.test("{name}", params=typed(LIMITS))
def answers(name: str, lines: str, expected: str) -> None:
    describe(input=lines, expected=expected)
    done = run([workspace() / "protofs"], stdin=lines.encode(), timeout=10, cpu_seconds=2, check=True)
    expect_equal(done.stdout_text, expected, input=lines)


@library.test("{name}", params=[{"name": path.stem} for path in sorted(PROGRAMS.glob("*.c"))])
def program(name: str) -> None:
    """A C program with assertions, compiled with the header that was given and the library that was written."""
    source = (PROGRAMS / f"{name}.c").read_text()
    (case_folder() / "main.c").write_text(source)
    (case_folder() / "protofs.h").write_text(HEADER.read_text())
    describe(input=source, expected="the program ends with exit code 0")
    library_file = workspace() / "protofs.c"
    run(["cc", *FLAGS, "-I.", "-o", "program", "main.c", library_file], timeout=30, cpu_seconds=10, check=True)
    done = run(["./program"], timeout=10, cpu_seconds=2)
    if done.exit_code != 0:
        fail(done.how_it_ended(), actual=done.stderr, input=source, expected="the program ends with exit code 0")
