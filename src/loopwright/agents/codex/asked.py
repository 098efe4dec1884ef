"""What Codex is answered when it asks: yes to everything, as our sandbox is what keeps it in bounds."""

from __future__ import annotations

import time
from typing import Any

from loopwright.base import one_line

__all__ = ["EXPECTED", "answer_to"]

EXPECTED = ("item/commandExecution/requestApproval", "item/fileChange/requestApproval")
"""What Codex asks as a matter of course, for commands and patches that become parts: not worth a notice."""

_YES: dict[str, Any] = {
    "item/commandExecution/requestApproval": {"decision": "accept"},
    "item/fileChange/requestApproval": {"decision": "accept"},
    "execCommandApproval": {"decision": "approved"},
    "applyPatchApproval": {"decision": "approved"},
    "mcpServer/elicitation/request": {"action": "accept", "content": {}},
    # Nobody sits here to be asked; the model is told that there was no answer.
    "item/tool/requestUserInput": {"answers": {}},
}


def answer_to(method: str, params: dict[str, Any]) -> tuple[Any, str]:
    """The answer to a request of the server, None where it is of an unknown kind; and a sentence for the record."""
    if method == "currentTime/read":
        return {"currentTimeAt": int(time.time())}, "Codex asked for the time, and was told."
    if method == "item/permissions/requestApproval":
        asked = params.get("permissions")
        return {"permissions": asked if isinstance(asked, dict) else {}}, _words("was allowed", method, params)
    if method not in _YES:
        return None, _words("was refused, as nobody here knows what it is", method, params)
    return _YES[method], _words("was answered without asking anybody", method, params)


def _words(how: str, method: str, params: dict[str, Any]) -> str:
    about = next((params[key] for key in ("command", "reason", "message", "questions") if params.get(key)), "")
    return one_line(f"Codex asked ({method}) and {how}: {about}" if about else f"Codex asked ({method}) and {how}.")
