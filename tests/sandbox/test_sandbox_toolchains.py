"""Finding toolchains in made-up home folders."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest

from loopwright.base import LoopwrightError
from loopwright.sandbox import Command, Mount, SandboxSpec
from loopwright.sandbox._view import View, view_options
from loopwright.sandbox.bwrap import BwrapSandbox
from loopwright.sandbox.toolchains import Toolchains, find_toolchains


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home" / "someone"
    folder.mkdir(parents=True)
    (folder / ".ssh").mkdir()
    (folder / ".ssh" / "id_ed25519").write_text("secret")
    return folder


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def find(home: Path, *folders: Path | str, **environ: str) -> Toolchains:
    path = os.pathsep.join(str(folder) for folder in folders)
    return find_toolchains({"PATH": path, **environ}, home)


def shown(chains: Toolchains, home: Path) -> set[str]:
    return {str(path.relative_to(home)) for path, _ in chains.mounts if path.is_relative_to(home)}


def inside(chains: Toolchains, home: Path) -> list[str]:
    return [str(Path(each).relative_to(home)) for each in chains.path if each.startswith(str(home))]


def test_pyenv_stubs_become_the_chosen_versions(home: Path) -> None:
    root = home / ".pyenv"
    program(root / "shims" / "python3")
    program(root / "bin" / "pyenv")
    for version in ("3.11.7", "3.12.1", "3.13.0"):
        program(root / "versions" / version / "bin" / "python3")
    (root / "version").write_text("3.12.1\n3.11.7\n")
    chains = find(home, root / "shims", root / "bin", "/usr/bin")
    assert inside(chains, home) == [".pyenv/versions/3.12.1/bin", ".pyenv/versions/3.11.7/bin"]
    assert shown(chains, home) == {".pyenv/versions/3.12.1", ".pyenv/versions/3.11.7"}
    assert inside(find(home, root / "shims", PYENV_VERSION="3.13.0"), home) == [".pyenv/versions/3.13.0/bin"]
    for hostile in ("../../.ssh", "system", "9.9"):
        assert inside(find(home, root / "shims", PYENV_VERSION=hostile), home) == []


def test_rustup_stubs_become_the_toolchain(home: Path) -> None:
    program(home / ".cargo" / "bin" / "rustup")
    (home / ".cargo" / "credentials.toml").write_text("secret")
    program(home / ".rustup" / "toolchains" / "stable-x" / "bin" / "cargo")
    (home / ".rustup" / "settings.toml").write_text('default_toolchain = "stable-x"\n')
    chains = find(home, home / ".cargo" / "bin")
    assert inside(chains, home) == [".rustup/toolchains/stable-x/bin", ".cargo/bin"]
    assert shown(chains, home) == {".rustup/toolchains/stable-x", ".cargo/bin"}
    (home / ".rustup" / "settings.toml").write_text("not [ toml")
    assert inside(find(home, home / ".cargo" / "bin"), home) == [".cargo/bin"]


def test_nvm_shows_the_version_only(home: Path) -> None:
    program(home / ".nvm" / "versions" / "node" / "v22" / "bin" / "node")
    program(home / ".nvm" / "versions" / "node" / "v20" / "bin" / "node")
    chains = find(home, home / ".nvm" / "versions" / "node" / "v22" / "bin")
    assert shown(chains, home) == {".nvm/versions/node/v22"}


def test_links_of_local_bin_lead_to_their_tools_only(home: Path) -> None:
    program(home / ".local" / "share" / "tools" / "one" / "bin" / "one")
    program(home / ".local" / "share" / "claude" / "versions" / "2.0")
    (home / ".local" / "share" / "keyrings").mkdir()
    folder = home / ".local" / "bin"
    folder.mkdir()
    (folder / "one").symlink_to(home / ".local" / "share" / "tools" / "one" / "bin" / "one")
    (folder / "claude").symlink_to("../share/claude/versions/2.0")
    (folder / "env").symlink_to("/usr/bin/env")
    (folder / "gone").symlink_to("nowhere")
    chains = find(home, folder)
    assert shown(chains, home) == {".local/bin", ".local/share/tools/one", ".local/share/claude/versions/2.0"}


def test_a_venv_brings_its_base(home: Path) -> None:
    program(home / "python" / "bin" / "python3")
    program(home / "project" / ".venv" / "bin" / "tool")
    (home / "project" / ".venv" / "pyvenv.cfg").write_text(f"home = {home}/python/bin\n")
    chains = find(home, home / "project" / ".venv" / "bin")
    assert shown(chains, home) == {"project/.venv", "python"}


def test_what_would_show_too_much_is_skipped(home: Path) -> None:
    (home / "bin").mkdir()
    chains = find(home, home, home.parent, "/", "relative", "", home / "nothing", home / "bin")
    assert shown(chains, home) == {"bin"}, "a folder of the home is shown alone"
    assert str(home) in chains.skipped
    assert str(home.parent) in chains.skipped
    assert "relative" in chains.skipped


def test_links_that_lead_to_the_home_are_skipped(home: Path) -> None:
    (home.parent / "innocent").symlink_to(home)
    (home.parent / "deep").mkdir()
    (home.parent / "deep" / "bin").symlink_to(home)
    chains = find(home, home.parent / "innocent", home.parent / "deep" / "bin")
    assert shown(chains, home) == set()
    assert home not in [path for path, _ in chains.mounts]


def test_system_folders_need_nothing(home: Path) -> None:
    chains = find(home, "/usr/bin", "/bin")
    assert "/usr/bin" in chains.path
    assert not any(str(path).startswith("/usr") for path, _ in chains.mounts)


def as_ordinary_user(check: Callable[[], None]) -> int:
    """Run `check` in a process without root's right to look everywhere; 0 where it raised nothing."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setresgid(65534, 65534, 65534)
                os.setresuid(65534, 65534, 65534)
            check()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach, which `tmp_path` is not."""
    with tempfile.TemporaryDirectory(prefix="loopwright-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_what_a_user_may_not_look_into_is_not_there(open_folder: Path) -> None:
    home = Path("/nonexistent/someone")
    closed, listless = open_folder / "closed", open_folder / "listless" / "deep"
    program(closed / "bin" / "tool")
    program(closed / "shims" / "tool")
    program(listless / "tool")
    closed.chmod(0)
    listless.chmod(0o111)
    path = [closed / "bin", closed / "shims", closed, listless, Path("/usr/bin")]

    def check() -> None:
        chains = find(home, *path)
        assert "/usr/bin" in chains.path
        assert not [each for each in chains.path if each.startswith(str(closed))], chains.path
        assert not [each for each, _ in chains.mounts if each.is_relative_to(closed)]
        assert str(closed / "bin") in chains.skipped
        view_options(SandboxSpec(), chains, View())
        try:
            view_options(SandboxSpec(mounts=(Mount(closed / "bin", "/tools"),)), chains, View())
        except LoopwrightError:
            return
        raise AssertionError("a mount that cannot be reached is refused")

    try:
        assert as_ordinary_user(check) == 0
    finally:
        closed.chmod(0o755)
        listless.chmod(0o755)


def test_a_tool_that_lies_in_the_other_folder_for_temporary_files_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="loopwright-tools-") as folder:
        tool = program(Path(folder, "bin", "say-hello"))
        tool.write_text("#!/bin/sh\necho hello > /var/tmp/mine && cat /var/tmp/mine\n")
        monkeypatch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")
        done = anyio.run(BwrapSandbox(SandboxSpec()).run, Command(("say-hello",)))
        assert (done.stdout, done.exit_code) == (b"hello\n", 0), done.stderr
        assert not Path("/var/tmp/mine").exists()
