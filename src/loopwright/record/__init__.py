"""The record of a run: one append-only journal, and everything that is derived from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.base import lazy_names
from loopwright.record.events import (
    SCHEMA_VERSION,
    AgentSession,
    CheckpointInfo,
    CheckpointTaken,
    EndReason,
    Event,
    FileChange,
    GradeCause,
    Limits,
    LimitsChanged,
    ModelCalled,
    Noticed,
    PartAdded,
    PartType,
    Payload,
    RunEnded,
    RunResumed,
    RunStarted,
    ScriptPosition,
    SkippedFile,
    Steered,
    StopRequested,
    SuiteCount,
    TestsGraded,
    ToolUse,
    TurnEnded,
    TurnStarted,
    Usage,
    decode_event,
    encode_event,
)

if TYPE_CHECKING:
    from loopwright.record._cut import check_not_cut_back
    from loopwright.record._disk import check_home
    from loopwright.record._lock import Writer, writer_of
    from loopwright.record._scan import JournalDamage
    from loopwright.record._store_runs import find_in_store
    from loopwright.record._summary import Summary, read_summary, summarize
    from loopwright.record.blobs import BlobStore
    from loopwright.record.folding import Fold, fold
    from loopwright.record.journal import Journal, Listener, Repair
    from loopwright.record.progress import Progress
    from loopwright.record.projections import (
        write_agent_trace,
        write_all,
        write_conversation,
        write_parquet,
        write_summary,
    )
    from loopwright.record.reader import first_event, follow, read_events, read_tail
    from loopwright.record.recovery import RecoverReport, recover
    from loopwright.record.rundir import RunDir, home_folder
    from loopwright.record.runs import find_run, list_runs, short_id
    from loopwright.record.shipper import Shipper, fetch
    from loopwright.record.stores import Store, open_store
    from loopwright.record.trace import (
        EnvoiCall,
        RepoCheckpoint,
        SessionEnd,
        TestingState,
        Totals,
        Trace,
        TraceGrade,
        TracePart,
        TraceSession,
        TraceTool,
        TraceTurn,
    )
    from loopwright.record.verification import Problem, VerifyReport, verify
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        _cut=("check_not_cut_back",),
        _disk=("check_home",),
        _lock=("Writer", "writer_of"),
        _scan=("JournalDamage",),
        _store_runs=("find_in_store",),
        _summary=("Summary", "read_summary", "summarize"),
        blobs=("BlobStore",),
        folding=("Fold", "fold"),
        journal=("Journal", "Listener", "Repair"),
        progress=("Progress",),
        projections=("write_agent_trace", "write_all", "write_conversation", "write_parquet", "write_summary"),
        reader=("first_event", "follow", "read_events", "read_tail"),
        recovery=("RecoverReport", "recover"),
        rundir=("RunDir", "home_folder"),
        runs=("find_run", "list_runs", "short_id"),
        shipper=("Shipper", "fetch"),
        stores=("Store", "open_store"),
        trace=(
            "EnvoiCall",
            "RepoCheckpoint",
            "SessionEnd",
            "TestingState",
            "Totals",
            "Trace",
            "TraceGrade",
            "TracePart",
            "TraceSession",
            "TraceTool",
            "TraceTurn",
        ),
        verification=("Problem", "VerifyReport", "verify"),
    )

__all__ = [
    "SCHEMA_VERSION",
    "AgentSession",
    "BlobStore",
    "CheckpointInfo",
    "CheckpointTaken",
    "EndReason",
    "EnvoiCall",
    "Event",
    "FileChange",
    "Fold",
    "GradeCause",
    "Journal",
    "JournalDamage",
    "Limits",
    "LimitsChanged",
    "Listener",
    "ModelCalled",
    "Noticed",
    "PartAdded",
    "PartType",
    "Payload",
    "Problem",
    "Progress",
    "RecoverReport",
    "Repair",
    "RepoCheckpoint",
    "RunDir",
    "RunEnded",
    "RunResumed",
    "RunStarted",
    "ScriptPosition",
    "SessionEnd",
    "Shipper",
    "SkippedFile",
    "Steered",
    "StopRequested",
    "Store",
    "SuiteCount",
    "Summary",
    "TestingState",
    "TestsGraded",
    "ToolUse",
    "Totals",
    "Trace",
    "TraceGrade",
    "TracePart",
    "TraceSession",
    "TraceTool",
    "TraceTurn",
    "TurnEnded",
    "TurnStarted",
    "Usage",
    "VerifyReport",
    "Writer",
    "check_home",
    "check_not_cut_back",
    "decode_event",
    "encode_event",
    "fetch",
    "find_in_store",
    "find_run",
    "first_event",
    "fold",
    "follow",
    "home_folder",
    "list_runs",
    "open_store",
    "read_events",
    "read_summary",
    "read_tail",
    "recover",
    "short_id",
    "summarize",
    "verify",
    "write_agent_trace",
    "write_all",
    "write_conversation",
    "write_parquet",
    "write_summary",
    "writer_of",
]
