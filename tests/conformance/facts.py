"""What is true of a whole tale, or not, apart from its order."""

from __future__ import annotations

from tests.conformance.tale import STEERING, Tale

__all__ = [
    "counts_tokens",
    "hears_at_once",
    "keeps_its_session",
    "keeps_raw_items",
    "keeps_the_end",
    "numbers_replies",
]


def hears_at_once(tale: Tale) -> bool:
    """What was said reached the very next request to the model."""
    before = [request for request in tale.requests() if "I am told something now." not in request]
    after = tale.requests()[len(before) :]
    return tale.facts["steered"]["detail"] == "now" and all(STEERING in request for request in after[:1])


def keeps_its_session(tale: Tale) -> bool:
    """All its turns' requests are of one conversation, and it never had to be told what had happened."""
    own = {call.conversation for call in tale.trace.model_calls if call.purpose == "turn"}
    lost = [notice for notice in tale.trace.notices if notice.code == "session_lost"]
    return len(own) == 1 and not lost and not any("<transcript>" in request for request in tale.requests())


def numbers_replies(tale: Tale) -> bool:
    """Parts that the model's reply made say which one it was, without a gap."""
    replies = [part.reply for part in tale.trace.parts if part.reply is not None]
    return set(replies) == set(range(1, max(replies, default=0) + 1)) != set()


def counts_tokens(tale: Tale) -> bool:
    """Parts say how many tokens their reply took."""
    return any(part.usage is not None for part in tale.trace.parts)


def keeps_raw_items(tale: Tale) -> bool:
    """Every part has what the agent sent of it, as it was received."""
    return all(part.raw is not None for part in tale.trace.parts if part.item_type != "workspace_change")


def keeps_the_end(tale: Tale) -> bool:
    """Of very long output the end is recorded."""
    results = [part.tool.result for part in tale.trace.parts if part.part_type == "tool_result" and part.tool]
    return any("the end" in tale.value(result)[-200:] for result in results if result is not None)
