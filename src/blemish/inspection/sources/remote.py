"""Images in object stores and on web servers: ``s3://``, ``gs://``, ``az://``, ``http(s)://``, through fsspec.

Credentials come from where the store's own tools look for them. A service that opens addresses for strangers refuses
those of its own network: see `public_only`.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from blemish.errors import BlemishError, ImageError, MissingExtraError, SettingsError, install_hint
from blemish.images import IMAGE_SUFFIXES
from blemish.inspection.sources.found import Found, Locator, natural_order

REMOTE, PUBLIC = "remote", "public"
SCHEMES = ("s3", "gs", "gcs", "az", "abfs", "http", "https")
_MAX_BYTES = 2 << 30


def is_remote(text: str) -> bool:
    """Whether it is an address and not a path."""
    return "://" in text and text.partition("://")[0].lower().isalnum()


@dataclass(frozen=True, slots=True)
class RemoteSource:
    """An address: of an image, or of what a store keeps below it.

    Attributes:
        url: the address.
        number: where it stands among the sources.
        public_only: whether addresses of private networks are refused, and all stores but web servers.
    """

    url: str
    number: int
    public_only: bool = False

    def find(self) -> Iterator[Found]:
        """The images there.

        Raises:
            ImageError: nothing is there, or it cannot be reached.
            SettingsError: an address of a kind that is not read.
            MissingExtraError: what reads it is not installed.
        """
        check_address(self.url, public_only=self.public_only)
        kind = PUBLIC if self.public_only else REMOTE
        nothing = True
        for url, stamp in _listed(self.url, self.public_only):
            nothing = False
            name = url.removeprefix(self.url).lstrip("/") or PurePosixPath(urlsplit(url).path).name or url
            yield Found(url, stamp, (self.number, natural_order(name)), name, Locator(kind, url))
        if nothing:
            raise ImageError(f'There is no image at "{self.url}".')


class Remote:
    """An image that is fetched when it is read.

    Args:
        locator: where it lies.
    """

    def __init__(self, locator: Locator) -> None:
        self._url = locator.where
        self._public_only = locator.kind == PUBLIC

    def read(self) -> bytes:
        """The bytes of the file. Raises ImageError where they cannot be had."""
        check_address(self._url, public_only=self._public_only)
        files, path = _file_system(self._url, self._public_only)
        try:
            with files.open(path, "rb") as file:
                data: bytes = file.read(_MAX_BYTES + 1)
        except Exception as error:  # each store has errors of its own
            raise _unreachable(self._url, error) from error
        if len(data) > _MAX_BYTES:
            raise ImageError(f'"{self._url}" has more than {_MAX_BYTES / 1e9:.1f} GB; fetch it first.')
        return data


def check_address(url: str, *, public_only: bool) -> None:
    """Refuse an address that is not read.

    Args:
        url: the address.
        public_only: whether it may come from a stranger: then web servers alone, and none in private networks.

    Raises:
        SettingsError: it is refused.
    """
    scheme = url.partition("://")[0].lower()
    if scheme not in SCHEMES or "::" in url:
        raise SettingsError(f'"{url}" is no address that is read; these are: {", ".join(SCHEMES)}.')
    if not public_only:
        return
    host = urlsplit(url).hostname
    if scheme not in {"http", "https"} or host is None:
        raise SettingsError(f'"{url}" is refused: only http and https are read here.')
    try:
        found = socket.getaddrinfo(host, None)
    except OSError as error:
        raise ImageError(f'"{url}" cannot be reached: there is no server "{host}".') from error
    for *_, address in found:
        check_public(str(address[0]), url)


def check_public(address: str, url: str) -> None:
    """Refuse the address of a machine in a private network. Raises SettingsError where it is one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None) or ip
    if not mapped.is_global or mapped.is_multicast:
        raise SettingsError(f'"{url}" is refused: it leads to "{address}", which is in a private network.')


def _listed(url: str, public_only: bool) -> Iterator[tuple[str, str]]:
    files, path = _file_system(url, public_only)
    scheme = url.partition("://")[0]
    try:
        if scheme in {"http", "https"}:
            facts = files.info(path)
            yield url, _stamp(facts)
            return
        found = files.glob(path, detail=True) if any(sign in path for sign in "*?[") else files.find(path, detail=True)
        for name, facts in found.items():
            if facts.get("type") == "file" and (name == path or name.lower().endswith(tuple(IMAGE_SUFFIXES))):
                yield f"{scheme}://{name}", _stamp(facts)
    except Exception as error:  # each store has errors of its own
        raise _unreachable(url, error) from error


def _stamp(facts: dict[str, Any]) -> str:
    known = [
        str(facts[name]) for name in ("size", "ETag", "etag", "mtime", "LastModified", "updated") if facts.get(name)
    ]
    return "-".join(known) or "unknown"


def _file_system(url: str, public_only: bool) -> tuple[Any, str]:
    scheme = url.partition("://")[0].lower()
    files = _file_system_of(scheme, public_only)
    return files, files._strip_protocol(url)


@cache
def _file_system_of(scheme: str, public_only: bool) -> Any:
    try:
        import fsspec

        if public_only:
            from blemish.inspection.sources.public_web import connect_public_only

            return fsspec.filesystem(scheme, get_client=connect_public_only)
        return fsspec.filesystem(scheme)
    except ImportError as error:
        raise MissingExtraError(
            f'Images are read from "{scheme}://" once the extra is installed: {install_hint("remote")} ({error}).'
        ) from None


def _unreachable(url: str, error: BaseException) -> ImageError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, BlemishError):
            return ImageError(str(cause))
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, FileNotFoundError):
        return ImageError(f'There is nothing at "{url}".')
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return ImageError(f'"{url}" cannot be read: {reason}; check the address, the network and the credentials.')
