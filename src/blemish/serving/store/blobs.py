"""Pictures and detector files on disk, each under the SHA-256 of its content: the same content is kept once."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from blemish.files import write_bytes
from blemish.serving.refusals import not_found

_SHA = re.compile(r"[0-9a-f]{64}")


class Blobs:
    """A folder of contents.

    Args:
        root: the folder; created when something is put into it.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def put(self, data: bytes) -> str:
        """Keep a content.

        Returns:
            Its SHA-256, by which it is found again.

        Raises:
            OSError: it cannot be written.
            BlemishError: the folder cannot be written to.
        """
        sha = hashlib.sha256(data).hexdigest()
        path = self.path(sha)
        try:
            os.utime(path)  # in use again: cleaning removes only what nothing has touched for a while
        except FileNotFoundError:
            write_bytes(path, data)
        return sha

    def path(self, sha: str) -> Path:
        """Where a content lies. Raises ValueError for what is no digest."""
        if not _SHA.fullmatch(sha):
            raise ValueError("not a SHA-256")
        return self.root / sha[:2] / sha[2:]

    def read(self, sha: str) -> bytes:
        """A content. Raises RefusalError where it is gone."""
        try:
            return self.path(sha).read_bytes()
        except FileNotFoundError:
            raise not_found("such file any more; was the store cleaned?") from None

    def all(self) -> Iterator[str]:
        """The digests of all that is kept."""
        for path in self.root.glob("??/*"):
            if _SHA.fullmatch(path.parent.name + path.name):
                yield path.parent.name + path.name

    def remove(self, sha: str) -> None:
        """Let a content go."""
        self.path(sha).unlink(missing_ok=True)
