"""Prompt texts, as files: what the model reads is never hidden in code. And how they become one prompt."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loopwright.runtime.prompts.compiled import Chunk, CompiledPrompts
    from loopwright.runtime.prompts.compiling import compile_prompts
    from loopwright.runtime.prompts.preview import estimate_tokens, preview_text

_HOMES = {
    "compiled": ("Chunk", "CompiledPrompts"),
    "compiling": ("compile_prompts",),
    "preview": ("estimate_tokens", "preview_text"),
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = ["Chunk", "CompiledPrompts", "compile_prompts", "estimate_tokens", "preview_text"]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
