"""`python main.py --schema-v2 CONFIG --task FILE -m N [-w DIR]`: the same as `loopwright agent`."""

from __future__ import annotations

import sys

from loopwright.cli.agent import agent
from loopwright.cli.app import run_command

if __name__ == "__main__":
    # Profiles have no other version than 2, so that there is nothing to choose.
    words = [word for word in sys.argv[1:] if word != "--schema-v2"]
    run_command(lambda: agent.main(words, standalone_mode=False, prog_name="main.py"))
