"""The files that are derived from a journal; each can be deleted and written again."""

from __future__ import annotations

from importlib import import_module

import msgspec

from loopwright.record._conversation import write_conversation
from loopwright.record._disk import write_file
from loopwright.record._parquet import write_parquet
from loopwright.record._summary import write_summary
from loopwright.record.rundir import RunDir
from loopwright.record.trace import Trace

__all__ = ["get_ready", "write_agent_trace", "write_all", "write_conversation", "write_parquet", "write_summary"]


def get_ready() -> None:
    """Import what `write_all` needs, for whoever has time now and none later."""
    import_module("pyarrow.parquet")


def write_all(rundir: RunDir, trace: Trace) -> None:
    """Write every derived file but the bundle, each in one step.

    Raises:
        MachineError: The disk is full or not writable; each file is either the old or the new one.
    """
    write_agent_trace(rundir, trace)
    write_parquet(rundir, trace)
    write_conversation(rundir, trace)
    write_summary(rundir, trace)


def write_agent_trace(rundir: RunDir, trace: Trace) -> None:
    """Write `agent_trace.json`: the `Trace` as compact JSON; payloads as they are, by value or blob digest.

    Raises:
        MachineError: The disk is full or not writable.
    """
    write_file(rundir.agent_trace, msgspec.json.encode(trace) + b"\n")
