"""`python main.py --schema-v2 CONFIG --task FILE -m N [-w DIR]`: the same as `loopwright agent`.

Keys may stand in a file `.env` beside this one.
"""

from __future__ import annotations

import sys
from pathlib import Path

from loopwright.cli._dotenv import load_dotenv
from loopwright.cli.agent import agent
from loopwright.cli.app import run_command


def main() -> object:
    """Run the command."""
    load_dotenv(Path(__file__).with_name(".env"))
    # Profiles have no other version than 2, so that there is nothing to choose.
    words = [word for word in sys.argv[1:] if word != "--schema-v2"]
    return agent.main(words, standalone_mode=False, prog_name="main.py")


if __name__ == "__main__":
    run_command(main)
