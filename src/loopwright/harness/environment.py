"""What a task's environment.py imports: declare suites and tests, run programs, say what went wrong.

Standard library only, and quick to import: it is loaded inside the grading sandbox.

    from loopwright.harness.environment import case_folder, expect_equal, run, setup, suite

    @setup
    def build() -> None:
        run(["./build.sh"], timeout=300, check=True)

    basics = suite("basics")

    @basics.test("echo/{word}", params=[{"word": "one"}, {"word": "two"}], timeout=5)
    def echoes(word: str) -> None:
        done = run(["/workspace/echo", word], timeout=2)
        expect_equal(done.stdout, word.encode() + b"\\n")
"""

from loopwright.harness._context import case_folder, describe, workspace
from loopwright.harness._declare import DeclarationError, Suite, setup, suite, teardown
from loopwright.harness._outcomes import Failure, Skipped, expect_equal, fail, skip
from loopwright.harness._programs import Completed, rejected, run
from loopwright.harness._reading import read_output

__all__ = [
    "Completed",
    "DeclarationError",
    "Failure",
    "Skipped",
    "Suite",
    "case_folder",
    "describe",
    "expect_equal",
    "fail",
    "read_output",
    "rejected",
    "run",
    "setup",
    "skip",
    "suite",
    "teardown",
    "workspace",
]
