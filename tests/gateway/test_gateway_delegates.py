"""Sub-agents of a script: each request is answered from the right list of replies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loopwright.base import UsageError
from loopwright.gateway import ModelSpec

pytestmark = pytest.mark.anyio

REPLIES = """
  - say: first
    calls:
      - shell: ls
      - delegate:
          prompt: Count all the lines
          replies:
            - say: counting
              calls:
                - shell: wc -l
                - delegate:
                    prompt: Count one line
                    replies: [{say: one}]
            - {id: end, when: {contains: '3 lines'}, say: there are three}
  - {say: second, when: {contains: there are three}}
"""
Script = Callable[[str], str]


def chat(prompt: str, *answers: str) -> dict[str, Any]:
    messages: list[dict[str, Any]] = [{"role": "user", "content": prompt}]
    for number, answer in enumerate(answers):
        messages += [{"role": "assistant", "content": str(number)}, {"role": "tool", "content": answer}]
    tools = [{"type": "function", "function": {"name": name}} for name in ("bash", "task")]
    return {"messages": messages, "tools": tools}


async def say(served: Any, body: dict[str, Any], conversation: str) -> str:
    got = await served.http.post("/v1/chat/completions", json=body, headers={"x-session-id": conversation})
    return str(got.json()["choices"][0]["message"]["content"])


async def test_each_role_has_its_own_place(serve: Any, script: Script) -> None:
    sub = "Some words of the agent's own.\n\nCount all the lines\n"
    async with serve(script(REPLIES)) as served:
        assert await say(served, chat("go"), "top") == "first"
        assert await say(served, chat(sub), "sub") == "counting"
        assert await say(served, chat("Count one line"), "subsub") == "one"
        assert await say(served, chat(sub, "3 lines"), "sub") == "there are three"
        assert await say(served, chat("go", "there are three"), "top") == "second"
        assert await say(served, chat(sub), "another") == "counting"
    places = [(call.script and (call.script.conversation, call.script.reply), call.purpose) for call in served.calls]
    assert places == [
        (("top", 0), "turn"),
        (("sub#0.1", 0), "subagent"),
        (("subsub#0.1/0.1", 0), "subagent"),
        (("sub#0.1", 1), "subagent"),
        (("top", 1), "turn"),
        (("another#0.1", 0), "subagent"),
    ]


async def test_a_new_process_goes_on_in_every_role(serve: Any, script: Script) -> None:
    model = script(REPLIES)
    async with serve(model) as served:
        await say(served, chat("go"), "top")
        await say(served, chat("Count all the lines"), "sub")
    async with serve(model, next_call=3) as resumed:
        resumed.gateway.restore(served.calls)
        assert await say(resumed, chat("Count all the lines", "3 lines"), "sub") == "there are three"
        assert await say(resumed, chat("go", "there are three"), "top") == "second"


async def test_a_prompt_that_only_mentions_the_sub_agents_is_not_its_own(serve: Any, script: Script) -> None:
    async with serve(script(REPLIES)) as served:
        assert await say(served, chat("Please: Count all the lines of it"), "top") == "first"


def responses(*items: dict[str, Any]) -> dict[str, Any]:
    tools: list[dict[str, Any]] = [{"type": "function", "name": "exec_command"}]
    agents = [{"type": "function", "name": name} for name in ("spawn_agent", "wait_agent")]
    tools.append({"type": "namespace", "name": "multi_agent_v1", "tools": agents})
    return {"input": [{"role": "user", "content": "go"}, *items], "tools": tools}


def result(call: dict[str, Any], output: str) -> list[dict[str, Any]]:
    return [call, {"type": "function_call_output", "call_id": call["call_id"], "output": output}]


async def test_codex_is_made_to_wait_for_its_sub_agent(serve: Any, script: Script) -> None:
    async with serve(script(REPLIES)) as served:

        async def ask(*items: dict[str, Any]) -> list[dict[str, Any]]:
            got = await served.http.post("/v1/responses", json=responses(*items), headers={"thread-id": "t"})
            calls = [item for item in got.json()["output"] if item["type"] == "function_call"]
            return calls or got.json()["output"]

        shell, spawn = await ask()
        assert (spawn["namespace"], spawn["name"]) == ("multi_agent_v1", "spawn_agent")
        so_far = [*result(shell, "a.txt"), *result(spawn, '{"agent_id": "agent-7", "nickname": "x"}')]
        [wait] = await ask(*so_far)
        assert (wait["name"], wait["arguments"]) == ("wait_agent", '{"targets":["agent-7"],"timeout_ms":600000}')
        so_far += result(wait, '{"status": {"agent-7": {"completed": "there are three"}}}')
        [last] = await ask(*so_far)
    assert last["content"][0]["text"] == "second"
    assert [call.script and call.script.served for call in served.calls] == [1, None, 2]


async def test_a_sub_agent_that_was_not_started_is_not_waited_for(serve: Any, script: Script) -> None:
    async with serve(script(REPLIES + "  - say: third\n")) as served:
        got = (await served.http.post("/v1/responses", json=responses(), headers={"thread-id": "t"})).json()
        spawn = got["output"][-1]
        later = responses(*got["output"], *result(spawn, "too many agents")[1:])
        got = (await served.http.post("/v1/responses", json=later, headers={"thread-id": "t"})).json()
    assert got["output"][0]["content"][0]["text"] == "third"


async def test_a_reply_of_calls_alone_ends_what_was_new_before_it(serve: Any, script: Script) -> None:
    replies = (
        "  - calls: [{shell: a}]\n  - calls: [{shell: b}]\n  - {say: old, when: {contains: first}}\n  - say: new\n"
    )
    items: list[dict[str, Any]] = []
    async with serve(script(replies)) as served:
        for output in ("first", "second"):
            got = (await served.http.post("/v1/responses", json=responses(*items))).json()
            items += result(got["output"][0], output)
        got = (await served.http.post("/v1/responses", json=responses(*items))).json()
    assert got["output"][0]["content"][0]["text"] == "new"


async def test_files_and_mistakes_inside_a_delegate_are_found(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text("content\n")
    inner = "          prompt: Count them all\n          replies: [{calls: [{write: {path: a, file: %s}}]}]\n"
    path = tmp_path / "script.yaml"
    head = "version: 1\nname: demo\nreplies:\n  - calls:\n      - delegate:\n"
    path.write_text(head + inner % "c.txt")
    spec = ModelSpec.parse(f"scripted:{path}")
    assert spec.script is not None
    delegate = spec.script.replies[0].calls[0].delegate
    assert delegate is not None
    assert delegate.replies[0].calls[0].write is not None
    assert delegate.replies[0].calls[0].write.text == "content\n"
    path.write_text(head + inner % "missing.txt")
    with pytest.raises(UsageError, match=r"missing\.txt"):
        ModelSpec.parse(f"scripted:{path}")
    path.write_text(head + inner.replace("write", "wrote") % "c.txt")
    with pytest.raises(UsageError) as caught:
        ModelSpec.parse(f"scripted:{path}")
    assert "script.yaml:7: replies[0].calls[0].delegate.replies[0].calls[0].wrote" in str(caught.value.where)


async def test_a_script_that_holds_itself_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "script.yaml"
    delegate = "{prompt: Count them all, replies: *all}"
    path.write_text(f"version: 1\nname: demo\nreplies: &all\n  - calls:\n      - delegate: {delegate}\n")
    with pytest.raises(UsageError):
        ModelSpec.parse(f"scripted:{path}")
