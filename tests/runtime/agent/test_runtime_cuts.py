"""Runs cut after every part and taken up again, with the files as they were then: the same requests and the same parts.

What makes this hard is in the stories below: calls side by side, refusals that depend on files, broken blocks, circles,
modes, limits, a model that fell out, and a second turn.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
import yaml

pytestmark = pytest.mark.slow

TEXT = """
provider_tools: {use_native: false}
tools: {dialects: {preference: {by_tool_kind: {bash: [bash_block], diff: [aider_diff]}}}}
"""


def call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"call": {"name": name, "arguments": arguments, "force": True}}


@dataclass
class Story:
    """A profile, a script, and the prompts of its turns."""

    replies: list[Any]
    profile: str = ""
    prompts: tuple[str, ...] = ("Go.",)
    files: dict[str, str] = field(default_factory=dict)


DONE = {"say": "Done."}
BROKEN = "<BASH>\necho lost\n"
STORIES = {
    "side by side": Story(
        [
            {"calls": [call("read_file", path="a"), call("read_file", path="b"), call("list_dir"), call("nothing")]},
            {"calls": [call("write_file", path="c", content="x"), call("write_file", path="d", content="y")]},
            DONE,
        ],
        files={"a": "one\n", "b": "two\n"},
    ),
    "verdicts on files that an earlier call of the reply makes": Story(
        [
            {
                "calls": [
                    call("run_shell", command="echo x > new; rm old"),
                    call("edit_file", path="new", old="x", new="y"),
                ]
            },
            {"calls": [call("read_file", path="a"), call("edit_file", path="a", old="one", new="two")]},
            {"calls": [call("edit_file", path="a", old="one", new="two"), call("create_file", path="a", content="z")]},
            {"calls": [call("run_shell", command="rm new"), call("create_file", path="new", content="again")]},
            {"calls": [call("run_shell", command="echo >> a"), call("run_shell", command="echo warned")]},
            DONE,
        ],
        """
enhanced_tools:
  validation:
    rules: [file_exists, read_before_edit, no_redundant_creation, one_bash_per_turn]
    rule_config: {one_bash_per_turn: {severity: warn}}
""",
        files={"a": "one\n", "old": ""},
    ),
    "limits on calls": Story(
        [
            {"calls": [call("run_shell", command=f"echo {n}") for n in range(4)]},
            {"calls": [call("run_shell", command="echo same") for n in range(3)]},
            {"calls": [call("run_shell", command="echo same") for n in range(3)]},
            DONE,
        ],
        "loop: {turn_strategy: {allow_multiple_per_turn: false}}\nconcurrency: {at_most_one_of: [run_shell]}",
    ),
    "broken blocks and a circle": Story(
        [
            {"say": f"<BASH>\necho one\n</BASH>\n{BROKEN}"},
            {"say": BROKEN},
            {"say": BROKEN},
            *[{"say": BROKEN}] * 3,
            DONE,
        ],
        TEXT,
    ),
    "alternation of what fails": Story(
        [{"say": f"<BASH>\nexit {n % 2}\n</BASH>\n{BROKEN}" if n % 2 else BROKEN} for n in range(9)], TEXT
    ),
    "talk without an end": Story(
        [{"say": f"Thought {n}."} for n in range(8)], "completion: {natural_finish: {no_tool_turns_threshold: 9}}"
    ),
    "modes": Story(
        [
            {"think": "hm", "say": "A plan.", "calls": [call("run_shell", command="touch no"), call("list_dir")]},
            {"say": "Planned."},
            {"calls": [call("write_file", path="x", content="1")]},
            {"say": "Built."},
            {"calls": [call("list_dir")]},
            DONE,
        ],
        """
modes: [{name: plan, tools_enabled: [list_dir], max_turns: 2}, {name: build, exit: {when: [files_changed > 0]}},
        {name: check}]
