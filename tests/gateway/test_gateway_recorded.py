"""A run that is given again: equal, different, longer, resumed, and with what a record may lack."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from loopwright.base import UsageError
from loopwright.gateway import ModelSpec
from loopwright.record import Journal, Limits, ModelCalled, RunDir
from loopwright.record.samples import run_started

pytestmark = pytest.mark.anyio

TOOLS = [{"type": "function", "function": {"name": "run_shell", "parameters": {}}}]
REPLIES = """
  - think: First.
    say: I look at it.
    calls: [{shell: cat a.txt}]
    usage: {input: 100, output: 10, cache_read: 5}
  - say: I see.
    calls: [{shell: cat b.txt}]
  - say: Done.
"""
PATHS = {"chat": "/v1/chat/completions", "messages": "/v1/messages", "responses": "/v1/responses"}


def chat(*results: str, prompt: str = "go") -> dict[str, Any]:
    """A request after some tool results; the conversation repeats the answers as an agent would."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": prompt}]
    for number, result in enumerate(results):
        messages.append({"role": "assistant", "content": f"answer {number}"})
        messages.append({"role": "tool", "tool_call_id": f"call_{number}xyz123", "content": result})
    return {"model": "asked", "messages": messages, "tools": TOOLS, "stream": True}


def as_api(api: str, body: dict[str, Any]) -> dict[str, Any]:
    if api == "chat":
        return body
    if api == "messages":
        tools = [{"name": "run_shell", "input_schema": {}}]
        return {"model": "asked", "max_tokens": 999, "messages": body["messages"][:1], "tools": tools, "stream": True}
    tools = [{"type": "function", "name": "run_shell"}]
    return {"model": "asked", "input": body["messages"][:1], "tools": tools, "stream": True}


@pytest.fixture
def keep(tmp_path: Path) -> Callable[..., None]:
    """Make a run of calls that a gateway recorded."""

    def keeping(served: Any, name: str = "before", **started: Any) -> None:
        rundir = RunDir.create(tmp_path / "home", name)
        for file in (tmp_path / "blobs").rglob("*"):
            if file.is_file():
                kept = rundir.blobs_folder / file.parent.name / file.name
                kept.parent.mkdir(exist_ok=True)
                kept.write_bytes(file.read_bytes())
        with Journal.open(rundir) as journal:
            journal.append(run_started(name, agent_model="demo", **started))
            for call in served.calls:
                journal.append(call)

    return keeping


async def ask(served: Any, body: dict[str, Any], api: str = "chat", conversation: str = "c") -> Any:
    return await served.http.post(PATHS[api], json=body, headers={"x-loopwright-conversation": conversation})


@pytest.fixture
async def recorded(serve: Any, script: Callable[[str], str], keep: Callable[..., None]) -> list[bytes]:
    """A run `before` of three calls; the bytes of their answers."""
    async with serve(script(REPLIES)) as served:
        bodies = [chat(), chat("one 0.5s"), chat("one 0.5s", "two")]
        answers = [(await ask(served, body)).content for body in bodies]
    keep(served)
    return answers


async def test_the_same_requests_get_the_same_bytes(serve: Any, recorded: list[bytes], tmp_path: Path) -> None:
    notices: list[tuple[str, str]] = []
    hear = lambda code, message: notices.append((code, message))  # noqa: E731
    async with serve("recorded:bef", home=tmp_path / "home", on_notice=hear) as served:
        bodies = [chat(), chat("one 7.5s"), chat("one 7.5s", "two")]
        again = [(await ask(served, body, conversation="other")).content for body in bodies]
        assert served.gateway.tokens > 115
    assert again == recorded
    assert notices == []
    first = served.calls[0]
    assert (first.backend, first.model_served, first.usage.cache_read_tokens) == ("recorded", "demo", 5)
    assert [call.script and call.script.reply for call in served.calls] == [1, 2, 3]


@pytest.mark.parametrize("api", PATHS)
async def test_every_api(serve: Any, script: Any, keep: Any, tmp_path: Path, api: str) -> None:
    async with serve(script(REPLIES)) as served:
        before = (await ask(served, as_api(api, chat()), api)).content
        whole = (await ask(served, as_api(api, chat()) | {"stream": False}, api)).content
    keep(served)
    async with serve("recorded:before", home=tmp_path / "home") as served:
        assert (await ask(served, as_api(api, chat()), api)).content == before
        assert (await ask(served, as_api(api, chat()) | {"stream": False}, api)).content == whole


