"""What programs in a bwrap sandbox see: the options that build the file system view.

Nothing of the host is there unless it is named here: system folders, read-only; a made-up /etc with the few files that
programs need; toolchains; and the mounts of the spec.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from loopwright.base import MachineError, UsageError
from loopwright.sandbox._look import exists, is_dir, is_link, is_socket
from loopwright.sandbox.protocol import Mount, SandboxSpec
from loopwright.sandbox.toolchains import Toolchains

__all__ = ["HELPERS", "HOME", "RELAY_SOCKET", "View", "view_options"]

HOME = "/home/agent"
HELPERS = "/run/loopwright"
RELAY_SOCKET = f"{HELPERS}/relay.sock"
# A read-only procfs lies under this folder, with an empty folder mounted above it: cells need one in the mount
# namespace to be allowed to mount their own, and nobody inside can lift the upper mount to reach it.
_COVERED_PROC = f"{HELPERS}/covered"

_PACKAGE = Path(__file__).parent
_SYSTEM = ("/usr", "/nix/store", "/gnu/store")
_TOP = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_MADE_ETC = ("passwd", "group", "hosts", "nsswitch.conf")
_HOST_ETC = (
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "alternatives",
    "ssl/certs",
    "ssl/openssl.cnf",
    "pki/tls/certs",
    "pki/ca-trust/extracted",
    "ca-certificates.conf",
    "localtime",
    "mime.types",
    "services",
    "protocols",
    "fonts",
)
_PROC_DENIED = ("kcore", "keys", "key-users", "kallsyms", "timer_list", "sched_debug", "latency_stats")
_PROC_READ_ONLY = ("sys", "sysrq-trigger", "irq", "bus", "fs", "acpi", "scsi", "driver", "pressure")


@dataclass(frozen=True)
class View:
    """How large the private folders may grow, and whether this bwrap can say so."""

    temp_bytes: int = 1 << 30
    shared_bytes: int = 256 << 20
    sized: bool = True

    @classmethod
    def within(cls, memory_bytes: int | None, *, sized: bool) -> View:
        """Private folders are in memory, so none may be larger than what a program may use."""
        most = cls.temp_bytes if memory_bytes is None else memory_bytes
        return cls(min(cls.temp_bytes, most), min(cls.shared_bytes, most), sized)


def view_options(spec: SandboxSpec, chains: Toolchains, view: View) -> list[str]:
    """Build the bwrap options for the whole view, the last of which makes the root itself read-only.

    Raises:
        UsageError: A mount is not absolute, or its source is missing.
        MachineError: A mount would go through a symbolic link that a program put there.
    """
    options = [*_system(), *_proc(), *_devices(view), *_etc()]
    options += [*_sized(view.temp_bytes, view), "--perms", "1777", "--tmpfs", "/tmp", "--dir", "/var"]
    options += [*_var_tmp(spec, chains, view), *_sized(view.temp_bytes, view), "--perms", "0700", "--tmpfs", HOME]
    for path, target in chains.mounts:
        options += ["--ro-bind", str(path), target]
    options += _helpers(spec)
    options += ["--dir", spec.workdir]
    options += _mounts(spec.mounts)
    return [*options, "--remount-ro", "/"]


def _sized(size: int, view: View) -> list[str]:
    return ["--size", str(size)] if view.sized else []


def _var_tmp(spec: SandboxSpec, chains: Toolchains, view: View) -> list[str]:
    """The other folder for temporary files: the same one, unless something that is shown lies there on the host."""
    shown = [*(target for _, target in chains.mounts), *(mount.target for mount in spec.mounts)]
    if any(PurePosixPath(target).is_relative_to("/var/tmp") for target in shown):
        # bwrap mounts nothing behind a link.
        return [*_sized(view.temp_bytes, view), "--perms", "1777", "--tmpfs", "/var/tmp"]
    return ["--symlink", "/tmp", "/var/tmp"]


def _system() -> list[str]:
    options: list[str] = []
    for name in _SYSTEM:
        options += ["--ro-bind-try", name, name]
    for name in _TOP:
        path = Path(name)
        if is_link(path):
            options += ["--symlink", str(path.readlink()), name]
        elif is_dir(path):
            options += ["--ro-bind", name, name]
    return options


def _proc() -> list[str]:
    # For root on the host these stay writable in a fresh procfs even without any capability, as the kernel compares
    # the user and not the namespace: /proc/sys/kernel/core_pattern alone would be a way out.
    options = ["--proc", "/proc"]
    for name in _PROC_READ_ONLY:
        if exists(f"/proc/{name}"):
            options += ["--ro-bind", f"/proc/{name}", f"/proc/{name}"]
    for name in _PROC_DENIED:
        if exists(f"/proc/{name}"):
            options += ["--ro-bind", "/dev/null", f"/proc/{name}"]
    return options


def _devices(view: View) -> list[str]:
    return [
        "--dev",
        "/dev",
        *_sized(view.shared_bytes, view),
        "--perms",
        "1777",
        "--tmpfs",
        "/dev/shm",
        "--remount-ro",
        "/dev",
    ]


def _etc() -> list[str]:
    options = ["--dir", "/etc"]
    for name in _MADE_ETC:
        options += ["--ro-bind", str(_PACKAGE / "etc" / name), f"/etc/{name}"]
    java = [path.name for path in Path("/etc").glob("java-*")]
    for name in (*_HOST_ETC, *java):
        path = Path("/etc", name)
        if is_link(path):
            options += ["--symlink", str(path.readlink()), str(path)]
        elif exists(path):
            options += ["--ro-bind", str(path), str(path)]
    return [*options, "--symlink", "/proc/mounts", "/etc/mtab", "--symlink", "../usr/lib/os-release", "/etc/os-release"]


def _helpers(spec: SandboxSpec) -> list[str]:
    options = ["--dir", HELPERS]
    if spec.nested:
        options += ["--tmpfs", _COVERED_PROC, "--ro-bind", "/proc", f"{_COVERED_PROC}/proc", "--tmpfs", _COVERED_PROC]
        options += ["--remount-ro", _COVERED_PROC]
    if spec.relay is not None:
        if not is_socket(spec.relay.socket):
            raise MachineError(
                "The relay's socket does not exist.", where=str(spec.relay.socket), remedy="Is the gateway running?"
            )
        options += ["--ro-bind", str(_PACKAGE / "relay.py"), f"{HELPERS}/relay.py"]
        options += ["--ro-bind", str(spec.relay.socket), RELAY_SOCKET]
    return options


def _mounts(mounts: tuple[Mount, ...]) -> list[str]:
    options: list[str] = []
    for index, mount in enumerate(mounts):
        _check(mount, mounts[:index])
        options += ["--bind" if mount.writable else "--ro-bind", str(mount.source.absolute()), mount.target]
    return options


def _check(mount: Mount, earlier: tuple[Mount, ...]) -> None:
    target = PurePosixPath(mount.target)
    if not target.is_absolute() or ".." in target.parts or len(target.parts) < 2:
        raise UsageError("A mount's target is an absolute path below /, without `..`.", where=mount.target)
    if not exists(mount.source):
        raise UsageError("What is to be mounted does not exist, or this user cannot reach it.", where=str(mount.source))
    for other in earlier:
        if other.writable and target != PurePosixPath(other.target) and target.is_relative_to(other.target):
            _refuse_links(other.source, target.relative_to(other.target))


def _refuse_links(source: Path, below: PurePosixPath) -> None:
    path = source
    for part in below.parts:
        path = path / part
        if is_link(path):
            raise MachineError(
                "A mount would go through a symbolic link in a writable folder.",
                where=str(path),
                remedy="Remove the link.",
            )
