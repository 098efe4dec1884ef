"""Every attack fails, in a sandbox, in one that allows nesting, and in a cell; without isolation some succeed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from loopwright.sandbox import Outcome

Attack = Callable[..., Outcome]


def assert_contained(outcome: Outcome) -> None:
    printed = outcome.stdout.decode("utf-8", "replace")
    assert "ESCAPED" not in printed, printed
    assert "DONE" in printed, (printed, outcome.stderr[-2000:], outcome)


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process of the host that attacks look for."""
    with subprocess.Popen(["sleep", f"{2000 + os.getpid()}.5"]) as process:
        yield process
        process.kill()


@pytest.fixture
def listeners() -> Iterator[tuple[socket.socket, socket.socket, socket.socket]]:
    """A TCP, a UDP and an abstract unix socket of the host."""
    tcp = socket.create_server(("127.0.0.1", 0))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    udp.setblocking(False)
    abstract = socket.socket(socket.AF_UNIX)
    abstract.bind(f"\0loopwright-escape-{os.getpid()}")
    abstract.listen()
    yield tcp, udp, abstract
    for each in (tcp, udp, abstract):
        each.close()


def test_files_of_the_host(attack: Attack, secret: Path, tmp_path: Path) -> None:
    beside = tmp_path / "beside"
    beside.write_text("planted-secret")
    assert_contained(attack("files", str(secret), str(beside), "/etc/shadow", "/etc/gshadow", "/root/.bashrc"))


def test_links_out_of_the_workspace(attack: Attack, secret: Path, tmp_path: Path) -> None:
    beside = tmp_path / "beside"
    beside.write_text("planted-secret")
    assert_contained(attack("links", str(secret), str(beside), "/etc/shadow"))


def test_processes_of_the_host(attack: Attack, bystander: subprocess.Popen[bytes]) -> None:
    assert_contained(attack("processes", str(bystander.args[1]), str(bystander.pid)))  # type: ignore[index]
    assert bystander.poll() is None


def test_network(attack: Attack, listeners: tuple[socket.socket, ...]) -> None:
    tcp, udp, abstract = listeners
    name = abstract.getsockname()[1:].decode()
    assert_contained(attack("network", str(tcp.getsockname()[1]), str(udp.getsockname()[1]), name))
    with pytest.raises(BlockingIOError):
        udp.recv(10)


def test_writing(attack: Attack) -> None:
    assert_contained(
        attack("writing", "/", "/usr", "/usr/local/bin", "/etc", "/run", "/run/loopwright", "/home", "/dev")
    )


@pytest.mark.parametrize("name", ["interfaces", "procfs", "privileges", "kernel", "terminal"])
def test_what_needs_no_preparation(attack: Attack, name: str) -> None:
    assert_contained(attack(name))


def test_namespaces(attack: Attack, place: str) -> None:
    if place == "bwrap nested":  # there namespaces may be made, and are of no use
        outcome = attack("proc_mounts")
        assert b"mounted a read-only procfs" in outcome.stdout, "the attack no longer gets as far as it should"
        assert_contained(outcome)
    else:
        assert_contained(attack("namespaces"))


def test_environment(attack: Attack, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "INNOCENT", "LD_LIBRARY_PATH_"):
        monkeypatch.setenv(name, "planted-value")
    assert_contained(attack("environment"))


def test_fork_bomb(attack: Attack) -> None:
    began = time.monotonic()
    outcome = attack("bomb", "60", processes=60)
    assert b"ESCAPED" not in outcome.stdout
    assert time.monotonic() - began < 100


def test_nothing_outlives_the_time_limit(attack: Attack, place: str, workspace: Path) -> None:
    heart = workspace / ("case/heart" if place == "cell" else "heart")
    for seconds in (1.5, 10):  # the first is not enough to begin where the machine is very busy
        outcome = attack("heartbeat", "heart", wall_seconds=seconds)
        assert outcome.timed_out or b"timed out" in outcome.stdout
        if heart.exists():
            break
    size = heart.stat().st_size
    assert size > 0
    time.sleep(0.3)
    assert heart.stat().st_size == size


def test_filling_what_is_in_memory(attack: Attack, place: str) -> None:
    # In a sandbox the memory group ends it; in a cell the sizes of its private folders do.
    outcome = attack("filler", "/tmp", "/dev/shm", "/", "/run", memory_bytes=150 << 20, file_bytes=200 << 20)
    assert b"ESCAPED" not in outcome.stdout, outcome.stdout


def test_one_file_has_a_largest_size(attack: Attack, place: str, workspace: Path) -> None:
    assert_contained(attack("filler", ".", file_bytes=1 << 20))
    folder = workspace / "case" if place == "cell" else workspace
    assert max(path.stat().st_size for path in folder.glob("fill*")) <= 1 << 20


def test_memory(attack: Attack) -> None:
    outcome = attack("memory", memory_bytes=200 << 20)
    assert b"ESCAPED" not in outcome.stdout
    assert b"DONE" not in outcome.stdout


def test_flood_of_output(attack: Attack) -> None:
    outcome = attack("flood", output_bytes=1000)
    assert len(outcome.stdout) <= 1000 + len(b" RUNNER FINE\n")
    assert b"DONE" in outcome.stdout


@pytest.mark.parametrize("place", ["cell"], indirect=True)
class TestCells:
    def test_the_runner_lives_on(self, attack: Attack) -> None:
        assert b"RUNNER FINE" in attack("processes", "none", "4000000").stdout

    def test_hidden_folders_and_other_cases(self, attack: Attack) -> None:
        assert_contained(attack("files", "/workspace/hidden/secret"))
        assert_contained(attack("writing", "/workspace", "/workspace/hidden", "/workspace/case/.."))


def test_attacks_succeed_without_isolation(
    secret: Path, bystander: subprocess.Popen[bytes], listeners: tuple[socket.socket, ...], tmp_path: Path
) -> None:
    """The harmless ones do work: so the tests above can fail."""
    tcp, udp, abstract = listeners

    def bare(*arguments: str) -> str:
        argv = [sys.executable, "-I", "-S", str(Path(__file__).with_name("attacks.py")), *arguments]
        done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
        return done.stdout

    assert f"ESCAPED read {secret}" in bare("files", str(secret))
    assert "ESCAPED read link0" in bare("links", str(secret))
    assert "ESCAPED wrote into" in bare("writing", str(tmp_path))
    name = abstract.getsockname()[1:].decode()
    reached = bare("network", str(tcp.getsockname()[1]), str(udp.getsockname()[1]), name)
    assert reached.count("ESCAPED reached") >= 2
    assert udp.recv(10) == b"escaped"
