"""Artifacts in S3, against a real S3 API: there while the run goes on, and enough without its machine."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

pytestmark = pytest.mark.slow


@pytest.fixture
def s3() -> Iterator[dict[str, str]]:
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environment = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test-secret",
        "AWS_REGION": "us-east-1",
    }
    _client(environment).create_bucket(Bucket="runs")
    yield environment
    server.stop()


def _client(environment: dict[str, str]) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        aws_access_key_id="test",
        aws_secret_access_key="test-secret",
        region_name="us-east-1",
    )


def _keys(environment: dict[str, str]) -> set[str]:
    listed = _client(environment).list_objects_v2(Bucket="runs").get("Contents", [])
    return {entry["Key"].removeprefix("lab/trajectories/s3-run/") for entry in listed}


def test_a_run_is_in_the_store_while_it_goes_on_and_after_its_machine_is_gone(
    loopwright: Any, s3: dict[str, str], tiny_task: Path, tiny_script: Path, tmp_path: Path
) -> None:
    wait = "until [ -e /tmp/shipped ]; do sleep 0.1; done; ls"
    tiny_script.write_text(tiny_script.read_text().replace("- shell: ls", f"- shell: {wait}"))
    words = ["run", "--task", tiny_task, "--model", f"scripted:{tiny_script}", "--store", "s3://runs/lab"]
    said: list[Any] = []
    thread = threading.Thread(target=lambda: said.append(loopwright(*words, "--trajectory-id", "s3-run", env=s3)))
    thread.start()
    seen: set[str] = set()
    deadline = time.monotonic() + 100
    while thread.is_alive() and time.monotonic() < deadline and not any(key.startswith("journal/") for key in seen):
        seen = _keys(s3)
        time.sleep(0.1)
    assert thread.is_alive(), said
    (tmp_path / "home" / "trajectories" / "s3-run" / "scratch" / "shipped").touch()
    assert any(key.startswith("journal/") for key in seen), "while it goes on"
    assert "agent_trace.json" not in seen
    thread.join()
    assert said[0].code == 0, said[0].err
    assert "TRACE_S3_URI: s3://runs/lab/trajectories/s3-run/agent_trace.json" in said[0].out
    kept = {"agent_trace.json", "repo.bundle", "trace.parquet", "conversation.md", "summary.json"}
    assert kept <= _keys(s3)

    shutil.rmtree(tmp_path / "home")
    replayed = loopwright("replay", "s3-run", "--store", "s3://runs/lab", "--json", env=s3)
    assert replayed.code == 0, replayed.err
    report = json.loads(replayed.out)
    assert [result["passed"] for result in report["commit_evaluations"].values()] == [0, 0, 3]
    assert report["commits_evaluated"] == 3


def test_a_bucket_that_does_not_exist(
    loopwright: Any, s3: dict[str, str], tiny_task: Path, tiny_script: Path, tmp_path: Path
) -> None:
    said = loopwright(
        "run", "--task", tiny_task, "--model", f"scripted:{tiny_script}", "--store", "s3://wrong/lab", env=s3
    )
    assert said.code == 3
    assert "wrong" in said.err
    assert "Traceback" not in said.err
    assert not (tmp_path / "home" / "trajectories").exists()


def test_a_run_that_the_store_does_not_have(loopwright: Any, s3: dict[str, str]) -> None:
    said = loopwright("replay", "nothing", "--store", "s3://runs/lab", env=s3)
    assert said.code == 2
    assert "nothing" in said.err
    assert "test-secret" not in said.err + said.out
