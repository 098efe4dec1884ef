"""The small parts: head and tail, endings, the filter, paths, remedies, the view's checks."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.base import MachineError, UsageError
from loopwright.sandbox import Mount, SandboxSpec
from loopwright.sandbox._cgroup import Support, _sweep
from loopwright.sandbox._ending import NotStarted, explain
from loopwright.sandbox._remedies import remedy_for
from loopwright.sandbox._seccomp import filter_program
from loopwright.sandbox._spawn import HeadTail, anonymous_file
from loopwright.sandbox._view import View, view_options
from loopwright.sandbox.paths import host_path, inside_path
from loopwright.sandbox.toolchains import Toolchains

ALLOW, EPERM, ENOSYS, EAFNOSUPPORT = 0x7FFF0000, 0x50001, 0x50026, 0x50061
X86, ARM = 0xC000003E, 0xC00000B7


@given(st.lists(st.binary(max_size=50)), st.integers(0, 60))
def test_head_tail(chunks: list[bytes], limit: int) -> None:
    kept = HeadTail(limit)
    for chunk in chunks:
        kept.add(chunk)
    whole = b"".join(chunks)
    assert kept.total == len(whole)
    head = limit - limit // 2
    expected = whole if len(whole) <= limit else whole[:head] + whole[len(whole) - limit // 2 :]
    assert kept.value() == expected
    assert kept.value() == expected


@given(st.binary(max_size=100))
def test_anonymous_file(data: bytes) -> None:
    handle = anonymous_file(data)
    try:
        assert os.read(handle, 200) == data
        with pytest.raises(OSError, match=r"not permitted|Bad file descriptor"):
            os.write(handle, b"x")
    finally:
        os.close(handle)


@pytest.mark.parametrize(
    ("code", "words", "expected"),
    [
        (0, b"ok\nend\n", (0, None)),
        (137, b"ok\nend\n", (137, None)),
        (137, b"ok\nKilled\nend\n", (None, 9)),
        (137, b"ok\nsh: line 1:  123 Killed   ( exec ...)\nend\n", (None, 9)),
        (137, b"ok\n", (None, 9)),
        (141, b"ok\nend\n", (141, None)),
        (3, b"sh: warning: setlocale\nok\nend\n", (3, None)),
        (-9, b"", (None, 9)),
    ],
)
def test_endings(code: int, words: bytes, expected: tuple[int | None, int | None]) -> None:
    assert explain(code, words) == expected


@pytest.mark.parametrize(
    ("code", "words", "said"),
    [
        (1, b"bwrap: Can't find source path /x\n", "source path /x"),
        (2, b"ok\nsh: 1: Cannot fork\n", "Cannot fork"),
        (125, b"", "exit code 125"),
    ],
)
def test_what_never_started(code: int, words: bytes, said: str) -> None:
    with pytest.raises(NotStarted, match=said):
        explain(code, words)


@given(st.integers(0, 255), st.binary(max_size=80))
def test_any_report_is_understood(code: int, words: bytes) -> None:
    try:
        got = explain(code, words)
    except NotStarted:
        return
    assert got in ((code, None), (None, code - 128))


def execute(program: bytes, arch: int, number: int, *arguments: int) -> int:
    """Run a filter as the kernel would (`linux/filter.h`; the data is `struct seccomp_data`)."""
    data = struct.pack("=IIQ6Q", number, arch, 0, *arguments, *[0] * (6 - len(arguments)))
    lines = list(struct.iter_unpack("=HBBI", program))
    value, at = 0, 0
    while True:
        code, yes, no, operand = lines[at]
        at += 1
        if code == 0x20:
            value = struct.unpack_from("=I", data, operand)[0]
        elif code == 0x06:
            return int(operand)
        else:
            test = {0x15: value == operand, 0x35: value >= operand, 0x45: bool(value & operand)}[code]
            at += yes if test else no


@pytest.mark.parametrize("namespaces", [False, True])
def test_filter_on_x86_64(namespaces: bool) -> None:
    program = filter_program(namespaces=namespaces, machine="x86_64")
    open_only_nested = ALLOW if namespaces else EPERM
    for number, arguments, expected in (
        (0, (), ALLOW),
        (59, (), ALLOW),
        (250, (), EPERM),
        (321, (), EPERM),
        (425, (), ENOSYS),
        (16, (0, 0x5412), EPERM),
        (16, (0, 0x5401), ALLOW),
        (16, (0x5412, 0x5401), ALLOW),
        (41, (1, 1), ALLOW),
        (41, (2, 1), ALLOW),
        (41, (10, 1), ALLOW),
        (41, (16, 3), ALLOW),
        (41, (40, 1), EAFNOSUPPORT),
        (41, (17, 3), EAFNOSUPPORT),
        (272, (0x10000000,), open_only_nested),
        (308, (), open_only_nested),
        (56, (0x11,), ALLOW),
        (56, (0x10000011,), open_only_nested),
        (435, (), ALLOW if namespaces else ENOSYS),
        (0x40000000 + 250, (), ENOSYS),
    ):
        assert execute(program, X86, number, *arguments) == expected, (number, arguments)
    assert execute(program, 0x40000003, 1) == ENOSYS  # 32-bit programs have other numbers


def test_filter_on_other_machines() -> None:
    program = filter_program(namespaces=False, machine="aarch64")
    assert execute(program, ARM, 219) == EPERM
    assert execute(program, ARM, 198, 40) == EAFNOSUPPORT
    assert execute(program, ARM, 64) == ALLOW
    assert execute(program, X86, 1) == ENOSYS
    assert filter_program(namespaces=False, machine="riscv64") == b""


@given(st.sampled_from(["x86_64", "aarch64"]), st.booleans(), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_every_filter_ends(machine: str, namespaces: bool, number: int, argument: int) -> None:
    program = filter_program(namespaces=namespaces, machine=machine)
    arch = X86 if machine == "x86_64" else ARM
    assert execute(program, arch, number, argument, argument) in (ALLOW, EPERM, ENOSYS, EAFNOSUPPORT)


def test_paths_with_mounts_that_cover_each_other() -> None:
    mounts = (
        Mount(Path("/host/work"), "/workspace", writable=True),
        Mount(Path("/host/tests"), "/workspace/tests"),
    )
    assert host_path(mounts, "/workspace/tests/a") == Path("/host/tests/a")
    assert host_path(mounts, "/workspace/testsuite") == Path("/host/work/testsuite")
    assert host_path(mounts, "/workspace/../etc") is None
    assert inside_path(mounts, Path("/host/tests/a")) == "/workspace/tests/a"
    assert inside_path(mounts, Path("/host/work/tests/a")) is None, "it is covered"
    assert inside_path(mounts, Path("/host/work")) == "/workspace"


def options(*mounts: Mount) -> list[str]:
    return view_options(SandboxSpec(mounts=mounts), Toolchains((), ()), View())


@pytest.mark.parametrize("target", ["workspace", "/", "/a/../b", ""])
def test_bad_targets_are_refused(tmp_path: Path, target: str) -> None:
    with pytest.raises(UsageError, match="target"):
        options(Mount(tmp_path, target))


def test_a_missing_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        options(Mount(tmp_path / "nothing", "/workspace"))


def test_a_mount_does_not_follow_links_of_a_program(tmp_path: Path) -> None:
    workspace, hooks = tmp_path / "workspace", tmp_path / "hooks"
    (workspace / ".git").mkdir(parents=True)
    hooks.mkdir()
    mounts = (Mount(workspace, "/workspace", writable=True), Mount(hooks, "/workspace/.git/hooks"))
    assert str(hooks) in options(*mounts)
    (workspace / ".git" / "hooks").symlink_to("/etc")
    with pytest.raises(MachineError, match="symbolic link"):
        options(*mounts)


def test_nothing_of_the_home_folder_is_mounted(tmp_path: Path) -> None:
    words = options(Mount(tmp_path, "/workspace"))
    home = str(Path.home())
    sources = {words[at + 1] for at, word in enumerate(words) if word.endswith("bind")}
    sources.discard(str(tmp_path))
    assert not [each for each in sources if each.startswith(home) and "loopwright" not in each]
    assert not sources & {"/", "/etc", "/root", "/home", "/var", "/run", "/tmp", "/sys"}


@pytest.mark.parametrize("message", ["bwrap: Unknown option --clearenv", "bwrap: No permissions to create namespace"])
def test_every_remedy_says_what_to_type(message: str) -> None:
    assert "`" in remedy_for(message)
    assert "--sandbox host" in remedy_for(message)


def test_only_old_groups_of_dead_makers_are_swept(tmp_path: Path) -> None:
    names = ("loopwright-999999999-1", "loopwright-999999999-2", f"loopwright-{os.getpid()}-1", "others-999999999-1")
    for name in names:
        (tmp_path / name).mkdir()
        if name != names[1]:
            os.utime(tmp_path / name, (0, 0))
    _sweep(Support(2, {"memory": tmp_path}))
    assert {path.name for path in tmp_path.iterdir()} == set(names[1:])
