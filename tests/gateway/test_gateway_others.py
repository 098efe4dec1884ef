"""Other models that a request may name: each is answered, priced, recorded and restored by its own backend."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.gateway.patience import until

from loopwright.base import UsageError
from loopwright.gateway import Gateway, ModelSpec
from loopwright.record import Limits
from loopwright.record.blobs import BlobStore

pytestmark = pytest.mark.anyio

Serve = Callable[..., AbstractAsyncContextManager[Any]]


def _script(folder: Path, name: str, price: float) -> str:
    path = folder / f"{name}.yaml"
    replies = "".join(f"  - {{say: {name} {number}, usage: {{input: 1000000}}}}\n" for number in range(1, 4))
    path.write_text(f"version: 1\nname: {name}\nprice: {{input: {price}}}\nreplies:\n{replies}")
    return f"scripted:{path}"


def _ask(model: str) -> dict[str, Any]:
    tool = {"type": "function", "function": {"name": "read_file", "parameters": {"type": "object", "properties": {}}}}
    return {"model": model, "messages": [{"role": "user", "content": "Go."}], "tools": [tool]}


async def _said(served: Any, model: str) -> str:
    answer = await served.http.post("/v1/chat/completions", json=_ask(model))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["choices"][0]["message"]["content"])


async def test_a_named_model_answers_for_itself(serve: Serve, tmp_path: Path) -> None:
    first, second = _script(tmp_path, "first", 1.0), _script(tmp_path, "second", 3.0)
    async with serve(first, others={second: ModelSpec.parse(second)}) as served:
        assert await _said(served, "first") == "first 1"
        assert await _said(served, second) == "second 1"
        assert await _said(served, "whatever else") == "first 1"
        calls = [(call.model_asked, call.model_served, call.cost) for call in served.calls]
    assert calls == [("first", "first", 1.0), (second, "second", 3.0), ("whatever else", "first", 1.0)]
    assert served.gateway.cost == 5.0


async def test_the_backend_of_each_call_is_recorded(serve: Serve, tmp_path: Path) -> None:
    closed = ModelSpec.parse("http://127.0.0.1:9/v1#gone")
    async with serve(_script(tmp_path, "first", 1.0), others={"gone": closed}) as served:
        assert await _said(served, "first") == "first 1"
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: served.http.post("/v1/chat/completions", json=_ask("gone")))
            await until(lambda: served.gateway.waiting)  # nobody listens there, and the gateway tries again
            group.cancel_scope.cancel()
        await until(lambda: len(served.calls) == 2)
    assert [(call.backend, call.model_served) for call in served.calls] == [("scripted", "first"), ("http", "gone")]


async def test_each_goes_on_where_it_was(serve: Serve, tmp_path: Path) -> None:
    first, second = _script(tmp_path, "first", 1.0), _script(tmp_path, "second", 1.0)
    others = {second: ModelSpec.parse(second)}
    talk = _ask(second)
    async with serve(first, others=others) as served:
        one = (await served.http.post("/v1/chat/completions", json=talk)).json()["choices"][0]["message"]
        recorded = list(served.calls)
    talk["messages"] += [one, {"role": "user", "content": "More."}]
    async with serve(first, others=others) as again:
        again.gateway.restore(recorded)
        answer = await again.http.post("/v1/chat/completions", json=talk)
    assert answer.json()["choices"][0]["message"]["content"] == "second 2"


async def test_the_limits_hold_for_all_of_them_together(serve: Serve, tmp_path: Path) -> None:
    first, second = _script(tmp_path, "first", 1.0), _script(tmp_path, "second", 3.0)
    async with serve(first, others={second: ModelSpec.parse(second)}, limits=Limits(max_cost=2.0)) as served:
        await _said(served, second)
        refused = await served.http.post("/v1/chat/completions", json=_ask("first"))
    assert "budget of this run is used up" in refused.text
    assert served.gateway.exhausted == "cost_limit"


def test_a_cost_limit_needs_the_price_of_all_of_them(tmp_path: Path) -> None:
    first, blobs = ModelSpec.parse(_script(tmp_path, "first", 1.0)), BlobStore(tmp_path / "blobs")
    unknown = ModelSpec.parse("http://127.0.0.1:9/v1#unpriced")
    with pytest.raises(UsageError, match="unpriced"):
        Gateway(first, on_call=print, limits=Limits(max_cost=1.0), blobs=blobs, others={"unpriced": unknown})
