"""How long the commands take that everybody types: `make demo` and `make check`, without setting up.

python benchmarks/bench_make.py [demo] [check]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # run as a script: its own folder is on the path, the one above is not
    from benchmarks.report import SWITCH, exit_code, report
else:
    from report import SWITCH, exit_code, report

_ROOT = Path(__file__).resolve().parent.parent
_LOOPWRIGHT = str(Path(sys.executable).with_name("loopwright"))
_BARS = {"demo": 60.0, "check": 120.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", choices=[[], *_BARS], default=list(_BARS))
    for target in parser.parse_args().targets:
        begin = time.perf_counter()
        _TARGETS[target]()
        seconds = time.perf_counter() - begin
        print(f"make {target}: {seconds:.1f} s (goal: {_BARS[target]:.0f} s)")
        report(name=f"make {target}", unit="s", value=seconds, bar=_BARS[target])
    sys.exit(exit_code())


def _demo() -> None:
    with tempfile.TemporaryDirectory() as home:
        model = ["--model", "scripted:examples/c_compiler/scripted.yaml", "--sandbox", "strongest"]
        _call([_LOOPWRIGHT, "run", "--plain", "--task", "examples/c_compiler", *model], home)
        _call([_LOOPWRIGHT, "graph", "latest"], home)


def _check() -> None:
    _call([str(_ROOT / "scripts" / "check")])


def _call(command: list[str], home: str = "") -> None:
    environment = {name: value for name, value in os.environ.items() if name != SWITCH}
    environment |= {"LOOPWRIGHT_HOME": home} if home else {}
    done = subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines()
        # scripts/check names each step before it takes it.
        step = next((line.strip("= ") for line in reversed(lines) if line.startswith("== ")), "")
        reason = f"{Path(command[0]).name} ended with exit code {done.returncode}{f' at: {step}' if step else ''}"
        raise SystemExit("\n".join([*lines[-20:], reason]))


_TARGETS: dict[str, Callable[[], None]] = {"demo": _demo, "check": _check}


if __name__ == "__main__":
    main()
