"""What the gateway adds to a model call: the same provider asked directly and through the gateway.

The provider is a process of its own on loopback; client and gateway share this one, so the client's own time is in
both figures. Calls alternate, so that both sides see the same machine. Goal: at most 3 ms added at the median.

Run: `python benchmarks/bench_gateway.py [CALLS]`
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import httpx2
import msgspec

if TYPE_CHECKING:  # run as a script: its own folder is on the path, the one above is not
    from benchmarks.report import exit_code, report
else:
    from report import exit_code, report

GOAL_MS = 3.0
KINDS = ("whole answer", "stream of 60 chunks", "300 KB request")


def chunk(text: str) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    value = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]}
    return b"data: " + msgspec.json.encode(value) + b"\n\n"


USAGE = {"prompt_tokens": 10, "completion_tokens": 60, "total_tokens": 70}
LAST = b"data: " + msgspec.json.encode({"model": "m", "choices": [], "usage": USAGE}) + b"\n\ndata: [DONE]\n\n"
WHOLE = msgspec.json.encode(
    {"model": "m", "choices": [{"finish_reason": "stop", "message": {"content": "hi"}}], "usage": USAGE}
)


async def provider(scope: Any, receive: Any, send: Any) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body += message["body"]
        more = message["more_body"]
    streamed = b'"stream":true' in body
    kind = b"text/event-stream" if streamed else b"application/json"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
    for number in range(60 if streamed else 0):
        await send({"type": "http.response.body", "body": chunk(f"word {number} "), "more_body": True})
    await send({"type": "http.response.body", "body": LAST if streamed else WHOLE})


def serve_provider(descriptor: int) -> None:
    import uvicorn

    config = uvicorn.Config(provider, lifespan="off", log_config=None, ws="none")
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=descriptor)])


def bodies() -> dict[str, bytes]:
    message = {"role": "user", "content": "hello"}
    small = {"model": "m", "messages": [message]}
    stream = small | {"stream": True, "stream_options": {"include_usage": True}}
    large = small | {"messages": [{"role": "user", "content": "x" * 1000}] * 300}
    return dict(zip(KINDS, map(msgspec.json.encode, (small, stream, large)), strict=True))


async def once(client: httpx2.AsyncClient, url: str, body: bytes) -> float:
    began = time.perf_counter()
    (await client.post(url, content=body)).raise_for_status()
    return (time.perf_counter() - began) * 1000


async def measure(base: str, folder: Path, calls: int) -> dict[str, tuple[float, float]]:
    from loopwright.gateway import Gateway, ModelSpec, serve_unix
    from loopwright.record import Limits
    from loopwright.record.blobs import BlobStore

    gateway = Gateway(
        ModelSpec.parse(f"{base}/v1#m"), on_call=lambda _: None, limits=Limits(), blobs=BlobStore(folder / "blobs")
    )
    path = folder / "s"
    results = {}
    async with (
        serve_unix(gateway.app, path),
        httpx2.AsyncClient() as direct,
        httpx2.AsyncClient(transport=httpx2.AsyncHTTPTransport(uds=str(path))) as through,
    ):
        for kind, body in bodies().items():
            pairs = []
            for _ in range(calls + 20):
                plain = await once(direct, f"{base}/v1/chat/completions", body)
                pairs.append((plain, await once(through, "http://gateway/v1/chat/completions", body)))
            plain_ms, gateway_ms = zip(*pairs[20:], strict=True)
            results[kind] = statistics.median(plain_ms), statistics.median(gateway_ms)
        await gateway.close()
    return results


def main() -> None:
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    listener = socket.create_server(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    os.set_inheritable(listener.fileno(), True)
    command = [sys.executable, __file__, "--provider", str(listener.fileno())]
    peer = subprocess.Popen(command, pass_fds=[listener.fileno()])
    try:
        with tempfile.TemporaryDirectory() as folder:
            results = anyio.run(measure, base, Path(folder), calls)
    finally:
        peer.terminate()
        peer.wait()
    print(f"{'call':<22}{'direct':>10}{'gateway':>10}{'added':>10}{'ratio':>8}   goal: +{GOAL_MS} ms")
    for kind, (plain, gateway) in results.items():
        print(f"{kind:<22}{plain:>7.2f} ms{gateway:>7.2f} ms{gateway - plain:>7.2f} ms{gateway / plain:>7.1f}x")
        name = f"gateway: added to a call, {kind}"
        report(name=name, unit="ms", value=gateway - plain, bar=GOAL_MS, peer="the call itself", peer_value=plain)
    sys.exit(exit_code())


if __name__ == "__main__":
    if sys.argv[1:2] == ["--provider"]:
        serve_provider(int(sys.argv[2]))
    else:
        main()