loop: {sequence: [{mode: plan}, {while: replies < 5, do: [{mode: build}, {mode: check}]}]}
""",
    ),
    "a limit on replies": Story([{"calls": [call("list_dir")]}] * 2 + [DONE], "loop: {limits: {turns: 2}}"),
    "the record of a machine": Story(
        [{"calls": [call("run_tests"), call("finish", summary="done")]}, DONE, DONE],
        "enhanced_tools: {validation: {rules: [finish_alone]}}",
    ),
    "forty calls": Story([{"calls": [call("write_file", path=f"f{n}", content="x") for n in range(40)]}, DONE]),
    "two turns": Story(
        [{"calls": [call("write_file", path="a", content="x")]}, DONE, {"calls": [call("read_file", path="a")]}, DONE],
        prompts=("Go.", "Go on."),
    ),
    "what the model wrote cannot be used": Story(
        [{"calls": [call("no_such"), call("read_file", path=3), call("read_file")]}, DONE],
    ),
    "the strategies of old": Story(
        [{"say": "<BASH>\necho hi\n</BASH>\n"}, DONE],
        TEXT + "loop: {turn_strategy: {flow: assistant_continuation, tool_result_injection: summarize}}",
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_a_run_that_is_cut_anywhere_goes_on_as_it_would_have(lab: Any, as_parts: Any, started: Any, name: str) -> None:
    story = STORIES[name]
    path = lab.profile(story.profile)
    for file, text in story.files.items():
        (lab.workspace / file).write_text(text)
    whole, turns, states = anyio.run(_whole, lab, story, path)
    parts = [msgspec.structs.replace(part, turn=turns[at]) for at, part in enumerate(as_parts(whole.items))]
    bodies = [_asked(request) for request in whole.requests]
    for cut in _cuts(len(parts)):
        _put_back(lab.workspace, states[cut])
        known = max((part.reply or 0 for part in parts[:cut]), default=0)
        at = turns[cut] if cut < len(parts) else turns[-1]
        begun = [started(prompt, number) for number, prompt in enumerate(story.prompts[:at], 1)]
        ran = anyio.run(_resumed, lab, story, path, parts[:cut], begun, whole.calls[:known])
        where = f"after part {cut}"
        assert [_told(item) for item in ran.items] == [_told(item) for item in whole.items[cut:]], where
        assert [_asked(request) for request in ran.requests] == bodies[len(bodies) - len(ran.requests) :], where
        assert ran.outcome == whole.outcome, where
        assert _files(lab.workspace) == states[-1], where


def _cuts(parts: int) -> list[int]:
    """Every place of a short story; of a long one the beginning, the end, and every few between."""
    if parts <= 14:
        return list(range(parts + 1))
    stride = max(2, parts // 10)
    return sorted({0, 1, 2, *range(3, parts, stride), parts - 1, parts})


async def _whole(lab: Any, story: Story, path: Path) -> Any:
    turns: list[int] = []
    states = [_files(lab.workspace)]
    async with lab.opened(yaml.safe_dump(story.replies), path) as (runtime, ran):
        for number, prompt in enumerate(story.prompts, 1):
            async for item in runtime.turn(prompt):
                ran.items.append(item)
                turns.append(number)
                states.append(_files(lab.workspace))
            ran.outcomes.append(runtime.outcome)
    return ran, turns, states


async def _resumed(lab: Any, story: Story, path: Path, parts: Any, begun: Any, past: Any) -> Any:
    async with lab.opened(yaml.safe_dump(story.replies), path, past=past) as (runtime, ran):
        runtime.restore(begun, parts)
        ran.items += [item async for item in runtime.go_on()]
        for prompt in story.prompts[len(begun) :]:
            ran.items += [item async for item in runtime.turn(prompt)]
        ran.outcomes.append(runtime.outcome)
    return ran


def _asked(request: Any) -> Any:
    return request["messages"], request.get("tools"), request["model"]


def _told(item: Any) -> Any:
    return item.part_type, item.item_type, item.content, item.arguments, item.result, item.raw, item.reply


def _files(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def _put_back(folder: Path, files: dict[str, str]) -> None:
    shutil.rmtree(folder)
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
