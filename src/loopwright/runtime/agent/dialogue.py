"""The state of one conversation: what was said, where the newest reply stands, and what follows from it.

Every change of state happens in a method that the live loop and the restoring of a recorded run both call, in the same
order; that is why a resumed run sends the same bytes as one that was never killed.
"""

from __future__ import annotations

from msgspec import Struct, structs

from loopwright.record import Usage
from loopwright.runtime.agent.book import Book
from loopwright.runtime.agent.book import Entry as Account
from loopwright.runtime.agent.completion import Decision, decide
from loopwright.runtime.agent.harness import Harness
from loopwright.runtime.agent.items import MODE, NUDGE, STEER
from loopwright.runtime.agent.modes import Position
from loopwright.runtime.agent.relay import relayed
from loopwright.runtime.agent.stuck import in_words
from loopwright.runtime.agent.texts import say
from loopwright.runtime.calls import Call, Malformed, Outcome
from loopwright.runtime.dialects import explain
from loopwright.runtime.dialects.dialect import block_name
from loopwright.runtime.providers.types import Entry, Prompt, Reply

__all__ = ["Dialogue", "Ending", "Speech"]


class Speech(Struct, frozen=True):
    """Something that the loop is about to say. `kind` is the item type of its part; `why` the decision behind it."""

    kind: str
    text: str
    why: str = ""


class Ending(Struct, frozen=True):
    """How a turn ends: `finished`, `stuck` or `limit`, and the evidence."""

    kind: str
    detail: str


