"""What a hostile program tries. Runs inside a sandbox: `python -I -S attacks.py NAME [ARGS...]`; standard library only.

An attack prints lines that start with ESCAPED for each thing it should not have been able to do, and ends with DONE,
which proves that it was really tried. Everything here is bounded: it gives up by itself.
"""

# Hostile programs use plain calls.
# ruff: noqa: PTH119, PTH120, PTH123, PTH208, PTH211

import ctypes
import errno
import os
import platform
import signal
import socket
import struct
import sys
import time

LIBC = ctypes.CDLL(None, use_errno=True)
X86 = platform.machine() == "x86_64"
CALLS = {
    "add_key": 248 if X86 else 217,
    "request_key": 249 if X86 else 218,
    "keyctl": 250 if X86 else 219,
    "bpf": 321 if X86 else 280,
    "perf_event_open": 298 if X86 else 241,
    "userfaultfd": 323 if X86 else 282,
    "open_by_handle_at": 304 if X86 else 265,
    "init_module": 175 if X86 else 105,
    "kexec_load": 246 if X86 else 104,
    "syslog": 103 if X86 else 116,
    "clone3": 435,
    "io_uring_setup": 425,
    "process_vm_readv": 310 if X86 else 270,
    "pivot_root": 155 if X86 else 41,
    "setns": 308 if X86 else 268,
}


def escaped(what: object) -> None:
    print("ESCAPED", what, flush=True)


def reads(path: str) -> None:
    try:
        with open(path, "rb") as file:
            escaped(f"read {path}: {file.read(60)!r}")
    except OSError:
        pass


def writes(path: str) -> None:
    try:
        os.close(os.open(path, os.O_WRONLY))
        escaped(f"opened for writing: {path}")
    except OSError:
        pass


def call(name: str, *arguments: object) -> int:
    ctypes.set_errno(0)
    result: int = LIBC.syscall(CALLS[name], *arguments)
    return result if result >= 0 else -ctypes.get_errno()


def refused(name: str, *arguments: object, by: tuple[int, ...] = (errno.EPERM,)) -> None:
    result = call(name, *arguments)
    if -result not in by:
        escaped(f"{name} gave {result}")


def files(*paths: str) -> None:
    """Read files of the host, directly and through every door that procfs has."""
    for path in paths:
        for door in ("", "/proc/self/root", "/proc/1/root", "/proc/1/cwd/../../../..", "/proc/self/cwd/../.."):
            reads(door + path)


def links(*paths: str) -> None:
    """Plant symbolic links in the workspace and go through them."""
    for index, path in enumerate(paths):
        os.symlink(path, f"link{index}")
        reads(f"link{index}")
        os.symlink(os.path.dirname(path), f"folder{index}")
        reads(f"folder{index}/{os.path.basename(path)}")
        try:
            os.link(path, f"hard{index}")
            escaped(f"hard link to {path}")
        except OSError:
            pass


def processes(mark: str, pid: str) -> None:
    """See, signal, trace and read a process of the host."""
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    if f"sleep\0{mark}\0".encode() in file.read()[:200]:
                        escaped(f"saw process {name}")
            except OSError:
                pass
    number = int(pid)
    if LIBC.ptrace(16, number, 0, 0) == 0:
        escaped("traced")
    buffer = ctypes.create_string_buffer(8)
    vector = struct.pack("PN", ctypes.addressof(buffer), 8)
    if call("process_vm_readv", number, vector, 1, vector, 1, 0) > 0:
        escaped("read memory")
    print("DONE", flush=True)  # the last of these may end us too
    for target in (number, -number, -1):
        if os.fork() == 0:
            try:
                os.kill(target, signal.SIGKILL)
            finally:
                os._exit(0)
        time.sleep(0.05)


