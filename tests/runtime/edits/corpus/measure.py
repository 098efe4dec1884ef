"""What an engine makes of a case, judged by the files and by what it says of itself."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from tests.runtime.edits.corpus.cases import Case
from tests.runtime.edits.corpus.categories import CATEGORIES
from tests.runtime.edits.corpus.generate import generated
from tests.runtime.edits.corpus.handmade import handmade

from loopwright.base import UsageError
from loopwright.runtime.edits import Operation, apply

__all__ = ["Verdict", "corpus", "judge", "laid_out", "ours", "tree"]

Verdict = Literal["applied", "refused", "corrupt", "half-done"]
"""Right result; an error and no file changed; said to be done and not as meant; an error and files changed."""


def corpus() -> list[Case]:
    """All cases, hand-made and generated."""
    return [*handmade(), *generated(CATEGORIES)]


def tree(folder: Path) -> dict[str, bytes]:
    """All files below a folder, by path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def laid_out(folder: Path, case: Case) -> Path:
    """An empty folder with the files of a case."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path, content in case.before.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def judge(case: Case, folder: Path, says_done: bool) -> Verdict:
    """Compare what an engine says with what it left in the folder."""
    files = tree(folder)
    if says_done:
        return "applied" if files == case.after else "corrupt"
    return "refused" if files == case.before else "half-done"


def ours(case: Case, dialect: str, folder: Path) -> Verdict | None:
    """What our engine makes of a case, parser included; None where the dialect cannot express it."""
    operations: Sequence[Operation] | None = case.operations if dialect == "native" else None
    if dialect != "native":
        if dialect not in case.texts:
            return None
        operations = _parsed(dialect, case.texts[dialect])
    elif operations is None:
        return None
    laid_out(folder, case)
    try:
        if operations is None:
            return judge(case, folder, says_done=False)
        apply(folder, operations)
    except UsageError:
        return judge(case, folder, says_done=False)
    return judge(case, folder, says_done=True)


def _parsed(dialect: str, text: str) -> Sequence[Operation] | None:
    """The operations of all calls of a reply; None where it holds none, or a broken block."""
    from loopwright.runtime.dialects import get_dialect

    parsed = get_dialect(dialect).parse(text, reply=1)
    operations = [one for call in parsed.calls for one in call.operations or ()]
    return operations if operations and not parsed.malformed else None
