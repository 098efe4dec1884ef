"""Which program an ACP agent is, what its sandbox shows, and what it is told about the model and the tests."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

import loopwright
from loopwright.agents.opencode.settings import environment as opencode_environment
from loopwright.agents.programs import find
from loopwright.base import MachineError, UsageError
from loopwright.sandbox import Mount

if TYPE_CHECKING:
    from acp import schema

__all__ = ["MCP_NAME", "AcpProgram", "environment", "mcp_servers", "resolve", "shim_mounts"]

MCP_NAME = "loopwright"
# The gateway holds the keys; clients insist on one.
_NO_KEY = "held-by-the-gateway"
_NODE_MODULES = "/opt/npm/node_modules"
_INTERPRETER = re.compile(r"(python|pypy|node|bun|deno|ruby|perl|java|bash|sh)[0-9.]*")
_PACKAGES = Path(loopwright.__file__).parent.parent


class AcpProgram(Struct, frozen=True):
    """A program that speaks ACP.

    Attributes:
        words: As given to `--agent acp:`.
        path: Its file on the host.
        folder: What a sandbox has to show for it: a folder, or the file alone.
        launcher: What comes before it.
        arguments: What comes after it.
        mounts: What else has to be shown.
        version: As far as it is known without starting it.
        warning: Where its version was not tested.
        bare: Whether it is an interpreter, which every sandbox shows at its own place.
        modules: The `node_modules` folder that it is in, if it is a program for Node.
    """

    words: tuple[str, ...]
    path: Path
    folder: Path
    arguments: tuple[str, ...]
    launcher: tuple[str, ...] = ()
    mounts: tuple[Mount, ...] = ()
    version: str = ""
    warning: str = ""
    bare: bool = False
    modules: Path | None = None

    @property
    def opencode(self) -> bool:
        """Whether it is OpenCode, which has settings of its own."""
        return Path(self.words[0]).name == "opencode"

    def argv(self, programs: str, inside: Callable[[Path], str | None]) -> tuple[str, ...]:
        """Its command in a sandbox.

        Args:
            programs: How `folder` is called there.
            inside: How any path is called there; None where it is not shown.
        """
        if self.bare:
            return self.words
        folder, name = (self.folder, programs) if self.modules is None else (self.modules, inside(self.modules))
        below = self.path.relative_to(folder)
        program = str(name) if below == Path() else f"{name}/{below.as_posix()}"
        return (*self.launcher, program, *self.arguments)


def resolve(text: str) -> AcpProgram:
    """Find the program of `--agent acp:<text>`; `opencode` alone means `opencode acp`.

    Raises:
        UsageError: There is no command.
        MachineError: It is not on this machine.
    """
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(f"The command cannot be read: {error}", where=f"--agent acp:{text}") from None
    if not words:
        raise UsageError("acp needs a command", where="--agent", remedy="For example: --agent acp:opencode")
    if words[0] == "opencode":
        return _opencode(words)
    found = shutil.which(words[0])
    if found is None:
        raise MachineError(
            f"The program {words[0]!r} was not found.", where=f"--agent acp:{text}", remedy="Is it on PATH?"
        )
    return _from_path(words, Path(found).absolute())


def _opencode(words: tuple[str, ...]) -> AcpProgram:
    program = find("opencode")
    return AcpProgram(
        words=words,
        path=program.path,
        folder=program.folder,
        arguments=words[1:] or ("acp", "--pure"),
        launcher=program.launcher,
        version=program.version,
        warning=program.warning,
    )


def _from_path(words: tuple[str, ...], file: Path) -> AcpProgram:
    path = Path(os.path.realpath(file))
    mounts = tuple(_named(words[1:]))
    if _INTERPRETER.fullmatch(file.name):
        return AcpProgram(words, path, path, words[1:], mounts=mounts, bare=True)
    modules = [parent for parent in path.parents if parent.name == "node_modules"]
    first = _first_line(path)
    if modules and "node" in first:
        # Node finds a package's neighbours by the name of the folder that they are all in.
        around = Mount(modules[-1], _NODE_MODULES)
        return AcpProgram(words, path, path, words[1:], ("node",), (around, *mounts), modules=modules[-1])
    return AcpProgram(words, path, path, words[1:], mounts=(*_interpreter(first), *mounts))


def _named(arguments: tuple[str, ...]) -> Iterator[Mount]:
    """Files and folders that the arguments name by absolute paths: they have to be seen, at those paths."""
    for word in arguments:
        if word.startswith("/") and len(Path(word).parts) > 2 and Path(word).exists():
            yield Mount(Path(word), word)


def _first_line(path: Path) -> str:
    try:
        with path.open("rb") as file:
            line = file.read(256).split(b"\n")[0]
    except OSError:
        return ""
    return line.decode("utf-8", "replace") if line.startswith(b"#!") else ""


def _interpreter(first: str) -> tuple[Mount, ...]:
    """The virtual environment that a Python script names in its first line, shown at its own path."""
    words = first.removeprefix("#!").split()
    folder = Path(words[0]).parent.parent if words and words[0].startswith("/") else None
    if folder is None or not (folder / "pyvenv.cfg").is_file():
        return ()
    return (Mount(folder, str(folder)),)


def environment(program: AcpProgram, gateway: str, model: str) -> dict[str, str]:
    """Variables by which agents find a model; keys are dummies."""
    values = {
        "OPENAI_BASE_URL": f"{gateway}/v1",
        "OPENAI_API_KEY": _NO_KEY,
        "OPENAI_MODEL": model,
        "ANTHROPIC_BASE_URL": gateway,
        "ANTHROPIC_API_KEY": _NO_KEY,
        "ANTHROPIC_MODEL": model,
        # No look-ups outside, whatever the network would allow.
        "DO_NOT_TRACK": "1",
        "DISABLE_TELEMETRY": "1",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_ERROR_REPORTING": "1",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "NO_BROWSER": "1",
        "NO_UPDATE_NOTIFIER": "1",
    }
    return {**values, **opencode_environment(gateway, model)} if program.opencode else values


def shim_mounts() -> tuple[Mount, ...]:
    """What the stdio form of `run_tests` needs to be seen where our package is not part of our Python's folders."""
    visible = any(_PACKAGES.is_relative_to(folder) for folder in ("/usr", os.path.realpath(sys.prefix)))
    return () if visible else (Mount(_PACKAGES / "loopwright", str(_PACKAGES / "loopwright")),)


def mcp_servers(gateway: str, *, http: bool) -> list[schema.HttpMcpServer | schema.McpServerStdio]:
    """The MCP server with `run_tests`, in the form that the agent takes."""
    from acp import schema

    if http:
        return [schema.HttpMcpServer(type="http", name=MCP_NAME, url=f"{gateway}/mcp", headers=[])]
    arguments = ["-m", "loopwright.harness.mcp_stdio", "--url", f"{gateway}/mcp"]
    return [schema.McpServerStdio(name=MCP_NAME, command=sys.executable, args=arguments, env=[])]
