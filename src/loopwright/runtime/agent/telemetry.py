"""Measurements of each reply, added to an SQLite database that many runs may share.

Table `replies`, one row a reply: `trajectory_id, reply, mode, calls, tokens`, and a column a metric, from 0 to 1, NULL
where it was not asked for or there was nothing to measure: `SVS` calls whose arguments could be used, `PAS` edits that
were applied, `CPS` calls that kept the rules on order, `TOE` calls that completed and were not made before, `SPA` calls
that permissions and modes allowed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from loopwright.base import MachineError
from loopwright.runtime.agent.executor import Done
from loopwright.runtime.config.schema.record import Metric

__all__ = ["Telemetry", "measure"]

_METRICS: tuple[Metric, ...] = ("SVS", "PAS", "CPS", "TOE", "SPA")
_TABLE = """
CREATE TABLE IF NOT EXISTS replies (
  trajectory_id TEXT NOT NULL, reply INTEGER NOT NULL, mode TEXT NOT NULL, calls INTEGER NOT NULL, tokens INTEGER,
  SVS REAL, PAS REAL, CPS REAL, TOE REAL, SPA REAL, PRIMARY KEY (trajectory_id, reply)
) STRICT
"""


def measure(done: Sequence[Done], edits: frozenset[str]) -> dict[Metric, float | None]:
    """The metrics of one reply. `edits` are the ids of tools that edit."""
    rules = [one.entry.rule for one in done]
    changing = [one for one in done if one.entry.tool in edits or one.call.operations is not None]
    useful = sum(one.outcome.status == "completed" and not one.entry.again for one in done)
    return {
        "SVS": _share([not (rule == "call" or rule.startswith("malformed")) for rule in rules]),
        "PAS": _share([one.outcome.status == "completed" for one in changing]),
        "CPS": _share([not rule.startswith("validation.") for rule in rules]),
        "TOE": useful / len(done) if done else None,
        "SPA": _share([not rule.startswith(("permissions.", "modes.")) for rule in rules]),
    }


def _share(good: Sequence[bool]) -> float | None:
    return sum(good) / len(good) if good else None


class Telemetry:
    """Writes the chosen metrics of one trajectory."""

    def __init__(self, database: Path, metrics: Sequence[Metric], trajectory_id: str, edits: frozenset[str]) -> None:
        self._database = database
        self._metrics = frozenset(metrics)
        self._trajectory = trajectory_id
        self._edits = edits

    def reply(self, number: int, mode: str, tokens: int | None, done: Sequence[Done]) -> None:
        """Add one reply; one that is there already (the run was resumed) is replaced.

        Raises:
            MachineError: The database cannot be written.
        """
        measured = measure(done, self._edits)
        values = [measured[name] if name in self._metrics else None for name in _METRICS]
        row = (self._trajectory, number, mode, len(done), tokens, *values)
        try:
            self._database.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._database, timeout=30)) as connection, connection:
                connection.execute(_TABLE)
                connection.execute("INSERT OR REPLACE INTO replies VALUES (?,?,?,?,?,?,?,?,?,?)", row)
        except (sqlite3.Error, OSError) as error:
            raise MachineError(
                f"telemetry cannot be written: {error}", where=str(self._database), remedy="Change database_path."
            ) from error
