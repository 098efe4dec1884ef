"""A system call filter for sandboxed programs, as classic BPF; standard library only.

It closes what namespaces leave open: the kernel's key rings, which are the user's and not a namespace's; typing into
a terminal (TIOCSTI); sockets that no network namespace holds, above all to a virtual machine's host (AF_VSOCK); and
the parts of the kernel that programs under test have no use for and exploits do.
Numbers are from the kernel's `asm/unistd.h` of each architecture; the format is `linux/filter.h`.
"""

from __future__ import annotations

import os
import struct

__all__ = ["filter_program"]

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_EPERM, _ENOSYS, _EAFNOSUPPORT = 1, 38, 97
_AT_NUMBER, _AT_ARCH, _AT_FIRST, _AT_SECOND = 0, 4, 16, 24
_X32_BIT = 0x40000000
_CLONE_NEWUSER = 0x10000000
_SOCKET_FAMILIES = (1, 2, 10, 16)  # AF_UNIX, AF_INET, AF_INET6, AF_NETLINK
_TERMINAL_INPUT = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX

# Per machine: the audit architecture, then system calls by what the filter does with them.
_MACHINES: dict[str, dict[str, tuple[int, ...]]] = {
    "x86_64": {
        "arch": (0xC000003E,),
        # key rings, bpf, perf, userfaultfd, kexec, modules, file handles, syslog, acct, reboot, swap, quota, ports
        "deny": (248, 249, 250, 321, 298, 323, 246, 320, 175, 313, 176, 304, 103, 163, 169, 167, 168, 179, 172, 173),
        "absent": (425, 426, 427),  # io_uring: programs fall back where it is not there
        "ioctl": (16,),
        "socket": (41,),
        "clone": (56,),
        "clone3": (435,),
        "namespaces": (272, 308),  # unshare, setns
    },
    "aarch64": {
        "arch": (0xC00000B7,),
        "deny": (217, 218, 219, 280, 241, 282, 104, 294, 105, 273, 106, 265, 116, 89, 142, 224, 225, 60),
        "absent": (425, 426, 427),
        "ioctl": (29,),
        "socket": (198,),
        "clone": (220,),
        "clone3": (435,),
        "namespaces": (97, 268),
    },
}


def filter_program(*, namespaces: bool, machine: str | None = None) -> bytes:
    """Assemble the filter.

    Args:
        namespaces: Whether programs may still make namespaces (a sandbox that holds other sandboxes needs them).
        machine: As `uname -m` says; this machine's by default.

    Returns:
        An array of `struct sock_filter` as bwrap's `--seccomp` reads it; empty where the machine is not known.
    """
    calls = _MACHINES.get(machine or os.uname().machine)
    if calls is None:
        return b""
    lines = [_op(_LOAD, _AT_ARCH), _op(_EQUAL, calls["arch"][0], 1, 0), _fail(_ENOSYS), _op(_LOAD, _AT_NUMBER)]
    lines += _when(_AT_LEAST, _X32_BIT, _ENOSYS)
    for number in calls["deny"]:
        lines += _when(_EQUAL, number, _EPERM)
    for number in calls["absent"]:
        lines += _when(_EQUAL, number, _ENOSYS)
    lines += _when_argument(calls["ioctl"][0], _AT_SECOND, [(_EQUAL, value) for value in _TERMINAL_INPUT])
    lines += _only_families(calls["socket"][0])
    if not namespaces:
        for number in calls["namespaces"]:
            lines += _when(_EQUAL, number, _EPERM)
        # Its flags are behind a pointer, where no filter can look; the C library then uses clone.
        lines += _when(_EQUAL, calls["clone3"][0], _ENOSYS)
        lines += _when_argument(calls["clone"][0], _AT_FIRST, [(_ANY_BIT, _CLONE_NEWUSER)])
    return b"".join([*lines, _op(_RETURN, _ALLOW)])


def _only_families(number: int) -> list[bytes]:
    allowed = len(_SOCKET_FAMILIES)
    # Each match jumps over the rest and the refusal, to where the number is loaded again.
    checks = [_op(_EQUAL, family, allowed - index, 0) for index, family in enumerate(_SOCKET_FAMILIES)]
    block = [_op(_LOAD, _AT_FIRST), *checks, _fail(_EAFNOSUPPORT), _op(_LOAD, _AT_NUMBER)]
    return [_op(_EQUAL, number, 0, len(block)), *block]


def _op(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value)


def _fail(errno: int) -> bytes:
    return _op(_RETURN, _ERRNO | errno)


def _when(test: int, value: int, errno: int) -> list[bytes]:
    return [_op(test, value, 0, 1), _fail(errno)]


def _when_argument(number: int, offset: int, tests: list[tuple[int, int]]) -> list[bytes]:
    # The number is loaded again behind the tests, which overwrite the accumulator with an argument's low word.
    checks = [line for test, value in tests for line in _when(test, value, _EPERM)]
    block = [_op(_LOAD, offset), *checks, _op(_LOAD, _AT_NUMBER)]
    return [_op(_EQUAL, number, 0, len(block)), *block]
