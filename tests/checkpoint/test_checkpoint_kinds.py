"""Every kind of entry that a workspace can hold."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import tempfile
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from loopwright.checkpoint import Checkpoints, Policy, file_at, tree_of
from loopwright.record import FileChange, SkippedFile, encode_event
from loopwright.record.events import PartAdded

Judge = Callable[[Path], str]


def test_links_are_recorded_and_never_followed(
    checkpoints: Checkpoints, workspace: Path, tmp_path: Path, tree_by_git: Judge
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    (workspace / "out").symlink_to(outside)
    (workspace / "file").symlink_to(outside / "secret")
    (workspace / "dangling").symlink_to("nowhere")
    (workspace / "loop").symlink_to("loop")
    made = checkpoints.snapshot(1, "links")
    assert made is not None
    assert [change.path for change in made.changed_files] == ["dangling", "file", "loop", "out"]
    assert made.tree == tree_by_git(workspace)
    (outside / "secret").write_text("changed")
    assert checkpoints.snapshot(2, "not ours") is None


def test_kinds_change_into_one_another(checkpoints: Checkpoints, workspace: Path, tree_by_git: Judge) -> None:
    (workspace / "elsewhere").mkdir()
    (workspace / "elsewhere/x").write_text("x")

    def becomes_link() -> None:
        (workspace / "src").rename(workspace / "kept")
        (workspace / "src").symlink_to("elsewhere")

    def becomes_folder() -> None:
        (workspace / "src").unlink()
        (workspace / "kept").rename(workspace / "src")

    def becomes_file() -> None:
        (workspace / "src/main.c").unlink()
        (workspace / "src").rmdir()
        (workspace / "src").write_text("a file")

    def becomes_folder_again() -> None:
        (workspace / "src").unlink()
        (workspace / "src/deep").mkdir(parents=True)
        (workspace / "src/deep/file").write_text("")

    for part, change in enumerate((becomes_link, becomes_folder, becomes_file, becomes_folder_again), 1):
        change()
        made = checkpoints.snapshot(part, change.__name__)
        assert made is not None
        assert made.tree == tree_by_git(workspace)


def test_a_file_that_becomes_a_link_is_one_change(checkpoints: Checkpoints, workspace: Path) -> None:
    (workspace / "README").unlink()
    (workspace / "README").symlink_to("build.sh")
    made = checkpoints.snapshot(1, "link")
    assert made is not None
    assert made.changed_files == (FileChange("README", "modified"),)


def test_the_executable_bit_counts_and_no_other(checkpoints: Checkpoints, workspace: Path, tree_by_git: Judge) -> None:
    (workspace / "README").chmod(0o755)
    made = checkpoints.snapshot(1, "chmod")
    assert made is not None
    assert made.changed_files == (FileChange("README", "modified"),)
    assert made.tree == tree_by_git(workspace)
    (workspace / "src/main.c").chmod(0o600)
    assert checkpoints.snapshot(2, "private") is None


ODD = [
    b"new\nline",
    b'quo"te',
    b"back\\slash",
    b"-leading",
    b" space ",
    b"\xff\xfe not utf-8",
    "übergröße \U0001f980".encode(),
    b".gitignore",
    b".gitattributes",
    b".gitmodules",
    b"x" * 255,
    b"\x01\x1b[31m",
    b":(exclude)*",
    b"CON",
]


def test_odd_names_are_kept(checkpoints: Checkpoints, workspace: Path, repo: Path, tree_by_git: Judge) -> None:
    for name in ODD:
        (workspace / os.fsdecode(name)).write_bytes(name)
        folder = workspace / "in" / os.fsdecode(name)
        folder.mkdir(parents=True)
        (folder / "f").write_bytes(b"")
    made = checkpoints.snapshot(1, "odd")
    assert made is not None
    assert made.skipped == ()
    assert made.tree == tree_by_git(workspace)
    assert {change.path for change in made.changed_files} >= {name.decode("utf-8", "backslashreplace") for name in ODD}
    for change in made.changed_files[:5]:
        assert isinstance(file_at(repo, made.commit_after, change.path), bytes)
    assert file_at(repo, made.commit_after, os.fsdecode(b"\xff\xfe not utf-8")) == b"\xff\xfe not utf-8"
    part = PartAdded(1, 1, "", "assistant", "patch", "", "", 0, "", checkpoint=made)
    assert b"not utf-8" in encode_event(part)


@pytest.mark.parametrize("name", [".GIT", ".Git", "git~1", "GIT~1", ".git ", ".git.", ".g\u200cit"])
def test_names_that_git_refuses_are_skipped_visibly(checkpoints: Checkpoints, workspace: Path, name: str) -> None:
    (workspace / name).mkdir()
    (workspace / name / "config").write_text("[core]\n")
    made = checkpoints.snapshot(1, "no git")
    assert made is not None
    assert made.skipped == (SkippedFile(name, 0, "special_file"),)
    assert made.changed_files == ()
    assert checkpoints.snapshot(2, "told once") is None


def test_nested_repositories_are_ordinary_files(
    checkpoints: Checkpoints, workspace: Path, tmp_path: Path, real_git: Callable[..., str], tree_by_git: Judge
) -> None:
    library = tmp_path / "library"
    library.mkdir()
    real_git("init", "-q", cwd=library)
    (library / "lib.c").write_text("lib")
    real_git("add", "-A", cwd=library)
    real_git("commit", "-q", "-m", "lib", cwd=library)
    real_git("init", "-q", cwd=workspace)
    allow = ("-c", "protocol.file.allow=always")
    real_git(*allow, "submodule", "-q", "add", str(library), "third_party/lib", cwd=workspace)
    real_git("clone", "-q", str(library), "nested", cwd=workspace)
    assert (workspace / "third_party/lib/.git").is_file()
    made = checkpoints.snapshot(1, "nested")
    assert made is not None
    assert [change.path for change in made.changed_files] == [".gitmodules", "nested/lib.c", "third_party/lib/lib.c"]


def test_fifos_and_sockets_are_skipped_once(checkpoints: Checkpoints, workspace: Path) -> None:
    os.mkfifo(workspace / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(workspace / "socket"))
        made = checkpoints.snapshot(1, "special")
    assert made is not None
    assert made.skipped == (SkippedFile("pipe", 0, "special_file"), SkippedFile("socket", 0, "special_file"))
    assert made.changed_files == ()
    (workspace / "README").write_text("x")
    later = checkpoints.snapshot(2, "not told again")
    assert later is not None
    assert later.skipped == ()


def test_a_device_is_skipped(checkpoints: Checkpoints, workspace: Path) -> None:
    try:
        os.mknod(workspace / "zero", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except PermissionError:
        os.mkfifo(workspace / "zero")  # who may not make a device cannot have one in the workspace either
    made = checkpoints.snapshot(1, "device")
    assert made is not None
    assert made.skipped == (SkippedFile("zero", 0, "special_file"),)


def test_a_large_file_is_recorded_by_hash(tmp_path: Path, workspace: Path) -> None:
    content = b"0123456789" * 30
    with Checkpoints.create(tmp_path / "repo", workspace, policy=Policy(max_file_bytes=200)) as checkpoints:
        (workspace / "data").write_bytes(content)
        made = checkpoints.snapshot(1, "large")
        assert made is not None
        assert made.skipped == (SkippedFile("data", 300, "too_large", hashlib.sha256(content).hexdigest()),)
        (workspace / "data").touch()
        assert checkpoints.snapshot(2, "the same content") is None
        (workspace / "data").write_bytes(content + b"more")
        assert (other := checkpoints.snapshot(3, "other content")) is not None
        assert other.skipped[0].size == 304
        (workspace / "data").write_bytes(b"small now")
        assert (small := checkpoints.snapshot(4, "small")) is not None
        assert small.changed_files == (FileChange("data", "added"),)
        (workspace / "data").write_bytes(content)
        assert (grown := checkpoints.snapshot(5, "grown")) is not None
        assert grown.changed_files == (FileChange("data", "deleted"),)
        assert grown.skipped[0].reason == "too_large"


def test_a_file_at_the_limit_is_recorded(tmp_path: Path, workspace: Path) -> None:
    with Checkpoints.create(tmp_path / "repo", workspace, policy=Policy(max_file_bytes=200)) as checkpoints:
        (workspace / "data").write_bytes(b"x" * 200)
        made = checkpoints.snapshot(1, "at the limit")
        assert made is not None
        assert made.skipped == ()
        (workspace / "data").write_bytes(b"x" * 201)
        made = checkpoints.snapshot(2, "over it")
        assert made is not None
        assert made.skipped[0].size == 201


def test_an_absurdly_large_file_is_not_even_hashed(checkpoints: Checkpoints, workspace: Path) -> None:
    with (workspace / "sparse").open("wb") as file:
        file.truncate(2**42)
    made = checkpoints.snapshot(1, "sparse")
    assert made is not None
    assert made.skipped == (SkippedFile("sparse", 2**42, "too_large"),)


def as_nobody(work: Callable[[], str]) -> str:
    """Run in a child process that is not root, so that the rest of the tests stay who they are; give its answer."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.seteuid(65534)
            os.write(writer, work().encode())
        except BaseException:  # noqa: BLE001 - the child must not go on as a second pytest, whatever it was
            os.write(writer, traceback.format_exc().encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return said


def test_unreadable_files_and_folders_are_skipped() -> None:
    def work() -> str:
        with tempfile.TemporaryDirectory(dir="/tmp") as name:
            root = Path(name) / "workspace"
            for folder in ("locked", "listed"):
                (root / folder).mkdir(parents=True)
                (root / folder / "inner").write_text("x")
            (root / "private").write_text("x")
            (root / "locked").chmod(0)
            (root / "listed").chmod(0o400)
            (root / "private").chmod(0)
            with Checkpoints.create(Path(name) / "repo", root) as checkpoints:
                assert checkpoints.initial is not None
                told = [f"{file.path}={file.reason}" for file in checkpoints.initial.skipped]
                for path in (root / "private", root / "locked"):
                    path.chmod(0o755)
                later = checkpoints.snapshot(1, "readable now")
                assert later is not None
                (root / "listed").chmod(0o755)
            return " ".join(told + [change.path for change in later.changed_files])

    assert as_nobody(work) == "listed/inner=unreadable locked=unreadable private=unreadable locked/inner private"


def test_a_file_that_changes_while_it_is_read(checkpoints: Checkpoints, workspace: Path, repo: Path) -> None:
    file = workspace / "log"
    file.write_bytes(b"0" * 2**20)
    stop = threading.Event()

    def keep_writing() -> None:
        with file.open("r+b") as handle:
            while not stop.is_set():
                handle.seek(0)
                handle.write(os.urandom(64) * 2**13)
                handle.truncate(2**19)
                handle.seek(2**20)
                handle.write(b"1")
                handle.flush()

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        for part in range(1, 30):
            checkpoints.snapshot(part, "busy")
    finally:
        stop.set()
        writer.join()
    checkpoints.snapshot(30, "quiet")
    assert file_at(repo, checkpoints.head, "log") == file.read_bytes()


def test_files_that_vanish_while_they_are_listed(checkpoints: Checkpoints, workspace: Path, tree_by_git: Judge) -> None:
    stop = threading.Event()

    def churn() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            folder = workspace / f"churn{number % 7}"
            with suppress(OSError):
                folder.mkdir()
                (folder / "a").write_text(str(number))
                (folder / "a").rename(workspace / "moved")
                folder.rename(workspace / f"other{number % 5}")
            with suppress(OSError):
                (workspace / f"other{number % 3}").rmdir()

    writer = threading.Thread(target=churn)
    writer.start()
    try:
        for part in range(1, 60):
            checkpoints.snapshot(part, "churn")
    finally:
        stop.set()
        writer.join()
    checkpoints.snapshot(60, "quiet")
    assert checkpoints.tree == tree_by_git(workspace)


def test_a_folder_swapped_for_a_link_leads_nowhere(tmp_path: Path, workspace: Path) -> None:
    """A program swaps a folder and a link to a secret while snapshots are taken: the secret never gets in."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("the secret of the host")
    (workspace / "folder").mkdir()
    (workspace / "folder/file").write_text("harmless")
    (workspace / "link").symlink_to(outside)
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            (workspace / "folder").rename(workspace / "aside")
            (workspace / "link").rename(workspace / "folder")
            (workspace / "folder").rename(workspace / "link")
            (workspace / "aside").rename(workspace / "folder")

    secret = hashlib.sha1(b"blob 22\0the secret of the host").hexdigest()
    for watch in ("auto", "scan"):
        place = tmp_path / f"{watch}.git"
        with Checkpoints.create(place, workspace, policy=Policy(watch=watch)) as checkpoints:
            stop.clear()
            attacker = threading.Thread(target=swap)
            attacker.start()
            try:
                for part in range(1, 300):
                    checkpoints.snapshot(part, "attack")
            finally:
                stop.set()
                attacker.join()
            assert tree_of(place, checkpoints.head) == checkpoints.tree
        assert not (place / "objects" / secret[:2] / secret[2:]).exists()


def test_very_deep_folders_do_not_hurt(checkpoints: Checkpoints, workspace: Path) -> None:
    here = os.open(workspace, os.O_RDONLY)
    for _ in range(400):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    with os.fdopen(os.open("f", os.O_WRONLY | os.O_CREAT, dir_fd=here), "w") as file:
        file.write("deep")
    os.close(here)
    made = checkpoints.snapshot(1, "deep")
    assert made is not None
    assert [file.reason for file in made.skipped] == ["unreadable"]
    assert made.changed_files == ()
