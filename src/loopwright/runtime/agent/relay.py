"""How replies and the results of their calls become messages, as `loop.turn_strategy` says.

By default every role speaks for itself: the model its replies, the API's tool role the results of its own calls, and
the user the results of calls that were written as text. The other strategies are there to be compared with it.
"""

from __future__ import annotations

from collections.abc import Sequence

from loopwright.base import one_line
from loopwright.runtime.agent.texts import say
from loopwright.runtime.calls import Call, Outcome
from loopwright.runtime.config.schema.loop import TurnStrategy
from loopwright.runtime.providers.types import Answered, Entry, Prompt, Reply, Results, Said

__all__ = ["relayed"]

Done = tuple[Call, Outcome]


def relayed(reply: Reply, done: Sequence[Done], strategy: TurnStrategy) -> list[Entry]:
    """The entries that stand for a reply whose calls have all been answered."""
    native = [pair for pair in done if pair[0].origin == "native"]
    text = [pair for pair in done if pair[0].origin == "text"]
    entries: list[Entry] = []
    if native and strategy.relay == "user_message":
        calls = "\n".join(f"{call.tool} {call.raw}" for call, _ in native)
        entries += [Said("\n\n".join(piece for piece in (reply.text, calls) if piece))]
        return [*entries, Prompt(_together(done, strategy))]
    entries.append(reply)
    if native:
        answers = (Answered(call, _shown(outcome, strategy), _good(outcome)) for call, outcome in native)
        entries.append(Results(tuple(answers)))
    if text:
        words = _together(text, strategy)
        entries.append(Said(words) if strategy.flow == "assistant_continuation" else Prompt(words))
    return entries


def _together(done: Sequence[Done], strategy: TurnStrategy) -> str:
    return "\n\n".join(
        say("result", number=number, tool=call.tool, status=outcome.status, text=_shown(outcome, strategy))
        for number, (call, outcome) in enumerate(done, 1)
    )


def _shown(outcome: Outcome, strategy: TurnStrategy) -> str:
    match strategy.tool_result_injection:
        case "full":
            return outcome.text
        case "none":
            return say("hidden_result", status=outcome.status)
        case "summarize":
            first = outcome.summary or one_line(outcome.text.lstrip().split("\n", 1)[0])
            if first == outcome.text:
                return first
            return say("summary_of_result", first=first, size=len(outcome.text.encode("utf-8", "replace")))


def _good(outcome: Outcome) -> bool:
    return outcome.status == "completed"
