"""The package's surface: every name is there, and asking for one loads no more than it needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import loopwright.record as record


@pytest.mark.parametrize("name", record.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(record, name) is not None


def test_functions_are_not_hidden_by_modules_of_their_name() -> None:
    import loopwright.record.folding
    import loopwright.record.recovery
    import loopwright.record.verification  # noqa: F401

    assert callable(record.fold)
    assert callable(record.verify)
    assert callable(record.recover)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = record.nonsense  # type: ignore[attr-defined]


def test_listing_and_reading_runs_loads_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from loopwright.record import Journal, Progress, RunDir, find_run, list_runs, read_tail, writer_of\n"
        "heavy = {'pyarrow', 'obstore', 'anyio', 'asyncio', 'pygit2', 'pydantic', 'httpx'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
