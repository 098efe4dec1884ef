"""Agents' own programs: which versions are known, where they are, and installing them."""

from loopwright.agents.programs.finding import Program, check_program, find
from loopwright.agents.programs.installing import install
from loopwright.agents.programs.places import agents_folder, installed_folder
from loopwright.agents.programs.versions import RELEASES, Release, release_of

__all__ = [
    "RELEASES",
    "Program",
    "Release",
    "agents_folder",
    "check_program",
    "find",
    "install",
    "installed_folder",
    "release_of",
]
