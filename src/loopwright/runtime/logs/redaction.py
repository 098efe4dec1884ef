"""Secrets, found by their values, replaced wherever the logs are written."""

from __future__ import annotations

import re
from collections.abc import Mapping

from loopwright.gateway import host_environ

__all__ = ["Redactor"]

_TELLING = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL", re.IGNORECASE)
_SHORTEST = 8


class Redactor:
    """Replaces the values of all secrets of an environment, in any text.

    A variable is secret by its name (KEY, TOKEN, SECRET, PASSWORD, ...), where its value has 8 characters or more.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        given = host_environ() if environ is None else environ
        secrets = {value: name for name, value in given.items() if _TELLING.search(name) and len(value) >= _SHORTEST}
        self._names = secrets
        longest = sorted(secrets, key=len, reverse=True)
        self._pattern = re.compile("|".join(re.escape(value) for value in longest)) if longest else None

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda found: f"[redacted: {self._names[found.group()]}]", text)
