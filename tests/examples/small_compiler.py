"""The example task c_compiler with a part of its cases: the same files, build, script and grading in less time."""

from __future__ import annotations

import shutil
from pathlib import Path

__all__ = ["write_small_compiler"]

_TASK = Path(__file__).parents[2] / "examples" / "c_compiler"
_EVERY = 6
_ASKED_FOR = "if_else_chain"  # by the script, by its name
_TWIN = ".valid.c"


def write_small_compiler(folder: Path) -> Path:
    """Copy the task into `folder`, with one case in six of every category; its `scripted.yaml` knows how many are left.

    For tests that need long runs with real builds and grades, and for which a sixth of each grade says as much.
    """
    shutil.copytree(_TASK, folder)
    cases = sorted(path for path in (folder / "tests" / "basics").glob("*/*") if not path.name.endswith(_TWIN))
    kept = _kept(cases)
    for case in cases:
        if case not in kept:
            _remove(case)
    script = folder / "scripted.yaml"
    text = script.read_text()
    whole = f"{len(cases)} of {len(cases)} tests passed"
    assert whole in text
    script.write_text(text.replace(whole, f"{len(kept)} of {len(kept)} tests passed"))
    return folder


def _kept(cases: list[Path]) -> set[Path]:
    categories: dict[str, list[Path]] = {}
    for case in cases:
        categories.setdefault(case.parent.name, []).append(case)
    kept = {case for own in categories.values() for case in own[::_EVERY]}
    return kept | {case for case in cases if case.stem == _ASKED_FOR}


def _remove(case: Path) -> None:
    if case.is_dir():
        shutil.rmtree(case)
    else:
        case.unlink()
        case.with_name(case.stem + _TWIN).unlink(missing_ok=True)
