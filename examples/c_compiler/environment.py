"""The suite `basics`: C programs that are compiled and run, and invalid ones that have to be rejected.

Each case is a file under `tests/basics/<category>/`, or a folder with several files. Comments at its top say what is
expected (see README.md of this folder); the compiler gets a copy without them.
"""

from pathlib import Path
from shutil import copyfile

from case_header import read_header

from loopwright.harness.environment import (
    Completed,
    case_folder,
    describe,
    expect_equal,
    fail,
    rejected,
    run,
    setup,
    suite,
    workspace,
)

CASES = Path(__file__).parent / "tests" / "basics"
CATEGORIES = (
    "smoke",
    "variables",
    "control_flow",
    "functions",
    "expressions",
    "arrays_pointers",
    "edge_cases",
    "stress",
    "multi_file",
    "invalid",
)
TWIN = ".valid.c"
# Processor time finds an endless loop early, on a busy machine as on an idle one; the clock is for what only sleeps.
COMPILE_SECONDS = 4
RUN_SECONDS = 2
WALL_SECONDS = 20


def find_cases() -> list[dict[str, str]]:
    """Every case as the parameters of its test; twins belong to another case."""
    return [
        {"category": category, "name": path.name.removesuffix(".c")}
        for category in CATEGORIES
        for path in sorted((CASES / category).iterdir())
        if not path.name.endswith(TWIN)
    ]


@setup
def build() -> None:
    run(["sh", "build.sh"], timeout=300, cwd=workspace(), check=True)
    if not (workspace() / "cc").is_file():
        fail("build.sh left no file called cc in the workspace")


basics = suite("basics")


@basics.test("{category}/{name}", params=find_cases, timeout=60)
def case(category: str, name: str) -> None:
    path = CASES / category / name
    if path.is_dir():
        compile_and_run(path, path / "main.c")
    elif category == "invalid":
        twin = path.with_name(name + TWIN)
        compile_and_run(twin.parent, twin)
        expect_rejection(path.with_name(name + ".c"))
    else:
        compile_and_run(path.parent, path.with_name(name + ".c"))


def compile_and_run(folder: Path, main: Path) -> None:
    """Compile a program, run it, and compare what it does with its header."""
    header, source = read_header(main.read_text())
    describe(expected=header.stdout, input=source)
    inputs = copy_folder(folder) if (folder / "main.c").is_file() else [copy_source(source, main.name)]
    compiled = compiler(inputs)
    program = case_folder() / "program"
    if compiled.exit_code != 0 or not program.is_file():
        fail(f"the program did not compile: {compiled.how_it_ended()}", actual=compiled.stderr, input=source)
    result = run([str(program)], timeout=WALL_SECONDS, cpu_seconds=RUN_SECONDS, cwd=case_folder(), stdin=header.stdin)
    if result.exit_code is None:
        fail(f"the program failed: {result.how_it_ended()}", actual=result.stdout, expected=header.stdout, input=source)
    expect_equal(result.stdout_text.removesuffix("\n"), header.stdout, "the program's output", input=source)
    expect_equal(result.exit_code, header.exit_code, "the program's exit code", input=source)


def expect_rejection(path: Path) -> None:
    """A crash, a hang or silence is no rejection."""
    _, source = read_header(path.read_text())
    describe(expected="a diagnostic, and an exit code from 1 to 125", input=source)
    compiled = compiler([copy_source(source, path.name)])
    if not rejected(compiled):
        fail(
            f"the invalid program was not rejected: {compiled.how_it_ended()}",
            expected="a diagnostic, and an exit code from 1 to 125",
            actual=compiled.stderr,
            input=source,
        )


def compiler(inputs: list[Path]) -> Completed:
    """Run the submitted compiler; relative paths, so that no diagnostic tells where the case comes from."""
    names = [str(path.relative_to(case_folder())) for path in inputs]
    return run(
        [str(workspace() / "cc"), *names, "-o", "program"],
        timeout=WALL_SECONDS,
        cpu_seconds=COMPILE_SECONDS,
        cwd=case_folder(),
    )


def copy_source(source: str, name: str) -> Path:
    target = case_folder() / name.replace(TWIN, "_twin.c")
    target.write_text(source)
    return target


def copy_folder(folder: Path) -> list[Path]:
    """Copy a case of several files; gives those to compile, which are the `.c` files at its top."""
    for path in sorted(folder.rglob("*")):
        target = case_folder() / path.relative_to(folder)
        if path.is_dir():
            target.mkdir()
        elif path.name == "main.c":
            target.write_text(read_header(path.read_text())[1])
        else:
            copyfile(path, target)
    return sorted(case_folder() / path.name for path in folder.glob("*.c"))
