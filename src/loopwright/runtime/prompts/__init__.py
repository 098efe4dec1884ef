"""Prompt texts, as files: what the model reads is never hidden in code. And how they become one prompt."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loopwright.runtime.prompts.compiled import Chunk, CompiledPrompts
    from loopwright.runtime.prompts.compiling import compile_prompts
    from loopwright.runtime.prompts.tokens import estimate_tokens

__all__ = ["Chunk", "CompiledPrompts", "compile_prompts", "estimate_tokens"]

_WHERE = {"compile_prompts": "compiling", "estimate_tokens": "tokens"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE.get(name, 'compiled')}"), name)