class Dialogue:
    """One conversation under one profile.

    Attributes:
        entries: What requests carry after the system prompt.
        position: Where the sequence of modes stands; None before the first prompt.
        calls: All calls of the newest reply in text order, broken blocks among them.
        broken: By call id, what is wrong with a block that could not be read.
        heard_in: The mode in which the newest reply was heard, which may be over by now.
        used: The tokens of the newest reply, as far as they are known.
        instead: The model that gave it, where that is not the one of the run.
        answers: What the first of `calls` came to.
        due: What the loop says next, in order.
        ending: How the turn ends; None while it goes on.
    """

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.book = Book(harness.config.loop.stuck.window)
        self.entries: list[Entry] = []
        self.position: Position | None = None
        self.reply: Reply | None = None
        self.calls: tuple[Call, ...] = ()
        self.broken: dict[str, Malformed] = {}
        self.heard_in = ""
        self.used: int | None = None
        self.instead = ""
        self.answers: list[tuple[Call, Outcome]] = []
        self.accounts: list[Account] = []
        self.due: list[Speech] = []
        self.ending: Ending | None = None
        self._prose = ""
        self._nudged = False

    @property
    def mode(self) -> str:
        """The present mode."""
        return self.position.mode if self.position is not None else self.harness.config.modes[0].name

    def prompt(self, text: str) -> None:
        """A new turn begins. Calls that were cut off get an answer first, since the APIs want one for each."""
        if self.reply is not None:
            for call in self.calls[len(self.answers) :]:
                cut = say("cut_off")
                self.answer(call, Outcome(cut, "failed"), Account(call.tool, call.arguments, cut, "failed"))
                self.book.call(self.accounts[-1])
            self._relay()
        if self.position is None:
            features = self.harness.sequencer.features(None)
            self.position = self.harness.sequencer.begin(self.book.facts(None, features))
        elif self.position.over:
            self.position = structs.replace(self.position, replies=0)
        self.due.clear()
        self.ending = None
        self._nudged = False
        self.book.circles.forget()
        self.book.replies_without_call = 0
        per_turn = self.harness.per_turn(self.mode)
        self.entries.append(Prompt("\n\n".join(piece for piece in (text, per_turn) if piece)))

    def hear(self, reply: Reply, usage: Usage | None, instead: str = "") -> None:
        """The model answered, or another one `instead`."""
        number = self.book.replies + 1
        parsed = self.harness.grammar(self.mode).parse(reply.text, number)
        self.broken = {f"broken_{number}_{index}": fault for index, fault in enumerate(parsed.malformed, 1)}
        faults = [_faulty(call_id, fault, reply.text) for call_id, fault in self.broken.items()]
        written = sorted((*parsed.calls, *faults), key=lambda call: call.span or (0, 0))
        self.reply, self._prose, self.heard_in = reply, parsed.prose, self.mode
        self.calls = (*reply.calls, *written)
        self.answers, self.accounts = [], []
        self.used, self.instead = usage.total if usage else None, instead
        self.book.new_reply(reply.text, usage)

    def fault(self, call: Call) -> Outcome:
        """What the model is told of a block that cannot be read."""
        return Outcome(explain(self.broken[call.call_id]), "failed", rule=f"malformed.{call.dialect}")

    def answer(self, call: Call, outcome: Outcome, account: Account) -> None:
        """The next call was answered; its account is in the book already."""
        self.answers.append((call, outcome))
        self.accounts.append(account)

    def done(self) -> None:
        """All calls of the reply were answered: decide what follows."""
        reply = self.reply
        if reply is None or self.position is None:
            raise RuntimeError("a reply comes before its end")
        self.book.reply_done(len(self.calls))
        decision = decide(
            self.harness.config.completion,
            finished_with=self.book.finished_with,
            prose=self._prose,
            calls=len(self.calls),
            finish_reason=reply.finish_reason,
            replies_without_call=self.book.replies_without_call,
        )
        self._relay()
        self._move(decision)
        if self.ending is None:
            self._look_for_circles()

    def say(self, speech: Speech) -> None:
        """The loop, or a person, said something. A person who steers keeps the turn open."""
        if speech.kind == STEER:
            self.ending, self._nudged = None, False
            self.book.circles.forget()
        self.entries.append(Prompt(speech.text))
        if self.due and self.due[0].kind == speech.kind:
            self.due.pop(0)

    def _relay(self) -> None:
        if self.reply is not None:
            self.entries += relayed(self.reply, self.answers, self.harness.config.loop.turn_strategy)
            self.reply = None

    def _move(self, decision: Decision) -> None:
        before = self.position
        if before is None:
            raise RuntimeError("a prompt comes before a reply")
        facts = self.book.facts(_counted(before), self.harness.sequencer.features(before))
        move = self.harness.sequencer.after_reply(before, facts, finished=decision.ends)
        self.position = move.position
        if move.position.over and (move.why or decision.ends):
            over = f"the sequence of modes is over: `{before.mode}` was left ({move.why})"
            self.ending = Ending("finished", decision.detail if decision.ends else over)
        elif move.why:
            self.book.new_mode()
            self.book.replies_without_call = 0
            text = say("mode", mode=self.mode, text=self.harness.per_turn(self.mode)).rstrip()
            self.due.append(Speech(MODE, text, f"{before.mode} is over ({move.why})"))
        elif not self.calls:
            self.due.append(Speech(NUDGE, say("no_call"), decision.detail))

    def _look_for_circles(self) -> None:
        stuck = self.harness.config.loop.stuck
        circle = self.book.circles.circle() if stuck.enabled else None
        if circle is None:
            return
        if not stuck.nudge or (self._nudged and not self.book.circles.long_ago):
            self.due.clear()
            self.ending = Ending("stuck", in_words(circle, told=stuck.nudge))
            return
        self._nudged = True
        self.book.circles.forget()
        self.due = [speech for speech in self.due if speech.kind != NUDGE]
        self.due.append(Speech(NUDGE, say(f"stuck_{circle}"), circle))


def _faulty(call_id: str, fault: Malformed, text: str) -> Call:
    """A block that cannot be read, as a call that will be answered with what is wrong."""
    return Call(call_id, block_name(fault.dialect), None, text[slice(*fault.span)], "text", fault.dialect, fault.span)


def _counted(position: Position) -> Position:
    return structs.replace(position, replies=position.replies + 1)
