"""OpenCode's tools. The calls of one reply run at the same time."""

from loopwright.gateway.scripted.dialects.table import Dialect, Shape

OPENCODE = Dialect(
    name="opencode",
    signs=("bash",),
    absolute=True,
    write=Shape("write", {"path": "filePath", "text": "content"}),
    edit=Shape("edit", {"path": "filePath", "old": "oldString", "new": "newString"}),
    shell=Shape("bash", {"command": "command", "about": "description", "timeout_ms": "timeout"}),
    run_tests=Shape("run_tests", {"path": "test_path"}),
    delegate=Shape("task", {"prompt": "prompt", "about": "description"}, {"subagent_type": "general"}),
)