def network(tcp: str, udp: str, abstract: str) -> None:
    """Reach listeners of the host and the world."""
    for family, kind, address in (
        (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", int(tcp))),
        (socket.AF_INET, socket.SOCK_STREAM, ("192.0.2.1", 80)),
        (socket.AF_INET, socket.SOCK_DGRAM, ("192.0.2.1", 53)),
        (socket.AF_UNIX, socket.SOCK_STREAM, "\0" + abstract),
    ):
        with socket.socket(family, kind) as one:
            one.settimeout(2)
            try:
                one.connect(address)
                one.send(b"escaped")
                escaped(f"reached {address}")
            except OSError:
                pass
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(b"escaped", ("127.0.0.1", int(udp)))  # nobody hears it: the test listens
    for number, type_ in ((17, 3), (2, 3), (40, 1), (38, 5)):  # packets, raw, to the hypervisor, crypto
        try:
            socket.socket(number, type_).close()
            escaped(f"a socket of family {number}, type {type_}")
        except OSError:
            pass


def interfaces() -> None:
    for _, name in socket.if_nameindex():
        if name != "lo":
            escaped(f"interface {name}")


def writing(*paths: str) -> None:
    """Write where only reading is allowed."""
    for path in paths:
        try:
            with open(f"{path}/planted", "w") as file:
                file.write("x")
            escaped(f"wrote into {path}")
        except OSError:
            pass
    for path in ("/etc/passwd", "/etc/ld.so.cache", "/usr/bin/env", "/proc/sysrq-trigger", "/dev/mem", "/dev/kmsg"):
        writes(path)
    for path in ("/usr", "/etc", "/"):
        if LIBC.mount(b"", path.encode(), b"", 32 | 4096, b"") == 0:
            escaped(f"remounted {path}")


def procfs() -> None:
    """Find anything in /proc, but for processes' own folders, and in /sys that can be written."""
    for top in ("/proc", "/sys"):
        for folder, names, found in os.walk(top):
            if folder == "/proc":
                names[:] = [name for name in names if not name.isdigit() and name not in ("self", "thread-self")]
            for name in found:
                if f"{folder}/{name}" not in ("/proc/kmsg", *(f"/proc/{each}" for each in DEVNULLS)):
                    writes(f"{folder}/{name}")
    for name in ("kcore", "kallsyms", "kmsg"):
        try:
            with open(f"/proc/{name}", "rb") as file:
                if file.read(16).strip(b"0 "):
                    escaped(f"read /proc/{name}")
        except OSError:
            pass


DEVNULLS = ("kcore", "keys", "key-users", "kallsyms", "timer_list", "sched_debug", "latency_stats")


def privileges() -> None:
    """Hold, gain or use a privilege."""
    with open("/proc/self/status") as file:
        status = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        if int(status[name], 16):
            escaped(f"{name} {status[name]}")
    if status["NoNewPrivs"] != "1":
        escaped("may gain privileges by exec")
    if os.getuid() == 0:
        escaped("root inside")
    for attempt in (
        lambda: os.setuid(0),
        lambda: os.setgid(0),
        lambda: os.setgroups([0]),
        lambda: os.mknod("/tmp/disk", 0o600 | 0o060000, os.makedev(8, 0)),
        lambda: os.chroot("/tmp"),
        lambda: socket.sethostname("escaped"),
        lambda: os.nice(-5),
        lambda: time.clock_settime(time.CLOCK_REALTIME, 0),
    ):
        try:
            attempt()
            escaped("a privileged call")
        except OSError:
            pass


def namespaces() -> None:
    """Make namespaces and mounts, and take mounts away."""
    for flag in (0x10000000, 0x00020000, 0x10000000 | 0x00020000 | 0x20000000, 0x40000000):
        if os.fork() == 0:
            if LIBC.unshare(flag) == 0:
                escaped(f"unshare {flag:#x}")
            os._exit(0)
        os.wait()
    clones()
    doors()


def clones() -> None:
    pid = LIBC.syscall(56 if X86 else 220, 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        escaped("clone with a user namespace")
        os._exit(0)
    if pid > 0:
        os.waitpid(pid, 0)
    refused("clone3", 0, 0, by=(errno.ENOSYS, errno.EPERM, errno.EINVAL))


def doors() -> None:
    for name in ("user", "mnt", "net", "pid"):
        handle = os.open(f"/proc/1/ns/{name}", os.O_RDONLY) if os.access(f"/proc/1/ns/{name}", os.R_OK) else -1
        if handle >= 0 and LIBC.setns(handle, 0) == 0 and name in ("user", "mnt"):
            escaped(f"setns {name}")
    for kind, target in ((b"tmpfs", b"/tmp"), (b"proc", b"/proc"), (b"proc", b"/tmp"), (b"sysfs", b"/tmp")):
        if LIBC.mount(kind, target, kind, 0, b"") == 0:
            escaped(f"mounted {kind!r}")
    for target in (b"/proc/sys", b"/proc", b"/dev/null", b"/tmp", b"/usr", b"/run/loopwright/covered"):
        if LIBC.umount2(target, 2) == 0:
            escaped(f"unmounted {target!r}")
    if call("pivot_root", b"/tmp", b"/tmp") == 0:
        escaped("pivot_root")


def kernel() -> None:
    """Use parts of the kernel that no namespace holds."""
    refused("keyctl", 0, -3, 0)
    refused("keyctl", 11, -3, 0, 0)
    refused("add_key", b"user", b"escaped", b"x", 1, -3)
    refused("request_key", b"user", b"planted", None, 0)
    refused("bpf", 0, 0, 0)
    refused("perf_event_open", 0, 0, -1, -1, 0)
    refused("userfaultfd", 0)
    refused("open_by_handle_at", 0, 0, 0)
    refused("init_module", 0, 0, b"")
    refused("kexec_load", 0, 0, 0, 0)
    refused("syslog", 3, 0, 0)
    refused("io_uring_setup", 1, 0, by=(errno.ENOSYS,))


def terminal() -> None:
    """Type into a terminal that others read."""
    import fcntl

    try:
        os.close(os.open("/dev/tty", os.O_RDWR))
        escaped("there is a controlling terminal")
    except OSError:
        pass
    for descriptor in (0, 1, 2, *os.openpty()):
        for request in (0x5412, 0x541C):
            try:
                fcntl.ioctl(descriptor, request, b"x")
                escaped(f"typed into {descriptor}")
            except OSError:
                pass


def environment() -> None:
    """Find planted values in any environment or command line."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            for kind in ("environ", "cmdline"):
                try:
                    with open(f"/proc/{name}/{kind}", "rb") as file:
                        if b"planted-" + b"value" in file.read():
                            escaped(f"{kind} of {name}")
                except OSError:
                    pass


def bomb(limit: str) -> None:
    """Fork until it is refused; give up far above the limit."""
    made = 0
    while made < int(limit) * 3:
        try:
            if os.fork() == 0:
                time.sleep(20)
                os._exit(0)
        except OSError:
            break
        made += 1
    time.sleep(1)  # where only a watcher limits us, it has to have ended us by now
    print("made", made)
    if made > int(limit):
        escaped(f"made {made} processes")


def heartbeat(path: str) -> None:
    """Leave a process behind that shows that it lives, in every way known."""
    for _ in range(2):
        if os.fork() == 0:
            os.setsid()
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            if os.fork() == 0:
                end = time.monotonic() + 30
                while time.monotonic() < end:
                    with open(path, "a") as file:
                        file.write("x")
                    time.sleep(0.02)
            os._exit(0)
    print("DONE", flush=True)
    time.sleep(30)


def filler(*folders: str) -> None:
    """Fill what is in memory, and one file; gives up at 400 MiB."""
    block = bytes(1 << 20)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    for folder in folders:
        total = 0
        try:
            for number in range(4):
                with open(f"{folder}/fill{number}", "wb", buffering=0) as file:
                    for _ in range(100):
                        total += file.write(block)
        except OSError:
            pass
        if total >= 400 << 20:
            escaped(f"filled {folder} with {total >> 20} MiB")


def memory() -> None:
    block = b"x" * (500 << 20)
    escaped(f"has {len(block) >> 20} MiB")


def flood() -> None:
    """Print 300 MiB, most of it in one line."""
    block = b"x" * (1 << 20)
    for _ in range(300):
        os.write(1, block)
    print()


def proc_mounts() -> None:
    """In a sandbox that allows nesting: with all powers over namespaces of one's own, make procfs writable."""
    uid, gid = os.getuid(), os.getgid()
    if LIBC.unshare(0x10000000 | 0x00020000 | 0x20000000) != 0:
        print("no namespaces")
        return
    for path, text in (("uid_map", f"0 {uid} 1"), ("setgroups", "deny"), ("gid_map", f"0 {gid} 1")):
        try:
            with open(f"/proc/self/{path}", "w") as file:
                file.write(text)
        except OSError:
            pass
    if os.fork() == 0:
        for target in (b"/run/loopwright/covered", b"/proc/sys", b"/proc"):
            if LIBC.umount2(target, 2) == 0:
                escaped(f"uncovered {target!r}")
        if LIBC.mount(b"proc", b"/tmp", b"proc", 0, b"") == 0:
            escaped("mounted a writable procfs")
        if LIBC.mount(b"proc", b"/tmp", b"proc", 1, b"") == 0:
            print("mounted a read-only procfs", flush=True)
            writes("/tmp/sys/kernel/core_pattern")
            if LIBC.mount(b"", b"/tmp", b"", 32, b"") == 0:
                writes("/tmp/sys/kernel/core_pattern")
        reads("/run/loopwright/covered/proc/version")
        os._exit(0)
    os.wait()


if __name__ == "__main__":
    ATTACK = sys.argv[1]
    if ATTACK not in globals():
        sys.exit(f"no such attack: {ATTACK}")
    globals()[ATTACK](*sys.argv[2:])
    print("DONE", flush=True)
