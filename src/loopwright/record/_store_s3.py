"""A store in an S3 bucket, or anything that speaks S3.

Read from the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION, AWS_ENDPOINT_URL.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from loopwright.base import MachineError, UsageError
from loopwright.record.stores import MissingKey

if TYPE_CHECKING:
    from obstore.store import S3Store as Bucket

__all__ = ["S3Store", "open"]

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


def open(spec: str) -> S3Store:
    """The store at `s3://bucket/prefix`.

    Raises:
        UsageError: The bucket's name is not one, or AWS_ENDPOINT_URL is no address.
        MachineError: The keys are not in the environment.
    """
    bucket, _, prefix = spec.partition("://")[2].partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise UsageError(f"{bucket[:80]!r} cannot be a bucket.", where=spec, remedy="Write `s3://bucket/prefix`.")
    if any(part in ("", ".", "..") for part in prefix.strip("/").split("/")) and prefix.strip("/"):
        raise UsageError("The prefix has an empty or relative piece.", where=spec, remedy="Write `s3://bucket/prefix`.")
    _check_endpoint(os.environ.get("AWS_ENDPOINT_URL", ""))
    missing = [name for name in _KEYS if not os.environ.get(name)]
    if missing:
        raise MachineError(f"S3 needs {' and '.join(missing)}.", where=spec, remedy="Set them in the environment.")
    return S3Store(bucket, prefix.strip("/"))


class S3Store:
    """Objects below one prefix of a bucket."""

    def __init__(self, bucket: str, prefix: str) -> None:
        self.bucket = bucket
        self.prefix = prefix
        self._store = _connect(bucket, prefix)

    def put(self, key: str, data: bytes) -> None:
        """Create or replace an object in one step."""
        import obstore

        with self._speaking(key):
            obstore.put(self._store, key, data)

    def put_file(self, key: str, path: Path) -> None:
        """Create or replace an object with the content of a file of any size (in pieces where it is large)."""
        import obstore

        with self._speaking(key):
            obstore.put(self._store, key, path)

    def get(self, key: str) -> bytes:
        """The content of an object."""
        import obstore

        with self._speaking(key):
            return bytes(obstore.get(self._store, key).bytes())

    def exists(self, key: str) -> bool:
        """Whether there is such an object."""
        import obstore

        try:
            with self._speaking(key):
                obstore.head(self._store, key)
        except MissingKey:
            return False
        return True

    def list(self, prefix: str) -> list[str]:
        """The keys below a folder-like prefix, sorted."""
        import obstore

        with self._speaking(prefix):
            pages = obstore.list(self._store, prefix.strip("/") or None)
            return sorted(str(item["path"]) for page in pages for item in page)

    def uri(self, key: str) -> str:
        """The `s3://` address of an object."""
        return "s3://" + "/".join(piece for piece in (self.bucket, self.prefix, key) if piece)

    def check(self) -> None:
        """Write and remove a small object."""
        import obstore

        key = f"check-{os.getpid()}"
        with self._speaking(key, checking=True):
            obstore.put(self._store, key, b"")
            obstore.delete(self._store, key)

    @contextmanager
    def _speaking(self, key: str, checking: bool = False) -> Iterator[None]:
        from obstore.exceptions import BaseError

        try:
            yield
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error) or checking:
                raise self._no_bucket() from error
            raise MissingKey("The store has no such object.", where=self.uri(key)) from error
        except (BaseError, OSError) as error:
            raise self._explain(error) from error

    def _no_bucket(self) -> MachineError:
        return MachineError(
            f"There is no bucket {self.bucket!r}.",
            where=f"s3://{self.bucket}",
            remedy="Create it, or give another with `--store`; is AWS_ENDPOINT_URL the right one?",
        )

    def _explain(self, error: Exception) -> MachineError:
        # What follows is a dump of the library's insides, in which every word may occur.
        text = str(error).partition("\n\nDebug source")[0]
        if "NoSuchBucket" in text:
            return self._no_bucket()
        where = f"s3://{self.bucket}"
        if re.search(r"status code: 40[13]|InvalidAccessKeyId|SignatureDoesNotMatch", text):
            return MachineError(
                "The store refuses these keys.",
                where=where,
                remedy="Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION, and what they may do.",
            )
        status = re.search(r"status code: (\d+)", text)
        if status is None:
            endpoint = os.environ.get("AWS_ENDPOINT_URL", "the default address of S3")
            return MachineError(f"The store at {endpoint} cannot be reached.", where=where, remedy="Is it running?")
        code = re.search(r"<Code>(\w+)</Code>", text)
        kind = f"{status[1]} {code[1]}" if code else status[1]
        return MachineError(f"The store answered with an error ({kind}).", where=where, remedy="Try again later.")


def _check_endpoint(endpoint: str) -> None:
    # The library does not raise an error for these, it panics.
    address = urlsplit(endpoint)
    if endpoint and (address.scheme not in ("http", "https") or not address.hostname):
        raise UsageError(
            f"AWS_ENDPOINT_URL is not an address: {endpoint[:80]!r}.",
            remedy="Write `http://host:port` or `https://host`.",
        )


def _connect(bucket: str, prefix: str) -> Bucket:
    from obstore.store import S3Store as Bucket

    env = os.environ
    config: dict[str, Any] = {
        "access_key_id": env["AWS_ACCESS_KEY_ID"],
        "secret_access_key": env["AWS_SECRET_ACCESS_KEY"],
        "region": env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or "us-east-1",
    }
    if env.get("AWS_SESSION_TOKEN"):
        config["session_token"] = env["AWS_SESSION_TOKEN"]
    if env.get("AWS_ENDPOINT_URL"):
        config["endpoint"] = env["AWS_ENDPOINT_URL"]
    return Bucket(
        bucket,
        prefix=prefix or None,
        config=config,  # type: ignore[arg-type]
        # Plain HTTP only where somebody named such an endpoint.
        client_options={
            "allow_http": config.get("endpoint", "").startswith("http://"),
            "timeout": timedelta(seconds=60),
            "connect_timeout": timedelta(seconds=5),
        },
        # Few and short: whoever ships retries for longer, and says so.
        retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=10)},
    )
