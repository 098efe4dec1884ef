"""A full disk and damaged records: a clear sentence, nothing lost, and a way to go on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow


def test_a_disk_that_fills_up_during_a_run(tiny_task: Path, tiny_script: Path, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    tiny_script.write_text(tiny_script.read_text().replace("- shell: ls", "- shell: head -c 900000 /dev/urandom > big"))
    words = f"run --task {tiny_task} --model scripted:{tiny_script}"
    loopwright = f"{sys.executable} -m loopwright"
    # In a mount namespace of its own: a disk of 1 MB, and afterwards what is on it, copied out.
    script = (
        f"mount -t tmpfs -o size=1m tmpfs {small} && "
        f"{{ {loopwright} {words}; echo exit $?; {loopwright} verify latest; echo exit $?; }} ; "
        f"cp -r {small} {tmp_path}/copied"
    )
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", script],
        capture_output=True,
        env={**os.environ, "LOOPWRIGHT_HOME": str(small / "home")},
        cwd=tmp_path,
        timeout=100,
        check=False,
    )
    said = done.stdout.decode() + done.stderr.decode()
    assert "Traceback" not in said, said
    assert "exit 3" in said, said
    assert "The disk is full" in said, said
    journal = next((tmp_path / "copied").rglob("journal.jsonl")).read_bytes()
    assert journal.endswith(b"\n")
    assert all(json.loads(line)["seq"] == number for number, line in enumerate(journal.splitlines(), 1))


@pytest.fixture
def copy(finished: Any, tmp_path: Path) -> Path:
    """A copy of the finished run, to be damaged."""
    shutil.copytree(finished.folder / "home", tmp_path / "home")
    return tmp_path / "home" / "trajectories" / "tiny-run"


def test_a_torn_tail_is_cut_off_and_said(loopwright: Any, copy: Path) -> None:
    journal = copy / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-20])
    said = loopwright("verify", "latest")
    assert "never acknowledged" in said.out
    assert "never acknowledged" in loopwright("recover", "latest").out
    assert journal.read_bytes().endswith(b"\n")
    resumed = loopwright("resume", "latest")
    assert resumed.code == 0, resumed.out + resumed.err
    assert loopwright("verify", "latest").code == 0


def test_a_home_that_was_moved_is_its_own_store(loopwright: Any, copy: Path, finished: Any) -> None:
    old = finished.folder / "home" / "trajectories" / "tiny-run"
    before = (old / "agent_trace.json").stat().st_mtime_ns
    assert loopwright("resume", "latest").code == 0
    assert (old / "agent_trace.json").stat().st_mtime_ns == before
    assert not (copy / "journal").exists()


def test_damage_in_the_middle_is_refused_and_can_be_salvaged(loopwright: Any, copy: Path) -> None:
    journal = copy / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    lines[9] = lines[9].replace(b"part", b"pXrt", 1)
    journal.write_bytes(b"".join(lines))
    for command in ("show", "resume"):
        said = loopwright(command, "latest")
        assert said.code == 3, said.out + said.err
        assert "--salvage" in said.err
        assert "journal.jsonl" in said.err
    assert loopwright("verify", "latest").code == 1
    said = loopwright("recover", "latest", "--salvage")
    assert said.code == 0, said.err
    assert "9 events kept" in said.out
    kept = [path for path in copy.iterdir() if path.name.startswith("journal.damaged")]
    assert [path.read_bytes() for path in kept] == [b"".join(lines)]
    assert loopwright("show", "latest").code == 0


def test_a_bundle_that_lacks_a_part(loopwright: Any, copy: Path) -> None:
    subprocess.run(
        ["git", "bundle", "create", "-q", copy / "repo.bundle", "refs/parts/8", "refs/heads/main~1"],
        cwd=copy / "repo.git",
        check=True,
    )
    said = loopwright("verify", "latest")
    assert said.code == 1
    assert "repo.bundle" in said.out


def test_a_missing_blob_is_named(loopwright: Any, copy: Path) -> None:
    blobs = [path for path in (copy / "blobs").rglob("*") if path.is_file()]
    assert blobs
    blobs[0].unlink()
    said = loopwright("verify", "latest")
    assert said.code == 1
    assert blobs[0].name in said.out


def test_a_run_that_died_before_it_began(loopwright: Any, tmp_path: Path) -> None:
    (tmp_path / "home" / "trajectories" / "dead").mkdir(parents=True)
    (tmp_path / "home" / "trajectories" / "dead" / "journal.jsonl").touch()
    for command in ("show", "resume", "graph", "status", "logs", "attach"):
        said = loopwright(command, "dead")
        assert said.code == 2, said.out + said.err
        assert "had not begun" in said.err
    said = loopwright("verify", "dead")
    assert (said.code, "had not begun" in said.out) == (1, True)
    assert loopwright("list").code == 0


def test_a_damaged_run_does_not_hide_the_others(loopwright: Any, copy: Path) -> None:
    other = copy.with_name("other")
    shutil.copytree(copy, other)
    (other / "summary.json").unlink()
    journal = (other / "journal.jsonl").read_bytes()
    # The first line is damaged, then one in the middle, then nothing that could be folded is left.
    for damaged in (journal.replace(b"run_started", b"run_stXrted", 1), journal.replace(b'"part":3', b'"part":7', 1)):
        (other / "journal.jsonl").write_bytes(damaged)
        said = loopwright("list", "--json")
        assert said.code == 0, said.err
        listed = {run["id"]: run["status"] for run in json.loads(said.out)}
        assert listed == {"tiny-run": "ended", "other": "damaged"}
        plain = loopwright("list").out
        assert "tiny-run" in plain
        assert "other  damaged: The journal is damaged at line" in plain


def test_a_repository_that_is_gone_is_told_with_the_way_back(loopwright: Any, copy: Path) -> None:
    shutil.rmtree(copy / "repo.git")
    said = loopwright("verify", "latest")
    assert said.code == 0
    remedy = next(line for line in said.out.splitlines() if "git clone" in line)
    subprocess.run(["sh", "-c", remedy.partition("Type: ")[2]], check=True, capture_output=True)
    assert "warning" not in loopwright("verify", "latest").out
    resumed = loopwright("resume", "latest", "--max-turns", "3")
    assert resumed.code == 0, resumed.err
    shutil.rmtree(copy / "repo.git")
    (copy / "repo.bundle").unlink()
    said = loopwright("verify", "latest")
    assert (said.code, "repository repo.git is gone" in said.out) == (1, True)
