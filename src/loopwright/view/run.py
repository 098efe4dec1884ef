"""What `show ID` prints: one trajectory, from its facts to its artifacts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from loopwright.base import one_line, printable
from loopwright.record import Steered, SuiteCount, Trace, TracePart, TraceTurn
from loopwright.view._labels import (
    UNKNOWN,
    duration,
    elide,
    fork_words,
    limit_words,
    model_name,
    moment,
    money,
    plural,
    reason,
    short,
    thousands,
)
from loopwright.view.tables import facts_grid

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

__all__ = ["run_view"]

_LEVELS = {"info": "dim", "warning": "yellow", "error": "red"}


def run_view(trace: Trace, *, running: bool = False) -> RenderableType:
    """Facts, limits, end, suites, turns, checkpoints, notices and artifacts of a trajectory, one below the other."""
    from rich.console import Group

    return Group(
        facts_grid(_facts(trace, running)),
        *_section("Suites", _suites(trace)),
        *_section("Turns", _turns(trace)),
        *_section("Checkpoints", _checkpoints(trace)),
        *_section("Changed by people", _interventions(trace)),
        *_section("Notices", _notices(trace)),
        *_section("Artifacts", _artifacts(trace)),
    )


def _text(value: object, style: str = "") -> Text:
    from rich.text import Text

    return Text(printable(str(value)), style)


def _section(title: str, body: RenderableType | None) -> list[RenderableType]:
    return [] if body is None else [_text(""), _text(title, "bold"), body]


def _facts(trace: Trace, running: bool) -> list[tuple[str, Text]]:
    model = model_name(trace.model, trace.agent_model, trace.scripted)
    named = f"{model} ({trace.model})" if trace.model not in ("", model) else model
    rows = [
        ("trajectory", _text(trace.trajectory_id, "bold")),
        ("agent", _text(f"{trace.agent} {trace.agent_version}".strip())),
        ("model", _text(named, "magenta" if trace.scripted else "")),
        ("task", _text(f"{trace.task} ({trace.task_path})")),
        ("sandbox", _text(trace.isolation or trace.sandbox)),
        ("started", _text(f"{moment(trace.started_at)} UTC")),
        ("ended", _end(trace, running)),
        ("limits", _text(limit_words(trace.limits))),
        ("used", _text(_used(trace))),
    ]
    if trace.parent is not None:
        rows.append(
            ("forked from", _text(f"{trace.parent}, after part {trace.parent_part}{fork_words(trace.options)}"))
        )
    if trace.resumed_after:
        rows.append(("resumed", _text("after part " + ", ".join(map(str, trace.resumed_after)))))
    return rows


def _end(trace: Trace, running: bool) -> Text:
    end = trace.session_end
    if end is None:
        return _text("running", "cyan") if running else _text("interrupted; it can be resumed", "yellow")
    text = _text(reason(end.reason), "bold green" if end.reason == "solved" else "bold yellow")
    text.append_text(_text(f", {moment(end.timestamp)} UTC, commit {short(end.final_git_commit, 12)}"))
    return text.append_text(_text(f"\n{end.detail}", "dim")) if end.detail else text


def _used(trace: Trace) -> str:
    totals = trace.totals
    usage = totals.usage
    cost = "cost unknown" if totals.cost is None else money(totals.cost)
    kinds = {
        "in": usage.input_tokens,
        "cached": usage.cache_read_tokens,
        "written to cache": usage.cache_write_tokens,
        "out": usage.output_tokens,
    }
    split = ", ".join(f"{thousands(count)} {kind}" for kind, count in kinds.items() if count)
    counts = f"{plural(len(trace.parts), 'part')} in {plural(len(trace.turns), 'turn')}"
    tokens = f"{thousands(usage.total)} tokens ({split or 'none'})"
    waited = f" ({duration(totals.waited_seconds)} waiting for the provider)" if totals.waited_seconds >= 1 else ""
    took = duration(totals.active_seconds) + waited
    calls = plural(totals.model_calls, "model call") + _purposes(trace)
    return f"{counts}, {calls}, {tokens}, {cost}, {took}"


def _purposes(trace: Trace) -> str:
    """What calls were for, beside the agent's own turns."""
    words = {"subagent": "by sub-agents", "title": "for a title", "compaction": "for compaction", "side": "aside"}
    counts = Counter(call.purpose for call in trace.model_calls)
    told = [f"{counts[purpose]} {name}" for purpose, name in words.items() if counts[purpose]]
    return f" ({', '.join(told)})" if told else ""


