"""Killing the writer of a journal at random moments: `LOOPWRIGHT_KILLS` times, 200 by default."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_KILLER = Path(__file__).with_name("journal_killer.py")


@pytest.mark.kill
@pytest.mark.timeout(3600)
def test_no_acknowledged_event_is_lost_by_a_killed_writer(tmp_path: Path) -> None:
    kills = int(os.environ.get("LOOPWRIGHT_KILLS", "200"))
    seed = int.from_bytes(os.urandom(4), "little")
    command = [sys.executable, str(_KILLER), str(tmp_path), str(kills), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"seed {seed}: {done.stderr}"
    totals = json.loads(done.stdout)
    assert totals["kills"] == kills
    assert totals["lost"] == 0, f"seed {seed}: {totals}"
    assert totals["acknowledged"] > 5 * kills
