"""A run that is cut anywhere and restored from its parts sends the very bytes that it would have sent."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

pytestmark = pytest.mark.slow

PROFILES = {
    "native": "",
    "text": """
provider_tools: {use_native: false}
tools: {dialects: {preference: {by_tool_kind: {bash: [bash_block], diff: [aider_diff]}}}}
""",
    "modes": """
modes: [{name: plan, max_turns: 2}, {name: build}]
loop: {sequence: [{mode: plan}, {mode: build}]}
completion: {natural_finish: {no_tool_turns_threshold: 2}}
""",
}
REPLIES = {
    "native": """\
- think: hm
  say: Two things.
  calls: [{shell: 'echo one > a'}, {shell: cat a}]
- calls: [{shell: 'exit 3'}, {run_tests: ''}]
- say: Done.
""",
    "text": """\
- say: |
    <BASH>
    echo one > a
    </BASH>
    <BASH>
    cat a
    </BASH>
- say: |
    <BASH>
    echo lost
- say: Done.
""",
    "modes": """\
- say: First I think.
- calls: [{shell: 'echo one'}]
- calls: [{shell: 'echo two'}]
- say: Nothing more.
- say: Done.
""",
}


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_every_cut_resumes_to_the_same_requests_and_parts(lab: Any, as_parts: Any, started: Any, name: str) -> None:
    profile = lab.profile(PROFILES[name])
    whole = lab.run(REPLIES[name], path=profile)
    bodies = [_messages(request) for request in whole.requests]
    parts = as_parts(whole.items)
    for cut in range(len(parts) + 1):
        ran = anyio.run(_resumed, lab, REPLIES[name], profile, parts[:cut], whole, started)
        asked = [_messages(request) for request in ran.requests]
        assert asked == bodies[len(bodies) - len(asked) :], f"after part {cut}"
        assert [_told(item) for item in ran.items] == [_told(item) for item in whole.items[cut:]], f"after part {cut}"
        assert ran.outcome == whole.outcome


def _messages(request: Any) -> Any:
    return request["messages"], request.get("tools")


def _told(item: Any) -> Any:
    return item.part_type, item.item_type, item.content, item.arguments, item.result, item.raw, item.reply


async def _resumed(lab: Any, replies: str, profile: Any, parts: Any, whole: Any, started: Any) -> Any:
    known = max((part.reply or 0 for part in parts), default=0)
    async with lab.opened(replies, profile, past=whole.calls[:known]) as (runtime, ran):
        runtime.restore([started("Go.")], parts)
        await lab.take(runtime.go_on(), ran, runtime)
        ran.outcomes.append(runtime.outcome)
    return ran
