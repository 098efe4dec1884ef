"""Write docs/cli.md from the commands themselves; `--check` only says whether it is up to date."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from loopwright.cli.app import cli

_PAGE = Path(__file__).resolve().parent.parent / "docs" / "cli.md"
_HEAD = """# Command line

<!-- Written by `make docs` from the commands themselves; `make check` fails where it is out of date. -->

Runs are named by their id, by the beginning of it, or by `latest`. They are kept in `$LOOPWRIGHT_HOME`, by default
`.loopwright` in the current folder.

With `--json` a command prints one JSON value on standard output, `logs` one a line. Later versions may add keys to what
it says; they take none away. What is wrong is said on standard error, and what to type next on the line below:

```text
error: WHERE: WHAT
       WHAT TO DO
```

The shell completes commands, options and ids after `eval "$(_LOOPWRIGHT_COMPLETE=bash_source loopwright)"`
(`zsh_source` for zsh, `fish_source` for fish).

## Exit codes

| code | meaning |
|---|---|
| 0 | done: the run is solved, all tests passed, the record is whole |
| 1 | ended without reaching the goal |
| 2 | wrong use or configuration: a flag, a file, a name |
| 3 | this machine lacks something: a tool, isolation, a key, disk space |
| 130 | interrupted from the keyboard; the record is complete |
"""


def page() -> str:
    """The whole page as Markdown."""
    context = click.Context(cli, info_name="loopwright", max_content_width=100, terminal_width=100)
    return "\n".join([_HEAD, *_sections(cli, context, "##")])


def _sections(group: click.Group, context: click.Context, level: str) -> Iterator[str]:
    """One section for each command of a group, and after a group's own those of its commands."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=context, max_content_width=100, terminal_width=100)
        yield f"{level} `{inner.command_path}`\n\n```text\n{command.get_help(inner)}\n```\n"
        if isinstance(command, click.Group):
            yield from _sections(command, inner, f"{level}#")


def main() -> int:
    """Write the page, or compare it."""
    text = page()
    if "--check" in sys.argv[1:]:
        if not _PAGE.exists() or _PAGE.read_text() != text:
            print(f"{_PAGE} is out of date; type: make docs", file=sys.stderr)
            return 1
        return 0
    _PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
