"""Codex's tools: everything goes through `exec_command`; files are written with `apply_patch`.

An edit is a replacement inside a line as often as not, and a patch can only replace whole lines that it knows, so an
edit becomes a shell command.
"""

from loopwright.gateway.scripted.dialects.table import Dialect, Shape

CODEX = Dialect(
    name="codex",
    signs=("exec_command",),
    absolute=False,
    write=None,
    edit=None,
    shell=Shape("exec_command", {"command": "cmd", "timeout_ms": "yield_time_ms"}),
    run_tests=Shape("run_tests", {"path": "test_path"}),
    delegate=Shape("spawn_agent", {"prompt": "message"}),
    wait=Shape("wait_agent", {"ids": "targets"}, {"timeout_ms": 600_000}),
    patch=True,
)
