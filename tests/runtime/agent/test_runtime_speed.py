"""How long it takes before a model is asked, and before calls run. Minima, since others use the machine as well."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any, cast

import anyio
import pytest

from loopwright.agents import AgentContext
from loopwright.runtime.agent.asking import request_of
from loopwright.runtime.agent.book import Book
from loopwright.runtime.agent.dialogue import Dialogue
from loopwright.runtime.agent.executor import Executor, _Ready, _Review
from loopwright.runtime.agent.harness import Harness
from loopwright.runtime.calls import Call
from loopwright.runtime.config import load_config
from loopwright.runtime.dialects import render
from loopwright.runtime.providers import request_bytes
from loopwright.runtime.schedule import plan
from loopwright.runtime.tools._files import real_name
from loopwright.runtime.tools.context import ToolContext

PROFILE = """\
version: 2
providers: {default_model: m, models: [{id: m, adapter: openai_chat}]}
provider_tools: {use_native: false}
enhanced_tools:
  validation: {rules: [file_exists, read_before_edit]}
  permissions: {shell: {denylist: [rm]}, file_write: {denylist: ["*.lock"]}}
tools: {dialects: {preference: {by_tool_kind: {bash: [bash_block], diff: [aider_diff]}, default: [xml]}}}
"""
PROFILES = Path(__file__).parents[3] / "agent_configs"


def fastest(work: Callable[[], Any], times: int) -> float:
    """The shortest time of several on the processor, in seconds: what others do meanwhile does not count."""
    taken = []
    for _ in range(times):
        began = time.thread_time()
        work()
        taken.append(time.thread_time() - began)
    return min(taken)


@pytest.mark.slow
def test_the_calls_of_a_reply_of_two_hundred_are_parsed_judged_and_scheduled_in_20_ms(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(PROFILE)
    (tmp_path / "w").mkdir()
    harness = Harness(load_config(tmp_path / "p.yaml"), "m", "m")
    mode = harness.config.modes[0].name
    text = "".join(f"About file {n}.\n\n{_block(n)}\n" for n in range(200))
    for number in range(200):
        (tmp_path / "w" / f"f{number}.c").write_text("int a;\n")
    nothing = cast(Any, None)
    context = ToolContext(AgentContext("", tmp_path / "w", nothing, tmp_path, "m", nothing))
    executor = Executor(harness.gates, context)

    def turn() -> None:
        parsed = harness.grammar(mode).parse(text, 1)
        book, located = Book(20), cache(partial(real_name, tmp_path / "w"))
        review = _Review(mode, book, (), None, {}, located)
        verdicts = [executor._let_through(call, number, review) for number, call in enumerate(parsed.calls)]
        ready = [one for one in verdicts if isinstance(one, _Ready)]
        schedule = plan([executor._planned(one, located) for one in ready], harness.gates.policy)
        assert (len(parsed.calls), sum(map(len, schedule.segments))) == (200, 133)

    # A slow machine is slow at both, and so is one on which others work at the same moment.
    rounds = [(fastest(turn, 4), fastest(_ten_milliseconds, 4)) for _ in range(6)]
    taken, ten = (min(times) for times in zip(*rounds, strict=True))
    assert taken < 5 * ten, (
        f"{taken * 1000:.1f} ms; the bar is 20 where the same work as ever takes 10, not {ten:.4f} s"
    )


def _ten_milliseconds() -> None:
    """Work that takes as long as its name says on the machine for which the bar of 20 ms was set."""
    counts: dict[str, int] = {}
    for number in range(42_000):
        counts[f"word {number % 997}"] = counts.get(f"word {number % 991}", 0) + 1


def _block(number: int) -> str:
    path = f"f{number}.c"
    if number % 3 == 0:
        return f"<BASH>\ngrep -n main {path} | head -5\n</BASH>"
    if number % 3 == 1:
        return f"{path}\n```\n<<<<<<< SEARCH\nint a;\n=======\nint b;\n>>>>>>> REPLACE\n```"
    return render("xml", Call("c", "read_file", {"path": path}, ""))


@pytest.mark.slow
@pytest.mark.parametrize("name", [path.name for path in sorted(PROFILES.glob("*.yaml"))])
def test_a_profile_is_loaded_and_compiled_to_its_first_request_in_150_ms(name: str) -> None:
    def first() -> None:
        loaded = load_config(PROFILES / name)
        model = loaded.config.providers.default_model
        harness = Harness(loaded, model, model)
        dialogue = Dialogue(harness)
        dialogue.prompt("Do it.")
        _, body = anyio.run(request_bytes, harness.api, request_of(dialogue))
        assert b"Do it." in body

    assert fastest(first, 4) < 0.15
