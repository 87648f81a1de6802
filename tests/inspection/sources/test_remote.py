"""Images on web servers and in object stores; none in private networks where a stranger asks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import blemish
from blemish.errors import BlemishError, ImageError, SettingsError
from blemish.images import write_png
from blemish.inspection import Images
from blemish.inspection.sources import Locator, Sourcing
from blemish.inspection.sources.remote import PUBLIC, Remote, check_address, check_public

pytest.importorskip("fsspec")
pytest.importorskip("aiohttp")


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server(tmp_path: Path, wall: NDArray[np.uint8]) -> Iterator[str]:
    write_png(tmp_path / "web" / "wall.png", wall)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=tmp_path / "web")) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{web.server_port}"
        web.shutdown()


def test_an_image_on_a_web_server_is_inspected(darkness_file: Path, server: str, tmp_path: Path):
    for _ in range(2):
        summary = blemish.inspect(f"{server}/wall.png", detector=darkness_file, out=tmp_path / "out")
    assert [one.verdict for one in summary.findings] == ["reject"]
    assert summary.earlier == 1


@pytest.mark.parametrize("path", ["/none.png", ""])
def test_nothing_there_is_a_sentence(darkness_file: Path, server: str, path: str):
    address = f"{server}{path}" if path else "http://127.0.0.1:9/wall.png"
    with pytest.raises(ImageError, match=r"127\.0\.0\.1"):
        blemish.inspect(address, detector=darkness_file)


def test_an_object_store_is_listed(monkeypatch: pytest.MonkeyPatch, darkness_file: Path, wall: NDArray[np.uint8]):
    import fsspec

    from blemish.inspection.sources import remote

    store = fsspec.filesystem("memory")
    monkeypatch.setattr(remote, "SCHEMES", (*remote.SCHEMES, "memory"))
    write_png(darkness_file.parent / "wall.png", wall)
    for name in ("2.png", "10.png", "deep/1.png", "notes.txt"):
        store.pipe(f"/bucket/{name}", (darkness_file.parent / "wall.png").read_bytes())
    summary = blemish.inspect("memory://bucket", detector=darkness_file)
    assert sorted(one.image.rpartition("/")[2] for one in summary.findings) == ["1.png", "10.png", "2.png"]
    assert summary.inspected == 3
    with pytest.raises(ImageError, match="no image at"):
        Images("memory://nothing")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a/b.png", "simplecache::http://a/b.png", "github://a"])
def test_other_kinds_of_addresses_are_refused(url: str):
    with pytest.raises(SettingsError, match="no address that is read"):
        check_address(url, public_only=False)


PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "169.254.169.254",
    "192.168.0.1",
    "::1",
    "fe80::1%eth0",
    "::ffff:10.0.0.1",
    "0.0.0.0",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_of_private_networks_are_refused(address: str):
    with pytest.raises(SettingsError, match="private network"):
        check_public(address, "http://somewhere")


def test_a_public_address_is_not():
    check_public("93.184.216.34", "http://somewhere")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433"])
def test_for_strangers_no_name_leads_into_the_private_network(server: str, host: str):
    address = f"http://{host}:{server.rpartition(':')[2]}/wall.png"
    with pytest.raises(BlemishError):
        Images(address, sourcing=Sourcing(public_only=True))


def test_for_strangers_stores_are_refused():
    with pytest.raises(SettingsError, match="only http and https"):
        Images("s3://bucket", sourcing=Sourcing(public_only=True))


def test_the_address_is_checked_when_it_is_connected_to(server: str, monkeypatch: pytest.MonkeyPatch):
    """A name may lead elsewhere by then, and a server may send on to elsewhere."""
    monkeypatch.setattr("blemish.inspection.sources.remote.check_address", lambda *_, **__: None)
    with pytest.raises(ImageError, match="private network"):
        Remote(Locator(PUBLIC, f"{server}/wall.png")).read()
