"""Disguises of a forbidden program, each of which a real bash takes for what it is: none gets past the reader.

`disguises.txt` holds a JSON string a line: a command that runs the program `victim`, whatever it looks like.
"""

from __future__ import annotations

import json
import os
import random
import shlex
import shutil
import subprocess
from functools import partial
from pathlib import Path

import pytest

from loopwright.runtime.rules import Permission, judge_shell
from loopwright.runtime.tools._files import real_name

DISGUISES = [json.loads(line) for line in (Path(__file__).parent / "disguises.txt").read_text().splitlines()]
FREE = Permission()
NO_VICTIM = Permission(deny=("victim",))
# All that the disguises use is allowed, but for the victim.
TOOLS = """
true false wait cat echo bash sh dash rbash eval trap env command exec nohup nice ionice setsid timeout stdbuf time
taskset chrt prlimit setarch linux64 unshare flock script su runuser setpriv watch sg choom run-parts xargs find [ test
let printf read unset mapfile readarray compgen complete shopt alias hash enable set cd sleep kill builtin source . : ls
f x coproc chroot break start-stop-daemon
"""
ALL_BUT_VICTIM = Permission(default="deny", allow=tuple(TOOLS.split()))

ORDINARY = [
    "ls *.c",
    "sed -i 's/a/b/' f",
    "cat <<'EOF' > f\nuse `code` and $(x)\nEOF",
    "for f in *.c; do gcc -c $f; done",
    'grep -rn "foo" --include=*.py .',
    "python3 - <<'EOF'\nprint(`1`)\nEOF",
    "cd src && make 2>&1 | tail -5",
    'find . -name "*.py" | xargs grep foo',
    "if [ -f x ]; then echo y; fi",
    "awk '{print $1}' f",
    "echo $((1+2))",
    'x=$(date); echo "$x"',
    'git commit -m "use \\`x\\`"',
    'test -n "$X"',
    "export PATH=$PATH:/x",
    'while read -r line; do echo "$line"; done < f',
    "diff <(sort a) <(sort b)",
    "./configure --prefix=/x",
    "timeout 10 ./a.out < in > out",
    '[ "$x" -gt 3 ] && echo y',
    "[[ $x == *.c ]] && echo y",
    "printf 'text with `code`\\n' > f",
    "git add $FILE",
    "find . -type f -name '*.c' -exec grep -l main {} +",
    "mkdir -p a/{b,c}",
    "python3 -c 'print(1)'",
    "env FOO=1 make",
    "n=0; while [ $n -lt 3 ]; do n=$((n+1)); done",
    "f() { echo hi; }; f",
    "case $1 in a) echo a;; esac",
    'echo "${x:-y}" ${x%.c}.o',
    "nohup ./s > log 2>&1 &",
    "trap 'echo bye' EXIT",
    "bash run.sh && . ./env.sh",
]

WRITES = [
    "echo x > prot", "echo x >| prot", "echo x >& prot", "echo x &>> prot", "echo x 1<> prot",
    "cd sub; echo x > ../prot",
    "(cd sub; echo x > ../prot)", "pushd sub; echo x > ../prot", "echo x > sub/../prot", "echo x > pro*",
    "echo x > [p]rot", "echo x > p{r,r}ot; echo x > prot", "exec 3> prot; echo x >&3", "{ echo x; } > prot",
    "while :; do echo x; break; done > prot", "cat <<E > prot\nx\nE", "cat > prot <<E\nx\nE", "> prot",
    "f() { echo x; } > prot; f", "p=prot; echo > $p", "echo x > 'pr'ot", "echo x > pr\\ot", "echo x >\\\nprot",
    "bash -c 'echo x > prot'", "eval 'echo x > prot'", "echo x > $PWD/prot", "echo x > ~+/prot", "echo x > link",
    "echo x > lsub/../prot", "echo x > deep/prot", "echo x > >(cat > prot); sleep 0.2", "x=$(echo x > prot)",
    "trap 'echo x > prot' EXIT", "echo x > /proc/self/cwd/prot", "exec &> prot; echo x", "echo > prot x y",
    "echo >/dev/null x > prot", "echo <<E x > prot\nE",
]  # fmt: skip


def test_no_disguise_gets_past_a_denylist_or_an_allowlist() -> None:
    assert len(DISGUISES) > 400
    for policy in (NO_VICTIM, ALL_BUT_VICTIM):
        assert [one for one in DISGUISES if judge_shell(one, policy, FREE).decision != "deny"] == []


@pytest.mark.parametrize("command", ORDINARY)
def test_ordinary_commands_are_not_taken_for_disguises(command: str) -> None:
    verdict = judge_shell(command, Permission(deny=("rm", "git push *")), FREE)
    assert verdict.decision == "allow", verdict.text


@pytest.mark.slow
def test_the_disguises_are_real(tmp_path: Path) -> None:
    """Every twelfth is run; a list of commands that do nothing would prove nothing."""
    assert [one for one in DISGUISES[::12] if not _runs_the_victim(one, tmp_path)] == []


