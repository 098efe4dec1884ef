"""What to type where bubblewrap does not work, told from what it said and from this machine's settings."""

from __future__ import annotations

import os
from pathlib import Path

from loopwright.sandbox._look import exists

__all__ = ["remedy_for"]

_PROFILE = (
    "Allow bubblewrap in AppArmor: write `abi <abi/4.0>, include <tunables/global> "
    "profile bwrap /usr/bin/bwrap flags=(unconfined) { userns, }` (one statement a line) to /etc/apparmor.d/bwrap and "
    "type `sudo apparmor_parser -r /etc/apparmor.d/bwrap`; or, for all programs, "
    "`sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0`."
)
_CONTAINER = (
    "Inside a container, start it with `docker run --security-opt seccomp=unconfined "
    "--security-opt apparmor=unconfined --security-opt systempaths=unconfined` "
    "(podman: `--security-opt seccomp=unconfined --security-opt unmask=ALL`)."
)
_TYPED = "Or accept no isolation with `--sandbox host`."


def remedy_for(message: str) -> str:
    """Advise on an error message of bwrap: one or two sentences with what to type."""
    if "unknown option" in message.lower():
        return f"Update bubblewrap to 0.5 or later. {_TYPED}"
    if _reads("/proc/sys/user/max_user_namespaces", "0"):
        return f"Type `sudo sysctl user.max_user_namespaces=15000`. {_TYPED}"
    if _reads("/proc/sys/kernel/unprivileged_userns_clone", "0") and os.geteuid() != 0:
        return f"Type `sudo sysctl kernel.unprivileged_userns_clone=1`. {_TYPED}"
    if _reads("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1") and os.geteuid() != 0:
        return f"{_PROFILE} {_TYPED}"
    if _in_container():
        return f"{_CONTAINER} {_TYPED}"
    return f"Try `bwrap --unshare-all --ro-bind / / --proc /proc true` to see what is refused. {_TYPED}"


def _reads(path: str, value: str) -> bool:
    try:
        return Path(path).read_text(encoding="ascii").strip() == value
    except OSError:
        return False


def _in_container() -> bool:
    if exists("/.dockerenv") or exists("/run/.containerenv"):
        return True
    return "container=" in os.environ or exists("/run/systemd/container")
