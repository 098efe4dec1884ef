"""Submissions that would rather change the grade than the program. None may succeed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from loopwright.harness import CaseResult, Grade, Grader, load_task

MakeTask = Callable[..., Path]
MakeWorkspace = Callable[..., Path]
pytestmark = pytest.mark.anyio

# Every test runs the submission's `attack` and then tells what it printed; "control" has to pass, "honest" to fail.
TASK = """
import os
from pathlib import Path
from loopwright.harness.environment import *

HERE = Path(__file__).parent

@setup
def build():
    if (workspace() / "build").exists():
        run(["./build"], timeout=60)

s = suite("s")

@s.test("attack", timeout=60)
def attack():
    done = run([workspace() / "attack"], timeout=4, output_limit=4000)
    fail(done.how_it_ended(), actual=done.stdout + done.stderr)

@s.test("control", timeout=60)
def control():
    assert (HERE / "expected.txt").read_text() == "the secret\\n"
    assert not os.path.lexists(workspace() / "dropped")
    assert list(case_folder().iterdir()) == []
    assert not os.path.lexists("/tmp/dropped")

@s.test("honest", timeout=60)
def honest():
    expect_equal(1, 2)
"""


async def attacked(
    make_task: MakeTask,
    make_workspace: MakeWorkspace,
    files: Mapping[str, str],
    toml: str = "",
    seconds: float = 40,
) -> tuple[CaseResult, Grade]:
    """Grade a hostile submission; whatever it did, the two other tests end as they should."""
    task = load_task(
        make_task(TASK.replace("timeout=4", f"timeout={seconds}"), toml, files={"expected.txt": "the secret\n"})
    )
    grade = await Grader(task, backend="bwrap", cache=None, parallel=2).grade_folder(make_workspace(files))
    attack, control, honest = grade.cases
    assert (grade.status_code, grade.error) == (200, "")
    assert (attack.status, control.status, honest.status) == ("failed", "passed", "failed"), grade
    return attack, grade


async def test_the_tests_cannot_be_read_or_changed(make_task: MakeTask, make_workspace: MakeWorkspace) -> None:
    script = """#!/bin/sh
    ls -A /tests /tmp/cases /loopwright
    cat /tests/expected.txt /workspace/../tests/expected.txt /proc/1/root/tests/expected.txt
    cat $(find / -maxdepth 3 -name expected.txt 2>/dev/null) /dev/null
    touch /tmp/cases/1/x && echo "WROTE in its own folder"
    # The /tmp around it is its own too, and gone with it; see "control".
    mkdir /tmp/cases/2 /tmp/cases/3 && touch /tmp/dropped /tmp/cases/2/x
    for place in /tests/expected.txt /tests/environment.py /workspace/dropped /usr/x /etc/x /loopwright/x; do
        if echo forged > $place; then echo "WROTE $place"; fi
    done
    rm -rf /tests/* /tmp/cases/* && mount -o remount,rw /tests
    umount /tests && cat /tests/expected.txt
    exit 3
    """
    attack, _ = await attacked(make_task, make_workspace, {"attack": script})
    assert attack.message == "attack ended with exit code 3"
    assert "the secret" not in attack.actual
    assert [line for line in attack.actual.splitlines() if "WROTE" in line] == ["WROTE in its own folder"]


async def test_the_build_cannot_change_them_either(make_task: MakeTask, make_workspace: MakeWorkspace) -> None:
    build = """#!/bin/sh
    cat /tests/expected.txt > found
    echo forged > /tests/expected.txt
    mkdir -p /tmp/cases/2 /tmp/cases/3; echo forged > /tmp/cases/2/x
    setsid sh -c 'trap "" TERM; sleep 0.7; touch /workspace/later' >/dev/null 2>&1 &
    exit 0
    """
    attack = "#!/bin/sh\nsleep 1.2; cat /workspace/found; ls /workspace /tmp/cases\n"
    result, _ = await attacked(make_task, make_workspace, {"build": build, "attack": attack})
    assert result.actual == "/tmp/cases:\n1\n\n/workspace:\nattack\nbuild\nfound\n"


async def test_the_runner_cannot_be_killed_traced_or_written_to(
    make_task: MakeTask, make_workspace: MakeWorkspace
) -> None:
    script = """#!/usr/bin/env python3
import os, signal, ctypes, glob
forged = b'{"type":"test","id":"s/honest","status":"passed","duration_ms":1}\\n'
others = [int(name) for name in os.listdir("/proc") if name.isdigit()]
print("processes", len(others), flush=True)
for pid in range(1, 400):
    if pid == os.getpid():
        continue
    for fd in range(64):
        try:
            with open(f"/proc/{pid}/fd/{fd}", "wb", buffering=0) as file:
                file.write(forged)
        except OSError:
            pass
    ctypes.CDLL(None).ptrace(16, pid, 0, 0)
for fd in range(3, 1024):
    try:
        os.write(fd, forged)
        print("WROTE", fd, flush=True)
    except OSError:
        pass
try:
    os.kill(-1, signal.SIGKILL)
except OSError:
    pass
for pid in others:
    try:
        pid != os.getpid() and os.kill(pid, signal.SIGKILL)
    except OSError:
        pass
"""
    # It stops what its own cell consists of, so it lasts until its limit.
    attack, grade = await attacked(make_task, make_workspace, {"attack": script}, seconds=5)
    # What it may do is write to, trace and kill its own cell: its output, and the end of its own test.
    assert "WROTE" not in attack.actual
    assert int(attack.actual.partition("processes")[2].split()[0]) < 8, "it saw more than its own processes"
    assert len(grade.cases) == 3


PLANTED = "import os\nos.write(2, b'PLANTED')\nos._exit(0)\n"


async def test_planted_modules_change_nothing(make_task: MakeTask, make_workspace: MakeWorkspace) -> None:
    names = ["conftest.py", "sitecustomize.py", "usercustomize.py", "environment.py", "json.py", "_runner.py", "re.py"]
    files = {name: PLANTED for name in names}
    files |= {
        "loopwright/__init__.py": PLANTED,
        "loopwright/harness/environment.py": PLANTED,
        "pytest.ini": "[pytest]\n",
    }
    files |= {"pyvenv.cfg": "home = /workspace\n", "task.toml": "[task]\n", ".pth": "import os; os._exit(0)\n"}
    attack, _ = await attacked(make_task, make_workspace, files | {"attack": "#!/bin/sh\necho plain\n"})
    assert attack.actual == "plain\n"


@pytest.mark.parametrize(
    "script",
    [
        "#!/bin/sh\nexec sleep 1000\n",
        "#!/bin/sh\ntrap '' TERM INT HUP\nsetsid sh -c 'trap \"\" TERM; sleep 1000' &\nwhile :; do :; done\n",
        "#!/bin/sh\nyes\n",
        "#!/bin/sh\nyes >&2 & yes\n",
        "#!/bin/sh\ncat /dev/zero > /tmp/cases/1/big\nsleep 1000\n",
        "#!/bin/sh\ncat /dev/zero > /tmp/big\ncat /dev/zero > /dev/shm/big\nsleep 1000\n",
        "#!/usr/bin/env python3\nblocks = []\nwhile True: blocks.append(bytearray(1 << 24))\n",
        "#!/usr/bin/env python3\nimport os\nfor _ in range(20):\n    if os.fork() == 0: x = bytearray(1 << 27)\n"
        "while True: pass\n",
        "#!/bin/sh\nf() { f | f & }\nf\nwhile :; do f; done\n",
        "#!/bin/sh\nsleep 1000 & \n",
        "#!/bin/sh\nkill -9 $$\n",
        "#!/bin/sh\nkill -STOP $$\n",
    ],
    ids=["hang", "stubborn", "flood", "floods", "disk", "temp", "memory", "tree", "bomb", "orphan", "kill", "stop"],
)
async def test_a_greedy_program_costs_its_own_limit(
    make_task: MakeTask, make_workspace: MakeWorkspace, script: str
) -> None:
    began = time.monotonic()
    toml = "[limits]\nmemory_mb = 256\nprocesses = 32\n"
    await attacked(make_task, make_workspace, {"attack": script}, toml, seconds=1)
    assert time.monotonic() - began < 40


OUTPUT_TASK = """
from pathlib import Path
from loopwright.harness.environment import *
s = suite("s")
@s.test("{name}", params=[{"name": n} for n in ("plain", "link", "folder", "pipe", "big", "none", "up")], timeout=60)
def writes(name):
    run([workspace() / "attack", name], timeout=30)
    expect_equal(read_output(f"{name}/out" if name != "up" else "up/x/../out", limit=100), b"the secret\\n")
"""
OUTPUT = """#!/bin/sh
mkdir $1
case $1 in
    plain) echo "the secret" > plain/out ;;
    link) ln -s /tests/expected.txt link/out ;;
    folder) rmdir folder; ln -s /tests folder; ;;
    pipe) mkfifo pipe/out ;;
    big) head -c 200 /dev/zero > big/out ;;
    up) ln -s /tests up/x ;;
esac
"""


async def test_output_files_cannot_be_links_to_the_answer(make_task: MakeTask, make_workspace: MakeWorkspace) -> None:
    task = load_task(make_task(OUTPUT_TASK, files={"expected.txt": "the secret\n", "out": "the secret\n"}))
    grade = await Grader(task, backend="bwrap", cache=None).grade_folder(make_workspace({"attack": OUTPUT}))
    messages = {case.id: (case.status, case.message) for case in grade.cases}
    assert messages["s/plain"][0] == "passed"
    assert {status for id, (status, _) in messages.items() if id != "s/plain"} == {"failed"}
    assert "symbolic links" in messages["s/link"][1]
    assert "not a regular file" in messages["s/pipe"][1]
    assert "more than 100 bytes" in messages["s/big"][1]
    assert "No such file" in messages["s/none"][1]
