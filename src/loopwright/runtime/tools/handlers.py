"""Which function runs which handler name, one line each."""

from __future__ import annotations

from loopwright.runtime.tools.commands import run_shell
from loopwright.runtime.tools.context import Handler
from loopwright.runtime.tools.editing import apply_patch, create_file, edit_file, write_file
from loopwright.runtime.tools.ending import finish, run_tests
from loopwright.runtime.tools.reading import find_files, list_dir, read_file, search

__all__ = ["HANDLERS"]

HANDLERS: dict[str, Handler] = {
    "apply_patch": apply_patch,
    "create_file": create_file,
    "edit_file": edit_file,
    "find_files": find_files,
    "finish": finish,
    "list_dir": list_dir,
    "read_file": read_file,
    "run_shell": run_shell,
    "run_tests": run_tests,
    "search": search,
    "write_file": write_file,
}
