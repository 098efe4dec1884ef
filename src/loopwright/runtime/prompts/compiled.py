"""What a compiled prompt consists of, and where each piece of it came from."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["Chunk", "CompiledPrompts"]

_BETWEEN = "\n\n"


class Chunk(Struct, frozen=True):
    """One piece of a prompt.

    Attributes:
        item: What asked for it, as in the injection order: `@pack(base).system`, `mode_specific`, `tools`.
        text: What is sent, without blank lines around it.
        source: The file that it was made from.
        template_id: `DIALECT/KEY@HASH`, where the hash is of the template; "" for plain texts.
        cache: Whether the provider is asked to cache all up to its end.
    """

    item: str
    text: str
    source: str
    template_id: str = ""
    cache: bool = False


class CompiledPrompts(Struct, frozen=True):
    """The prompts of a mode. They depend on nothing that changes from one reply to the next.

    Attributes:
        system: The pieces of the system prompt.
        per_turn: The pieces that are sent with each prompt; none of them is in `system` too.
        missing: Templates that do not exist and so say nothing, each as `DIALECT/KEY`; only per-turn ones may.
    """

    system: tuple[Chunk, ...]
    per_turn: tuple[Chunk, ...]
    missing: tuple[str, ...] = ()

    @property
    def system_text(self) -> str:
        """The whole system prompt."""
        return _BETWEEN.join(chunk.text for chunk in self.system)

    @property
    def per_turn_text(self) -> str:
        """All that is sent with each prompt."""
        return _BETWEEN.join(chunk.text for chunk in self.per_turn)
