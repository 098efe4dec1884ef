"""The tale of every agent, told once however many tests and test processes look at it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conformance.agents import AGENTS
from tests.conformance.tale import Tale, shared_tale


@pytest.fixture(scope="session")
def shared_root(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all test processes of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session", params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in AGENTS])
def agent(request: pytest.FixtureRequest) -> str:
    """The name of an agent, one after the other."""
    return str(request.param)


@pytest.fixture(scope="session")
def tale(agent: str, shared_root: Path) -> Tale:
    """Its tale."""
    return shared_tale(shared_root, agent, AGENTS)
