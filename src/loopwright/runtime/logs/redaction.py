"""Secrets, found by their values, replaced wherever the logs are written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from loopwright.gateway import host_environ

__all__ = ["NOTHING", "Redactor"]

_TELLING = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL", re.IGNORECASE)
_SHORTEST = 8
_CUT = "…"


class Redactor:
    """Replaces the values of all secrets of an environment, in any text.

    A variable is secret by its name (KEY, TOKEN, SECRET, PASSWORD, ...), where its value has 8 characters or more. A
    value is also found as JSON writes it, and, at the end of a text that was cut, by its first 8 characters or more.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        given = host_environ() if environ is None else environ
        secrets = {value: name for name, value in given.items() if _TELLING.search(name) and len(value) >= _SHORTEST}
        self._names = {form: name for value, name in secrets.items() for form in _forms(value)}
        longest = sorted(self._names, key=len, reverse=True)
        self._pattern = re.compile("|".join(re.escape(value) for value in longest)) if longest else None

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda found: f"[redacted: {self._names[found.group()]}]", text)

    def cut(self, text: str) -> str:
        """A text that was cut at its end, without secrets and without the beginning of one."""
        text, ellipsis = self(text.removesuffix(_CUT)), _CUT * text.endswith(_CUT)
        for secret, name in self._names.items():
            for length in range(min(len(secret), len(text)), _SHORTEST - 1, -1):
                if text.endswith(secret[:length]):
                    return f"{text[: len(text) - length]}[redacted: {name}]{ellipsis}"
        return text + ellipsis


def _forms(value: str) -> set[str]:
    return {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}


NOTHING = Redactor({})
"""Replaces nothing."""
