"""OpenCode itself, on a scripted model: turns, interruption, steering, death, and taking a session up again."""

from __future__ import annotations

import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio
import pytest
from tests.agents.foreign_stage import Stage, brief, open_stage, play, play_until, recorded, requested

from loopwright.agents import AgentItem, AgentMemory, TurnOutcome
from loopwright.agents.opencode import OpenCodeAgent
from loopwright.base import MachineError
from loopwright.record import PartAdded, TurnStarted

pytestmark = pytest.mark.slow

GOLDEN = Path(__file__).parents[1] / "golden" / "agents" / "script.yaml"
MORE = """
  - calls:
      - shell: sleep 100
  - say: After the interruption.
  - calls:
      - shell: until [ -e /tmp/told ]; do sleep 0.1; done
  - say: I was told more.
  - fault: {status: 400, message: "the request is wrong"}
    say: It works again.
  - fault: {status: 503}
    say: The model was away.
  - calls:
      - shell: kill -9 $PPID
  - say: I am back.
"""
ONE = "version: 1\nname: one\nreplies:\n  - say: Here I am.\n"


@dataclass
class Told:
    """What one phase gave."""

    items: list[AgentItem] = field(default_factory=list)
    outcome: TurnOutcome = field(default_factory=lambda: TurnOutcome("finished"))
    seconds: float = 0.0
    asked: str = ""
    codes: list[str] = field(default_factory=list)

    @property
    def said(self) -> str:
        return " ".join(item.content or "" for item in self.items if item.part_type == "text")


@dataclass
class Story:
    """One life of OpenCode, told once and looked at by many tests."""

    phases: dict[str, Told] = field(default_factory=dict)
    titles: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    tested: list[str] = field(default_factory=list)
    memory: AgentMemory | None = None
    steered: bool = False
    steered_late: bool = True
    dead_while: str | None = None


@asynccontextmanager
async def agent_on(stage: Stage) -> AsyncIterator[OpenCodeAgent]:
    agent = OpenCodeAgent()
    try:
        yield agent
    finally:
        await agent.close()


async def phase(story: Story, stage: Stage, agent: OpenCodeAgent, name: str, prompt: str | None) -> Told:
    began, seen = time.monotonic(), len(stage.notices)
    items = await play(agent, prompt)
    told = Told(items, agent.outcome, time.monotonic() - began, requested(stage.calls[-1]), stage.codes[seen:])
    story.phases[name] = told
    return told


async def first_life(story: Story, folder: Path) -> None:
    async with open_stage(folder, GOLDEN.read_text() + MORE) as stage, agent_on(stage) as agent:
        await agent.prepare(stage.context)
        await phase(story, stage, agent, "all kinds", "Play.")
        story.files = {path.name: path.read_bytes() for path in stage.workspace.iterdir()}
        story.tested = stage.tested
        began = time.monotonic()
        items = await play_until(agent, "Sleep.", "bash")
        story.phases["interrupted"] = Told(items, agent.outcome, time.monotonic() - began)
        await phase(story, stage, agent, "after", "Go on.")
        async with anyio.create_task_group() as tasks:

            async def later() -> None:
                while "bash" not in stage.context.activity.tools.values():  # noqa: ASYNC110 - it has no event
                    await anyio.sleep(0.05)
                story.steered = await agent.steer("Look at the weather, too.")
                (folder / "scratch" / "told").touch()

            tasks.start_soon(later)
            await phase(story, stage, agent, "steered", "Sleep a little.")
        story.steered_late = await agent.steer("Too late.")
        await phase(story, stage, agent, "refused", "Fail.")
        await phase(story, stage, agent, "again", "And now?")
        await phase(story, stage, agent, "retried", "And now?")
        story.memory = agent.memory()
        await phase(story, stage, agent, "killed", "Kill yourself.")
        story.dead_while = stage.context.activity.dead
        await phase(story, stage, agent, "risen", "Are you there?")
        story.titles = sum(call.purpose == "title" for call in stage.calls)


async def taken_up(
    story: Story, folder: Path, name: str, memory: AgentMemory | None, past: tuple[list[TurnStarted], list[PartAdded]]
) -> None:
    async with open_stage(folder, ONE) as stage, agent_on(stage) as agent:
        await agent.resume(stage.context, *past, memory)
        codes = stage.codes
        told = await phase(story, stage, agent, name, None)
        story.phases[name] = replace(told, codes=codes)


async def tell(folder: Path) -> Story:
    story = Story()
    await first_life(story, folder)
    past = recorded("Play.", story.phases["all kinds"].items)
    await taken_up(story, folder, "from home", None, past)
    shutil.rmtree(folder / "home")
    await taken_up(story, folder, "from memory", story.memory, past)
    shutil.rmtree(folder / "home")
    await taken_up(story, folder, "from nothing", AgentMemory("ses_gone"), past)
    return story


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    with pytest.MonkeyPatch.context() as patch:
        # One that obeys late, because the machine is busy, is not killed here.
        patch.setattr("loopwright.agents.opencode.turn._ABORT_SECONDS", 50.0)
        return anyio.run(tell, tmp_path_factory.mktemp("opencode"))


