"""The command line: one thin module per group of commands, loaded when it is used."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line, and exit with the code that docs/cli.md explains."""
    try:
        from loopwright.cli.app import entry

        entry()
    except KeyboardInterrupt:  # before or after everything that handles it better
        sys.exit(130)
