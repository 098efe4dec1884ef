"""One conversation with Claude Code over all its processes: which session it is, and bringing it up again."""

from __future__ import annotations

from pathlib import Path

from anyio.abc import TaskGroup

from loopwright.agents.claude.link import Link
from loopwright.agents.claude.sessions import bring_back, kept, newest_session, nth_session, usable
from loopwright.agents.claude.settings import Session, arguments, environment
from loopwright.agents.homes import read_file
from loopwright.agents.launching import open_place
from loopwright.agents.lines import parse_object
from loopwright.agents.programs import find
from loopwright.agents.protocol import AgentContext, AgentMemory
from loopwright.base import MachineError

__all__ = ["Conversation"]

_SETTINGS = ".claude.json"
_MOST_SETTINGS = 16 << 20


class Conversation:
    """Starts the CLI with the right session, again where its process has ended.

    Args:
        context: The run.
        tasks: Where the task of the process lives.

    Raises:
        MachineError: The CLI is missing, or the run has no home for it.

    Attributes:
        link: The process that runs, or ran last.
        lost: Why a new session had to be begun, until somebody has told the agent what happened before; or "".
    """

    def __init__(self, context: AgentContext, tasks: TaskGroup) -> None:
        program = find("claude")
        self._place = open_place(context, program.folder)
        self._program = program.argv(self._place.programs)
        self._env = environment(self._place)
        self._context = context
        self._tasks = tasks
        self._number = 1
        self._session = nth_session(self._trajectory, 1)
        self._resumed = False
        self.link: Link | None = None
        self.lost = ""

    def take_up(self, memory: AgentMemory | None) -> None:
        """Stand where an earlier process of this run did: the session in the home, else the recorded one."""
        self._mend()
        self._number = newest_session(self._home, self._place.workspace, self._trajectory)
        if self._number:
            self._session = nth_session(self._trajectory, self._number)
        elif memory is not None and self._recorded(memory):
            self._session = memory.session_id
            return
        if not usable(self._home, self._place.workspace, self._session):
            self.begin_anew("its file in the home is damaged" if self._number else "there is no file of it")

    def _mend(self) -> None:
        """Remove settings that the CLI cannot read: it would refuse every turn, and makes new ones."""
        data = read_file(self._home, _SETTINGS, _MOST_SETTINGS)
        if data is not None and parse_object(data) is None:
            (self._home / _SETTINGS).unlink(missing_ok=True)
            self._context.notice("settings_removed", f"Claude Code's {_SETTINGS} was damaged; it makes a new one.")

    def begin_anew(self, why: str) -> None:
        """Give up the session; the next process begins another one."""
        self._number += 1
        self._session = nth_session(self._trajectory, self._number)
        self.lost = why
        self._context.notice(
            "session_lost", f"Claude Code could not take up its session ({why}); it goes on in a new one, with a recap."
        )

    async def connected(self) -> Link:
        """The process, started where it does not run.

        Raises:
            MachineError: The sandbox could not be started.
        """
        if self.link is not None and self.link.alive:
            return self.link
        await self.disconnect(gently=False)
        self._resumed = usable(self._home, self._place.workspace, self._session)
        argv = arguments(self._program, self._place, Session(self._session, self._resumed), self._context.model)
        self.link = await Link.open(self._tasks, self._place, argv, self._env)
        return self.link

    @property
    def resumed(self) -> bool:
        """Whether the process that runs was told to take up a session."""
        return self._resumed

    async def disconnect(self, *, gently: bool) -> None:
        """End the process with everything that it started; `gently` lets it save its session first."""
        if self.link is not None:
            link, self.link = self.link, None
            await link.close(gently=gently)

    def memory(self) -> AgentMemory:
        """The session as it is now."""
        return kept(self._home, self._place.workspace, self._session)

    def _recorded(self, memory: AgentMemory) -> bool:
        """Whether the recorded session lies in the home, or could be put there."""
        try:
            return usable(self._home, self._place.workspace, memory.session_id) or (
                bring_back(self._home, self._place.workspace, memory)
                and usable(self._home, self._place.workspace, memory.session_id)
            )
        except OSError as error:
            self._context.notice("session_not_written", f"The recorded session could not be written back: {error}")
            return False

    @property
    def _home(self) -> Path:
        if self._context.home is None:
            raise MachineError("this run has no home folder for an agent's program")
        return self._context.home

    @property
    def _trajectory(self) -> str:
        return str(self._context.options.get("conversation", self._context.workspace))
