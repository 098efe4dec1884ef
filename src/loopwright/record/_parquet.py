"""`trace.parquet`: one row a part, flat columns for what people query, JSON text for what is nested."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from loopwright.record._disk import disk_error
from loopwright.record.events import Usage
from loopwright.record.rundir import RunDir
from loopwright.record.trace import Trace, TracePart

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["write_parquet"]

_ROWS_A_GROUP = 5_000


def write_parquet(rundir: RunDir, trace: Trace) -> None:
    """Write `trace.parquet`, compressed with zstd; a trajectory without parts gives a table without rows.

    Raises:
        MachineError: The disk is full or not writable.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema()
    temporary = rundir.parquet.with_name(f".{rundir.parquet.name}.{os.getpid()}")
    try:
        with pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
            for rows in _groups(trace):
                writer.write_table(pa.Table.from_pylist(rows, schema=schema))
        temporary.replace(rundir.parquet)
    except OSError as error:
        raise disk_error(error, "write trace.parquet", rundir.parquet) from error
    finally:
        Path(temporary).unlink(missing_ok=True)


def _groups(trace: Trace) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(trace.parts), _ROWS_A_GROUP):
        yield [_row(part) for part in trace.parts[start : start + _ROWS_A_GROUP]]


def _schema() -> pa.Schema:
    import pyarrow as pa

    text, number = pa.string(), pa.int64()
    plain = ["trajectory_id", "session_id", "agent", "agent_model", "timestamp", "role", "part_type", "item_type"]
    plain += ["summary", "git_commit", "parent", "tool_name", "tool_call_id", "tool_status", "latest_path"]
    plain += ["latest_error", "commit_before", "commit_after"]
    counts = ["part", "turn", "reply", "duration_ms", "tool_exit_code", "changed_files", "solved_paths", "total_paths"]
    counts += ["latest_passed", "latest_total", "latest_status_code", "tests_passed", "tests_expected"]
    counts += [*Usage.__struct_fields__]
    nested = ["content", "tool_arguments", "tool_result", "files", "envoi_calls", "testing_state", "repo_checkpoint"]
    fields = [(name, text) for name in plain] + [(name, number) for name in counts] + [("cost", pa.float64())]
    return pa.schema(fields + [(f"{name}_json", text) for name in [*nested, "raw"]])


def _row(part: TracePart) -> dict[str, Any]:
    plain = ("trajectory_id", "session_id", "agent", "agent_model", "timestamp", "role", "part_type", "item_type")
    row = {name: getattr(part, name) for name in (*plain, "summary", "git_commit", "parent")}
    row |= {name: getattr(part, name) for name in ("part", "turn", "reply", "duration_ms", "cost")}
    return row | _tool_columns(part) | _testing_columns(part) | _checkpoint_columns(part) | _nested_columns(part)


def _tool_columns(part: TracePart) -> dict[str, Any]:
    tool = part.tool
    columns: dict[str, Any] = {} if part.usage is None else msgspec.structs.asdict(part.usage)
    if tool is not None:
        columns |= {"tool_name": tool.name, "tool_call_id": tool.call_id, "tool_status": tool.status}
        columns |= {"tool_exit_code": tool.exit_code}
        columns |= {"tool_arguments_json": _json(tool.arguments), "tool_result_json": _json(tool.result)}
    return columns


def _testing_columns(part: TracePart) -> dict[str, Any]:
    state = part.testing_state
    return {
        "solved_paths": len(state.solved_paths),
        "total_paths": state.total_paths,
        "latest_path": state.latest_path,
        "latest_passed": state.latest_passed,
        "latest_total": state.latest_total,
        "latest_status_code": state.latest_status_code,
        "latest_error": state.latest_error,
        "tests_passed": sum(count.passed for count in state.suites.values()),
        "tests_expected": sum(count.expected for count in state.suites.values()),
    }


def _checkpoint_columns(part: TracePart) -> dict[str, Any]:
    checkpoint = part.repo_checkpoint
    if checkpoint is None:
        return {"changed_files": 0}
    return {
        "commit_before": checkpoint.commit_before,
        "commit_after": checkpoint.commit_after,
        "changed_files": len(checkpoint.changed_files),
    }


def _nested_columns(part: TracePart) -> dict[str, Any]:
    names = ("content", "files", "envoi_calls", "testing_state", "repo_checkpoint", "raw")
    return {f"{name}_json": _json(getattr(part, name)) for name in names}


def _json(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
