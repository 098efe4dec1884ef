"""What a run is asked to be, before anything has started."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from msgspec import Struct

from loopwright.record import Limits

__all__ = ["DEFAULT_AGENT", "DEFAULT_MAX_PARTS", "DEFAULT_MAX_SILENCE", "DEFAULT_SANDBOX", "OnSilence", "RunOptions"]

DEFAULT_AGENT = "codex"
DEFAULT_MAX_PARTS = 1000
DEFAULT_MAX_SILENCE = 900.0
DEFAULT_SANDBOX = "bwrap"

OnSilence = Literal["retry", "end"]


class RunOptions(Struct, frozen=True):
    """Everything that the command line can say about a new run.

    Attributes:
        task: The task folder, or a file with an instruction.
        agent: A name of `agents.AGENTS`, or `name:argument`.
        model: A model in the gateway's notation, e.g. `openai/NAME` or `scripted:FILE`.
        sandbox: A backend, or `strongest` for the best that works here; "" is what the agent's own settings say, else
            bwrap.
        store: A folder or `s3://bucket/prefix`; None is the run's own home.
        home: Where runs are kept.
        trajectory_id: None makes a new one.
        max_silence: Seconds without a sign of life of the agent that interrupt its turn; None: never.
        on_silence: What follows then: the agent is prompted again, once, or the run ends.
        files: A folder whose copy the workspace starts as, instead of the task's starting files.
        max_replies: Replies of the model, in all; only our own agent counts them.
    """

    task: Path
    agent: str
    model: str
    home: Path
    sandbox: str = ""
    limits: Limits = Limits()
    store: str | None = None
    trajectory_id: str | None = None
    max_silence: float | None = DEFAULT_MAX_SILENCE
    on_silence: OnSilence = "retry"
    files: Path | None = None
    max_replies: int | None = None
