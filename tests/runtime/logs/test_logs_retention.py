"""Old run folders make room, but never that of a run that goes on, and trouble with them ends no run."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from loopwright.record import RunDir
from loopwright.record._lock import lock_run
from loopwright.runtime.agent.keeping import Keeper
from loopwright.runtime.config import AgentConfig
from loopwright.runtime.logs import keep_newest
from loopwright.runtime.logs.folder import MARK


def made(root: Path, name: str, rundir: RunDir) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    (folder / MARK).write_text(json.dumps({"trajectory_id": rundir.id, "home": str(rundir.home)}))
    return folder


def test_the_folder_of_a_run_that_goes_on_stays_until_it_has_ended(tmp_path: Path) -> None:
    old, new = RunDir.create(tmp_path / "home", "old"), RunDir.create(tmp_path / "home", "new")
    root = tmp_path / "logs"
    folders = [made(root, "20260101_x", old), made(root, "20260102_x", new)]
    lock = lock_run(old)
    keep_newest(root, 1)
    assert [folder.exists() for folder in folders] == [True, True]
    os.close(lock)
    keep_newest(root, 1)
    assert [folder.exists() for folder in folders] == [False, True]


@pytest.mark.parametrize(
    "mark", ["", "[]", "{}", '{"trajectory_id": "../x", "home": "/"}', '{"trajectory_id": 1}', "ÿ"]
)
def test_a_mark_that_names_no_run_protects_nothing(tmp_path: Path, mark: str) -> None:
    folder = tmp_path / "20260101_x"
    folder.mkdir()
    (folder / MARK).write_bytes(mark.encode("latin-1", "replace"))
    keep_newest(tmp_path, 0)
    assert not folder.exists()


def test_folders_that_cannot_be_deleted_are_a_notice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rundir = RunDir.create(tmp_path / "home", "one")
    made(tmp_path / "logs", "20260101_x", rundir)
    logging = {"enabled": True, "root_dir": str(tmp_path / "logs"), "retention": {"max_runs": 1}}
    providers = {"default_model": "a", "models": ({"id": "a", "adapter": "openai"},)}
    config = AgentConfig.model_validate({"version": 2, "providers": providers, "logging": logging})
    told: list[tuple[str, str]] = []
    context: Any = SimpleNamespace(notice=lambda code, text: told.append((code, text)), workspace=tmp_path)
    harness: Any = SimpleNamespace(config=config)

    def refuse(path: Path) -> None:
        raise PermissionError(f"not {path.name}")

    monkeypatch.setattr(shutil, "rmtree", refuse)
    Keeper(harness, context, rundir).start()
    assert [code for code, _ in told] == ["not_kept"]
    assert "cannot be deleted: not 20260101_x" in told[0][1]
