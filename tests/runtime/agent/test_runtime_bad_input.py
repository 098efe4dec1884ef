"""Whatever a profile, a workspace or a model holds: a clear word to the right one, on record, and the run goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import pytest
import yaml
from anyio.abc import SocketStream

from loopwright.base import UsageError
from loopwright.runtime.config import load_config
from loopwright.runtime.providers import Api, Chunk, GatewayClient, Prompt, Reply, Request, open_provider

pytestmark = pytest.mark.slow

DONE = "- say: Done.\n"


def played(lab: Any, *calls: tuple[str, dict[str, Any]], profile: str = "") -> Any:
    """One reply with these calls, whatever the schemas say, and one that ends the turn."""
    made = [{"call": {"name": name, "arguments": arguments, "force": True}} for name, arguments in calls]
    ran = lab.run(yaml.safe_dump([{"calls": made}, {"say": "Done."}]), profile)
    assert ran.outcome.outcome == "finished", ran.outcome
    assert len(ran.results()) == len(calls)
    return ran


def refused(lab: Any, path: Path, **options: Any) -> str:
    """What is said where a run does not even begin."""
    with pytest.raises((UsageError, ExceptionGroup)) as caught:
        lab.run(DONE, path=path, **options)
    problems = [getattr(error, "problems", [error]) for error in leaves(caught.value)]
    return "\n".join(str(one) for several in problems for one in several)


def leaves(error: BaseException) -> list[BaseException]:
    """The errors inside of nested groups."""
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    return [leaf for one in inner for leaf in leaves(one)] or [error]


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ("version: 1", "version: input should be 2"),
        ("extends: profile.yaml", "extend each other"),
        ("tools: {dialects: {preference: {default: [pythonik]}}}", "there is no dialect 'pythonik'"),
        ("prompts: {tool_prompt_synthesis: {dialects: {xml: {system_full: none.md}}}}", "none.md"),
        ("tools: {registry: {paths: [mine]}}", "names the handler 'read_fil', which does not exist"),
        ("tools: {registry: {paths: [unfit]}}", "is of the kind read, but run_shell is of the kind shell"),
        ("tools: {registry: {paths: [lacking]}}", "no required parameter of type string for read_file's 'path'"),
        ("tools: {overlays: [{id: a, rename: {run_shel: x}}]}", "there is no tool 'run_shel'"),
        ("modes: [{name: a, prompt: '@pack(p).a'}]", "there is no pack 'p'"),
    ],
)
def test_a_wrong_profile_is_refused_before_anything_is_sent(lab: Any, profile: str, words: str) -> None:
    tools = {
        "mine": "id: a\nkind: read\ndescription: d\nhandler: read_fil\n",
        "unfit": "id: a\nkind: read\ndescription: d\nhandler: run_shell\nparameters: [{name: command, type: string}]\n",
        "lacking": "id: a\nkind: read\ndescription: d\nhandler: read_file\n",
    }
    for name, text in tools.items():
        (lab.folder / name).mkdir()
        (lab.folder / name / "a.yaml").write_text(text)
    path = lab.profile("")
    text = f"version: 2\nextends: base.yaml\n{profile}\n"
    key = profile.split(":")[0]
    path.write_text("".join(f"{line}\n" for line in text.splitlines() if not line.startswith(key)) + f"{profile}\n")
    assert words in refused(lab, path)


def test_arguments_of_the_wrong_type_are_told_to_the_model(lab: Any) -> None:
    ran = played(
        lab,
        ("read_file", {"path": 3}),
        ("read_file", {"path": ["a"]}),
        ("read_file", {"path": "a", "offset": "one"}),
        ("read_file", {"path": "a", "offset": 10**400}),
        ("read_file", {}),
        ("read_file", {"path": "a", "offest": 1}),
        ("write_file", {"path": "a", "content": {"deep": [1]}}),
        ("write_file", {"path": "ok", "content": "fine"}),
    )
    assert [status for _, status in ran.results()] == ["failed"] * 7 + ["completed"]
    for at, words in enumerate(["of type string", "of type string", "of type integer"]):
        assert words in ran.result(at)
    assert "Did you mean 'offset'?" in ran.result(5)
    noted = [item.raw for item in ran.items if item.part_type == "tool_result"]
    assert [(note or {}).get("rule") for note in noted] == ["call", "call", "call", None, "call", "call", "call", None]


OUTSIDE = ["../secret", "/etc/passwd", "/workspace/../secret", "link", "folder/secret", "a/../../secret", "\0", "loop"]


def test_no_path_leads_outside(lab: Any) -> None:
    (lab.folder / "secret").write_text("secret words\n")
    (lab.workspace / "link").symlink_to(lab.folder / "secret")
    (lab.workspace / "folder").symlink_to(lab.folder)
    (lab.workspace / "loop").symlink_to("loop")
    for path in OUTSIDE:
        patch = f"*** Begin Patch\n*** Update File: {path}\n@@\n-secret words\n+changed\n*** End Patch"
        ran = played(
            lab,
            ("read_file", {"path": path}),
            ("write_file", {"path": path, "content": "changed"}),
            ("create_file", {"path": f"{path}x/new", "content": "changed"}),
            ("edit_file", {"path": path, "old": "secret", "new": "changed"}),
            ("apply_patch", {"patch": patch}),
            ("list_dir", {"path": path}),
            ("search", {"path": path, "pattern": "secret"}),
            ("find_files", {"path": path, "pattern": "*"}),
        )
        failed = [status for _, status in ran.results()]
        assert failed.count("failed") >= 7, (path, failed)
        assert not any("secret words" in str(item.result) for item in ran.items)
    assert (lab.folder / "secret").read_text() == "secret words\n"
    assert sorted(path.name for path in lab.folder.iterdir() if "new" in path.name) == []


def test_a_glob_does_not_follow_links_out_of_the_workspace(lab: Any) -> None:
    (lab.workspace / "root").symlink_to("/")
    (lab.workspace / "a.txt").write_text("x")
    ran = played(
        lab,
        ("find_files", {"pattern": "root/etc/*"}),
        ("find_files", {"pattern": "**/passwd"}),
        ("find_files", {"pattern": "*"}),
        ("list_dir", {"depth": 3}),
        ("search", {"pattern": "root:x"}),
    )
    assert [ran.result(at) for at in range(5)] == ["(no match)", "(no match)", "a.txt", "a.txt\nroot", "(no match)"]


def test_a_link_is_no_way_around_a_permission(lab: Any) -> None:
    (lab.workspace / "kept").mkdir()
    (lab.workspace / "kept" / "a").write_text("old\n")
    (lab.workspace / "link").symlink_to("kept/a")
    (lab.workspace / "there").symlink_to("kept")
    ran = played(
        lab,
        ("write_file", {"path": "link", "content": "new"}),
        ("write_file", {"path": "there/a", "content": "new"}),
        ("edit_file", {"path": "/workspace//kept/./a", "old": "old", "new": "new"}),
        ("run_shell", {"command": "echo new > link"}),
        ("run_shell", {"command": "echo new > /workspace/../workspace/kept/a"}),
        profile="enhanced_tools: {permissions: {file_write: {denylist: ['kept/*']}}}",
    )
    assert [status for _, status in ran.results()] == ["denied"] * 5
    assert (lab.workspace / "kept" / "a").read_text() == "old\n"


def test_a_binary_file_is_named_as_one(lab: Any) -> None:
    (lab.workspace / "a.bin").write_bytes(b"\x7fELF\0\0\1\2" * 100)
    ran = played(
        lab,
        ("read_file", {"path": "a.bin"}),
        ("edit_file", {"path": "a.bin", "old": "ELF", "new": "x"}),
        ("search", {"pattern": "ELF"}),
        ("run_shell", {"command": "head -c 20 a.bin"}),
    )
    assert [status for _, status in ran.results()] == ["failed", "failed", "completed", "completed"]
    assert "is a binary file (800 bytes)" in ran.result(0)
    assert (lab.workspace / "a.bin").read_bytes().startswith(b"\x7fELF\0")


def test_a_file_of_a_hundred_megabytes_is_refused_with_its_size(lab: Any) -> None:
    with (lab.workspace / "huge").open("wb") as file:
        file.truncate(100 << 20)
    ran = played(
        lab,
        ("read_file", {"path": "huge"}),
        ("edit_file", {"path": "huge", "old": "a", "new": "b"}),
        ("run_shell", {"command": "cat huge | tr '\\0' a"}),
    )
    assert [status for _, status in ran.results()] == ["failed", "failed", "completed"]
    assert str(100 << 20) in ran.result(0)
    assert str(100 << 20) in ran.result(1)
    assert len(ran.result(2)) < 40_000


def test_what_the_disk_refuses_is_a_failed_call_and_not_the_end(lab: Any) -> None:
    long = "n" * 300
    (lab.workspace / "file").write_text("x\n")
    patch = f"*** Begin Patch\n*** Add File: {long}\n+x\n*** End Patch"
    ran = played(
        lab,
        ("write_file", {"path": long, "content": "x"}),
        ("create_file", {"path": f"a/{long}/b", "content": "x"}),
        ("apply_patch", {"patch": patch}),
        ("write_file", {"path": "file/below", "content": "x"}),
        ("read_file", {"path": long}),
        ("list_dir", {"path": long}),
    )
    assert [status for _, status in ran.results()] == ["failed"] * 6
    assert [path.name for path in lab.workspace.iterdir()] == ["file"]


def test_an_edit_block_that_the_disk_refuses_is_told_too(lab: Any) -> None:
    block = f"{'n' * 300}.c\n```\n<<<<<<< SEARCH\n=======\nx\n>>>>>>> REPLACE\n```\n"
    profile = (
        "provider_tools: {use_native: false}\n"
        "tools: {dialects: {preference: {by_tool_kind: {diff: [aider_diff], bash: [bash_block]}}}}\n"
    )
    ran = lab.run(yaml.safe_dump([{"say": block}, {"say": "Done."}]), profile)
    assert [status for _, status in ran.results()] == ["failed"]
    assert ran.outcome.outcome == "finished"


def test_a_command_longer_than_the_kernel_takes_runs(lab: Any) -> None:
    body = "".join(f"line {number} with 'quotes' and `ticks`\n" for number in range(6000))
    ran = played(lab, ("run_shell", {"command": f"cat > big <<'END'\n{body}END\nwc -l < big; false"}))
    assert ran.result() == "6000\n[exit code 1]"
    assert (lab.workspace / "big").read_text() == body


def test_bytes_that_are_no_text_are_shown_and_kept_apart(lab: Any) -> None:
    (lab.workspace / "latin").write_bytes(b"caf\xe9\n")
    ran = played(
        lab,
        ("read_file", {"path": "latin"}),
        ("run_shell", {"command": "printf 'a\\377b'"}),
        ("run_shell", {"command": "touch $'bad\\377name'; ls"}),
        ("list_dir", {}),
        ("find_files", {"pattern": "*"}),
        ("edit_file", {"path": "latin", "old": "caf", "new": "tea"}),
    )
    assert "caf\ufffd" in ran.result(0)
    assert ran.result(1) == "a\ufffdb"
    json.dumps([item.result for item in ran.items]).encode()
    assert all("\udcff" not in str(item.result) for item in ran.items)


@pytest.mark.parametrize("api", ["chat", "responses", "messages"])
@pytest.mark.parametrize("piece", [b"\xff\xfe", b"\xed\xa0\x80", b"\\ud800"])
def test_bytes_of_a_model_that_are_no_text_are_replaced(tmp_path: Path, api: Api, piece: bytes) -> None:
    """From a server that sends them in two pieces, cut inside of a character."""
    reply = anyio.run(_asked, api, STREAMS[api].encode().replace(b"TEXT", b"caf\xc3\xa9" + piece), tmp_path)
    assert reply.text.startswith("caf\u00e9")
    json.dumps(reply.message).encode()
    reply.text.encode()


async def _asked(api: Api, body: bytes, folder: Path) -> Reply:
    async def serve(stream: SocketStream) -> None:
        async with stream:
            await stream.receive()
            head = f"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {len(body)}\r\n\r\n"
            cut = body.index(b"\xc3") + 1
            await stream.send(head.encode() + body[:cut])
            await anyio.sleep(0.05)
            await stream.send(body[cut:])

    async with await anyio.create_unix_listener(folder / "model.sock") as listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, serve)
        provider = open_provider(api, GatewayClient(folder / "model.sock", "talk"))
        try:
            reply = await provider.ask(Request("m", (Chunk("s"),), (Prompt("Go."),)), lambda kind, text: None)
        finally:
            await provider.close()
            tasks.cancel_scope.cancel()
    return reply


def test_forty_calls_good_and_bad_are_each_answered(lab: Any) -> None:
    calls: list[tuple[str, dict[str, Any]]] = []
    for number in range(10):
        calls += [
            ("write_file", {"path": f"f{number}", "content": "x"}),
            ("no_such_tool", {}),
            ("read_file", {"path": "../x"}),
            ("run_shell", {"command": f"exit {number}"}),
        ]
    ran = played(lab, *calls)
    assert [item.call_id for item in ran.items[:40]] == [item.call_id for item in ran.items[40:80]]
    assert [status for _, status in ran.results()][::4] == ["completed"] * 10
    assert len(list(lab.workspace.iterdir())) == 10
    roles = [message["role"] for message in ran.requests[1]["messages"]]
    assert roles == ["user", "assistant", *["tool"] * 40]


def test_a_profile_is_judged_as_the_model_is_asked(lab: Any, tmp_path: Path) -> None:
    """`load_config` alone accepts what only the chosen model makes wrong; nothing is sent then, either."""
    path = lab.profile("", "version: 2\nproviders: {default_model: a, models: [{id: a, adapter: openai_chat}]}\n")
    assert load_config(path).config.providers.default_model == "a"
    assert "does not say how b is asked" in refused(lab, path, model_id="b")


STREAMS: dict[Api, str] = {
    "chat": (
        'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":'
        '{"role":"assistant","content":"TEXT"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    ),
    "responses": (
        "event: response.completed\n"
        'data: {"type":"response.completed","sequence_number":1,"response":{"id":"r","object":"response",'
        '"created_at":1,"model":"m","parallel_tool_calls":true,"tool_choice":"auto","tools":[],"status":"completed",'
        '"output":[{"type":"message","id":"i","role":"assistant","status":"completed","content":'
        '[{"type":"output_text","text":"TEXT","annotations":[]}]}]}}\n\n'
    ),
    "messages": (
        "event: message_start\n"
        'data: {"type":"message_start","message":{"id":"1","type":"message","role":"assistant","model":"m",'
        '"content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}}\n\n'
        "event: content_block_start\n"
        'data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n'
        "event: content_block_delta\n"
        'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"TEXT"}}\n\n'
        'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
        "event: message_delta\n"
        'data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},'
        '"usage":{"output_tokens":1}}\n\n'
        'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    ),
}
