"""Findings told to a web address, signed, each with an id by which a receiver knows one that comes twice."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from blemish.errors import SettingsError
from blemish.findings import Finding
from blemish.inspection.progress import Say
from blemish.inspection.sources.live import without_password

_DELIVERED_NAME = "delivered.txt"
_TRIES, _TIMEOUT_S = 4, 10.0


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """urllib would follow with a GET that carries no finding, and take its answer for receipt."""

    def redirect_request(self, *_: Any) -> None:
        """Leaves a redirect the refusal that it is."""


_OPENER = urllib.request.build_opener(_NoRedirects)


class Webhook:
    """Sends findings by POST, as JSON: ``{"delivery": …, "finding": …}``.

    The header ``X-Blemish-Delivery`` holds the id, the same for each try, and ``X-Blemish-Signature`` holds
    ``sha256=`` and the HMAC-SHA256 of the body under the secret, in hexadecimal digits. Any answer below 300 is taken
    for receipt; otherwise, also where it redirects, it is tried again after 1, 2 and 4 seconds, and once more by the
    next run.

    Args:
        url: where to, ``http`` or ``https``.
        secret: what both sides know.
        folder: of the job; what was received is remembered in ``delivered.txt`` there.
        wait_s: the first time between two tries.

    Raises:
        SettingsError: another kind of address, a password in it, or no secret.
    """

    def __init__(self, url: str, secret: str, folder: Path, *, wait_s: float = 1.0) -> None:
        if not url.lower().startswith(("http://", "https://")):
            raise SettingsError(f'Findings are told to an address with http:// or https://, not to "{url}".')
        if "@" in urlsplit(url).netloc:
            raise SettingsError(
                "The address of a webhook holds no name and password: its receiver checks the signature."
            )
        if not secret:
            raise SettingsError("Findings are signed: set BLEMISH_WEBHOOK_SECRET to what the receiver knows.")
        self._url = url
        self._secret = secret.encode("utf-8")
        self._record = folder / _DELIVERED_NAME
        self._wait_s = wait_s
        lines = self._record.read_text(encoding="ascii").split() if self._record.exists() else []
        self._delivered = {bytes.fromhex(line) for line in lines if len(line) == hashlib.sha256().digest_size * 2}

    def send(self, key: str, stamp: str, finding: Finding, say: Say) -> bool:
        """Send a finding unless it was received before; whether it is received now.

        Args:
            key, stamp: which image, and which state of it.
            finding: what was found.
            say: told why it could not be sent.
        """
        delivery = hashlib.sha256(f"{key}\0{stamp}\0{finding.error is None}".encode()).digest()
        if delivery in self._delivered:
            return True
        body = json.dumps({"delivery": delivery.hex(), "finding": finding.model_dump(mode="json")}).encode()
        headers = {
            "Content-Type": "application/json",
            "X-Blemish-Delivery": delivery.hex(),
            "X-Blemish-Signature": "sha256=" + hmac.new(self._secret, body, "sha256").hexdigest(),
        }
        request = urllib.request.Request(self._url, body, headers, method="POST")  # noqa: S310 - checked when it was given
        reason = ""
        for attempt in range(_TRIES):
            if attempt:
                time.sleep(self._wait_s * 2 ** (attempt - 1))
            try:
                with _OPENER.open(request, timeout=_TIMEOUT_S):
                    self._remember(delivery)
                    return True
            except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
                reason = str(error)
        say(
            f'The finding of "{finding.image}" was not received by {without_password(self._url)} ({reason}); '
            "the next run tells it again."
        )
        return False

    def _remember(self, delivery: bytes) -> None:
        self._delivered.add(delivery)
        with self._record.open("a", encoding="ascii") as record:
            record.write(delivery.hex() + "\n")
