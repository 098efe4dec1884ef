"""Apply replies of a model with aider's own coders; run by `benchmarks/edits.py` with a Python that has aider.

Each line of the input is `{"folder": ..., "dialect": ..., "text": ..., "files": [...]}`; each line of the output is
`{"done": true}`, or `{"done": false, "why": ...}` where aider would send the reply back to the model.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from functools import cache
from importlib import import_module
from typing import Any

_FORMATS = {"aider_diff": "diff", "unified_diff": "udiff", "opencode_patch": "patch"}


@cache
def _model() -> Any:
    return import_module("aider.models").Model("gpt-4")


def _coder(folder: str, dialect: str, files: list[str]) -> Any:
    os.chdir(folder)
    console = import_module("aider.io").InputOutput(pretty=False, yes=True, fancy_input=False)
    coder = import_module("aider.coders").Coder.create(
        main_model=_model(),
        edit_format=_FORMATS[dialect],
        io=console,
        fnames=files,
        use_git=False,
        map_tokens=0,
        suggest_shell_commands=False,
    )
    coder.root = folder  # without git it takes the deepest folder of all files
    coder.abs_root_path_cache = {}
    return coder


def _apply(request: dict[str, Any]) -> dict[str, Any]:
    coder = _coder(request["folder"], request["dialect"], request["files"])
    coder.init_before_message()
    coder.partial_response_content = request["text"]
    edited = coder.apply_updates()
    done = not coder.reflected_message and bool(edited)
    return {"done": done, "why": str(coder.reflected_message or "")[:200]}


def main() -> None:
    """Answer line by line."""
    for line in sys.stdin:
        quiet = io.StringIO()
        with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
            answer = _apply(json.loads(line))
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