@pytest.mark.slow
def test_what_is_let_through_does_not_run_the_victim(tmp_path: Path) -> None:
    chance = random.Random(7)
    made = {_composed(chance, chance.choice([1, 2, 3])) for _ in range(1500)}
    passed = [one for one in sorted(made) if _judged(one)]
    assert [one for one in passed if _runs_the_victim(one, tmp_path)] == []


@pytest.mark.slow
@pytest.mark.parametrize("command", WRITES)
def test_no_redirection_reaches_a_protected_file(command: str, tmp_path: Path) -> None:
    folder = tmp_path / "workspace"
    (folder / "sub").mkdir(parents=True)
    (folder / "prot").write_text("old\n")
    for name, target in (("link", "prot"), ("lsub", "sub"), ("deep", ".")):
        (folder / name).symlink_to(target)
    verdict = judge_shell(command, FREE, Permission(deny=("prot",)), partial(real_name, folder))
    _bash(command, folder, folder)
    assert (folder / "prot").read_text() != "old\n", "this command does nothing to the file"
    assert verdict.decision == "deny"


def test_a_file_of_the_workspace_is_not_the_program_whose_name_it_has() -> None:
    only_ls = Permission(default="deny", allow=("ls",))
    assert judge_shell("ls", only_ls, FREE).decision == judge_shell("/bin/ls", only_ls, FREE).decision == "allow"
    for command in ("./ls", "sub/ls", "/workspace/ls", "PATH=. ls", "LD_PRELOAD=./x.so ls", "export PATH=.; ls"):
        assert judge_shell(command, only_ls, FREE).decision == "deny", command


@pytest.mark.parametrize(
    ("command", "decision"),
    [
        ("X=push; git $X origin", "deny"),
        ("git $@", "deny"),
        ('git "$A" "$B"', "deny"),
        ("git add $FILES", "allow"),
        ("git {push,origin}", "deny"),
        ("git commit -m $MESSAGE", "allow"),
    ],
)
def test_a_word_that_is_not_known_may_be_the_forbidden_one(command: str, decision: str) -> None:
    assert judge_shell(command, Permission(deny=("git push *",)), FREE).decision == decision


_AROUND = [
    "{}", "true; {}", "{} || true", "if {}; then :; fi", "({})", "{{ {}; }}", "f() {{ {}; }}; f", "echo $({})",
    'echo "$({})"', "while {}; do break; done", "{} > /dev/null", "{} 2>&1", "{} | cat", "cat <({})", "! {}",
    "cat <<E\n$({})\nE", "case x in x) {};; esac", "echo `{}`", "{} <<E\nx\nE", "true # c\n{}", "echo a\\\n b; {}",
    "echo ${{x:-$({})}}", "a=(1 $({}))", "coproc {{ {}; }}; wait", "time {}", "> /dev/null {}", "X=1 {}", "true\n{}",
]  # fmt: skip
_QUOTED = [
    "bash -c {}", "sh -c {}", "eval {}", "bash -o posix -c {} y", "env bash -c {}", "xargs -I% bash -c {} <<< x",
    "find . -maxdepth 0 -exec sh -c {} \\;", "trap {} EXIT", "timeout 5 bash -c {}", "bash <<< {}", "nice sh -c {}",
    "bash > /dev/null -c {}", "script -qc {} /dev/null", "echo x | xargs -n1 sh -c {} _", 'env -S"bash -c" {}',
]  # fmt: skip
_NAMED = ["victim", "victim x", "\\victim", "'victim'", "vic''tim", "stub/victim", "$'victim'", "v=victim; $v"]


def _composed(chance: random.Random, depth: int) -> str:
    if depth == 0:
        return chance.choice(_NAMED)
    inner = _composed(chance, depth - 1)
    if chance.random() < 0.5:
        return chance.choice(_AROUND).format(inner)
    return chance.choice(_QUOTED).format(shlex.quote(inner))


def _judged(command: str) -> bool:
    """Whether either policy lets it through."""
    return any(judge_shell(command, policy, FREE).decision != "deny" for policy in (NO_VICTIM, ALL_BUT_VICTIM))


def _runs_the_victim(command: str, folder: Path) -> bool:
    place = folder / "place"
    (place / "stub").mkdir(parents=True)
    victim = place / "stub" / "victim"
    victim.write_text(f"#!/bin/sh\n: > {place}/MARK\n")
    victim.chmod(0o755)
    (place / "victim_in").write_text("x\n")
    (place / "victim_env").write_text("victim\n")
    try:
        _bash(command, place, place)
        return (place / "MARK").exists()
    finally:
        shutil.rmtree(place)


def _bash(command: str, folder: Path, home: Path) -> None:
    path = f"{home}/stub:/usr/sbin:/usr/bin:/bin:/sbin"
    subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={"PATH": path, "HOME": str(home), "LANG": os.environ.get("LANG", "C")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=100,
        check=False,
    )
