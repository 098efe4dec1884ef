"""Finding, judging and installing agents' programs, with small programs in their place."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from loopwright.agents.programs import RELEASES, check_program, find, install, installed_folder, release_of
from loopwright.agents.programs.asking import version_of
from loopwright.agents.programs.versions import version_key
from loopwright.base import MachineError, UsageError
from loopwright.cli.agents import agents as command

_PINNED = RELEASES["codex"].version


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing installed; the folder of the result is its PATH."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("LOOPWRIGHT_AGENTS", str(tmp_path / "agents"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("loopwright.agents.programs.finding.find_spec", lambda name: None)
    return tmp_path / "bin"


def _program(path: Path, says: str, code: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho asked >> {path}.asked\n{says}\nexit {code}\n")
    path.chmod(0o755)
    return path


def _codex(version: str) -> str:
    return f"echo codex-cli {version}"


def test_what_we_installed_comes_before_path_and_the_pinned_one_before_others(bare: Path) -> None:
    release = RELEASES["codex"]
    _program(bare / "codex", _codex("0.161.0"))
    assert find("codex").source == "path"
    other = installed_folder(release).with_name("0.162.0") / "codex_cli_bin" / "bin" / "codex"
    _program(other, _codex("0.162.0"))
    assert (find("codex").version, find("codex").source) == ("0.162.0", "installed")
    pinned = _program(installed_folder(release) / "codex_cli_bin" / "bin" / "codex", _codex(_PINNED))
    program = find("codex")
    assert (program.path, program.warning) == (pinned, "")
    assert program.folder == pinned.parents[1]
    assert program.argv("/opt/agents") == ("/opt/agents/bin/codex",)


def test_a_wheel_of_this_python_is_found_without_importing_it(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("LOOPWRIGHT_AGENTS", str(tmp_path / "agents"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    site = tmp_path / "site"
    wheel = _program(site / "codex_cli_bin" / "bin" / "codex", _codex(_PINNED))
    (site / "codex_cli_bin" / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.setattr(sys, "path", [str(site), *sys.path])
    program = find("codex")
    assert (program.path, program.source) == (wheel, "wheel")


def test_a_program_alone_on_path_is_shown_alone(bare: Path, tmp_path: Path) -> None:
    real = _program(tmp_path / "home" / "codex-linux", _codex(_PINNED))
    (bare / "codex").symlink_to(real)
    program = find("codex")
    assert (program.path, program.folder) == (real, real)
    assert program.argv("/opt/agents/codex-linux") == ("/opt/agents/codex-linux",)


def _launcher(modules: Path) -> Path:
    package = modules / "@openai" / "codex"
    (package / "bin").mkdir(parents=True)
    (package / "package.json").write_text("{}")
    (package / "bin" / "codex.js").write_text(f"#!/usr/bin/env node\nconsole.log('codex-cli {_PINNED}')\n")
    (package / "bin" / "codex.js").chmod(0o755)
    return package / "bin" / "codex.js"


@pytest.mark.parametrize("nested", [True, False])
def test_a_launcher_of_npm_stands_for_the_program_of_its_platform(bare: Path, tmp_path: Path, nested: bool) -> None:
    modules = tmp_path / "lib" / "node_modules"
    (bare / "codex").symlink_to(_launcher(modules))
    place = modules / "@openai" / "codex" / "node_modules" if nested else modules
    platform = place / "@openai" / "codex-linux-x64"
    native = _program(platform / "vendor" / "x86_64-unknown-linux-musl" / "bin" / "codex", _codex(_PINNED))
    program = find("codex")
    assert (program.path, program.folder, program.launcher) == (native, platform, ())


def test_a_launcher_without_a_program_is_run_by_node(bare: Path, tmp_path: Path) -> None:
    modules = tmp_path / "lib" / "node_modules"
    (bare / "codex").symlink_to(_launcher(modules))
    _program(bare / "node", f"echo codex-cli {_PINNED}")
    program = find("codex")
    assert program.folder == modules
    assert program.argv("/opt/agents") == ("node", "/opt/agents/@openai/codex/bin/codex.js")


def test_an_untested_version_is_used_with_a_warning_and_one_too_old_is_refused(bare: Path) -> None:
    _program(bare / "codex", _codex("0.999.1"))
    check = check_program("codex")
    assert check.ok
    assert "0.999.1 was not tested" in check.warning
    assert _PINNED in check.warning
    _program(bare / "codex", _codex("0.9.0 ") + " # older")
    check = check_program("codex")
    assert not check.ok
    assert "too old" in check.detail
    assert check.remedy == "Type: loopwright agents install codex"


@pytest.mark.parametrize(
    ("says", "code", "words"),
    [
        ("echo segmentation fault >&2", 139, "fails at its start (exit code 139): segmentation fault"),
        ("kill -9 $$", 0, "fails at its start (signal 9): it printed nothing"),
        ("echo hello", 0, "names no version: hello"),
        ("yes 'no version here' | head -c 3000000", 0, "names no version"),
    ],
)
def test_a_program_that_does_not_start_is_one_sentence(bare: Path, says: str, code: int, words: str) -> None:
    _program(bare / "codex", says, code)
    check = check_program("codex")
    assert not check.ok
    assert words in check.detail
    assert "install codex" in check.remedy


def test_a_program_that_hangs_is_given_up_with_all_that_it_started(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loopwright.agents.programs.asking._SECONDS", 2.0)
    _program(bare / "codex", f"sleep 300 & echo $! > {bare}/child; wait")
    with pytest.raises(MachineError, match="did not answer"):
        find("codex")
    child = int((bare / "child").read_text())
    until = time.monotonic() + 60
    while _runs(child) and time.monotonic() < until:
        time.sleep(0.01)
    assert not _runs(child)


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().split(") ")[1][0] not in "ZX"
    except OSError:
        return False


def test_the_version_is_asked_once_until_the_file_changes(bare: Path) -> None:
    path = _program(bare / "codex", _codex("0.163.0"))
    assert version_of(path) == version_of(path) == "0.163.0"
    assert Path(f"{path}.asked").read_text().count("asked") == 1
    _program(path, _codex("0.164.0") + " # longer")
    assert version_of(path) == "0.164.0"
    (bare.parent / "cache" / "loopwright" / "program-versions.json").write_bytes(b"\xffnot json")
    assert version_of(path) == "0.164.0"


def test_nothing_anywhere_says_what_to_type() -> None:
    for name, release in RELEASES.items():
        check = check_program(name)
        assert (check.ok, check.remedy) == (False, f"Type: loopwright agents install {name}")
        assert release.title in check.detail
    with pytest.raises(UsageError, match="Did you mean codex"):
        release_of("codx")


def _tool(bare: Path, body: str) -> None:
    """A `uv` that puts a program into its --target."""
    (bare / "uv").write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && exit 0\necho "$@" >> {bare}/uv.log\n'
        'while [ "$1" != --target ]; do shift; done\n'
        f"{body}\n"
    )
    (bare / "uv").chmod(0o755)


_PUTS = f"""mkdir -p "$2/codex_cli_bin/bin"
printf '#!/bin/sh\\necho codex-cli {_PINNED}\\n' > "$2/codex_cli_bin/bin/codex"; chmod 755 "$2/codex_cli_bin/bin/codex"
"""


def test_an_installation_happens_once_also_by_two_at_a_time(bare: Path) -> None:
    _tool(bare, f"sleep 0.2; {_PUTS}")
    said: list[str] = []
    both = [threading.Thread(target=install, args=("codex", said.append)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    log = (bare / "uv.log").read_text().splitlines()
    assert len(log) == 1
    assert log[0].endswith(f"openai-codex-cli-bin=={_PINNED}")
    assert sum("already installed" in text for text in said) == 1
    assert find("codex").source == "installed"
    assert sorted(path.name for path in installed_folder(RELEASES["codex"]).parent.iterdir()) == [".lock", _PINNED]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("mkdir -p $2/half; echo 'could not resolve host' >&2; exit 2", "uv said: could not resolve host"),
        ("mkdir -p $2/half", "holds no program for this machine"),
        (_PUTS.replace(f"echo codex-cli {_PINNED}", "exit 5"), "fails at its start"),
    ],
)
def test_a_failed_installation_leaves_nothing(bare: Path, body: str, words: str) -> None:
    _tool(bare, body)
    with pytest.raises(MachineError) as caught:
        install("codex")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [path.name for path in installed_folder(RELEASES["codex"]).parent.iterdir()] == [".lock"]


def test_without_npm_the_sentence_says_what_to_type(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(bare))
    with pytest.raises(MachineError, match="npm, which is not installed") as caught:
        install("opencode")
    assert "loopwright agents install opencode" in str(caught.value)


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LOOPWRIGHT_AGENTS", str(tmp_path / "file" / "agents"))
    with pytest.raises(MachineError, match="could not be installed: Not a directory") as caught:
        install("codex")
    assert "LOOPWRIGHT_AGENTS" in str(caught.value)


def test_versions_compare_by_number() -> None:
    assert version_key("0.9.0") < version_key("0.10.0-alpha.3") < version_key("0.10.1")
    assert version_key("nothing") == ()


def test_the_command_lists_checks_and_installs(bare: Path) -> None:
    runner = CliRunner()
    _tool(bare, _PUTS)
    missing = runner.invoke(command, ["check", "codex", "native"], standalone_mode=False)
    assert missing.return_value == 3
    assert "none  codex" in missing.output
    assert "Type: loopwright agents install codex" in missing.output
    assert "is installed in" in runner.invoke(command, ["install", "codex"]).output
    assert "already installed" in runner.invoke(command, ["install", "codex"]).output
    assert runner.invoke(command, ["check", "codex"], standalone_mode=False).return_value == 0
    listed = runner.invoke(command, ["list"]).output
    for name in ("native", "codex", "claude", "opencode", "acp"):
        assert name in listed
    assert f"tested: {_PINNED}" in listed
    assert "OPENAI_API_KEY" in listed
