"""Stores: one set of promises, kept by a folder and by a bucket."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from loopwright.base import MachineError, UsageError
from loopwright.record import Store, encode_event, find_in_store, open_store
from loopwright.record._line import frame
from loopwright.record.samples import at, run_started


@pytest.fixture(scope="module")
def s3_server() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket; the address of a prefix in it."""
    _put(f"{s3_server}/runs")
    for name, value in {
        "AWS_ENDPOINT_URL": s3_server,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    return f"s3://runs/{os.urandom(6).hex()}"


def _put(url: str) -> None:
    urllib.request.urlopen(urllib.request.Request(url, method="PUT")).close()


@pytest.fixture(params=["folder", "file", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "s3":
        return open_store(request.getfixturevalue("s3"))
    spec = str(tmp_path / "a store") if request.param == "folder" else (tmp_path / "a store").as_uri()
    return open_store(spec)


def test_what_was_put_is_there(store: Store, tmp_path: Path) -> None:
    store.check()
    store.put("trajectories/one/agent_trace.json", b"first")
    store.put("trajectories/one/agent_trace.json", b"second")
    assert store.get("trajectories/one/agent_trace.json") == b"second"
    large = tmp_path / "large"
    large.write_bytes(bytes(range(256)) * 50_000)
    store.put_file("trajectories/one/repo.bundle", large)
    assert store.get("trajectories/one/repo.bundle") == large.read_bytes()
    store.put("empty", b"")
    assert store.get("empty") == b""


def test_what_was_not_put_is_not_there(store: Store) -> None:
    store.check()
    store.put("one/a", b"x")
    assert store.exists("one/a")
    assert not store.exists("one/b")
    assert not store.exists("one")
    with pytest.raises(MachineError, match="no such object"):
        store.get("one/b")


def test_listing_is_by_folder_and_sorted(store: Store) -> None:
    for key in ("t/one/b", "t/one/a/c", "t/one-more/x", "t/two/a"):
        store.put(key, b"x")
    assert store.list("t/one/") == ["t/one/a/c", "t/one/b"]
    assert store.list("t/one") == ["t/one/a/c", "t/one/b"]
    assert len(store.list("t/")) == 4
    assert store.list("nothing/") == []
    assert len(store.list("")) == 4


def test_a_check_leaves_nothing(store: Store) -> None:
    store.check()
    assert store.list("") == []


def test_addresses_are_for_people(tmp_path: Path, s3: str) -> None:
    assert open_store(str(tmp_path)).uri("a/b c") == f"file://{tmp_path}/a/b%20c"
    assert open_store(s3).uri("a/b") == f"{s3}/a/b"
    assert open_store("s3://runs").uri("a/b") == "s3://runs/a/b"


@pytest.mark.parametrize("key", ["../x", "a/../../x", "/etc/passwd", "", "a\0b"])
def test_no_key_leaves_the_folder(tmp_path: Path, key: str) -> None:
    store = open_store(str(tmp_path / "store"))
    with pytest.raises(UsageError, match="not the key"):
        store.put(key, b"x")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("gs://bucket/x", "no store of the kind `gs://`"),
        ("s3a://bucket/x", "Did you mean `s3://`"),
        ("s3://", "cannot be a bucket"),
        ("s3://Bad_Bucket", "cannot be a bucket"),
        ("s3://runs/a/../b", "relative piece"),
        ("file://host/folder", "three slashes"),
        ("", "no name"),
    ],
)
def test_what_names_no_store_is_refused(s3: str, spec: str, message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        open_store(spec)


def test_missing_keys_are_named(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(MachineError, match="S3 needs AWS_SECRET_ACCESS_KEY"):
        open_store(s3)


def test_a_wrong_bucket_is_one_sentence(s3: str) -> None:
    with pytest.raises(MachineError, match="There is no bucket 'nowhere'") as caught:
        open_store("s3://nowhere/x").check()
    assert "AWS_ENDPOINT_URL" in str(caught.value)
    assert "\n" not in str(caught.value)


_REFUSING = """
from moto.server import ThreadedMotoServer
import sys, urllib.request
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
url = "http://%s:%s" % server.get_host_and_port()
print(url, flush=True)
sys.stdin.read()
"""


def test_refused_keys_are_one_sentence(monkeypatch: pytest.MonkeyPatch, s3: str) -> None:
    # A server of its own: who may do what is a setting of the whole process.
    command = [sys.executable, "-W", "ignore", "-c", _REFUSING]
    environment = os.environ | {"INITIAL_NO_AUTH_ACTION_COUNT": "0"}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as server:
        assert server.stdout is not None
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.stdout.readline().strip())
        with pytest.raises(MachineError, match="refuses these keys") as caught:
            open_store("s3://runs/x").check()
        server.kill()
    assert "AWS_ACCESS_KEY_ID" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("endpoint", ["127.0.0.1:9000", "nonsense", "http://", "ftp://host"])
def test_an_endpoint_that_is_no_address_is_refused(s3: str, monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    with pytest.raises(UsageError, match="AWS_ENDPOINT_URL"):
        open_store(s3)


def test_a_store_that_is_not_there_is_one_sentence(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(MachineError, match=re.escape("The store at http://127.0.0.1:9 cannot be reached")) as caught:
        open_store("s3://runs/x").check()
    assert "\n" not in str(caught.value)


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MachineError, match="--store"):
        open_store(str(tmp_path / "file" / "store")).check()


class _Failing(BaseHTTPRequestHandler):
    def do_PUT(self) -> None:
        body = b"<Error><Code>SlowDown</Code></Error>"
        self.send_response(503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_an_error_of_the_server_is_one_sentence(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUST_BACKTRACE", "1")  # makes the library's own messages pages long
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Failing)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(server.serve_forever, 0.01)
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
        with pytest.raises(MachineError, match=r"answered with an error \(503 SlowDown\)") as caught:
            open_store("s3://runs/x").put("a", b"x")
        server.shutdown()
    server.server_close()
    assert len(str(caught.value)) < 200


def test_another_package_can_add_a_kind_of_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plugged_store.py").write_text(
        "from loopwright.record import open_store\ndef open(spec): return open_store(spec.removeprefix('plugged://'))\n"
    )
    about = tmp_path / "plugged_store-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: plugged-store\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[loopwright.stores]\nplugged = plugged_store:open\n")
    monkeypatch.syspath_prepend(tmp_path)
    store = open_store(f"plugged://{tmp_path}/store")
    store.put("a", b"x")
    assert (tmp_path / "store" / "a").read_bytes() == b"x"
    with pytest.raises(UsageError, match="plugged://"):
        open_store("unknown://x")


def test_a_folder_that_dies_says_so_for_every_operation(tmp_path: Path) -> None:
    folder, source = tmp_path / "a store", tmp_path / "source"
    source.write_bytes(b"x")
    store = open_store(str(folder))
    store.put_file("trajectories/one/blob", source)
    shutil.rmtree(folder)
    folder.write_bytes(b"a file where the folder was")
    calls: list[Callable[[], object]] = [
        lambda: store.put_file("trajectories/one/blob", source),
        lambda: store.put("trajectories/one/blob", b""),
        lambda: store.get("trajectories/one/blob"),
        lambda: store.list(""),
        lambda: store.list("trajectories/one"),
        store.check,
    ]
    for call in calls:
        with pytest.raises(MachineError) as caught:
            call()
        assert "LOOPWRIGHT_HOME" not in str(caught.value)


def test_runs_of_a_store_are_found_like_those_of_a_home(store: Store) -> None:
    with pytest.raises(UsageError, match="no run yet"):
        find_in_store(store, "latest")
    for number, name in enumerate(("older-b", "newest", "older-a")):
        started = run_started(trajectory_id=name, started_at=at(100 if name == "newest" else number))
        store.put(f"trajectories/{name}/journal/000000000001.jsonl", frame(1, encode_event(started)))
        store.put(f"trajectories/{name}/journal/000000000002.jsonl", b"more")
    store.put("trajectories/torn/journal/000000000001.jsonl", b"damaged")
    assert find_in_store(store, "latest") == "newest"
    assert find_in_store(store, "new") == "newest"
    assert find_in_store(store, "older-a") == "older-a"
    with pytest.raises(UsageError, match="any of 2 runs: older-a, older-b"):
        find_in_store(store, "older")
    with pytest.raises(UsageError, match="Did you mean 'newest'"):
        find_in_store(store, "newset")
