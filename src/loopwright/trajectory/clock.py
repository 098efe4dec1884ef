"""Time as the record writes it."""

from __future__ import annotations

import time
from datetime import UTC, datetime

__all__ = ["Stopwatch", "now"]


def now() -> str:
    """The present time, ISO 8601 in UTC with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Stopwatch:
    """Milliseconds since it was made or last read."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    def lap(self) -> int:
        """Milliseconds since the last lap; starts the next one."""
        previous, self._since = self._since, time.monotonic()
        return round((self._since - previous) * 1000)
