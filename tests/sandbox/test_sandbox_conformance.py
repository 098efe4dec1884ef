"""What every backend does alike. Isolation itself is in tests/escape."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from loopwright.base import MachineError, UsageError
from loopwright.sandbox import Command, Mount, Outcome, ResourceLimits, Sandbox, SandboxSpec, open_sandbox

Run = Callable[..., Outcome]
Alive = Callable[[], list[int]]


def our_groups() -> list[Path]:
    """Control groups that this process made and that are still there."""
    # Not by `glob`, which fails where the group of another test process goes away while it is looked into.
    folders = [Path(folder, name) for folder, names, _ in os.walk("/sys/fs/cgroup") for name in names]
    return [folder for folder in folders if folder.name.startswith(f"loopwright-{os.getpid()}-")]


def test_output_and_exit_code(run: Run) -> None:
    outcome = run("echo out; echo err >&2; exit 3")
    assert (outcome.exit_code, outcome.signal, outcome.timed_out) == (3, None, False)
    assert (outcome.stdout, outcome.stderr) == (b"out\n", b"err\n")
    assert (outcome.stdout_bytes, outcome.stderr_bytes, outcome.truncated) == (4, 4, False)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGTERM, signal.SIGXCPU])
def test_a_signal_is_told_from_an_exit_code(run: Run, number: int) -> None:
    killed = run(f"kill -{int(number)} $$")
    assert (killed.exit_code, killed.signal) == (None, number)
    assert killed.stderr == b""
    exited = run(f"exit {128 + number}")
    assert (exited.exit_code, exited.signal) == (128 + number, None)


@pytest.mark.parametrize("code", [0, 1, 125, 126, 127, 128, 130, 141, 255])
def test_every_exit_code_passes(run: Run, code: int) -> None:
    assert run(f"exit {code}").exit_code == code


def test_a_program_that_is_not_there(run: Run) -> None:
    outcome = run(("no-such-program",))
    assert outcome.exit_code == 127
    assert b"no-such-program" in outcome.stderr


def test_standard_input_arrives_and_ends(run: Run) -> None:
    data = os.urandom(1 << 20)
    assert run("cat", stdin=data, output_bytes=1 << 21).stdout == data
    assert run("cat; echo end").stdout == b"end\n"


def test_the_workspace_is_shared_both_ways(run: Run, workspace: Path) -> None:
    (workspace / "there").write_text("from the host")
    outcome = run("pwd; cat there; mkdir sub; echo inside > sub/here")
    assert outcome.stdout.endswith(b"from the host")
    assert (workspace / "sub" / "here").read_text() == "inside\n"
    assert (workspace / "sub" / "here").stat().st_uid == os.getuid()


def test_cwd_is_below_the_workdir(sandbox: Sandbox, workspace: Path) -> None:
    (workspace / "sub").mkdir()
    for cwd in ("sub", "/workspace/sub"):
        command = Command(("/bin/sh", "-c", "touch here; ls"), cwd=cwd)
        assert anyio.run(sandbox.run, command).stdout == b"here\n"


def test_a_missing_cwd_is_told(sandbox: Sandbox) -> None:
    with pytest.raises((MachineError, UsageError), match="nowhere"):
        anyio.run(sandbox.run, Command(("true",), cwd="nowhere"))


def test_environment_is_what_is_listed(backend: str, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANTED_API_KEY", "sk-planted")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/planted")
    mount = Mount(workspace, "/workspace", writable=True)
    sandbox = open_sandbox(backend, SandboxSpec(mounts=(mount,), env={"FROM_SPEC": "1", "BOTH": "spec"}))
    command = Command(("env",), env={"FROM_COMMAND": "two words\nand a line", "BOTH": "command"})
    printed = anyio.run(sandbox.run, command).stdout.decode()
    assert "FROM_SPEC=1\n" in printed
    assert "BOTH=command\n" in printed
    assert "FROM_COMMAND=two words\nand a line\n" in printed
    assert "LC_ALL=C.UTF-8\n" in printed
    assert "TERM=dumb\n" in printed
    assert "planted" not in printed.lower()


@pytest.mark.parametrize(("name", "value"), [("A=B", "1"), ("", "1"), ("A", "x\0y"), ("A\0--bind\0/\0/\0B", "1")])
def test_a_bad_variable_is_refused(sandbox: Sandbox, name: str, value: str) -> None:
    with pytest.raises(UsageError):
        anyio.run(sandbox.run, Command(("true",), env={name: value}))


def test_no_text_of_a_model_is_an_error(run: Run, sandbox: Sandbox) -> None:
    assert run("printf %s 'a\ud800b'").stdout == "a\ufffdb".encode()
    assert run(("printf", "%s", "\udcff")).stdout == b"\xff", "a name that is not UTF-8 keeps its bytes"
    command = Command(("/bin/sh", "-c", 'printf %s "$ODD"'), env={"ODD": "\udfff"})
    assert anyio.run(sandbox.run, command).stdout == "\ufffd".encode()


def test_arguments_too_long_for_the_kernel_end_like_in_a_shell(run: Run) -> None:
    outcome = run("true # " + "x" * (3 << 20))
    assert outcome.exit_code == 126
    assert b"too long" in outcome.stderr


@pytest.mark.parametrize("seconds", [10**400, float("inf"), 1e300])
def test_an_absurd_time_limit_is_the_longest_there_is(run: Run, seconds: float) -> None:
    assert run("echo done", wall_seconds=seconds).stdout == b"done\n"


def test_a_time_limit_that_is_no_number_is_no_time(run: Run) -> None:
    assert run("sleep 100", wall_seconds=float("nan")).timed_out


def test_absurd_other_limits_are_the_largest_there_are(run: Run) -> None:
    most = 10**400
    assert run("exit 7", cpu_seconds=most, memory_bytes=most, processes=most, file_bytes=most).exit_code == 7


@pytest.mark.parametrize("cwd", ["a\0b", "/workspace/\0"])
def test_a_folder_with_a_nul_is_refused(sandbox: Sandbox, cwd: str) -> None:
    with pytest.raises(UsageError, match="NUL"):
        anyio.run(sandbox.run, Command(("true",), cwd=cwd))


@pytest.mark.parametrize("argv", [(), ("echo", "a\0b")])
def test_a_bad_command_is_refused(sandbox: Sandbox, argv: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        anyio.run(sandbox.run, Command(argv))


def test_home_and_temp_are_private_and_writable(run: Run) -> None:
    outcome = run('touch "$HOME/a" "$TMPDIR/b" && ls "$HOME" "$TMPDIR"')
    assert outcome.exit_code == 0, outcome.stderr
    again = run('ls "$HOME" "$TMPDIR"')
    assert b"a\n" not in again.stdout
    assert b"b\n" not in again.stdout


def test_no_descriptors_are_inherited(run: Run) -> None:
    outcome = run("ls /proc/self/fd")
    assert outcome.stdout.split() == [b"0", b"1", b"2", b"3"]  # 3 is ls reading the folder


def test_head_and_tail_are_kept(run: Run) -> None:
    outcome = run("printf start; head -c 3000000 /dev/zero; printf end", output_bytes=1000)
    assert outcome.stdout_bytes == 3000008
    assert len(outcome.stdout) == 1000
    assert outcome.stdout.startswith(b"start\0")
    assert outcome.stdout.endswith(b"\0end")
    assert outcome.truncated


def test_a_flood_takes_bounded_memory(run: Run) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcome = run("head -c 400000000 /dev/zero", output_bytes=1 << 16)
    assert outcome.stdout_bytes == 400_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_output_is_told_as_it_comes(sandbox: Sandbox, workspace: Path) -> None:
    heard: list[bytes] = []

    def hear(data: bytes) -> None:
        heard.append(data)
        (workspace / "heard").touch()

    async def main() -> Outcome:
        line = "echo one; while [ ! -e heard ]; do sleep 0.02; done; rm heard; echo two >&2"
        return await sandbox.run(Command(("/bin/sh", "-c", line), limits=ResourceLimits(wall_seconds=60)), hear)

    assert anyio.run(main).exit_code == 0, "what it said first was not told while it ran"
    assert heard == [b"one\n", b"two\n"]


def test_an_error_of_the_listener_ends_the_program(sandbox: Sandbox, mark: str, alive: Alive) -> None:
    def listener(_: bytes) -> None:
        raise ValueError("of the listener")

    with pytest.raises(ValueError, match="of the listener"):
        anyio.run(sandbox.run, Command(("/bin/sh", "-c", f"echo x; sleep {mark}")), listener)
    assert alive() == []


@pytest.mark.parametrize(
    "line",
    [
        "sleep {0}",
        "sleep {0} & sleep {0}",
        "setsid sleep {0} & sleep {0}",
        "(setsid nohup sh -c 'setsid sleep {0} & sleep {0}' >/dev/null 2>&1 &) ; sleep {0}",
        "trap '' TERM HUP INT; sleep {0}",
    ],
)
def test_nothing_survives_the_time_limit(run: Run, mark: str, alive: Alive, line: str) -> None:
    began = time.monotonic()
    outcome = run(line.format(mark), wall_seconds=0.6)
    assert outcome.timed_out
    assert (outcome.exit_code, outcome.signal) == (None, None)
    assert time.monotonic() - began < 40
    assert alive() == []


def test_nothing_survives_the_program_and_nothing_waits_for_orphans(run: Run, mark: str, alive: Alive) -> None:
    # The orphans hold the output pipes open: waiting for their end would take for ever (test-loop of upstream).
    began = time.monotonic()
    outcome = run(f"echo x; sleep {mark} & setsid sleep {mark} & exit 4")
    assert outcome.exit_code == 4
    assert outcome.stdout == b"x\n"
    assert time.monotonic() - began < 30
    assert alive() == []


def test_a_program_that_kills_its_parents(run: Run, mark: str, alive: Alive) -> None:
    run(f"setsid sleep {mark} & sleep 0.1; kill -9 $PPID; sleep {mark}", wall_seconds=20)
    assert alive() == []


def test_nothing_survives_cancellation(sandbox: Sandbox, mark: str, alive: Alive) -> None:
    async def main() -> None:
        with anyio.move_on_after(0.5):
            await sandbox.run(Command(("/bin/sh", "-c", f"setsid sleep {mark} & sleep {mark}")))

    anyio.run(main)
    assert alive() == []


@pytest.mark.parametrize("after", [0.0, 0.002, 0.005, 0.01, 0.02, 0.05])
def test_cancellation_at_any_moment_of_the_start(sandbox: Sandbox, mark: str, alive: Alive, after: float) -> None:
    async def main() -> None:
        with anyio.move_on_after(after):
            await sandbox.run(Command(("sleep", mark)))

    anyio.run(main)
    assert alive() == []


def test_nothing_survives_us(backend: str, workspace: Path, mark: str, alive: Alive) -> None:
    program = textwrap.dedent(f"""
        import anyio
        from pathlib import Path
        from loopwright.sandbox import *
        mounts = (Mount(Path({str(workspace)!r}), "/workspace", writable=True),)
        sandbox = open_sandbox({backend!r}, SandboxSpec(mounts=mounts))
        anyio.run(sandbox.run, Command(("/bin/sh", "-c", "setsid sleep {mark} & echo > started; sleep {mark}")))
    """)
    ours = subprocess.Popen([sys.executable, "-c", program])
    try:
        deadline = time.monotonic() + 60
        while not (workspace / "started").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        ours.kill()
        ours.wait()
    while alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert alive() == []


def test_cpu_time_is_limited(run: Run) -> None:
    outcome = run("while :; do :; done", cpu_seconds=1)
    assert outcome.signal in (signal.SIGXCPU, signal.SIGKILL)
    assert not outcome.timed_out


def test_memory_is_limited(run: Run) -> None:
    python = os.path.realpath(sys.executable)
    outcome = run((python, "-I", "-S", "-c", "x = b'x' * (600 << 20); print('had it')"), memory_bytes=200 << 20)
    assert outcome.exit_code != 0
    assert b"had it" not in outcome.stdout


def test_file_size_is_limited(run: Run, workspace: Path) -> None:
    outcome = run("head -c 3000000 /dev/zero > big", file_bytes=1_000_000)
    assert outcome.exit_code != 0
    assert (workspace / "big").stat().st_size <= 1_000_000


@pytest.mark.parametrize("handler", [signal.SIG_DFL, signal.SIG_IGN])
def test_no_core_is_dumped(run: Run, workspace: Path, handler: signal.Handlers) -> None:
    assert run("ulimit -c").stdout == b"0\n"
    before = signal.signal(signal.SIGQUIT, handler)  # a shell ignores it for what it starts with `&`
    try:
        assert run("kill -QUIT $$").signal == signal.SIGQUIT
    finally:
        signal.signal(signal.SIGQUIT, before)
    assert list(workspace.iterdir()) == []


def test_many_at_the_same_time(sandbox: Sandbox) -> None:
    async def main() -> list[bytes]:
        printed: list[bytes] = []

        async def one(number: int) -> None:
            outcome = await sandbox.run(Command(("/bin/sh", "-c", f"sleep 0.1; echo {number}")))
            printed.append(outcome.stdout)

        async with anyio.create_task_group() as tasks:
            for number in range(8):
                tasks.start_soon(one, number)
        return printed

    assert sorted(anyio.run(main)) == [b"%d\n" % number for number in range(8)]


def test_nothing_of_ours_is_left(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    temp = tmp_path / "temp"
    temp.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temp))
    groups = our_groups()
    before = len(list(Path("/proc/self/fd").iterdir()))
    run("echo; exit 1")
    run("sleep 20", wall_seconds=0.3)
    assert list(temp.iterdir()) == []
    assert len(list(Path("/proc/self/fd").iterdir())) <= before
    assert our_groups() == groups


def test_git_does_not_find_the_repository_around_the_workspace(run: Run, tmp_path: Path) -> None:
    if shutil.which("git") is None:  # the checkpoint tests require git; here it is only the attacker's tool
        pytest.fail("git is not installed")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    outcome = run("git rev-parse --show-toplevel")
    assert outcome.exit_code != 0
    assert str(tmp_path).encode() not in outcome.stdout


def test_paths_translate(sandbox: Sandbox, workspace: Path) -> None:
    translate: object = sandbox
    assert translate.host_path("/workspace/a/../b") == workspace / "b"  # type: ignore[attr-defined]
    assert translate.host_path("/elsewhere") is None  # type: ignore[attr-defined]
    expected = "/workspace/b" if sandbox.name == "bwrap" else str(workspace / "b")
    assert translate.inside_path(workspace / "b") == expected  # type: ignore[attr-defined]
    assert translate.inside_path(workspace.parent) is None  # type: ignore[attr-defined]


def test_toolchains_of_path_work_inside(run: Run) -> None:
    assert run("python3 -c 'print(6 * 7)'").stdout == b"42\n"
    assert run("git --version").exit_code == 0
