"""The HTML page around the picture: facts above, tables below, nothing loaded from anywhere."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from html import escape
from typing import Any

from loopwright.base import printable
from loopwright.view._labels import UNKNOWN, headline, moment, plural, reason, short, subline

__all__ = ["page"]

_STYLE = """
:root { color-scheme: light; }
body { margin: 0 auto; padding: 8px 24px 60px; max-width: 1420px; background: #fff; color: #1f2430;
  font: 15px/1.5 "Liberation Sans", Arial, Helvetica, sans-serif; }
h2 { font-size: 19px; margin: 34px 0 8px; }
/* Drawn at one size, and made smaller where the window is narrow: nothing is ever cut. */
#picture, #picture .vega-embed { display: block; width: 100%; }
#picture svg { display: block; max-width: 100%; height: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 5px 14px 5px 0; border-bottom: 1px solid #e4e7ec; }
th { color: #667085; font-weight: normal; }
th[scope=row], .commit { white-space: nowrap; }
code, pre { font: 13px/1.45 "Liberation Mono", Menlo, Consolas, monospace; }
td { overflow-wrap: anywhere; }
pre { margin: 4px 0 10px; padding: 8px 10px; background: #f5f6f8; white-space: pre-wrap; max-height: 320px;
  overflow: auto; }
.failed { color: #a50f3c; } .error, .timeout { color: #9a5b00; } .quiet { color: #667085; }
#vg-tooltip-element table { width: auto; }
"""
_MOST_FILES = 20
# The drawing code: expressions are interpreted, never compiled, so that the page needs no `eval`.
_DRAW = """
const spec = JSON.parse(document.getElementById("spec").textContent);
vegaEmbed("#picture", spec, {mode: "vega-lite", renderer: "svg", ast: true, actions: false})
  .then(() => { document.body.dataset.drawn = "yes"; });
"""


def page(spec: dict[str, Any], data: dict[str, Any]) -> str:
    """The whole page as text."""
    script = _script()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:"
    title = _text(headline(data["trajectory"]))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1 hidden>{title}</h1>
<div id="picture" role="img" aria-label="{_text(subline(data))}"></div>
{_facts(data["trajectory"])}
{_checkpoints(data)}
{_failing(data["failing"])}
{_regressions(data["regressions"])}
{_notices(data["notices"])}
<script type="application/json" id="spec">{_json(spec)}</script>
<script>{script}</script>
</body>
</html>
"""


def _script() -> str:
    import vl_convert

    bundle: str = vl_convert.javascript_bundle(_DRAW)
    return bundle.replace("</script", "<\\/script")


def _json(spec: dict[str, Any]) -> str:
    """JSON that cannot end the element it stands in; the schema's address is left out, as nothing needs it."""
    bare = {key: value for key, value in spec.items() if key != "$schema"}
    return json.dumps(bare, separators=(",", ":")).replace("<", "\\u003c")


def _text(value: object) -> str:
    """Untrusted text for HTML: escaped, and without control characters."""
    return escape(printable(str(value)))


def _code(value: object) -> str:
    return f"<code>{_text(value)}</code>"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of cells that are HTML already."""
    head = "".join(f"<th>{cell}</th>" for cell in heads)
    body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>"


def _facts(facts: dict[str, Any]) -> str:
    rows = [
        ("trajectory", _code(facts["trajectory_id"])),
        ("agent", _text(f"{facts['agent']} {facts['agent_version']}")),
        ("model", _text(facts["model"] or facts["agent_model"]) + (" (scripted)" if facts["scripted"] else "")),
        ("task", _text(facts["task"])),
        ("sandbox", _text(facts["isolation"] or facts["sandbox"])),
        ("started", _text(moment(facts["started_at"])) + " UTC"),
        ("ended", _text(_end(facts))),
        ("final commit", _code(facts["final_git_commit"] or UNKNOWN)),
    ]
    body = "".join(f'<tr><th scope="row">{name}</th><td>{value}</td></tr>' for name, value in rows)
    return f"<h2>The trajectory</h2>\n<table><tbody>{body}</tbody></table>"


def _end(facts: dict[str, Any]) -> str:
    """Why and when, as `show` says it."""
    words = reason(facts["reason"])
    return f"{words}, {moment(facts['ended_at'])} UTC" if facts["ended_at"] else words


def _checkpoints(data: dict[str, Any]) -> str:
    rows = [
        (
            str(row["part"]),
            str(row["turn"]),
            f'<span class="commit">{_code(short(row["commit"], 12))}</span>',
            _graded(row),
            _code(", ".join(row["changed_files"][:_MOST_FILES])) + _more(len(row["changed_files"]) - _MOST_FILES),
            _text(row["summary"]),
        )
        for row in data["checkpoints"]
    ]
    heads = ("part", "turn", "commit", "tests passed", "changed files", "summary")
    table = _table(heads, rows) if rows else _none("No part changed a file.")
    return f"<h2>{plural(len(rows), 'checkpoint')}</h2>\n{table}"


def _more(hidden: int) -> str:
    return f" and {hidden:,} more" if hidden > 0 else ""


def _graded(row: dict[str, Any]) -> str:
    if row["grade_id"] is None:
        return '<span class="quiet">not graded</span>'
    of = f" ({_text(row['path'])} only)" if row["path"] else ""
    return f"{row['passed']} of {row['total']}{of}"


def _failing(cases: list[dict[str, Any]]) -> str:
    if not cases:
        return "<h2>Failing tests</h2>\n" + _none("No test fails in its newest result.")
    rows = [
        (
            _code(case["id"]),
            f'<span class="{_text(case["status"])}">{_text(case["status"])}</span>',
            _text(case.get("message", "")) + _texts(case),
        )
        for case in cases
    ]
    return f"<h2>{plural(len(rows), 'failing test')}</h2>\n" + _table(("test", "status", "what happened"), rows)


def _texts(case: dict[str, Any]) -> str:
    shown = [
        f"<div class='quiet'>{name}</div><pre>{_text(case[name])}</pre>"
        for name in ("input", "expected", "actual")
        if case.get(name)
    ]
    return f"<details><summary>details</summary>{''.join(shown)}</details>" if shown else ""


def _regressions(found: list[dict[str, Any]]) -> str:
    if not found:
        return ""
    rows = [
        (
            _code(row["id"]),
            str(row["passed_at_part"]),
            f"{row['part']} ({_text(row['status'])})",
            ", ".join(map(str, row["suspects"])) or "none: the same commit gave another result",
            str(row["fixed_at_part"] or "not fixed"),
        )
        for row in found
    ]
    heads = ("test", "passed at part", "failed at part", "parts that changed files between", "passed again at part")
    return f"<h2>{plural(len(rows), 'regression')}</h2>\n" + _table(heads, rows)


def _notices(notices: list[dict[str, Any]]) -> str:
    if not notices:
        return ""
    rows = [(_text(row["level"]), _code(row["code"]), _text(row["message"])) for row in notices]
    return "<h2>Notices</h2>\n" + _table(("level", "code", "message"), rows)


def _none(sentence: str) -> str:
    return f'<p class="quiet">{sentence}</p>'
