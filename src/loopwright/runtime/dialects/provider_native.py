"""`provider_native`: calls come beside the text, in the provider's own form; the text is only text."""

from __future__ import annotations

from typing import ClassVar

from loopwright.runtime.calls import Parsed
from loopwright.runtime.dialects.dialect import Dialect, ParseOptions, Serves

__all__ = ["ProviderNative"]


class ProviderNative(Dialect):
    """The provider's own tool calls."""

    name = "provider_native"
    serves: ClassVar[Serves] = "any"

    def parse(self, text: str, reply: int, options: ParseOptions | None = None) -> Parsed:
        """All of it is prose."""
        return Parsed((), (), text)
