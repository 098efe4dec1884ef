"""Time OpenHands SDK's own event log; run by `bench_journal.py` with a Python that has `openhands-sdk`.

    python openhands_events.py FOLDER BYTES TIMES POSITION...

Prints one line of JSON: for each position, the seconds of TIMES appends to a log of that many events. The log is made
by writing its files and opening it, as when a conversation is continued: appending 100,000 events takes minutes.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any


def main(folder: Path, size: int, times: int, positions: list[int]) -> None:
    from openhands.sdk.conversation.event_store import EventLog
    from openhands.sdk.io import LocalFileStore

    found: dict[int, list[float]] = {}
    for position in positions:
        here = folder / str(position)
        _fill(here, size, position)
        log = EventLog(LocalFileStore(str(here)))
        assert len(log) == position
        found[position] = [_append(log, size) for _ in range(times)]
    print(json.dumps(found))


def _fill(folder: Path, size: int, count: int) -> None:
    from openhands.sdk.conversation.persistence_const import EVENT_FILE_PATTERN, EVENTS_DIR

    event = _event(size)
    payload = event.model_dump_json(exclude_none=True)
    (folder / EVENTS_DIR).mkdir(parents=True)
    for idx in range(count):
        name = f"{event.id[:-8]}{idx:08x}"
        path = folder / EVENTS_DIR / EVENT_FILE_PATTERN.format(idx=idx, event_id=name)
        path.write_text(payload.replace(event.id, name))


def _event(size: int) -> Any:
    from openhands.sdk.event import MessageEvent
    from openhands.sdk.llm import Message, TextContent

    text = TextContent(text="x" * size)
    return MessageEvent(source="agent", llm_message=Message(role="assistant", content=[text]))


def _append(log: Any, size: int) -> float:
    event = _event(size)
    begin = time.perf_counter()
    log.append(event)
    return time.perf_counter() - begin


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), [int(word) for word in sys.argv[4:]])
