"""Choosing a backend, and being told exactly what is missing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import anyio
import pytest

from loopwright.base import MachineError, UsageError
from loopwright.sandbox import (
    Command,
    Mount,
    SandboxSpec,
    backends,
    bwrap,
    facts,
    open_sandbox,
    probe,
    registry,
    require,
    strongest,
)
from loopwright.sandbox.host import HostSandbox

SOURCE = Path(__file__).parents[2] / "src"


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    caches = (registry.probe, registry._plugins, bwrap.features)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


def test_both_backends_work_here() -> None:
    assert backends()[:2] == ["bwrap", "host"]
    assert require("bwrap").isolation.startswith("bwrap ")
    assert "no isolation" in require("host").isolation
    assert strongest() == "bwrap"
    assert probe("bwrap") is probe("bwrap")


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(UsageError, match="bwarp") as caught:
        open_sandbox("bwarp", SandboxSpec())
    assert "`bwrap`" in str(caught.value.remedy)


def test_a_probe_works_inside_an_event_loop() -> None:
    async def main() -> bool:
        return probe("bwrap").works

    assert anyio.run(main)


def test_a_missing_bwrap_is_told_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bwrap, "find_tool", lambda name: None if name == "bwrap" else f"/usr/bin/{name}")
    with pytest.raises(MachineError, match="not installed") as caught:
        require("bwrap")
    assert "install bubblewrap" in str(caught.value.remedy)
    assert caught.value.exit_code == 3
    assert strongest() == "host"


def test_blocked_namespaces_are_told_with_the_fix(tmp_path: Path) -> None:
    # A machine without user namespaces: the inside of a sandbox.
    mounts = (Mount(tmp_path, "/workspace", writable=True), Mount(SOURCE, "/source"))
    sandbox = open_sandbox("bwrap", SandboxSpec(mounts=mounts, env={"PYTHONPATH": "/source"}))
    program = "from loopwright.sandbox import probe, strongest; p = probe('bwrap'); print(p.works, p.detail, p.remedy)"
    outcome = anyio.run(sandbox.run, Command((sys.executable, "-c", program + "; print(strongest())")))
    printed = outcome.stdout.decode()
    assert printed.startswith("False The sandbox did not start: bwrap:"), (printed, outcome.stderr)
    assert "--sandbox host" in printed
    assert printed.endswith("host\n")


def test_a_backend_that_leaks_does_not_pass_the_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    # The host's factory under the name of the isolating one: everything is seen, so it must not count as working.
    monkeypatch.setitem(registry._OWN, "bwrap", "loopwright.sandbox.host:HostSandbox")
    found = probe("bwrap")
    assert not found.works
    assert "home folder" in found.detail


def test_a_plug_in_is_found_but_cannot_take_our_names(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [
        EntryPoint("other", "loopwright.sandbox.host:HostSandbox", registry.GROUP),
        EntryPoint("bwrap", "loopwright.sandbox.host:HostSandbox", registry.GROUP),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    assert backends() == ["bwrap", "host", "other"]
    assert isinstance(open_sandbox("other", SandboxSpec()), HostSandbox)
    assert not isinstance(open_sandbox("bwrap", SandboxSpec()), HostSandbox)


def test_facts_say_how_to_get_more() -> None:
    found = {fact.backend: fact for fact in facts()}
    assert set(found) == {
        *("bwrap", "host", "nested", "cgroup", "seccomp", "landlock", "docker", "podman", "user"),
    }
    assert found["nested"].works, found["nested"]
    assert found["user"].works == (os.geteuid() != 0)
    for fact in found.values():
        assert fact.works or fact.remedy
