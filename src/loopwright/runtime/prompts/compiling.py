"""From a configuration to the texts that are sent: packs, the mode's prompt, and descriptions of tools, in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from loopwright.base import UsageError, nearest
from loopwright.runtime.config.schema import AgentConfig
from loopwright.runtime.config.schema.prompts import CACHE, PACK_ITEM
from loopwright.runtime.dialects.grammar import Grammar
from loopwright.runtime.prompts.compiled import Chunk, CompiledPrompts
from loopwright.runtime.prompts.rendering import read_text
from loopwright.runtime.prompts.synthesis import Synthesis
from loopwright.runtime.tools.spec import ToolSpec

__all__ = ["compile_prompts"]


def compile_prompts(
    config: AgentConfig, tools: Sequence[ToolSpec], grammar: Grammar, mode: str, model_id: str
) -> CompiledPrompts:
    """Compile the prompts of a mode.

    A text that is in the system prompt already is not sent with each prompt again, and none is in either twice.

    Args:
        config: The configuration.
        tools: The tools of the run; those that the mode does not allow are not described.
        grammar: The grammar of the mode; says how each tool is called.
        mode: The name of the mode.
        model_id: The full id by which selections know the model.

    Raises:
        UsageError: A file is missing or is not UTF-8, or a template is missing or wrong; says key, file and dialect.
    """
    return _Compiler(config, tools, grammar, mode, model_id).compile()


class _Compiler:
    def __init__(
        self, config: AgentConfig, tools: Sequence[ToolSpec], grammar: Grammar, mode: str, model_id: str
    ) -> None:
        self._prompts = config.prompts
        self._mode_prompt = config.mode(mode).prompt
        self._synthesis = Synthesis(config, tools, grammar, mode, model_id)
        self._sent: set[str] = set()

    def compile(self) -> CompiledPrompts:
        order, where = self._prompts.injection, self._prompts.tool_prompt_mode
        in_system = where in ("system_once", "system_and_per_turn")
        per_turn = where in ("per_turn_append", "system_and_per_turn")
        system_tools = self._synthesis.system() if in_system else []
        turn_tools = self._synthesis.per_turn() if per_turn else []
        system = tuple(self._ordered("system_order", order.system_order, system_tools))
        each = tuple(self._ordered("per_turn_order", order.per_turn_order, turn_tools))
        return CompiledPrompts(system, each, tuple(self._synthesis.missing))

    def _ordered(self, key: str, order: Sequence[str], tools: Sequence[Chunk]) -> Iterator[Chunk]:
        names = [item.removeprefix(CACHE).strip() for item in order]
        for item in order if "tools" in names else (*order, "tools"):
            name = item.removeprefix(CACHE).strip()
            chunks = [chunk for chunk in self._item(key, name, tools) if chunk.text and chunk.text not in self._sent]
            if chunks and item != name:
                chunks[-1] = msgspec.structs.replace(chunks[-1], cache=True)
            self._sent.update(chunk.text for chunk in chunks)
            yield from chunks

    def _item(self, key: str, name: str, tools: Sequence[Chunk]) -> Sequence[Chunk]:
        if name == "tools":
            return tools
        if name != "mode_specific":
            return [self._text(name, name, f"prompts.injection.{key}")]
        return [self._text(name, self._mode_prompt, "modes.prompt")] if self._mode_prompt else []

    def _text(self, item: str, reference: str, where: str) -> Chunk:
        """A text of a pack."""
        match = PACK_ITEM.fullmatch(reference)
        if match is None:
            raise UsageError(f"{reference!r} is not `@pack(NAME).KEY`", where=where)
        pack, key = match.groups()
        texts = self._prompts.packs.get(pack, {})
        if key not in texts:
            known = [f"@pack({name}).{each}" for name, pack_texts in self._prompts.packs.items() for each in pack_texts]
            close = nearest(reference, known)
            remedy = f"Did you mean `{close}`?" if close else None
            raise UsageError(f"there is no text {reference}", where=where, remedy=remedy)
        text = read_text(texts[key], f"prompts.packs.{pack}.{key}")
        return Chunk(item, text.strip("\n"), str(texts[key]))
