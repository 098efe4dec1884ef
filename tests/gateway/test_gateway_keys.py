"""Keys leave the environment, and the gateway still has them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

KEY = "sk-planted-0123456789"
OTHER = "sk-or-planted-9876543210"

PROGRAM = """
import os, subprocess, sys
from loopwright.gateway import Gateway, ModelSpec, hold_keys
from loopwright.record import Limits
if "unwritable" in sys.argv:
    from loopwright.gateway import _keys
    _keys._blank = lambda secrets: None
hold_keys()
hold_keys()
spec = ModelSpec.parse("openai/gpt-5")
gateway = Gateway(spec, on_call=print, limits=Limits(), blobs=None)
print(gateway._served.backend._key, ModelSpec.parse("openrouter/a/b").name)
print([name for name in os.environ if "KEY" in name], os.environ["KEPT"])
print(subprocess.run(["env"], capture_output=True, text=True).stdout.count("planted"))
sys.stdout.flush()
sys.stdin.readline()
"""


@pytest.mark.parametrize("how", ["", "unwritable"])
def test_held_keys_are_nowhere_in_the_environment(how: str) -> None:
    # A machine may have keys of its own, as Docker's GPG_KEY is one.
    quiet = {name: value for name, value in os.environ.items() if "KEY" not in name}
    environ = {**quiet, "OPENAI_API_KEY": KEY, "OPENROUTER_API_KEY": OTHER, "COPY_OF_KEY": KEY, "KEPT": "yes"}
    argv = [sys.executable, "-c", PROGRAM, how]
    with subprocess.Popen(argv, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(3)]
        shown = Path("/proc", str(process.pid), "environ").read_bytes() if os.geteuid() == 0 else b""
        status = Path("/proc", str(process.pid), "environ").stat()
        process.stdin.write("\n")
        process.stdin.close()
        assert process.wait(60) == 0
    assert said == [f"{KEY} a/b\n", "[] yes\n", "0\n"]
    assert b"planted" not in shown
    assert status.st_uid == 0, "a process that is not dumpable belongs to root in procfs"


def test_without_keys_nothing_changes() -> None:
    program = "from loopwright.gateway import hold_keys; import os; hold_keys(); print(dict(os.environ))"
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", ""), "A": "b"}
    done = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True)
    assert "'A': 'b'" in done.stdout
