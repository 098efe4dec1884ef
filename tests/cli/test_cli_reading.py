"""What a person does after a run: look at it from every side."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow


def _json(said: Any) -> Any:
    assert said.code == 0, said.err
    return json.loads(said.out)


def test_run_prints_the_three_lines_of_the_seed_first(finished: Any) -> None:
    lines = finished.said.out.splitlines()
    base = f"file://{finished.folder}/home/trajectories/tiny-run"
    assert finished.said.code == 0, finished.said.err
    assert lines[:3] == [
        "TRAJECTORY_ID: tiny-run",
        f"TRACE_S3_URI: {base}/agent_trace.json",
        f"BUNDLE_S3_URI: {base}/repo.bundle",
    ]
    assert "scripted" in lines[3]
    assert "bwrap" in lines[4]
    assert "solved" in finished.said.out


def test_list_and_status(finished: Any) -> None:
    listed = _json(finished.loopwright("list", "--json"))
    assert [(run["id"], run["status"], run["reason"], run["parts"]) for run in listed] == [
        ("tiny-run", "ended", "solved", 19)
    ]
    assert _json(finished.loopwright("status", "latest", "--json"))["tests"]["words"]["passed"] == 3
    assert "tiny-run" in finished.loopwright("list").out
    assert "solved" in finished.loopwright("status", "tiny").out


def test_the_shell_completes_commands_and_ids(finished: Any) -> None:
    def completed(words: str) -> list[str]:
        asked = {"_LOOPWRIGHT_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
        return [line.partition(",")[2] for line in finished.loopwright(env=asked).out.splitlines()]

    assert {"show", "status", "stop"} <= set(completed("loopwright s"))
    ids = completed("loopwright show ")
    assert ids[0] == "latest"
    known = [run["id"] for run in _json(finished.loopwright("list", "--json"))]
    assert ids[1:] == known
    assert completed(f"loopwright diff {known[0][:4]}") == [name for name in known if name.startswith(known[0][:4])]


def test_show(finished: Any) -> None:
    trace = _json(finished.loopwright("show", "latest", "--json"))
    assert len(trace["parts"]) == 19
    calls = [part["tool"] for part in trace["parts"] if part["part_type"] == "tool_call"]
    assert calls
    assert {call["status"] for call in calls} == {"called"}
    part = _json(finished.loopwright("show", "latest", "--part", "8", "--json"))
    assert part["repo_checkpoint"]["changed_files"] == ["greet.sh"]
    assert "greet.sh" in finished.loopwright("show", "latest", "--part", "8").out
    assert "solved" in finished.loopwright("show", "latest").out
    missing = finished.loopwright("show", "latest", "--part", "20")
    assert (missing.code, "1 to 19" in missing.err) == (2, True)


def test_logs(finished: Any) -> None:
    said = finished.loopwright("logs", "latest")
    assert said.out.splitlines()[-1].split()[2] == "run_ended"
    assert said.out.isprintable() or "\x1b" not in said.out
    plain = finished.loopwright("logs", "latest", "--json")
    events = [json.loads(line) for line in plain.out.splitlines()]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[0]["event"]["type"] == "run_started"
    assert finished.loopwright("logs", "latest", "--json", "--follow") == plain
    attached = finished.loopwright("attach", "latest")
    assert (attached.out, attached.err) == (said.out, "")
    assert _json(finished.loopwright("logs", "latest", "--process", "--json")) == {"text": None}


def test_logs_follow_a_run_that_goes_on(finished: Any, tmp_path: Path) -> None:
    shutil.copytree(finished.folder / "home", tmp_path / "home")
    run = tmp_path / "home" / "trajectories" / "tiny-run"
    lines = (run / "journal.jsonl").read_bytes().splitlines(keepends=True)
    (run / "journal.jsonl").write_bytes(b"".join(lines[:5]))
    (run / "run.log").write_text("it began\n")
    with (run / "run.lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        following = subprocess.Popen(
            [sys.executable, "-m", "loopwright", "logs", "latest", "--json", "--follow"],
            env={**os.environ, "LOOPWRIGHT_HOME": str(tmp_path / "home")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert following.stdout is not None
        before = [json.loads(following.stdout.readline())["seq"] for _ in range(5)]
        with (run / "journal.jsonl").open("ab") as journal:
            journal.write(lines[5])
        after = json.loads(following.stdout.readline())
    out, err = following.communicate(timeout=100)
    assert (before, after["seq"], out) == ([1, 2, 3, 4, 5], 6, "")
    assert "its process is gone; go on with: loopwright resume tiny-run" in err
    environment = {"LOOPWRIGHT_HOME": str(tmp_path / "home")}
    said = finished.loopwright("logs", "latest", "--process", "--json", env=environment)
    assert _json(said) == {"text": "it began\n"}
    attached = finished.loopwright("attach", "latest", env=environment)
    assert (attached.code, "its process is gone" in attached.err) == (0, True)
    assert finished.loopwright("logs", "latest", env=environment).err == ""


def test_show_in_full_gives_the_content_of_blobs(finished: Any) -> None:
    trace = _json(finished.loopwright("show", "latest", "--json"))
    results = {part["part"]: part["tool"]["result"] for part in trace["parts"] if part["part_type"] == "tool_result"}
    large = [number for number, result in results.items() if "blob" in result]
    assert large
    part = _json(finished.loopwright("show", "latest", "--part", str(large[0]), "--full", "--json"))
    assert "blob" not in part["tool"]["result"]
    assert "1999\\n2000" in json.dumps(part["tool"]["result"]["value"])
    whole = finished.loopwright("show", "latest", "--full", "--json")
    assert '"blob":' not in whole.out
    assert _json(whole)["model_calls"][0]["type"] == "model_called"


def test_graph(finished: Any, tmp_path: Path) -> None:
    said = finished.loopwright("graph", "latest", "--output", tmp_path / "out")
    assert said.code == 0, said.err
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == [f"graph_trace_tiny-run.{kind}" for kind in ("html", "json", "png")]
    assert (tmp_path / "out" / "graph_trace_tiny-run.png").read_bytes().startswith(b"\x89PNG")


def test_a_place_that_cannot_be_written_is_named(finished: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for words in (
        ("graph", "latest", "--output", tmp_path / "file"),
        ("graph", "latest", "--output", tmp_path / "file" / "below"),
        ("replay", "latest", "--output", tmp_path / "file" / "r.json"),
        ("replay", "latest", "--output", tmp_path),
    ):
        said = finished.loopwright(*words)
        assert said.code == 2, said.out + said.err
        assert str(tmp_path) in said.err
        assert "Traceback" not in said.err
        assert said.out == ""  # not one checkpoint was graded before that
    assert (tmp_path / "file").read_text() == "mine"


def test_a_read_only_disk_is_answered_with_another_place(finished: Any, tmp_path: Path) -> None:
    shut = tmp_path / "shut"
    shut.mkdir()
    loopwright = f"{sys.executable} -m loopwright"
    script = (
        f"mount -t tmpfs -o ro tmpfs {shut} && {{ {loopwright} checkout latest {shut}/new; echo exit $?; "
        f"{loopwright} checkout latest {shut}; echo exit $?; {loopwright} graph latest --output {shut}; echo exit $?; "
        f"LOOPWRIGHT_HOME={shut} {loopwright} doctor; }}"
    )
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "LOOPWRIGHT_HOME": str(finished.folder / "home")},
        cwd=tmp_path,
        timeout=100,
        check=False,
    )
    assert "Traceback" not in done.stdout
    reading, _, looking = done.stdout.rpartition("exit 2")
    assert reading.count("exit 3") == 2, done.stdout
    assert reading.count("choose another folder") == 2, done.stdout
    assert "LOOPWRIGHT_HOME" not in reading
    assert "Read-only file system" in looking
    assert "Set LOOPWRIGHT_HOME" in looking


def test_checkout_and_diff(finished: Any, tmp_path: Path) -> None:
    facts = _json(finished.loopwright("checkout", "latest", tmp_path / "early", "--part", "9", "--json"))
    assert (tmp_path / "early" / "greet.sh").read_text() == "echo hi $1\n"
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=tmp_path / "early", capture_output=True, check=True)
    assert head.stdout.decode().strip() == facts["commit"]
    again = finished.loopwright("checkout", "latest", tmp_path / "early")
    assert again.code == 2
    assert "early" in again.err
    assert "+echo hello $1" in finished.loopwright("diff", "latest", "9", "19").out
    assert _json(finished.loopwright("diff", "latest", "0", "19", "--json"))["files"][0]["path"] == "greet.sh"
    assert "the same" in finished.loopwright("diff", "latest", "15", "19").out


def test_replay_agrees_with_the_run(finished: Any, tmp_path: Path) -> None:
    report = _json(finished.loopwright("replay", "latest", "--json", "--fresh", "--output", tmp_path / "r.json"))
    counts = [(result["first_part"], result["passed"]) for result in report["commit_evaluations"].values()]
    assert counts == [(0, 0), (8, 0), (14, 3)]
    assert not [result for result in report["commit_evaluations"].values() if result["disagrees"]]
    assert json.loads((tmp_path / "r.json").read_text()) == report


def test_replay_from_trace_and_bundle_alone(finished: Any, tmp_path: Path) -> None:
    run = finished.folder / "home" / "trajectories" / "tiny-run"
    words = ("--trace", run / "agent_trace.json", "--bundle", run / "repo.bundle", "--output", tmp_path / "r.json")
    said = finished.loopwright("replay", *words, "--part", "9", "--test-path", "words/ada")
    assert said.code == 0, said.err
    assert "0/1" in said.out
    said = finished.loopwright("replay", *words, "--part", "9", "--checkout-part", tmp_path / "files")
    assert said.code == 0, said.err
    assert (tmp_path / "files" / "greet.sh").read_text() == "echo hi $1\n"


def test_replay_from_a_store_by_a_part_of_its_id(tiny_task: Path, tiny_script: Path, loopwright: Any) -> None:
    store = tiny_task.parent / "store"
    words = ("--task", tiny_task, "--model", f"scripted:{tiny_script}", "--store", store)
    assert loopwright("run", *words, "--trajectory-id", "stored-run").code == 0
    shutil.rmtree(tiny_task.parent / "home")
    for name in ("latest", "stor"):
        said = loopwright("replay", name, "--store", store, "--part", "0", "--output", store.parent / "r.json")
        assert said.code == 0, said.err
    unknown = loopwright("replay", "stored-rum", "--store", store)
    assert (unknown.code, "stored-run" in unknown.err) == (2, True)


def test_replay_of_a_bundle_that_lacks_a_ref(finished: Any, tmp_path: Path) -> None:
    run = finished.folder / "home" / "trajectories" / "tiny-run"
    subprocess.run(
        ["git", "bundle", "create", "-q", tmp_path / "less.bundle", "refs/parts/8"], cwd=run / "repo.git", check=True
    )
    said = finished.loopwright("replay", "--trace", run / "agent_trace.json", "--bundle", tmp_path / "less.bundle")
    assert said.code == 2, said.err
    assert "less.bundle" in said.err
    assert "Traceback" not in said.err


def test_verify_and_recover(finished: Any) -> None:
    assert _json(finished.loopwright("verify", "latest", "--json"))["problems"] == []
    assert "whole" in finished.loopwright("verify", "latest").out
    assert finished.loopwright("recover", "latest").code == 0


def test_a_part_that_is_not_there_is_refused_in_the_same_words_by_all(finished: Any, tmp_path: Path) -> None:
    for words in (("show",), ("show", "--json"), ("checkout", tmp_path / "new"), ("replay",), ("fork",)):
        said = finished.loopwright(words[0], "latest", *words[1:], "--part", "99")
        assert (said.code, said.out) == (2, "")
        assert said.err.startswith("error: The run ")
        assert " has no part 99.\n       Its " in said.err


def test_test_by_hand(finished: Any, tmp_path: Path) -> None:
    (tmp_path / "build.sh").write_text("exit 0\n")
    (tmp_path / "greet.sh").write_text("echo hello ada\n")
    words = ("--task", finished.folder / "greet", "--workspace", tmp_path)
    said = finished.loopwright("test", *words, "--json")
    result = json.loads(said.out)
    assert (said.code, result["passed"], result["failed"], result["total"]) == (1, 1, 2, 3)
    assert {"suites", "cases"} <= result.keys()
    assert finished.loopwright("test", "words/ada", *words).code == 0
    said = finished.loopwright("test", "wrods", *words)
    assert (said.code, said.out) == (2, "")
    assert f"error: {finished.folder / 'greet'}: no test matches 'wrods'; nearest: words" in said.err


def test_doctor_says_what_works(finished: Any) -> None:
    report = _json(finished.loopwright("doctor", "--json"))
    assert "bwrap" in [finding["name"] for finding in report["findings"] if finding["works"]]


def test_the_seed_commands_are_the_same_code(finished: Any, tmp_path: Path) -> None:
    environment = {"LOOPWRIGHT_HOME": str(finished.folder / "home")}

    def call(name: str, *words: str) -> subprocess.CompletedProcess[bytes]:
        program = Path(sys.executable).with_name(name)
        return subprocess.run([program, *words], env={**os.environ, **environment}, cwd=tmp_path, capture_output=True)

    assert call("graph_trace", "tiny-run").returncode == 0
    assert (tmp_path / "output" / "graph_trace_tiny-run.png").exists()
    assert call("graph_trace", "tiny-run", "--part", "9").returncode == 0
    assert (tmp_path / "output" / "repo_part_9" / "greet.sh").exists()
    assert b"nonesuch" in call("trace", "--task", str(finished.folder / "greet"), "--agent", "nonesuch").stderr
