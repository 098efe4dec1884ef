"""OpenCode's memory of a session: which session it was, and all of it as a document that OpenCode can import."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from loopwright.agents.launching import agent_limits
from loopwright.agents.opencode._pieces import list_of
from loopwright.agents.opencode.client import Client
from loopwright.agents.opencode.server import open_place_for
from loopwright.agents.opencode.settings import environment
from loopwright.agents.protocol import AgentContext, AgentMemory
from loopwright.base import atomic_write
from loopwright.sandbox import Command

__all__ = ["bring_back", "exported", "is_session"]

MOST_BYTES = 32 << 20
_IMPORT = "loopwright-import.json"
_FOLDER = "session"
_CHUNK = 64
_SESSION = re.compile(r"ses_[A-Za-z0-9]{1,80}")


def is_session(value: Any) -> bool:
    """Whether a value is the id of a session."""
    return isinstance(value, str) and _SESSION.fullmatch(value) is not None


async def exported(client: Client, session: str, messages: Any) -> AgentMemory:
    """All of a session, in files of 64 messages, so that what does not change is kept once.

    Args:
        messages: As the server lists them.

    A session that is larger than 32 MiB is not kept: its memory is its id alone.
    """
    info = await client.ask("GET", f"/session/{session}")
    files = {f"{_FOLDER}/info.json": msgspec.json.encode(info)}
    listed = list_of(messages)
    for first in range(0, len(listed), _CHUNK):
        files[f"{_FOLDER}/{first // _CHUNK:05d}.json"] = msgspec.json.encode(listed[first : first + _CHUNK])
    if sum(map(len, files.values())) > MOST_BYTES:
        return AgentMemory(session)
    return AgentMemory(session, files)


def document(memory: AgentMemory) -> bytes | None:
    """The document to import; None where the memory holds none.

    Raises:
        ValueError: A file of it is not what we have kept.
    """
    info = memory.files.get(f"{_FOLDER}/info.json")
    if info is None:
        return None
    try:
        names = sorted(name for name in memory.files if re.fullmatch(rf"{_FOLDER}/\d{{5,}}\.json", name))
        messages = [one for name in names for one in msgspec.json.decode(memory.files[name], type=list[Any])]
        return msgspec.json.encode({"info": msgspec.json.decode(info, type=dict[str, Any]), "messages": messages})
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"the kept session is damaged: {error}") from error


async def bring_back(context: AgentContext, memory: AgentMemory) -> str:
    """Import a kept session into OpenCode's home; gives "" where that was done, else why not.

    Raises:
        MachineError: OpenCode cannot be started.
    """
    try:
        data = document(memory)
    except ValueError as error:
        return str(error)
    if data is None or context.home is None:
        return "its memory was not kept"
    place, program = open_place_for(context)
    atomic_write(context.home / _IMPORT, data)
    command = Command(
        argv=(*program, "import", "--pure", f"{place.home}/{_IMPORT}"),
        cwd=place.workspace,
        env=environment(place.gateway, context.model),
        limits=msgspec.structs.replace(agent_limits(), wall_seconds=120.0),
    )
    outcome = await place.sandbox.run(command)
    (context.home / _IMPORT).unlink(missing_ok=True)
    return "" if outcome.exit_code == 0 else f"OpenCode could not import it (exit code {outcome.exit_code})"
