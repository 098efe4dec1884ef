"""Templates: Jinja2 in its sandbox, where an unknown name is an error and no file can be read."""

from __future__ import annotations

import functools
import json
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from loopwright.base import UsageError

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment

__all__ = ["Template", "read_text", "shipped"]

_HERE = files(__package__) / "templates"
_PARTS = "_parts.j2.md"


class Template(Struct, frozen=True):
    """A template's text, and the file that it came from."""

    source: str
    text: str

    @classmethod
    def read(cls, path: Path, where: str) -> Template:
        """The template in a file.

        Raises:
            UsageError: The file cannot be read, or is not UTF-8; `where` names the key of the config.
        """
        return cls(str(path), read_text(path, where, "the template "))

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that stand for the template's content, with that of the shared parts."""
        return sha256(f"{_parts()}\0{self.text}".encode()).hexdigest()[:12]

    def render(self, values: dict[str, Any], where: str) -> str:
        """Fill in the template.

        Raises:
            UsageError: It is wrong: syntax, an unknown name, something that the sandbox forbids.
        """
        from jinja2 import TemplateError, TemplateSyntaxError

        try:
            return _environment().from_string(self.text).render(values)
        except TemplateSyntaxError as error:
            raise self._wrong(f"line {error.lineno}: {error.message}", where) from error
        except TemplateError as error:
            raise self._wrong(str(error.message), where) from error
        except Exception as error:  # a template is a program of the user's: any exception can come out of it
            raise self._wrong(f"{type(error).__name__}: {error}", where) from error

    def _wrong(self, what: str, where: str) -> UsageError:
        return UsageError(f"the template {self.source} is wrong: {what}", where=where)


def read_text(path: Path, where: str, what: str = "") -> str:
    """The content of a file that the key `where` names, without the byte order mark that some editors put before it.

    Raises:
        UsageError: It cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot read {what}{path}: {error.strerror}", where=where) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{what}{path} is not UTF-8 (byte {error.start})", where=where) from error


@functools.cache
def shipped(dialect: str, key: str) -> Template | None:
    """Our own template for a dialect, or None."""
    file = _HERE / dialect / f"{key}.j2.md"
    if not file.is_file():
        return None
    return Template(f"loopwright:templates/{dialect}/{key}.j2.md", file.read_text(encoding="utf-8"))


@functools.cache
def _parts() -> str:
    return (_HERE / _PARTS).read_text(encoding="utf-8")


@functools.cache
def _environment() -> SandboxedEnvironment:
    from jinja2 import DictLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
        loader=DictLoader({_PARTS: _parts()}),  # the shared macros are all that a template can import
    )
    environment.filters["json"] = functools.partial(json.dumps, ensure_ascii=False)
    return environment
