"""`RunDir`: where a run lies, and what people are told when it cannot lie there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from loopwright.base import MachineError, UsageError
from loopwright.record import Journal, RunDir, check_home, find_run, home_folder, list_runs, short_id
from loopwright.record.samples import at, run_started


def test_home_is_named_by_the_environment_or_lies_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOOPWRIGHT_HOME", raising=False)
    assert home_folder() == tmp_path / ".loopwright"
    monkeypatch.setenv("LOOPWRIGHT_HOME", "elsewhere")
    assert home_folder() == tmp_path / "elsewhere"


def test_a_new_run_leaves_the_repository_around_it_clean(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    rundir = RunDir.create(tmp_path / ".loopwright", "one")
    rundir.journal.write_text("x")
    status = subprocess.run(["git", "-C", str(tmp_path), "status", "--porcelain"], capture_output=True, check=True)
    assert status.stdout == b""
    assert rundir.path == tmp_path / ".loopwright" / "trajectories" / "one"
    assert rundir.grades == tmp_path / ".loopwright" / "cache" / "grades"


def test_every_path_of_a_run_is_inside_its_folder(tmp_path: Path) -> None:
    rundir = RunDir(tmp_path, "one")
    names = ["journal", "blobs_folder", "repo", "workspace", "scratch", "bundles_folder", "lock", "control", "log"]
    names += ["agent_trace", "bundle", "parquet", "conversation", "summary"]
    paths = [getattr(rundir, name) for name in names]
    assert {path.parent for path in paths} == {rundir.path}
    assert len(set(paths)) == len(paths)


def test_two_runs_with_one_id_are_refused(tmp_path: Path) -> None:
    RunDir.create(tmp_path, "one")
    with pytest.raises(UsageError, match="two runs with one id"):
        RunDir.create(tmp_path, "one")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../x", "-rf", ".x", "a b", "é", "x" * 65, "a\n", "latest"])
def test_ids_that_are_no_folder_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be a trajectory id"):
        RunDir.create(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_run_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no run 'one'"):
        RunDir.open(tmp_path, "one")


def test_a_file_in_the_way_of_the_home_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(MachineError, match="LOOPWRIGHT_HOME"):
        RunDir.create(tmp_path / "home", "one")


def test_a_read_only_home_is_a_machine_error_with_a_remedy(tmp_path: Path) -> None:
    # A real read-only mount, since root may write to anything else.
    program = (
        "import sys; from pathlib import Path; from loopwright.record import RunDir\n"
        "try: RunDir.create(Path(sys.argv[1]) / 'home', 'one')\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    command = ["bwrap", "--bind", "/", "/", "--dev", "/dev", "--ro-bind", str(tmp_path), str(tmp_path)]
    done = subprocess.run([*command, sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True)
    assert done.stdout.startswith("MachineError"), done
    assert "Read-only file system" in done.stdout
    assert "LOOPWRIGHT_HOME" in done.stdout


def _started(home: Path, name: str, second: float) -> RunDir:
    rundir = RunDir.create(home, name)
    with Journal.open(rundir) as journal:
        journal.append(run_started(name, started_at=at(second)))
    return rundir


def test_runs_are_listed_newest_first_whatever_their_names(tmp_path: Path) -> None:
    for name, second in [("b", 10), ("c", 30), ("a", 20)]:
        _started(tmp_path, name, second)
    assert [run.id for run in list_runs(tmp_path)] == ["c", "a", "b"]
    assert find_run(tmp_path, "latest").id == "c"


def test_a_run_that_died_before_it_began_is_listed(tmp_path: Path) -> None:
    RunDir.create(tmp_path, "empty")
    (tmp_path / "trajectories" / ".hidden").mkdir()
    (tmp_path / "trajectories" / "a file").write_text("")
    assert [run.id for run in list_runs(tmp_path)] == ["empty"]


def test_runs_are_found_by_id_and_unique_beginning(tmp_path: Path) -> None:
    for name in ("abc", "abd", "ab", "xyz"):
        RunDir.create(tmp_path, name)
    assert find_run(tmp_path, "ab").id == "ab"
    assert find_run(tmp_path, "x").id == "xyz"
    assert find_run(tmp_path, "abd").id == "abd"


def test_a_short_id_is_one_that_finds_the_run(tmp_path: Path) -> None:
    random = ["0f8fad5b-d9cb-469f-a165-70867728950e", "3f2a9c1b7d5e4f60"]
    chosen = ["opencode-1", "opencode-2", "deadbeef", "face-off"]
    for name in (*random, *chosen):
        RunDir.create(tmp_path, name)
    assert [short_id(name) for name in random] == ["0f8fad5b", "3f2a9c1b"]
    assert [short_id(name) for name in chosen] == chosen
    assert all(find_run(tmp_path, short_id(name)).id == name for name in (*random, *chosen))


def test_what_is_ambiguous_or_unknown_names_the_near_ids(tmp_path: Path) -> None:
    for name in ("alpha-1", "alpha-2"):
        RunDir.create(tmp_path, name)
    with pytest.raises(UsageError, match="alpha-1, alpha-2"):
        find_run(tmp_path, "al")
    with pytest.raises(UsageError, match="Did you mean 'alpha-1'"):
        find_run(tmp_path, "alpah-1")
    with pytest.raises(UsageError, match="no run ''"):
        find_run(tmp_path, "")


def test_a_home_without_runs_says_how_to_start_one(tmp_path: Path) -> None:
    assert list_runs(tmp_path / "nowhere") == []
    with pytest.raises(UsageError, match="loopwright run"):
        find_run(tmp_path / "nowhere", "latest")


def test_checking_a_home_leaves_nothing_behind(tmp_path: Path) -> None:
    for home in (tmp_path / "not" / "yet", tmp_path):
        check_home(home)
        assert list(tmp_path.iterdir()) == []
    (tmp_path / "trajectories").mkdir()
    check_home(tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["trajectories"]


def test_a_home_that_cannot_be_one_is_said_to_be_that(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for home in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(MachineError) as caught:
            check_home(home)
        assert caught.value.where == str(home)
        assert "LOOPWRIGHT_HOME" in str(caught.value.remedy)
        assert "store" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
