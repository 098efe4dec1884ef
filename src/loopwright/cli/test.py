"""`loopwright test`: a task's tests on a folder, without an agent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import click

from loopwright.cli._common import json_option, print_json

if TYPE_CHECKING:
    from loopwright.harness import Grade

__all__ = ["test"]


@click.command()
@click.argument("path", default="")
@click.option("--task", type=click.Path(path_type=Path), required=True, help="The task folder.")
@click.option(
    "--workspace", type=click.Path(path_type=Path), required=True, help="The folder to grade; a copy is used."
)
@click.option("--sandbox", default="bwrap", show_default=True, help="bwrap; host (no isolation); strongest.")
@click.option("--hidden", is_flag=True, help="Also the suites that agents do not see.")
@json_option
def test(path: str, task: Path, workspace: Path, sandbox: str, hidden: bool, as_json: bool) -> int:
    """Run the tests of a task on a folder. PATH is a suite, a folder of one, or a test; empty is all of them.

    Ends with exit code 0 where every test passed, 1 where one did not.
    """
    from loopwright.base import UsageError
    from loopwright.harness import Grader, load_task, short_answer, to_json
    from loopwright.sandbox import require, strongest

    if sandbox == "strongest":
        sandbox = strongest()
    if sandbox != "host":
        require(sandbox)
    if not workspace.is_dir():
        raise UsageError("There is no such folder to grade.", where=str(workspace))
    grader = Grader(load_task(task), backend=sandbox, cache=None)

    async def main() -> Grade:
        return await grader.grade_folder(workspace, path, include_hidden=hidden)

    grade = anyio.run(main)
    nothing_has_this_path = grade.status_code == 400
    if as_json:
        print_json(to_json(grade))
    elif nothing_has_this_path:
        raise UsageError(grade.error, where=str(task))
    else:
        click.echo(short_answer(grade))
    if nothing_has_this_path:
        return 2
    return 0 if grade.status_code == 200 and grade.total and grade.passed == grade.total else 1
