"""One process of an ACP agent, and the session in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import acp
import anyio
from acp import schema
from anyio.abc import TaskGroup
from msgspec.structs import replace
from pydantic import ValidationError

import loopwright
from loopwright.agents.acp.link import Link
from loopwright.agents.acp.mapping import STOPS
from loopwright.agents.acp.serving import Serving
from loopwright.agents.acp.settings import AcpProgram, environment, mcp_servers, shim_mounts
from loopwright.agents.acp.terminals import Terminals
from loopwright.agents.launching import Place, open_place
from loopwright.agents.opencode.settings import prepare_home
from loopwright.agents.protocol import AgentContext, TurnOutcome
from loopwright.base import MachineError, one_line

if TYPE_CHECKING:
    from acp.client.connection import ClientSideConnection

__all__ = ["AcpSession"]

_START_SECONDS = 90.0
_CANCEL_SECONDS = 2.0
_LOGIN = -32000
_ERRORS = (acp.RequestError, ConnectionError, ValidationError)


class AcpSession:
    """A process that runs, with a connection to it; start it with `start`.

    Attributes:
        id: The session, once there is one.
        outcome: How the last prompt ended; None while it is being worked on.
    """

    def __init__(self, place: Place, link: Link, terminals: Terminals, connection: ClientSideConnection) -> None:
        self.place, self.link, self.terminals = place, link, terminals
        self._connection = connection
        self._welcome: schema.InitializeResponse | None = None
        self.id = ""
        self.outcome: TurnOutcome | None = None
        self._answered = anyio.Event()

    @classmethod
    async def start(cls, tasks: TaskGroup, context: AgentContext, program: AcpProgram) -> AcpSession:
        """Start the program, and agree on the protocol.

        Raises:
            MachineError: It does not start, or does not speak ACP.
        """
        mounts = program.mounts if program.opencode else (*program.mounts, *shim_mounts())
        place = open_place(replace(context, mounts=(*context.mounts, *mounts)), program.folder)
        if program.opencode and context.home is not None:
            prepare_home(context.home)
        env = environment(program, place.gateway, context.model)
        argv = program.argv(place.programs, place.sandbox.inside_path)
        link = await Link.start(tasks, place, argv, env)
        terminals = Terminals(context.sandbox, tasks)
        serving = Serving(context.sandbox, place.workspace, terminals)
        session = cls(place, link, terminals, acp.connect_to_agent(cast("acp.Client", serving), link))
        try:
            await session._meet(program)
        except BaseException:
            await session.close()
            raise
        return session

    async def _meet(self, program: AcpProgram) -> None:
        files = schema.FileSystemCapabilities(read_text_file=True, write_text_file=True)
        ours = schema.ClientCapabilities(fs=files, terminal=True)
        name = " ".join(program.words)
        try:
            with anyio.fail_after(_START_SECONDS):
                self._welcome = await self._connection.initialize(
                    acp.PROTOCOL_VERSION,
                    ours,
                    schema.Implementation(name="loopwright", title="Loopwright", version=loopwright.__version__),
                )
        except TimeoutError:
            raise MachineError(
                f"{name} did not answer as an ACP agent within {_START_SECONDS:.0f} s.",
                remedy="Does it speak ACP on its standard input and output?",
            ) from None
        except _ERRORS as error:
            raise MachineError(f"{name} could not be started as an ACP agent: {self._why(error)}") from None

    @property
    def alive(self) -> bool:
        """Whether the process still runs, as far as is known."""
        return self.link.process.alive

    @property
    def agent_name(self) -> str:
        """The agent's name and version, as it says."""
        info = self._welcome.agent_info if self._welcome else None
        return one_line(f"{info.name} {info.version}", 120) if info else "the agent"

    async def new(self) -> None:
        """Begin a session.

        Raises:
            MachineError: The agent refuses; where it wants a login, the methods are named.
        """
        try:
            made = await self._new()
        except _ERRORS as error:
            raise MachineError(f"{self.agent_name} did not start a session: {self._why(error)}") from None
        self.id = made.session_id

    async def _new(self) -> schema.NewSessionResponse:
        try:
            return await self._connection.new_session(self.place.workspace, mcp_servers=self._servers())
        except acp.RequestError as error:
            if error.code != _LOGIN:
                raise
            await self._log_in()
        return await self._connection.new_session(self.place.workspace, mcp_servers=self._servers())

    async def _log_in(self) -> None:
        """Log in where the variables that we set are enough."""
        methods = (self._welcome.auth_methods if self._welcome else None) or []
        for method in methods:
            if isinstance(method, schema.EnvVarAuthMethod):
                await self._connection.authenticate(method.id)
                return
        names = "; ".join(one_line(f"{one.name}: {one.description or one.id}", 200) for one in methods)
        raise MachineError(
            f"{self.agent_name} wants a login that needs a person ({names or 'it names no method'}).",
            remedy="Use an agent that takes its model from OPENAI_BASE_URL or ANTHROPIC_BASE_URL.",
        )

    async def load(self, session: str) -> bool:
        """Take up an earlier session; False where the agent cannot, or does not know it. It is told silently."""
        abilities = self._welcome.agent_capabilities if self._welcome else None
        if abilities is None:
            return False
        folder, servers = self.place.workspace, self._servers()
        self.link.muted = True
        try:
            if abilities.session_capabilities and abilities.session_capabilities.resume is not None:
                await self._connection.resume_session(session, folder, mcp_servers=servers)
            elif abilities.load_session:
                await self._connection.load_session(folder, session, mcp_servers=servers)
            else:
                return False
        except _ERRORS:
            return False
        finally:
            self.link.muted = False
        self.id = session
        return True

    def _servers(self) -> Any:
        abilities = self._welcome.agent_capabilities if self._welcome else None
        offered = abilities.mcp_capabilities if abilities else None
        return mcp_servers(self.place.gateway, http=bool(offered and offered.http))

    async def prompt(self, text: str) -> None:
        """Give a prompt; `outcome` and the end of `link.updates` tell when it was answered."""
        self.outcome, self._answered = None, anyio.Event()
        outcome = TurnOutcome("interrupted")
        try:
            answer = await self._connection.prompt(self.id, [schema.TextContentBlock(type="text", text=text)])
            outcome = TurnOutcome(*STOPS.get(answer.stop_reason, ("finished", answer.stop_reason)))
        except ConnectionError:
            outcome = await self._dead()
        except (acp.RequestError, ValidationError) as error:
            outcome = TurnOutcome("error", self._why(error))
        finally:
            self.outcome = outcome
            self._answered.set()
        await self.link.end_turn()

    async def _dead(self) -> TurnOutcome:
        with anyio.move_on_after(_CANCEL_SECONDS):
            await self.link.process.ended.wait()
        return TurnOutcome("error", f"{self.agent_name} {self.link.process.how_it_ended()}", dead=True)

    async def cancel(self) -> bool:
        """Interrupt the prompt; False where the agent does not obey within 2 s."""
        self.terminals.kill_all()
        with anyio.move_on_after(_CANCEL_SECONDS):
            try:
                await self._connection.cancel(self.id)
            except _ERRORS:
                return False
            await self._answered.wait()
            return True
        return False

    async def close(self) -> None:
        """End the process and its terminals."""
        self.terminals.kill_all()
        with anyio.CancelScope(shield=True):
            await self.link.process.close()
            await self._connection.close()

    def _why(self, error: Exception) -> str:
        if not self.alive:
            return self.link.process.how_it_ended()
        detail = getattr(error, "data", None)
        return one_line(f"{error} {detail if detail else ''}", 500)
