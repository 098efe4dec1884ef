"""Prompt texts, as files: what the model reads is never hidden in code. And how they become one prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.base import lazy_names

if TYPE_CHECKING:
    from loopwright.runtime.prompts.compiled import Chunk, CompiledPrompts
    from loopwright.runtime.prompts.compiling import compile_prompts
    from loopwright.runtime.prompts.tokens import estimate_tokens
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        compiled=("Chunk", "CompiledPrompts"),
        compiling=("compile_prompts",),
        tokens=("estimate_tokens",),
    )

__all__ = ["Chunk", "CompiledPrompts", "compile_prompts", "estimate_tokens"]
