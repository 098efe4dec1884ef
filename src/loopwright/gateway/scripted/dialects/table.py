"""The form of a dialect: how an agent's own tools are called."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

__all__ = ["Dialect", "Shape"]


class Shape(Struct, frozen=True):
    """A tool and its arguments: neutral name -> the agent's name.

    Neutral names are `path, text` (write), `path, old, new` (edit), `path` (run_tests), `prompt` (delegate), and for
    the shell `command`, and, where the agent has them, `about` (a short description), `timeout` (seconds) or
    `timeout_ms`. `fixed` are arguments that are always given.
    """

    tool: str
    fields: dict[str, str]
    fixed: dict[str, Any] = {}


class Dialect(Struct, frozen=True):
    """One agent's tools.

    Attributes:
        name: For messages.
        signs: The agent is recognised where all of these tools are offered.
        absolute: Whether its file tools want absolute paths.
        write, edit, shell, run_tests: How to do each; None where the agent has no such tool.
        read_first: The tool that must have read an existing file before it is edited, where the agent insists.
        delegate: How to give work to a sub-agent. Where that tool is not offered, one named `delegate` is called,
            which does not exist.
        wait: The tool that waits for sub-agents by their ids, where the one that starts them does not.
        patch: Whether `apply_patch` can write files, through the shell or as a custom tool.
    """

    name: str
    signs: tuple[str, ...]
    absolute: bool
    write: Shape | None
    edit: Shape | None
    shell: Shape | None
    run_tests: Shape
    delegate: Shape = Shape("delegate", {"prompt": "prompt"})
    wait: Shape | None = None
    read_first: Shape | None = None
    patch: bool = False
