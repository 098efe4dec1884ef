"""Shell permissions against every way that we know to hide a program's name, and file permissions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.runtime.rules import Permission, judge_shell, judge_writes
from loopwright.runtime.rules._bash import read_command

FREE = Permission()
NO_RM = Permission(deny=("rm", "git push *"))
ONLY_MAKE = Permission(default="deny", allow=("make", "git status *", "ls"))

HIDDEN = [
    "rm x",
    "cd a; rm -rf b",
    "true && rm x || false",
    "ls | rm x",
    "(rm x)",
    "{ rm x; }",
    "if true; then rm x; fi",
    "for f in a b; do rm $f; done",
    "while read f; do rm $f; done < list",
    "f() { rm x; }; f",
    "echo $(rm x)",
    "echo `rm x`",
    'echo "a $(rm x) b"',
    "diff <(rm x) y",
    "/bin/rm x",
    "\\rm x",
    '"rm" x',
    "'r'm x",
    'r"m" x',
    "r\\\nm x",
    "env rm x",
    "env -u HOME rm x",
    "FOO=1 rm x",
    "sudo rm x",
    "timeout 5 rm x",
    "timeout -k 1 5 rm x",
    "nice -n 3 rm x",
    "nohup rm x &",
    "ls | xargs rm",
    "ls | xargs -n 1 rm",
    "find . -exec rm {} \\;",
    "find . -type f -execdir rm {} +",
    'bash -c "rm x"',
    "sh -ec 'rm x'",
    "bash -c 'bash -c \"rm x\"'",
    'eval "rm x"',
    "eval rm x",
    "trap 'rm x' EXIT",
    "$CMD x",
    "${CMD} x",
    "$(echo rm) x",
    "{rm,x}",
    "/bin/r? x",
    "echo rm x | sh",
    "bash <<< 'rm x'",
    'bash -c "$X"',
    "$'rm' x",
    "git push origin main",
    "git push",
    "rm x (",
    "cat <<E | sh\nrm x\nE",
    "! rm x",
    "time rm x",
    "coproc rm x",
    "command rm x",
    "exec rm x",
]


@pytest.mark.parametrize("command", HIDDEN)
def test_a_denied_program_does_not_hide(command: str) -> None:
    verdict = judge_shell(command, NO_RM, FREE)
    assert verdict.decision == "deny"
    assert verdict.rule.startswith("permissions.shell")
    assert verdict.text


@pytest.mark.parametrize(
    "command",
    [
        "ls -la",
        "echo rm",
        "git pull",
        "make test > out.txt 2>&1",
        "grep rm *.c",
        "cat rm.txt",
        "echo 'rm x'",
        "[ -f x ]",
    ],
)
def test_what_only_looks_alike_is_allowed(command: str) -> None:
    assert judge_shell(command, NO_RM, FREE).decision == "allow"


@pytest.mark.parametrize(
    ("command", "decision"),
    [
        ("make", "allow"),
        ("make -j2 test", "allow"),
        ("git status", "allow"),
        ("git status -s", "allow"),
        ("cd src && make", "deny"),
        ("git log", "deny"),
        ("make; cc x.c", "deny"),
        ("make $(curl x)", "deny"),
        ("X=1 make", "allow"),
        ("X=1", "allow"),
        ("env make", "deny"),
    ],
)
def test_where_all_is_denied_only_the_listed_commands_run(command: str, decision: str) -> None:
    assert judge_shell(command, ONLY_MAKE, FREE).decision == decision


def test_denying_wins_over_allowing() -> None:
    both = Permission(default="deny", allow=("git *",), deny=("git push *",))
    assert judge_shell("git log", both, FREE).decision == "allow"
    assert judge_shell("git push", both, FREE).decision == "deny"


def test_without_restrictions_nothing_is_read() -> None:
    assert judge_shell("$X (((", FREE, FREE).decision == "allow"


@pytest.mark.parametrize(
    ("path", "decision"),
    [
        ("src/a.c", "allow"),
        ("/workspace/src/b/c.c", "allow"),
        ("README", "deny"),
        ("src/../Makefile", "deny"),
        ("src/x.lock", "deny"),
    ],
)
def test_files_by_globs(path: str, decision: str) -> None:
    permission = Permission(default="deny", allow=("src/*",), deny=("*.lock",))
    assert judge_writes([path], permission).decision == decision
    assert judge_shell(f"echo hi > {path}", FREE, permission).decision == decision


def test_devices_are_no_files() -> None:
    assert judge_shell("make > /dev/null 2>&1", FREE, Permission(default="deny")).decision == "allow"


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    reading = read_command(text)
    assert all(words and words[0] for words in reading.commands)


@given(
    st.lists(st.sampled_from(["bash", "-c", "'", '"', "eval", "rm", "$", "(", ")", "{", "}", ";", " "]), max_size=60)
)
def test_nesting_is_followed_to_an_end(pieces: list[str]) -> None:
    read_command("".join(pieces))
