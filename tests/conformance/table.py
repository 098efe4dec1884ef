"""The table of what each agent can show, in `docs/agents.md`.

python -m tests.conformance.table --check     ends with 1 where the page says something else
python -m tests.conformance.table --write     writes it into the page
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.conformance.agents import AGENTS, EXCEPTIONS, FACTS, POINTS

__all__ = ["PAGE", "in_page", "table"]

PAGE = Path(__file__).parents[2] / "docs" / "agents.md"
_BEGIN = "<!-- made by: python -m tests.conformance.table --write -->\n"
_END = "<!-- end -->\n"


def table() -> str:
    """The table, in Markdown: a row for each point and fact, a column for each agent."""
    titles = [entrant.title for entrant in AGENTS.values()]
    rows = [["", *titles], ["---"] * (len(titles) + 1)]
    for point in (*POINTS, *FACTS):
        rows.append([point, *(_cell(name, point) for name in AGENTS)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _cell(name: str, point: str) -> str:
    exception = EXCEPTIONS[name].get(point)
    return "yes" if exception is None else exception.words


def in_page(page: str) -> str:
    """The page with the table as it has to be.

    Raises:
        ValueError: The page has no place for it.
    """
    before, _, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not end:
        raise ValueError(f"the page needs the lines {_BEGIN!r} and {_END!r}")
    return f"{before}{_BEGIN}\n{table()}\n{_END}{after}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    page = PAGE.read_text()
    wanted = in_page(page)
    if options.write:
        PAGE.write_text(wanted)
    elif wanted != page:
        print(f"{PAGE} is not up to date; run: python -m tests.conformance.table --write")
    return 1 if options.check and wanted != page else 0


if __name__ == "__main__":
    sys.exit(main())
