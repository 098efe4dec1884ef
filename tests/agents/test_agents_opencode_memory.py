"""What is kept of OpenCode's sessions, its settings, and its socket."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from loopwright.agents import AgentMemory
from loopwright.agents.opencode.client import Client, ServerError
from loopwright.agents.opencode.memory import document, is_session
from loopwright.agents.opencode.notes import note_session, noted_session
from loopwright.agents.opencode.settings import configuration, environment

FORWARD = Path(__file__).parents[2] / "src" / "loopwright" / "agents" / "opencode" / "forward.py"


def test_a_note_comes_back(tmp_path: Path) -> None:
    assert noted_session(tmp_path) is None
    note_session(tmp_path, "ses_1")
    assert noted_session(tmp_path) == "ses_1"


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"session": 1}', b'{"session": "a\\nb"}', b"\xff", b'{"session": "' + b"x" * 300]
)
def test_a_note_that_was_tampered_with_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "loopwright-session.json").write_bytes(content)
    assert noted_session(tmp_path) is None


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_a_note_that_is_no_file_is_none(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "loopwright-session.json"
    (tmp_path / "other").write_text('{"session": "ses_other"}')
    if kind == "link":
        place.symlink_to("other")
    elif kind == "pipe":
        os.mkfifo(place)
    else:
        place.mkdir()
    assert noted_session(tmp_path) is None


@pytest.mark.parametrize(
    ("value", "good"), [("ses_aZ9", True), ("ses_", False), ("ses_../x", False), (None, False), ("x", False)]
)
def test_ids_of_sessions(value: Any, good: bool) -> None:
    assert is_session(value) is good


@given(st.lists(st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2), max_size=5), st.integers(1, 3))
def test_a_kept_session_is_put_together_again(messages: list[dict[str, str]], size: int) -> None:
    pieces = [messages[at : at + size] for at in range(0, len(messages), size)]
    files = {f"session/{number:05d}.json": json.encode(piece) for number, piece in enumerate(pieces)}
    files |= {"session/info.json": b'{"id": "ses_1"}', "other": b"x", "session/../x.json": b"y"}
    whole = document(AgentMemory("ses_1", files))
    assert whole is not None
    assert json.decode(whole) == {"info": {"id": "ses_1"}, "messages": messages}


def test_a_memory_without_files_or_with_damaged_ones() -> None:
    assert document(AgentMemory("ses_1")) is None
    with pytest.raises(ValueError, match="damaged"):
        document(AgentMemory("ses_1", {"session/info.json": b"{", "session/00000.json": b"[]"}))


def test_settings_allow_no_look_outside_and_no_questions() -> None:
    made = configuration("http://127.0.0.1:8910", "gpt-x")
    assert made["provider"]["loopwright"]["options"]["baseURL"] == "http://127.0.0.1:8910/v1"
    assert made["provider"]["loopwright"]["models"]["model"]["id"] == "gpt-x"
    assert made["enabled_providers"] == ["loopwright"]
    assert made["mcp"]["loopwright"]["url"] == "http://127.0.0.1:8910/mcp"
    assert (made["autoupdate"], made["share"], made["snapshot"]) == (False, "disabled", False)
    assert made["permission"]["question"] == "deny"
    variables = environment("http://127.0.0.1:8910", "gpt-x")
    assert json.decode(variables["OPENCODE_CONFIG_CONTENT"]) == made
    wanted = ("MODELS_FETCH", "AUTOUPDATE", "DEFAULT_PLUGINS", "LSP_DOWNLOAD", "AUTOCOMPACT", "PROJECT_CONFIG")
    assert all(variables[f"OPENCODE_DISABLE_{name}"] == "1" for name in wanted)


def test_only_a_socket_is_connected_to(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "real.sock"))
        (tmp_path / "link.sock").symlink_to("real.sock")
        (tmp_path / "file.sock").write_text("x")
        for name in ("link.sock", "file.sock", "nothing.sock"):
            with pytest.raises(ServerError):
                Client(tmp_path / name, "")


_ECHO = """
import socket, sys
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
    print("up", flush=True)
    near, _ = server.accept()
    while data := near.recv(9999):
        near.sendall(data.upper())
    sys.exit(5)
"""


def test_the_forwarder_passes_bytes_and_ends_with_its_command(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 40)
    folder.mkdir()
    (folder / "x.sock").write_text("in the way")
    argv = [sys.executable, "-I", "-S", str(FORWARD), str(folder), "x.sock", "--", sys.executable, "-c", _ECHO, "PORT"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        handle = os.open(folder, os.O_PATH)
        with socket.socket(socket.AF_UNIX) as near:
            near.connect(f"/proc/self/fd/{handle}/x.sock")
            sent = bytes(range(65, 91)) * 20_000

            def give() -> None:
                near.sendall(sent.lower())
                near.shutdown(socket.SHUT_WR)

            threading.Thread(target=give).start()
            got = b""
            while data := near.recv(1 << 16):
                got += data
        os.close(handle)
        assert got == sent
        assert process.wait(60) == 5