async def test_the_first_difference_is_named_once(serve: Any, recorded: list[bytes], tmp_path: Path) -> None:
    notices: list[tuple[str, str]] = []
    hear = lambda code, message: notices.append((code, message))  # noqa: E731
    async with serve("recorded:before", home=tmp_path / "home", on_notice=hear) as served:
        bodies = [chat(), chat("ONE 0.1s"), chat("ONE 0.1s", "two")]
        again = [(await ask(served, body)).content for body in bodies]
    assert again == recorded
    what = 'at messages[2].content: "ONE <duration>" instead of "one <duration>"'
    assert notices == [("diverged", f"request 2 of this run differs from request 2 of before {what}")]
    assert [call.script and call.script.cursor for call in served.calls] == [0, 1, 1]


async def test_a_retry_gets_the_same_again(serve: Any, recorded: list[bytes], tmp_path: Path) -> None:
    async with serve("recorded:before", home=tmp_path / "home") as served:
        assert (await ask(served, chat())).content == (await ask(served, chat())).content == recorded[0]
        assert (await ask(served, chat("x"))).content == (await ask(served, chat("x"))).content == recorded[1]


@pytest.mark.parametrize("api", PATHS)
async def test_after_the_last_answer_every_request_is_refused(
    serve: Any, script: Any, keep: Any, tmp_path: Path, api: str
) -> None:
    async with serve(script(REPLIES)) as served:
        await ask(served, as_api(api, chat()), api)
    keep(served)
    async with serve("recorded:before", home=tmp_path / "home") as served:
        await ask(served, as_api(api, chat()), api)
        got = await ask(served, as_api(api, chat(prompt="more")), api)
    assert got.status_code == (402 if api == "messages" else 400)
    error = got.json()["error"]
    assert error["message"] == "The record of before has no answer for request 2 of this run; its last is 1."
    assert error["code"] == "recording_ended"
    assert served.calls[-1].error == error["message"]
    assert (served.gateway.refusal.kind, served.gateway.outage) == ("ended", error["message"])


async def test_another_api_is_refused_in_words(serve: Any, recorded: list[bytes], tmp_path: Path) -> None:
    async with serve("recorded:before", home=tmp_path / "home") as served:
        got = await ask(served, as_api("messages", chat()), "messages")
    assert got.json()["error"]["message"] == "before was recorded with the API chat, and this agent speaks messages."


async def test_a_new_process_goes_on_where_the_record_ends(serve: Any, recorded: list[bytes], tmp_path: Path) -> None:
    notices: list[str] = []
    async with serve("recorded:before", home=tmp_path / "home") as served:
        await ask(served, chat())
        await ask(served, chat("other"))
    hear = lambda _, message: notices.append(message)  # noqa: E731
    async with serve("recorded:before", home=tmp_path / "home", next_call=3, on_notice=hear) as resumed:
        resumed.gateway.restore(served.calls)
        assert (await ask(resumed, chat("other"))).content == recorded[1]
        assert (await ask(resumed, chat("other", "two"))).content == recorded[2]
    assert notices == [], "the difference was told before"


async def test_conversations_side_by_side_keep_their_order(serve: Any, script: Any, keep: Any, tmp_path: Path) -> None:
    async with serve(script(REPLIES)) as served:
        for conversation, prompt in (("a", "first"), ("b", "second")):
            await ask(served, chat(prompt=prompt), conversation=conversation)
        for conversation, prompt in (("a", "first"), ("b", "second")):
            await ask(served, chat(f"result of {prompt}", prompt=prompt), conversation=conversation)
    keep(served)
    async with serve("recorded:before", home=tmp_path / "home") as again:
        await ask(again, chat(prompt="second"), conversation="x")
        await ask(again, chat(prompt="first"), conversation="y")
        await ask(again, chat("changed", prompt="second"), conversation="x")
        await ask(again, chat("result of first", prompt="first"), conversation="y")
    assert [call.script and call.script.reply for call in again.calls] == [2, 1, 4, 3]


async def test_errors_of_the_model_come_again_and_those_of_limits_do_not(
    serve: Any, script: Any, keep: Any, tmp_path: Path
) -> None:
    async with serve(script("  - {say: a, usage: {input: 9}, fault: {status: 429}}\n")) as served:
        await ask(served, chat())
        await ask(served, chat())
        served.gateway.limits = Limits(max_tokens=1)
        await ask(served, chat(prompt="over"))
    keep(served)
    async with serve("recorded:before", home=tmp_path / "home") as again:
        assert [(await ask(again, chat())).status_code for _ in range(3)] == [429, 200, 200]
        assert (await ask(again, chat(prompt="over"))).json()["error"]["code"] == "recording_ended"


