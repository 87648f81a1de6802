"""The ``.blemish`` file: a zip of four plain members, so that loading a stranger's detector never runs code.

========================  ==================================================================================
``detector.json``         `DetectorSpec`: method, settings, input, classes, thresholds, calibration, provenance
``graph.onnx``            the network, normalisation inside
``card.md``               the model card, for a person
``SHA256SUMS``            digests of the other three, in the format that ``sha256sum -c`` checks
========================  ==================================================================================

The same content always gives the same bytes: members are stored in this order with a fixed date.
"""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from blemish.bundled import bundled_detectors, locate
from blemish.detectors.schema import SCHEMA_VERSION, DetectorSpec
from blemish.errors import DetectorError, SettingsError, newer_schema
from blemish.files import require_absent, write_bytes
from blemish.text import printable

_SPEC, _GRAPH, _CARD, _SUMS = "detector.json", "graph.onnx", "card.md", "SHA256SUMS"
# Limits on unpacked sizes: a graph of a gigabyte is already far beyond any method here.
_MAX_BYTES = {_SPEC: 64 << 20, _GRAPH: 1 << 30, _CARD: 4 << 20, _SUMS: 64 << 10}
_MAX_DEPTH = 20
_FIXED_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Container:
    """The content of a ``.blemish`` file."""

    spec: DetectorSpec
    graph: bytes
    card: str


def write_container(path: Path, content: Container) -> None:
    """Write a detector, whole or not at all.

    Raises:
        SettingsError: the name does not end in ``.blemish``.
        BlemishError: the folder cannot be written to.
    """
    _check_suffix(path)
    # A trailing newline and sorted keys keep the file diffable once unpacked.
    spec = json.dumps(content.spec.model_dump(mode="json"), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    # A folder's name need not be valid Unicode on disk: such bytes become JSON escapes, which read back as they were.
    text = {_SPEC: spec.encode(errors="backslashreplace"), _CARD: content.card.encode(errors="backslashreplace")}
    members = {_SPEC: text[_SPEC], _GRAPH: content.graph, _CARD: text[_CARD]}
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in members.items())
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**members, _SUMS: sums.encode()}.items():
            archive.writestr(_member(name), data)
    write_bytes(path, buffer.getvalue())


def _check_suffix(path: Path) -> None:
    if str(path) in bundled_detectors():
        raise SettingsError(f'"{path}" comes with blemish and stays as it is; name another file with --out.')
    if Path(path).suffix != ".blemish":
        raise SettingsError(f'A detector is written to a file whose name ends in .blemish, which "{path}" does not.')


def require_free(path: Path, *, force: bool) -> None:
    """Refuse to write a detector over another one; to be asked before the work begins that makes it.

    Args:
        path: where the detector will be written.
        force: whether a file there may be replaced.

    Raises:
        SettingsError: the name does not end in ``.blemish``, or there is a file, and it may not.
    """
    _check_suffix(path)
    require_absent(path, force=force)


def read_container(path: Path) -> Container:
    """Read and verify a detector, given by file or by the name of a bundled one.

    Raises:
        DetectorError: the file is missing, not a detector, damaged, altered, oversized or of a newer schema.
    """
    path = locate(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = {name: _read_member(archive, name, path) for name in (_SPEC, _GRAPH, _CARD, _SUMS)}
    except FileNotFoundError:
        raise DetectorError(
            f'There is no detector at "{path}", nor is one of that name bundled ({", ".join(bundled_detectors())}); '
            'train one with "blemish train" or check the path.'
        ) from None
    except IsADirectoryError:
        raise DetectorError(f'"{path}" is a folder; give the .blemish file itself.') from None
    except (
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
    ) as error:
        raise DetectorError(f'"{path}" is not a whole .blemish file ({error}); copy or train it again.') from error
    except OSError as error:
        raise DetectorError(f'"{path}" cannot be read: {error.strerror or error}.') from error
    _verify_sums(members, path)
    return Container(
        spec=_parse_spec(members[_SPEC], path),
        graph=members[_GRAPH],
        card=members[_CARD].decode("utf-8", errors="replace"),
    )


def _member(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _FIXED_DATE)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    return info


def _read_member(archive: zipfile.ZipFile, name: str, path: Path) -> bytes:
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise DetectorError(
            f'"{path}" has no {name} inside, so it is not a .blemish file; train or copy it again.'
        ) from None
    limit = _MAX_BYTES[name]
    # The directory's size can lie, so the stream itself is cut off at the limit too.
    with archive.open(info) as stream:
        data = stream.read(limit + 1) if info.file_size <= limit else b""
    if info.file_size > limit or len(data) > limit:
        raise DetectorError(f'"{path}" unpacks {name} to more than {limit >> 10} KiB and was refused as a zip bomb.')
    return data


def _verify_sums(members: dict[str, bytes], path: Path) -> None:
    lines = members[_SUMS].decode("utf-8", errors="replace").splitlines()
    stated = {name: digest for digest, separator, name in (line.partition("  ") for line in lines) if separator}
    for name in (_SPEC, _GRAPH, _CARD):
        if stated.get(name) != hashlib.sha256(members[name]).hexdigest():
            raise DetectorError(
                f'"{path}" was altered: {name} does not match its checksum; get the file again from where it came.'
            )


def _parse_spec(data: bytes, path: Path) -> DetectorSpec:
    try:
        raw = json.loads(data)
    except ValueError as error:
        raise DetectorError(
            f'"{path}" holds a detector.json that is not JSON ({error}); train or copy it again.'
        ) from error
    except RecursionError as error:
        raise _too_deep(path) from error
    if _is_deeper(raw, _MAX_DEPTH):
        raise _too_deep(path)
    version = raw.get("schema_version") if isinstance(raw, dict) else None
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise DetectorError(newer_schema(f'"{path}" was made', version, SCHEMA_VERSION))
    try:
        return DetectorSpec.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "detector.json"
        reason = printable(f"{where}: {first['msg']}")
        raise DetectorError(f'"{path}" holds an impossible detector.json: {reason}.') from error


def _is_deeper(value: object, levels: int) -> bool:
    """Whether lists and objects of JSON stand in one another more than so many levels deep; without recursion."""
    level = [value]
    for _ in range(levels):
        level = [item for each in level if isinstance(each, dict | list) for item in _items(each)]
    return any(isinstance(each, dict | list) for each in level)


def _items(value: dict[str, object] | list[object]) -> Iterable[object]:
    return value.values() if isinstance(value, dict) else value


def _too_deep(path: Path) -> DetectorError:
    return DetectorError(
        f'"{path}" holds a detector.json that is nested more than {_MAX_DEPTH} levels deep, which no detector needs; '
        "get the file again from where it came."
    )
