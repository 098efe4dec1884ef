"""The first request of a configuration, as it would be sent."""

from __future__ import annotations

from collections.abc import Mapping

import anyio

from loopwright.base import LoopwrightError, UsageError, nearest
from loopwright.runtime.agent import Harness
from loopwright.runtime.agent.asking import request_of
from loopwright.runtime.agent.dialogue import Dialogue
from loopwright.runtime.agent.modes import Position
from loopwright.runtime.config import LoadedConfig
from loopwright.runtime.prompts.preview import preview_text
from loopwright.runtime.providers.preview import request_bytes

__all__ = ["preview_of"]

# A preview sends nothing, so it needs no key; naming the model does.
_KEYS: Mapping[str, str] = dict.fromkeys(("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENROUTER_API_KEY"), "none")


def preview_of(loaded: LoadedConfig, model: str | None, mode: str | None, task: str) -> str:
    """What `config preview` prints.

    Raises:
        UsageError: There is no such mode, or the profile does not list the model, or something does not fit together.
    """
    model = model or loaded.config.providers.default_model
    harness = Harness(loaded, model, _name(model))
    dialogue = Dialogue(harness)
    if mode is not None:
        dialogue.position = Position(0, _known(mode, loaded))
    dialogue.prompt(task)
    _, body = anyio.run(request_bytes, harness.api, request_of(dialogue))
    return preview_text(harness.prompts(dialogue.mode), body)


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
