"""Loading task folders: what is read, and what is said when something is wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from loopwright.base import UsageError
from loopwright.harness import load_task
from loopwright.harness._digest import folder_digest, toolchain_digest

MakeTask = Callable[..., Path]

TWO_SUITES = """
from loopwright.harness.environment import suite

def body(n=0):
    raise SystemExit("must not run while listing")

second = suite("second")
first = suite("first")
first.test("{n}", params=[{"n": n} for n in range(4)], timeout=7)(body)
second.test("only")(body)
print("this must not mix with the listing")
"""


def refused(folder: Path) -> UsageError:
    with pytest.raises(UsageError) as caught:
        load_task(folder)
    return caught.value


def test_a_whole_task(make_task: MakeTask) -> None:
    toml = """
    description = "d"
    version = "1.2"
    [build]
    timeout_seconds = 12
    outputs = ["cc"]
    [tests]
    timeout_seconds = 3.5
    parallel = 2
    visible = ["first"]
    hidden = ["second"]
    [limits]
    memory_mb = 64
    processes = 8
    output_kb = 4
    [agent]
    max_parts = 100
    [workspace]
    ignore = ["*.o"]
    """
    task = load_task(make_task(TWO_SUITES, toml, files={"files/start.txt": "x"}))
    assert (task.name, task.description, task.version, task.instruction) == ("small", "d", "1.2", "Do it.\n")
    assert task.suites == {"second": 1, "first": 4}
    assert [test.id for test in task.tests] == ["second/only", "first/0", "first/1", "first/2", "first/3"]
    assert [test.timeout for test in task.tests] == [None, 7, 7, 7, 7]
    assert (task.visible, task.hidden) == (("first",), ("second",))
    assert (task.build_seconds, task.test_seconds, task.parallel) == (12, 3.5, 2)
    assert (task.memory_mb, task.processes, task.output_kb) == (64, 8, 4)
    assert (task.outputs, task.ignore, task.limits.max_parts) == (("cc",), ("*.o",), 100)
    assert (task.files / "start.txt").is_file()


def test_suites_are_visible_unless_hidden(make_task: MakeTask) -> None:
    task = load_task(make_task(TWO_SUITES, '[tests]\nhidden = ["first"]\n'))
    assert (task.visible, task.hidden) == (("second",), ("first",))


def test_task_code_does_not_run_in_this_process(make_task: MakeTask) -> None:
    before = set(sys.modules)
    load_task(make_task("import wave\n" + TWO_SUITES))
    assert "wave" not in set(sys.modules) - before
    assert "environment" not in sys.modules


def test_a_helper_module_beside_environment_py_and_its_data(make_task: MakeTask) -> None:
    code = """
    import cases
    from pathlib import Path
    from loopwright.harness.environment import suite
    data = sorted(path.stem for path in (Path(__file__).parent / "tests").iterdir())
    suite("a").test("{n}", params=[{"n": n} for n in data + cases.more])(lambda n: None)
    """
    folder = make_task(code, files={"cases.py": "more = ['z']\n", "tests/x.c": "", "tests/y.c": ""})
    before = folder_digest(folder)
    assert load_task(folder).suites == {"a": 3}
    assert folder_digest(folder) == before
    assert not (folder / "__pycache__").exists()


@pytest.mark.parametrize(
    ("toml", "line", "words"),
    [
        ("[tests]\ntimeout_second = 3\n", 4, ["'tests.timeout_second'", "Did you mean 'timeout_seconds'?"]),
        ("[test]\n", 3, ["'test'", "Did you mean 'tests'?"]),
        ("[zzz]\n", 3, ["'zzz'", "Known keys here: task, build"]),
        ('[limits]\nmemory_mb = "much"\n', 4, ["limits.memory_mb", "integer", "'much'"]),
        ("[limits]\n\nmemory_mb = 3\n", 5, ["limits.memory_mb", "16"]),
        ("[tests]\ntimeout_seconds = -1\n", 4, ["tests.timeout_seconds", "-1"]),
        ("[build]\noutputs = [1]\n", 4, ["build.outputs", "string"]),
    ],
)
def test_a_wrong_key_is_named_with_its_line(make_task: MakeTask, toml: str, line: int, words: list[str]) -> None:
    error = refused(make_task(toml=toml))
    assert str(error.where).endswith(f"task.toml:{line}")
    for word in words:
        assert word in str(error)


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ('[tests]\nvisible = ["basic"]\n', ["'basic'", "Did you mean 'basics'?"]),
        ('[tests]\nhidden = ["zzz"]\n', ["'zzz'", "Suites: basics."]),
        ("[tests]\nvisible = []\n", ["'basics'", "neither visible nor hidden"]),
        ('[tests]\nvisible = ["basics"]\nhidden = ["basics"]\n', ["both visible and hidden"]),
        ("[tests\n", ["not valid TOML", "line 3"]),
    ],
)
def test_suites_that_do_not_fit(make_task: MakeTask, toml: str, words: list[str]) -> None:
    error = refused(make_task(toml=toml))
    assert "task.toml" in str(error.where)
    for word in words:
        assert word in str(error)


def test_no_name(make_task: MakeTask) -> None:
    folder = make_task()
    (folder / "task.toml").write_text("[task]\n")
    assert 'Add it: [task] name = "..."' in str(refused(folder))
    (folder / "task.toml").write_text("")
    assert "[task] with name" in str(refused(folder))


@pytest.mark.parametrize("name", ["task.toml", "instruction.md", "environment.py"])
def test_a_missing_file_is_named(make_task: MakeTask, name: str) -> None:
    folder = make_task()
    (folder / name).unlink()
    error = refused(folder)
    assert f"there is no {name}" in error.what
    assert error.where == str(folder)
    assert error.exit_code == 2


def test_an_unknown_folder_names_its_neighbour(make_task: MakeTask) -> None:
    folder = make_task(name="c_compiler")
    assert str(folder) in str(refused(folder.parent / "c_compilr").remedy)
    assert "does not exist either" in str(refused(folder / "a" / "b").remedy)


def test_an_empty_instruction(make_task: MakeTask) -> None:
    folder = make_task()
    (folder / "instruction.md").write_text(" \n")
    assert "empty" in refused(folder).what
    (folder / "instruction.md").write_bytes(b"\xff\xfe")
    assert "not UTF-8" in refused(folder).what


@pytest.mark.parametrize(
    ("code", "line", "words"),
    [
        ("from loopwright.harness.environment import suite\n", None, ["declares no test"]),
        ("from loopwright.harness.environment import suite\nsuite('a')\n", None, ["'a' has no test"]),
        ("\nimport nothing_like_this\n", 2, ["ModuleNotFoundError", "nothing_like_this"]),
        ("x = (\n", 1, ["SyntaxError"]),
        ("\n\nraise SystemExit(0)\n", 3, ["SystemExit"]),
        ("import os\nos._exit(0)\n", None, ["ended the process"]),
        ("import os\nos.write(2, b'dying words')\nos._exit(3)\n", None, ["dying words"]),
        ("import os\nos.kill(os.getpid(), 9)\n", None, ["ended the process"]),
        (
            "from loopwright.harness.environment import suite\na = suite('a')\n\n"
            "@a.test('{n}', params=[{'n': 1}, {'n': 1}])\ndef t(n): pass\n",
            None,
            ["two tests have the id 'a/1'"],
        ),
        (
            "from loopwright.harness.environment import suite\na = suite('a')\n\n"
            "@a.test('{m}', params=[{'n': 1}])\ndef t(n): pass\n",
            4,
            ["no parameter 'm'"],
        ),
        (
            "from loopwright.harness.environment import suite\na = suite('a')\n"
            "def cases():\n    raise OSError('no data')\n@a.test('{n}', params=cases)\ndef t(n): pass\n",
            4,
            ["no data"],
        ),
    ],
)
def test_a_broken_environment_is_refused_with_its_line(
    make_task: MakeTask, code: str, line: int | None, words: list[str]
) -> None:
    folder = make_task()
    (folder / "environment.py").write_text(code)
    error = refused(folder)
    assert "environment.py" in str(error.where)
    assert line is None or str(error.where).endswith(f":{line}")
    for word in words:
        assert word in str(error)


def test_memory_is_limited_while_listing(make_task: MakeTask) -> None:
    assert "MemoryError" in str(refused(make_task("x = bytearray(1 << 33)\n")))


def test_a_link_that_leads_out_is_refused(make_task: MakeTask, tmp_path: Path) -> None:
    folder = make_task(files={"tests/a": "1"})
    (folder / "tests" / "b").symlink_to("a")
    load_task(folder)
    (tmp_path / "secret").write_text("s")
    (folder / "tests" / "c").symlink_to("../../secret")
    error = refused(folder)
    assert "leads out of the task folder" in error.what
    assert str(error.where).endswith("tests/c")


def test_a_special_file_is_refused(make_task: MakeTask) -> None:
    folder = make_task()
    os.mkfifo(folder / "pipe")
    assert "files, folders and links" in refused(folder).what


def test_the_digest_covers_names_contents_and_modes(make_task: MakeTask) -> None:
    folder = make_task(files={"tests/a": "1", "tests/b": "2"})
    seen = {folder_digest(folder)}

    def differs() -> None:
        digest = folder_digest(folder)
        assert digest not in seen
        seen.add(digest)

    (folder / "tests" / "a").write_text("12")
    differs()
    (folder / "tests" / "a").rename(folder / "tests" / "c")
    differs()
    (folder / "tests" / "b").chmod(0o755)
    differs()
    (folder / "tests" / "empty").mkdir()
    differs()
    (folder / "tests" / "__pycache__").mkdir()
    (folder / "tests" / "__pycache__" / "x.pyc").write_bytes(b"x")
    assert folder_digest(folder) in seen


def test_the_toolchain_digest_sees_another_gcc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = toolchain_digest()
    assert toolchain_digest() == before
    (tmp_path / "gcc").write_text("#!/bin/sh\n")
    (tmp_path / "gcc").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert toolchain_digest() != before