async def test_what_was_broken_off_is_no_answer(serve: Any, script: Any, keep: Any, tmp_path: Path) -> None:
    async with serve(script("  - {say: a, fault: {malformed: true}}\n")) as served:
        await ask(served, chat())
        whole = (await ask(served, chat())).content
    keep(served)
    async with serve("recorded:before", home=tmp_path / "home") as again:
        assert (await ask(again, chat())).content == whole


async def test_ids_of_this_run_are_put_into_the_answers(serve: Any, script: Any, keep: Any, tmp_path: Path) -> None:
    old, new = "3c1e6a52-1b9c-4d2f-8a55-0f6cdb6d8a01", "9b1e6a52-1b9c-4d2f-8a55-0f6cdb6d8aff"
    replies = f"  - say: start\n  - {{say: waiting, calls: [{{shell: wait {old} in /workspace/x}}]}}\n"
    async with serve(script(replies)) as served:
        await ask(served, chat())
        await ask(served, chat(f"started {old}"))
    keep(served, sandbox="bwrap")
    async with serve("recorded:before", home=tmp_path / "home", workspace="/elsewhere") as again:
        await ask(again, chat())
        got = await ask(again, chat(f"started {new}") | {"stream": False})
    async with serve("recorded:before", home=tmp_path / "home", workspace="/elsewhere") as resumed:
        resumed.gateway.restore(again.calls)
        after = await ask(resumed, chat(f"started {new}") | {"stream": False})
    for answer in (got, after):
        arguments = answer.json()["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"]
        assert msgspec.json.decode(arguments)["command"] == f"wait {new} in /elsewhere/x"


async def test_a_record_that_lacks_a_blob(serve: Any, script: Any, keep: Any, tmp_path: Path) -> None:
    async with serve(script(f"  - say: '{'many words ' * 2000}'\n")) as served:
        await ask(served, chat())
    keep(served)
    for blob in (tmp_path / "home" / "trajectories" / "before" / "blobs").rglob("*"):
        if blob.is_file():
            blob.unlink()
    async with serve("recorded:before", home=tmp_path / "home") as again:
        got = await ask(again, chat())
    assert "is missing" in got.json()["error"]["message"]


async def test_what_is_shown_live_is_the_recorded_text(serve: Any, recorded: list[bytes], tmp_path: Path) -> None:
    shown: list[tuple[str, str]] = []
    hear = lambda kind, text: shown.append((kind, text))  # noqa: E731
    async with serve("recorded:before", home=tmp_path / "home", on_text=hear) as served:
        await ask(served, chat())
    assert shown[0] == ("reasoning", "First.")
    assert "".join(text for kind, text in shown if kind == "text") == "I look at it."


async def test_the_model_of_a_recorded_run(recorded: list[bytes], tmp_path: Path) -> None:
    spec = ModelSpec.parse("recorded:latest", home=tmp_path / "home")
    assert (spec.text, spec.backend, spec.name) == ("recorded:before", "recorded", "demo")
    assert (spec.recorded, spec.scripted) == (True, False)
    with Journal.open(RunDir.open(tmp_path / "home", "before")) as journal:
        journal.append(run_started("x"))
    assert ModelSpec.parse("recorded:before", home=tmp_path / "home").digest != spec.digest


@pytest.mark.parametrize("text", ["recorded:", "recorded:nothing", "recorded:empty", "recorded:../etc"])
async def test_a_run_that_is_not_there(recorded: list[bytes], tmp_path: Path, text: str) -> None:
    RunDir.create(tmp_path / "home", "empty")
    with pytest.raises(UsageError):
        ModelSpec.parse(text, home=tmp_path / "home")


async def test_a_run_without_answers(serve: Any, keep: Any, script: Any, tmp_path: Path) -> None:
    async with serve(script(REPLIES)) as served:
        pass
    keep(served)
    with pytest.raises(UsageError, match="holds no answered model call"):
        async with serve("recorded:before", home=tmp_path / "home"):
            pass


@pytest.mark.parametrize("answer", [3, [], {"choices": 3}, {"choices": [3]}, {"choices": [{"message": 3}]}])
async def test_a_forged_answer_is_refused(serve: Any, script: Any, keep: Any, tmp_path: Path, answer: Any) -> None:
    async with serve(script(REPLIES)) as served:
        await ask(served, chat())
        call: ModelCalled = served.calls[0]
        served.calls[0] = msgspec.structs.replace(call, response=served.blobs.payload(answer))
    keep(served)
    async with serve("recorded:before", home=tmp_path / "home") as again:
        got = await ask(again, chat())
    assert got.status_code in (200, 400)
    assert again.calls[0].status == got.status_code
