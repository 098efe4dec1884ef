"""The examples of the pages are run as a reader would: files are written, commands typed, outputs compared."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sysconfig
from pathlib import Path

import pytest
from tests.docs.pages import ROOT, Block, Step, blocks, commands, steps
from tests.docs.pages import pages as all_pages

# Every page with a session in it; blocks of other languages are not run.
PAGES = [page for page in all_pages() if any(block.language == "console" for block in blocks(page))]
_SCRIPTS = Path(sysconfig.get_path("scripts"))
_SECONDS = 200


def environment() -> dict[str, str]:
    """A reader's: the installed command, no key, nothing that changes how things are printed."""
    odd = re.compile(r"LOOPWRIGHT_|.*_API_KEY$|COLUMNS$|LINES$|FORCE_COLOR$|AWS_")
    kept = {name: value for name, value in os.environ.items() if not odd.match(name)}
    path = f"{_SCRIPTS}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {**kept, "PATH": path, "LC_ALL": "C.UTF-8", "TERM": "dumb"}


def type_in(command: str, folder: Path) -> tuple[int, str]:
    """Run one command line; its exit code and all that it printed."""
    process = subprocess.Popen(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        printed = process.communicate(timeout=_SECONDS)[0]
    except BaseException:
        # Whatever ends the test ends the command, with all that it started.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    return process.returncode, printed.decode()


def fits(expected: list[str], printed: str) -> bool:
    """Whether a page tells the truth about an output; `...` stands for any text, on a line of its own for any lines."""
    pattern = "".join(
        "(?:.*\n)*" if line.strip() == "..." else ".*".join(map(re.escape, line.rstrip().split("..."))) + "\n"
        for line in expected
    )
    shown = "".join(f"{line.rstrip()}\n" for line in printed.splitlines())
    # A page need not show the blank lines at the end.
    return re.fullmatch(pattern + "\n*", shown) is not None


def take(step: Step, block: Block, folder: Path, code: int) -> None:
    ended, printed = type_in(step.command, folder)
    place = f"{block.page.name}:{step.line}: {step.command}"
    assert ended == code, f"{place}\nended with {ended}, not {code}:\n{printed}"
    assert fits(step.output, printed), f"{place}\nprinted:\n{printed}\nbut the page says:\n" + "\n".join(step.output)


def walk_through(page: Path, folder: Path) -> int:
    """Do all that a page says, in its order; the number of commands."""
    count = 0
    for block in blocks(page):
        if "file" in block.options:
            path = folder / block.options["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
        elif block.language == "console":
            *first, last = steps(block)
            for step in first:
                take(step, block, folder, 0)
            take(last, block, folder, int(block.options.get("exit", "0")))
            count += 1 + len(first)
    return count


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_examples_of_a_page_are_true(page: Path, tmp_path: Path) -> None:
    assert walk_through(page, tmp_path) >= 3


LONG = """\
version: 1
name: forty-parts
replies:
  - say: The first of many.
    calls:
      - write: {path: greet.sh, text: "echo hello $1"}
""" + "".join(f"  - {{say: 'and {number}', calls: [shell: echo {number}]}}\n" for number in range(14))


@pytest.mark.slow
def test_what_the_readme_does_with_a_run(tiny_task: Path, tmp_path: Path) -> None:
    (tmp_path / "long.yaml").write_text(LONG)
    code, printed = type_in(f"loopwright run --task {tiny_task} --model scripted:long.yaml", tmp_path)
    assert code == 0, printed
    typed = [text for _, text in commands(ROOT / "README.md", only="run")]
    assert len(typed) >= 6
    for command in typed:
        code, printed = type_in(command, tmp_path)
        assert code == 0, f"{command}\n{printed}"
        assert printed.strip(), command


PAGE = """\
```text file=words/a.txt
one
two
```
```console
$ cat words/a.txt
one
two
$ mkdir new
```
```console exit=3
$ echo said; exit 3
...
```
"""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("one\ntwo\n$", "one\n$"),
        ("one\ntwo\n$", "one\ntwo\nthree\n$"),
        ("one\ntwo\n$", "two\none\n$"),
        ("exit=3", "exit=4"),
        ("exit=3", ""),
        ("mkdir new", "mkdir words"),
        ("$ mkdir new", "$ mkdir new\nmade"),
        ("...\n", ""),
        ("a.txt\none", "a.txt\n1"),
    ],
)
def test_a_false_page_is_found(right: str, wrong: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    (tmp_path / "true").mkdir()
    assert walk_through(page, tmp_path / "true") == 3
    page.write_text(PAGE.replace(right, wrong, 1))
    (tmp_path / "false").mkdir()
    with pytest.raises(AssertionError, match=r"page\.md:"):
        walk_through(page, tmp_path / "false")


@pytest.mark.parametrize(
    ("expected", "fit"),
    [
        (["...", "c"], True),
        (["a ... b", "...", "c"], True),
        (["a 1 b", "...", "c", "..."], True),
        (["..."], True),
        (["a ... b"], False),
        (["c", "..."], False),
        (["...", "a ... b", "a ... b", "..."], False),
        (["... b", "", "x*", "c"], True),
        (["... b", "", "x.", "c"], False),
    ],
)
def test_dots_stand_for_what_is_left_out(expected: list[str], fit: bool) -> None:
    assert fits(expected, "a 1 b  \n\nx*\nc\n\n") is fit
