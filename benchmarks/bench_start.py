"""How long `loopwright run` takes until the model is asked for the first time, as its provider sees it.

    python benchmarks/bench_start.py [--runs 7]

The provider is a socket in this process. It takes the time when a request has come, and then ends the run. The task
is one file and one test; what is measured is ours: imports, workspace, journal, gateway, sandbox, agent.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # run as a script: its own folder is on the path, the one above is not
    from benchmarks.report import exit_code, report
else:
    from report import exit_code, report

_LOOPWRIGHT = str(Path(sys.executable).with_name("loopwright"))
_PATIENCE = 60.0
"""Seconds until a run that asks nobody counts as broken."""
_TASK = {
    "task.toml": '[task]\nname = "start"\n',
    "instruction.md": "Say hello.\n",
    "environment.py": (
        "from loopwright.harness.environment import suite\n\n"
        'words = suite("words")\n\n\n'
        '@words.test("hello")\ndef hello() -> None:\n    pass\n'
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, socket.create_server(("127.0.0.1", 0)) as provider:
        provider.settimeout(_PATIENCE)
        task = _make_task(Path(temporary) / "task")
        times, helps = [], []
        for _ in range(options.runs + 1):
            times.append(_until_asked(task, Path(temporary) / "home", provider))
            helps.append(_help())
    ours, base = statistics.median(times[1:]), statistics.median(helps[1:])
    print(f"loopwright run: {ours:.0f} ms until the first model call ({min(times):.0f}-{max(times):.0f} ms)")
    print(f"loopwright --help: {base:.0f} ms")
    name = "start: loopwright run to the first model call"
    report(name=name, unit="ms", value=ours, peer="loopwright --help", peer_value=base)
    sys.exit(exit_code())


def _make_task(folder: Path) -> Path:
    folder.mkdir()
    for name, text in _TASK.items():
        (folder / name).write_text(text)
    return folder


def _until_asked(task: Path, home: Path, provider: socket.socket) -> float:
    """Milliseconds from starting the process to its first request."""
    host, port = provider.getsockname()
    command = [_LOOPWRIGHT, "run", "--task", str(task), "--agent", "native", "--model", f"http://{host}:{port}/v1#m"]
    environment = os.environ | {"LOOPWRIGHT_HOME": str(home)}
    begin = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        asked, _ = provider.accept()
        with asked:
            asked.settimeout(_PATIENCE)
            assert asked.recv(4) == b"POST"
            taken = (time.perf_counter() - begin) * 1000
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=_PATIENCE)
    except TimeoutError:
        process.kill()
        raise SystemExit(f"the model was not asked: {process.communicate()[0]}") from None
    return taken


def _help() -> float:
    begin = time.perf_counter()
    subprocess.run([_LOOPWRIGHT, "--help"], stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - begin) * 1000


if __name__ == "__main__":
    main()
