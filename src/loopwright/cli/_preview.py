"""The first request of a configuration, as it would be sent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from loopwright.base import LoopwrightError, UsageError, nearest
from loopwright.runtime.agent import Harness
from loopwright.runtime.agent.asking import request_of
from loopwright.runtime.agent.dialogue import Dialogue
from loopwright.runtime.agent.modes import Position
from loopwright.runtime.config import LoadedConfig
from loopwright.runtime.prompts import Chunk, CompiledPrompts, estimate_tokens
from loopwright.runtime.providers.preview import request_bytes, written_bytes
from loopwright.runtime.providers.types import Api, Request

__all__ = ["preview_of", "preview_text"]

# A preview sends nothing, so it needs no key; naming the model does.
_KEYS: Mapping[str, str] = dict.fromkeys(("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENROUTER_API_KEY"), "none")


def preview_of(loaded: LoadedConfig, model: str | None, mode: str | None, task: str) -> str:
    """What `config preview` prints.

    Raises:
        UsageError: There is no such mode, or the profile does not list the model, or something does not fit together.
    """
    model = model or loaded.config.providers.default_model
    harness = _harness(loaded, model)
    dialogue = Dialogue(harness)
    if mode is not None:
        dialogue.position = Position(0, _known(mode, loaded))
    dialogue.prompt(task)
    text = preview_text(harness.prompts(dialogue.mode), _body(harness.api, request_of(dialogue)))
    servers = ", ".join(loaded.config.tools.mcp)
    return f"not shown: the tools of {servers}, which are known when the servers run\n{text}" if servers else text


def _harness(loaded: LoadedConfig, model: str) -> Harness:
    try:
        return Harness(loaded, model, _name(model))
    except UsageError as error:
        if not loaded.config.tools.mcp:
            raise
        raise UsageError(
            f"{error.what}, and those of MCP servers are known only when they run",
            where=error.where,
            remedy="Run it, e.g. with --model scripted:FILE: raw/requests of the run folder holds what was sent.",
        ) from None


def _body(api: Api, request: Request) -> bytes:
    import anyio

    return written_bytes(api, request) or anyio.run(request_bytes, api, request)[1]


def preview_text(compiled: CompiledPrompts, request_body: bytes) -> str:
    """What `config preview` prints: a line for each piece of the prompts, then the first request, byte for byte.

    Args:
        compiled: The prompts.
        request_body: The body of the first request as it would be sent (JSON, UTF-8).
    """
    body = request_body.decode("utf-8", "replace")
    lines = ["system prompt", *_listed(compiled.system), "with each prompt", *_listed(compiled.per_turn)]
    lines += [f"  {name}: no such template; nothing is said" for name in compiled.missing]
    tokens = estimate_tokens(" ".join(_strings(body)))
    lines += [f"first request: {len(request_body)} bytes, about {tokens} tokens (estimate)", "", body]
    return "\n".join(lines)


def _listed(chunks: Sequence[Chunk]) -> list[str]:
    if not chunks:
        return ["  (nothing)"]
    return [_line(chunk) for chunk in chunks]


def _line(chunk: Chunk) -> str:
    tokens = f"about {estimate_tokens(chunk.text)} tokens (estimate)"
    details = [chunk.template_id or chunk.source, tokens, *(["cached up to here"] if chunk.cache else [])]
    return f"  {chunk.item}: {', '.join(details)}"


def _strings(body: str) -> Iterator[str]:
    """The words of a JSON body, without its quotes and escapes; the body itself where it is no JSON."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        yield body
        return
    yield from _leaves(value)


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from _leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    else:
        yield value if isinstance(value, str) else json.dumps(value)


def _known(mode: str, loaded: LoadedConfig) -> str:
    names = [each.name for each in loaded.config.modes]
    if mode not in names:
        close = nearest(mode, names)
        hint = f"Did you mean {close}?" if close else f"There are: {', '.join(names)}."
        raise UsageError(f"there is no mode {mode!r}", where=str(loaded.path), remedy=hint)
    return mode


def _name(model: str) -> str:
    """The name that the request carries: without the provider, as `--model` would make it."""
    from loopwright.gateway import ModelSpec

    try:
        return ModelSpec.parse(model, environ=_KEYS).name
    except LoopwrightError:
        # An id that only a profile knows (its own default, a glob) is sent as it is.
        return model
