"""Our own agent's tools."""

from loopwright.gateway.scripted.dialects.table import Dialect, Shape

NATIVE = Dialect(
    name="native",
    signs=("run_shell",),
    absolute=False,
    write=Shape("write_file", {"path": "path", "text": "content"}),
    edit=Shape("edit_file", {"path": "path", "old": "old", "new": "new"}),
    shell=Shape("run_shell", {"command": "command", "timeout": "timeout"}),
    run_tests=Shape("run_tests", {"path": "test_path"}),
)
