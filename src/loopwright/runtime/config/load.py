"""Reading a configuration: the files, the merge, the schema, and what only makes sense as a whole."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path

from msgspec import Struct
from pydantic import ValidationError

from loopwright.runtime.config.checks import check
from loopwright.runtime.config.merging import read_merged
from loopwright.runtime.config.problems import ConfigError, Problem, schema_problems
from loopwright.runtime.config.reads import read_files
from loopwright.runtime.config.schema import AgentConfig
from loopwright.runtime.config.written import Origin, Tree, plain

__all__ = ["LoadedConfig", "Origin", "load_config"]


class LoadedConfig(Struct, frozen=True):
    """A configuration that can be used.

    Attributes:
        path: The file that was asked for; absolute.
        config: What it says, paths absolute.
        files: Everything that was read: the YAML files, lowest first, then prompts, templates and tools.
        digest: SHA-256 (hex) of the content of all of these; the same wherever they lie.
        notices: What is written and has no effect as things are, for people.
        tree: The merged file, with the place of each value (`explain`).
    """

    path: Path
    config: AgentConfig
    files: tuple[Path, ...]
    digest: str
    notices: tuple[Problem, ...]
    tree: Tree

    @property
    def name(self) -> str:
        """What the agent is called."""
        return self.config.profile.name or self.path.stem


def load_config(path: Path, *, tools: Collection[str] | None = None) -> LoadedConfig:
    """Read and check a configuration.

    Args:
        path: The YAML file.
        tools: Ids of the tools that it offers; read from its `tools.registry` where None.

    Raises:
        UsageError: A file cannot be read or is no YAML, or files extend each other in a circle.
        ConfigError: A `UsageError` with all that is wrong in its `problems`.
    """
    tree, yamls = read_merged(path)
    try:
        config = AgentConfig.model_validate(plain(tree))
    except ValidationError as error:
        raise ConfigError(schema_problems(error, tree)) from None
    texts, problems = read_files(config, tree)
    if problems:
        raise ConfigError(problems)
    problems, notices = check(config, tree, tools)
    if problems:
        raise ConfigError(problems)
    contents = [(file.name, file.read_bytes()) for file in yamls] + [(label, data) for label, _, data in texts]
    files = tuple(dict.fromkeys([*yamls, *(file for _, file, _ in texts)]))
    return LoadedConfig(path.absolute(), config, files, _digest(contents), tuple(notices), tree)


def _digest(contents: list[tuple[str, bytes]]) -> str:
    """Over names and contents. Names are not whole paths, so that a copy elsewhere has the same digest."""
    total = hashlib.sha256()
    for label, data in contents:
        total.update(hashlib.sha256(label.encode()).digest() + hashlib.sha256(data).digest())
    return total.hexdigest()
