"""Nothing that an agent starts looks outside, with the settings that we give it: a name server sees no question.

In our sandbox it could not anyway. So the agents run without one here, where a look-up would be seen.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from tests.agents.programs_fixture import ensure_agents
from tests.conformance.agents import AGENTS
from tests.conftest import write_tiny_task

from loopwright.agents.programs import find
from loopwright.record import RunDir, fold, read_events

pytestmark = pytest.mark.slow

_QUIET_NET = Path(__file__).with_name("quiet_net.py")
_SCRIPT = """\
version: 1
name: quiet
replies:
  - {say: I look., calls: [{shell: ls}]}
  - {say: I write., calls: [{shell: "echo 'echo hello $1' > greet.sh"}, {run_tests: ""}]}
  - {say: Done.}
"""
# As a person would start them; with our switches off they ask for names at once.
_LOUD = {
    "codex": (("exec", "--skip-git-repo-check", "hi"), {"OPENAI_API_KEY": "none"}),
    "claude": (("-p", "hi"), {"ANTHROPIC_API_KEY": "none", "IS_SANDBOX": "1", "CLAUDE_CODE_MAX_RETRIES": "0"}),
    "opencode": (("models",), {}),
}


def _names_asked_for(folder: Path, command: list[str], env: dict[str, str], which: str = "all") -> Counter[str]:
    """Run a command without a network, and count the names that it looks up; `first` ends it after the first one."""
    log = folder / "names"
    unshare = ["unshare", "--map-root-user", "--net", "--mount"]
    words = [*unshare, sys.executable, str(_QUIET_NET), str(log), "250", which, *command]
    subprocess.run(words, env=env, cwd=folder, check=False)
    return Counter(log.read_text().split())


@pytest.mark.parametrize("name", AGENTS)
def test_a_whole_run_looks_up_no_name(name: str, tmp_path: Path) -> None:
    entrant = AGENTS[name]
    ensure_agents(*entrant.programs)
    task, script = write_tiny_task(tmp_path / "greet"), tmp_path / "script.yaml"
    script.write_text(_SCRIPT)
    words = ["run", "--task", str(task), "--model", f"scripted:{script}", "--agent", entrant.agent]
    command = [sys.executable, "-m", "loopwright", *words, "--sandbox", "host", "--trajectory-id", "quiet", "--plain"]
    asked = _names_asked_for(tmp_path, command, {**os.environ, "LOOPWRIGHT_HOME": str(tmp_path / "home")})
    trace = fold(event for _, event in read_events(RunDir(tmp_path / "home", "quiet").journal))
    assert trace.session_end is not None
    assert trace.session_end.reason == "solved"
    assert asked == Counter()


@pytest.mark.parametrize("name", _LOUD)
def test_without_our_settings_it_would_be_seen(name: str, tmp_path: Path) -> None:
    ensure_agents(name)
    words, env = _LOUD[name]
    program = find(name)
    base = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    assert _names_asked_for(tmp_path, [*program.launcher, str(program.path), *words], {**base, **env}, "first")