def _table(heads: Iterable[str], rows: Sequence[Sequence[Text | str]], right: Iterable[str] = ()) -> RenderableType:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for head in heads:
        table.add_column(head, justify="right" if head in set(right) else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _suites(trace: Trace) -> RenderableType | None:
    graded = trace.parts[-1].testing_state.suites if trace.parts else {}
    if not trace.suites and not graded:
        return None
    names = list(dict.fromkeys([*trace.suites, *graded]))
    rows = [_suite(name, graded.get(name), trace.suites.get(name, 0)) for name in names]
    return _table(("suite", "passed", "failed", "expected", ""), rows, right=("passed", "failed", "expected"))


def _suite(name: str, count: SuiteCount | None, expected: int) -> list[Text | str]:
    if count is None:
        return [_text(name), UNKNOWN, UNKNOWN, str(expected), _text("not graded as a whole", "dim")]
    solved = count.passed == max(expected, count.expected)
    return [
        _text(name),
        _text(count.passed, "green" if solved else "yellow"),
        _text(count.failed, "red" if count.failed else ""),
        str(count.expected),
        _text(one_line(count.error, 60), "red"),
    ]


def _turns(trace: Trace) -> RenderableType | None:
    rows: list[list[Text | str]] = [
        [str(turn.turn), _range(turn), short(turn.git_commit or None, 12), _outcome(turn)] for turn in trace.turns
    ]
    return _table(("turn", "parts", "commit", "outcome"), rows, right=("turn",)) if rows else None


def _range(turn: TraceTurn) -> str:
    end = "…" if turn.part_end is None else str(turn.part_end)
    return f"{turn.part_start}–{end}"


def _outcome(turn: TraceTurn) -> Text:
    text = _text(turn.outcome or "not ended", "" if turn.outcome == "finished" else "yellow")
    return text.append_text(_text(f" {one_line(turn.detail, 160)}", "dim")) if turn.detail else text


def _checkpoints(trace: Trace) -> RenderableType | None:
    rows = [_checkpoint(trace, part) for part in trace.parts if part.repo_checkpoint and part.repo_checkpoint.committed]
    return _table(("part", "turn", "commit", "tests", "files"), rows, right=("part", "turn", "tests")) if rows else None


def _checkpoint(trace: Trace, part: TracePart) -> list[Text | str]:
    checkpoint = part.repo_checkpoint
    files = checkpoint.changed_files if checkpoint else ()
    grades = [grade for grade in trace.grades if grade.commit == part.git_commit]
    best = max(grades, key=lambda grade: grade.total, default=None)
    more = f" and {len(files) - 2} more" if len(files) > 2 else ""
    return [
        str(part.part),
        str(part.turn),
        short(part.git_commit, 12),
        f"{best.passed}/{best.total}" if best else UNKNOWN,
        _text(", ".join(elide(one_line(path), 24) for path in files[:2]) + more),
    ]


def _notices(trace: Trace) -> RenderableType | None:
    rows = [(notice.level, _text(one_line(notice.message, 1000), _LEVELS[notice.level])) for notice in trace.notices]
    return facts_grid(rows) if rows else None


def _interventions(trace: Trace) -> RenderableType | None:
    """What was said to the agent, and which limits were changed, in order."""
    rows = [(steered.timestamp, f"told after part {steered.part}", _text(_told(steered))) for steered in trace.steering]
    rows += [
        (change.timestamp, "limits", _text(f"{limit_words(change.limits)} ({change.source})"))
        for change in trace.limit_changes
    ]
    return facts_grid([(name, text) for _, name, text in sorted(rows, key=lambda row: row[0])]) if rows else None


def _told(steered: Steered) -> str:
    said = steered.text.value if isinstance(steered.text.value, str) else steered.text.preview
    return one_line(said, 400) + ("" if steered.delivered == "now" else " (heard at the next turn)")


def _artifacts(trace: Trace) -> RenderableType | None:
    """Names and places; a place is not broken into lines, so that it can be copied, or clicked on."""
    from rich.text import Text

    if not trace.artifacts:
        return None
    width = max(map(len, trace.artifacts))
    lines = Text(no_wrap=True, overflow="ignore")
    for name, place in trace.artifacts.items():
        lines.append(f"{one_line(name):<{width}}", "dim").append(f"  {printable(place)}\n")
    lines.rstrip()
    return lines
