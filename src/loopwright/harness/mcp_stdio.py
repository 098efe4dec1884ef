"""`python -m loopwright.harness.mcp_stdio --url http://127.0.0.1:PORT/mcp`: `run_tests` for clients without HTTP.

Serves the same tool over standard input and output, a message a line, and passes each call on to the HTTP endpoint.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from http.client import HTTPException
from threading import Lock, Thread
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import msgspec

from loopwright.harness.mcp_messages import BadMessage, Message, answer, parse, tool_result

__all__ = ["main"]

_FORWARDED = ("tools/call", "notifications/cancelled")
_EVENT = b"data: "


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser(prog="python -m loopwright.harness.mcp_stdio", description=__doc__)
    parser.add_argument("--url", required=True, help="the streamable HTTP endpoint, http://127.0.0.1:PORT/mcp")
    shim = _Shim(parser.parse_args(arguments).url)
    for line in sys.stdin.buffer:
        shim.take(line)
    return 0


class _Shim:
    def __init__(self, url: str) -> None:
        self._url = url
        self._writing = Lock()

    def take(self, line: bytes) -> None:
        """Answer one message; a call in a thread of its own, which ends with the process if nobody waits for it."""
        try:
            message = parse(line)
        except BadMessage as bad:
            return self._say(bad.reply)
        if message.method in _FORWARDED:
            return Thread(target=self._forward, args=(message, line), daemon=True).start()
        if reply := answer(message):
            self._say(reply)

    def _forward(self, message: Message, line: bytes) -> None:
        try:
            for reply in _posted(self._url, line):
                self._write(reply)
        except (OSError, HTTPException) as error:
            if message.id is not None:
                why = f"the tests cannot be run: {self._url} does not answer ({error})"
                self._say(tool_result(message, why, is_error=True))

    def _say(self, reply: dict[str, Any]) -> None:
        self._write(msgspec.json.encode(reply))

    def _write(self, reply: bytes) -> None:
        with self._writing:
            sys.stdout.buffer.write(reply.strip() + b"\n")
            sys.stdout.buffer.flush()


def _posted(url: str, line: bytes) -> Iterator[bytes]:
    """Post a message and read the messages that come back, however long they take."""
    headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    opener = build_opener(ProxyHandler({}))  # no proxies: the endpoint is on this machine
    with opener.open(Request(url, line, headers)) as stream:
        yield from (event.removeprefix(_EVENT) for event in stream if event.startswith(_EVENT))


if __name__ == "__main__":
    sys.exit(main())
