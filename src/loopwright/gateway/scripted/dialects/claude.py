"""Claude Code's tools. `Edit` refuses a file that was neither read nor written in the session."""

from loopwright.gateway.scripted.dialects.table import Dialect, Shape

CLAUDE = Dialect(
    name="claude",
    signs=("Bash",),
    absolute=True,
    write=Shape("Write", {"path": "file_path", "text": "content"}),
    edit=Shape("Edit", {"path": "file_path", "old": "old_string", "new": "new_string"}),
    shell=Shape("Bash", {"command": "command", "about": "description", "timeout_ms": "timeout"}),
    run_tests=Shape("run_tests", {"path": "test_path"}),
    delegate=Shape(
        "Agent",
        {"prompt": "prompt", "about": "description"},
        {"subagent_type": "general-purpose", "run_in_background": False},
    ),
    read_first=Shape("Read", {"path": "file_path"}),
)
