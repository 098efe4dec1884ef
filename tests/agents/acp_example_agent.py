"""An ACP agent to test our side with: it does what the prompt says, one command a line. Made with the official SDK.

It needs no model. It keeps its sessions as files in its home, so that a later process can load them.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import acp
from acp import schema

KEPT = Path.home() / "sessions"


class Example:
    """The agent; `options` (words of the command line): `login`, `variables`, `stdio-mcp`, `no-load`, `deaf`."""

    def __init__(self, options: set[str]) -> None:
        self.options = options
        self.client: Any = None
        self.cancelled = asyncio.Event()
        self.servers: list[Any] = []
        self.logged_in = False
        self.calls = 0

    def on_connect(self, conn: Any) -> None:
        self.client = conn

    async def initialize(self, protocol_version: int, **_: Any) -> schema.InitializeResponse:
        methods: list[Any] = []
        if "login" in self.options:
            methods = [schema.AuthMethodAgent(id="web", name="Log in", description="with a browser")]
        if "variables" in self.options:
            variable = schema.AuthEnvVar(name="OPENAI_API_KEY")
            methods = [schema.EnvVarAuthMethod(id="key", name="Key", type="env_var", vars=[variable])]
        return schema.InitializeResponse(
            protocol_version=protocol_version,
            agent_capabilities=schema.AgentCapabilities(
                load_session="no-load" not in self.options,
                mcp_capabilities=schema.McpCapabilities(http="stdio-mcp" not in self.options),
            ),
            auth_methods=methods,
            agent_info=schema.Implementation(name="example", version="1"),
        )

    async def authenticate(self, method_id: str, **_: Any) -> schema.AuthenticateResponse:
        self.logged_in = bool(os.environ.get("OPENAI_API_KEY"))
        return schema.AuthenticateResponse()

    async def new_session(self, cwd: str, mcp_servers: Any = None, **_: Any) -> schema.NewSessionResponse:
        if self.options & {"login", "variables"} and not self.logged_in:
            raise acp.RequestError.auth_required()
        self.servers = mcp_servers or []
        KEPT.mkdir(exist_ok=True)
        name = f"session-{len(list(KEPT.iterdir())) + 1}"
        (KEPT / name).write_text("")
        return schema.NewSessionResponse(session_id=name)

    async def load_session(self, cwd: str, session_id: str, mcp_servers: Any = None, **_: Any) -> Any:
        self.servers = mcp_servers or []
        if not (KEPT / session_id).exists():
            raise acp.RequestError.resource_not_found(session_id)
        for line in (KEPT / session_id).read_text().splitlines():
            await self.say(session_id, f"before: {line}")
        return schema.LoadSessionResponse()

    async def cancel(self, session_id: str, **_: Any) -> None:
        if "deaf" not in self.options:
            self.cancelled.set()

    async def prompt(self, session_id: str, prompt: list[Any], **_: Any) -> schema.PromptResponse:
        self.cancelled.clear()
        text = "\n".join(block.text for block in prompt)
        with (KEPT / session_id).open("a") as kept:
            kept.write(text.replace("\n", " | ") + "\n")
        for line in text.splitlines():
            word, _sep, rest = line.partition(" ")
            work = asyncio.ensure_future(getattr(self, f"do_{word}", self.do_say)(session_id, rest or line))
            stop = asyncio.ensure_future(self.cancelled.wait())
            await asyncio.wait((work, stop), return_when=asyncio.FIRST_COMPLETED)
            if self.cancelled.is_set():
                work.cancel()
                return schema.PromptResponse(stop_reason="cancelled")
            stop.cancel()
            if (reason := work.result()) is not None:
                return schema.PromptResponse(stop_reason=reason)
        return schema.PromptResponse(stop_reason="end_turn")

    async def say(self, session: str, text: str) -> None:
        await self.client.session_update(session, acp.update_agent_message_text(text))

    async def do_say(self, session: str, rest: str) -> None:
        for piece in rest.split():
            await self.say(session, f"{piece} ")

    async def do_think(self, session: str, rest: str) -> None:
        await self.client.session_update(session, acp.update_agent_thought_text(rest))

    async def do_kept(self, session: str, rest: str) -> None:
        await self.say(session, (KEPT / session).read_text())

    async def do_servers(self, session: str, rest: str) -> None:
        await self.say(session, " ".join(type(server).__name__ for server in self.servers))

    async def do_plan(self, session: str, rest: str) -> None:
        await self.client.session_update(session, acp.update_plan([acp.plan_entry(rest, status="pending")]))

    async def do_stop(self, session: str, rest: str) -> str:
        return rest

    async def do_fail(self, session: str, rest: str) -> None:
        raise acp.RequestError.internal_error({"details": rest})

    async def do_die(self, session: str, rest: str) -> None:
        print("these are my last words", file=sys.stderr, flush=True)
        os._exit(7)

    async def do_sleep(self, session: str, rest: str) -> None:
        await asyncio.sleep(float(rest))

    async def do_raw(self, session: str, rest: str) -> None:
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": "session/update"}
        message["params"] = {"sessionId": session, "update": json.loads(rest)}
        print(json.dumps(message), flush=True)

    async def do_noise(self, session: str, rest: str) -> None:
        sys.stdout.buffer.write(b'this is no message\n\xff\xfe\n{"jsonrpc": 1}\n[1]\n')
        sys.stdout.flush()

    async def do_ask(self, session: str, rest: str) -> None:
        kinds: tuple[Any, ...] = ("reject_once", "allow_once", "allow_always")
        options = [schema.PermissionOption(option_id=kind, name=kind, kind=kind) for kind in kinds]
        call = schema.ToolCallUpdate(tool_call_id="asked", title="danger", raw_input={"what": rest})
        answer = await self.client.request_permission(session_id=session, tool_call=call, options=options)
        await self.say(session, str(answer.outcome.option_id))

    async def do_read(self, session: str, rest: str) -> None:
        try:
            found = await self.client.read_text_file(session_id=session, path=rest)
            await self.say(session, f"<{found.content}>")
        except acp.RequestError as error:
            await self.say(session, f"refused: {error}")

    async def do_write(self, session: str, rest: str) -> None:
        path, _, text = rest.partition(" ")
        try:
            await self.client.write_text_file(session_id=session, path=path, content=text)
            await self.say(session, "written")
        except acp.RequestError as error:
            await self.say(session, f"refused: {error}")

    async def do_run(self, session: str, rest: str) -> None:
        """A command in a terminal, as a tool call."""
        self.calls += 1
        name = f"call-{self.calls}"
        start = acp.start_tool_call(name, rest, kind="execute", status="in_progress", raw_input={"command": rest})
        await self.client.session_update(session, start)
        made = await self.client.create_terminal(session_id=session, command=rest)
        content = [schema.TerminalToolCallContent(type="terminal", terminal_id=made.terminal_id)]
        await self.client.session_update(session, acp.update_tool_call(name, content=content))
        ended = await self.client.wait_for_terminal_exit(session_id=session, terminal_id=made.terminal_id)
        await self.client.release_terminal(session_id=session, terminal_id=made.terminal_id)
        status: Any = "completed" if ended.exit_code == 0 else "failed"
        await self.client.session_update(session, acp.update_tool_call(name, status=status))

    async def do_kill(self, session: str, rest: str) -> None:
        """Look at a command that runs, and kill it."""
        made = await self.client.create_terminal(session_id=session, command="bash", args=["-c", rest])
        name = {"session_id": session, "terminal_id": made.terminal_id}
        while "ready" not in (await self.client.terminal_output(**name)).output:  # noqa: ASYNC110
            await asyncio.sleep(0.02)  # the protocol has nothing to wait for
        await self.client.kill_terminal(**name)
        seen = await self.client.terminal_output(**name)
        await self.say(session, f"{seen.output.strip()} {seen.exit_status.signal}")

    async def do_test(self, session: str, rest: str) -> None:
        """Run the tests by the MCP server that was named, whatever its form."""
        from mcp import Client
        from mcp.client.stdio import StdioServerParameters, stdio_client

        server = self.servers[0]
        if isinstance(server, schema.HttpMcpServer):
            target: Any = server.url
        else:
            target = stdio_client(StdioServerParameters(command=server.command, args=server.args, env={}))
        call = acp.start_tool_call("t", "run_tests (loopwright)", status="in_progress", raw_input={"test_path": rest})
        await self.client.session_update(session, call)
        async with Client(target) as client:
            answer: Any = await client.call_tool("run_tests", {"test_path": rest})
        text = acp.tool_content(acp.text_block(answer.content[0].text))
        await self.client.session_update(session, acp.update_tool_call("t", status="completed", content=[text]))

    async def ext_method(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        raise acp.RequestError.method_not_found(method)

    async def ext_notification(self, method: str, params: dict[str, Any]) -> None:
        pass


if __name__ == "__main__":
    asyncio.run(acp.run_agent(Example(set(sys.argv[1:]))))  # type: ignore[arg-type]
