"""What `--model` means: `openai/NAME`, `http://host/v1#name`, `scripted:FILE`, ..."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from loopwright.base import MachineError, UsageError, nearest
from loopwright.gateway._keys import host_environ
from loopwright.gateway._providers import OWN_KEY, PROVIDERS, Provider
from loopwright.gateway.wire.neutral import Api
from loopwright.record import home_folder

if TYPE_CHECKING:
    from loopwright.gateway.recorded.source import Recording
    from loopwright.gateway.scripted.schema import Script

__all__ = ["ModelSpec"]

_FORMS = "openai/NAME, anthropic/NAME, openrouter/VENDOR/NAME, http(s)://HOST/v1#NAME, scripted:FILE, recorded:RUN"
_SCHEMES = [*PROVIDERS, "scripted", "recorded", "http", "https"]
_ALL_APIS: tuple[Api, ...] = ("chat", "responses", "messages")


@dataclass(frozen=True)
class ModelSpec:
    """A model as a person names it. It never holds a key, only the name of the variable that does.

    Attributes:
        text: What was typed; of a recorded run its full id, whatever was typed.
        backend: `openai`, `anthropic`, `openrouter`, `http`, `scripted` or `recorded`; recorded with each call.
        name: The model name that is served, recorded and shown.
        base_url: Where requests go, ending in `/v1`; empty for a script.
        key_variable: The host's environment variable that holds the key; may be unset for a URL.
        apis: The wire formats that the backend speaks.
        digest: SHA-256 of everything that could change the answers: the script with its files, the recorded run, or
            the spec.
    """

    text: str
    backend: str
    name: str
    digest: str
    base_url: str = ""
    key_variable: str = ""
    apis: tuple[Api, ...] = _ALL_APIS
    script: Script | None = field(default=None, repr=False, compare=False)
    recording: Recording | None = field(default=None, repr=False, compare=False)

    @property
    def scripted(self) -> bool:
        """Whether the answers come from a script rather than from a model."""
        return self.backend == "scripted"

    @property
    def recorded(self) -> bool:
        """Whether the answers are those of an earlier run."""
        return self.backend == "recorded"

    @classmethod
    def parse(cls, text: str, *, environ: Mapping[str, str] | None = None, home: Path | None = None) -> ModelSpec:
        """Understand `text`, and check that what it needs is here.

        Args:
            text: What was typed.
            environ: Where keys are, instead of the process's environment.
            home: Where recorded runs are; `home_folder()` by default.

        Raises:
            UsageError: The scheme is unknown, a name is missing, the script is missing or wrong, or no
                such run is there.
            MachineError: The provider's key is not set.
        """
        environ = host_environ() if environ is None else environ
        if text.startswith("scripted:"):
            return _scripted(text)
        if text.startswith("recorded:"):
            return _recorded(text, home)
        if text.startswith(("http://", "https://")):
            return _by_url(text)
        provider, slash, name = text.partition("/")
        if slash and provider in PROVIDERS:
            return _hosted(text, PROVIDERS[provider], name, environ)
        raise _unknown(text)


def _scripted(text: str) -> ModelSpec:
    from loopwright.gateway.scripted.load import load_script

    path = text.removeprefix("scripted:")
    if not path:
        raise UsageError("scripted: needs a file", where=f"--model {text}", remedy="Write scripted:FILE.yaml.")
    script, digest = load_script(Path(path))
    return ModelSpec(text, "scripted", script.name, digest, script=script)


def _recorded(text: str, home: Path | None) -> ModelSpec:
    from loopwright.gateway.recorded.source import Recording

    named = text.removeprefix("recorded:")
    if not named:
        raise UsageError(
            "recorded: needs a run", where=f"--model {text}", remedy="Write recorded:ID; see `loopwright list`."
        )
    recording = Recording.find(home_folder() if home is None else home, named)
    full = f"recorded:{recording.run}"
    return ModelSpec(full, "recorded", recording.name, recording.digest, recording=recording)


def _by_url(text: str) -> ModelSpec:
    parts = urlsplit(text)
    if not parts.hostname or parts.query or parts.username or parts.password:
        raise UsageError(
            "a model URL has a host and a path, and neither a password nor a query",
            where="--model",
            remedy=f"Write http://HOST:PORT/v1#NAME, and put a key into {OWN_KEY}.",
        )
    if not parts.fragment:
        raise UsageError(
            "a model URL needs the name of the model",
            where=f"--model {text}",
            remedy=f"Write {text.rstrip('#')}#NAME.",
        )
    base = f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")
    return ModelSpec(text, "http", parts.fragment, _digest(text), base, OWN_KEY)


def _hosted(text: str, provider: Provider, name: str, environ: Mapping[str, str]) -> ModelSpec:
    if not name:
        raise UsageError(f"{provider.name}/ needs a model name", where=f"--model {text}", remedy=f"Forms: {_FORMS}.")
    if not environ.get(provider.key_variable):
        raise MachineError(
            f"{provider.key_variable} is not set, and {text} needs it.",
            where=f"--model {text}",
            remedy=f"Run `export {provider.key_variable}=...`, or use `--model scripted:FILE`, which needs no key.",
        )
    base = (environ.get(provider.base_variable) or provider.base).rstrip("/")
    if provider.version_path and not base.endswith(provider.version_path):
        base += provider.version_path
    return ModelSpec(text, provider.name, name, _digest(text), base, provider.key_variable, provider.apis)


def _unknown(text: str) -> UsageError:
    scheme = text.partition("/")[0].partition(":")[0]
    meant = nearest(scheme, _SCHEMES)
    guess = f" Did you mean {meant}?" if meant and meant != scheme else ""
    return UsageError(f"unknown kind of model.{guess}", where=f"--model {text}", remedy=f"Forms: {_FORMS}.")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