def test_all_kinds_of_items_come_in_order(story: Story) -> None:
    told = story.phases["all kinds"]
    assert told.outcome == TurnOutcome("finished")
    briefs = [brief(item) for item in told.items]
    assert briefs[:6] == [
        "reasoning",
        "text",
        "tool_call write",
        "tool_result write completed changes",
        "tool_call edit",
        "tool_result edit completed changes",
    ]
    assert briefs[6:10] == ["text", "tool_call bash", "tool_call bash", "tool_call run_tests changes"]
    assert sorted(briefs[10:13]) == [
        "tool_result bash completed exit 0 changes",
        "tool_result bash failed exit 3 changes",
        "tool_result run_tests completed",
    ]
    assert briefs[13:19] == [
        "tool_call task",
        "reasoning inner",
        "tool_call bash inner",
        "tool_result bash completed exit 0 changes inner",
        "text inner",
        "tool_result task completed changes",
    ]
    assert briefs[19:21] == ["tool_call nosuchtool", "tool_result nosuchtool failed"]
    assert briefs[-1] == "text"
    assert told.said.endswith("Done.")


def test_files_are_what_the_script_made(story: Story) -> None:
    assert story.files == {"notes.txt": b"two\n"}


def test_tests_are_run_through_the_gateway(story: Story) -> None:
    assert story.tested == ["basics", ""]
    results = [item for item in story.phases["all kinds"].items if item.tool_name == "run_tests"]
    assert "2 passed, 1 failed (basics)" in str([item.result for item in results])


def test_output_that_is_not_text_is_borne(story: Story) -> None:
    output = next(item.result for item in story.phases["all kinds"].items if "caf" in str(item.result))
    assert "caf\N{REPLACEMENT CHARACTER}" in output


def test_no_title_is_asked_of_the_model(story: Story) -> None:
    assert story.titles == 0


def test_it_obeys_when_it_is_interrupted_and_is_ready_again(story: Story) -> None:
    told = story.phases["interrupted"]
    assert told.outcome.outcome == "interrupted"
    assert told.seconds < 50
    assert story.phases["after"].said == "After the interruption."
    assert all(item.part_type == "text" for item in story.phases["after"].items)


def test_steering_reaches_the_turn_that_goes_on(story: Story) -> None:
    assert story.steered
    assert not story.steered_late
    assert "Look at the weather, too." in story.phases["steered"].asked
    assert story.phases["steered"].said == "I was told more."
    assert "Too late." not in story.phases["refused"].asked


def test_a_refusal_is_an_error_and_not_the_end(story: Story) -> None:
    told = story.phases["refused"]
    assert told.outcome.outcome == "error"
    assert "the request is wrong" in told.outcome.detail
    assert not told.outcome.dead
    assert story.phases["again"].said == "It works again."


def test_asking_the_model_again_is_told(story: Story) -> None:
    told = story.phases["retried"]
    assert told.said == "The model was away."
    assert told.codes == ["agent_retry"]
    assert told.outcome == TurnOutcome("finished")


def test_a_dead_server_is_noticed_at_once_and_replaced(story: Story) -> None:
    told = story.phases["killed"]
    assert told.outcome.outcome == "error"
    assert told.outcome.dead
    assert "signal 9" in told.outcome.detail
    assert "signal 9" in str(story.dead_while)
    assert told.seconds < 50, "it did not wait until the server had been silent for a minute"
    risen = story.phases["risen"]
    assert risen.said == "I am back."
    assert "[Tool execution was interrupted]" in risen.asked  # it is the same session


@pytest.mark.parametrize("name", ["from home", "from memory"])
def test_the_session_is_taken_up_again(story: Story, name: str) -> None:
    told = story.phases[name]
    assert told.said == "Here I am."
    assert [item.part_type for item in told.items] == ["text"]
    assert told.items[0].reply == max(item.reply or 0 for item in story.phases["all kinds"].items) + 1
    assert "I write a file." in told.asked
    assert "ended from outside" in told.asked
    assert "session_lost" not in told.codes


def test_where_nothing_is_left_a_new_session_gets_a_summary(story: Story) -> None:
    told = story.phases["from nothing"]
    assert told.codes == ["session_lost"]
    assert told.said == "Here I am."
    assert "transcript" in told.asked
    assert "I write a file." in told.asked


def test_it_works_without_a_sandbox_too(tmp_path: Path) -> None:
    async def run() -> list[str]:
        script = "version: 1\nname: s\nreplies:\n  - calls: [{shell: pwd > here}, {run_tests: x}]\n  - say: Done.\n"
        async with open_stage(tmp_path, script, backend="host") as stage, agent_on(stage) as agent:
            await agent.prepare(stage.context)
            items = await play(agent, "Go.")
            assert stage.tested == ["x"]
            assert (stage.workspace / "here").read_text().strip() == str(stage.workspace)
            return [brief(item) for item in items]

    told = anyio.run(run)
    assert told[0] == "tool_call bash"
    assert told[-1] == "text"


def test_a_server_that_cannot_start_is_one_clear_error(tmp_path: Path) -> None:
    async def run() -> None:
        async with open_stage(tmp_path, ONE) as stage, agent_on(stage) as agent:
            home = stage.context.home
            assert home is not None
            (home / ".local" / "share").mkdir(parents=True)
            (home / ".local" / "share" / "opencode").write_text("not a folder")
            with pytest.raises(MachineError, match="OpenCode's server ended as it started"):
                await agent.prepare(stage.context)

    anyio.run(run)
