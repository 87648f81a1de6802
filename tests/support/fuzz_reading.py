"""Damages image files at random and reads them, for some seconds: run as a file, by ``test_fuzz.py``.

argv: a folder of undamaged files, seconds, seed. Prints, as JSON, how many of each were read and how many refused, the
largest resident memory in MiB and the longest read in seconds. Ends with a traceback at the first error that is no
ImageError, after writing what caused it beside the files.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from blemish.errors import ImageError
from blemish.images import decode_image

_MEMORY = 4 << 30
_EDITS = st.lists(
    st.tuples(
        st.sampled_from(["set", "flip", "cut", "remove", "repeat", "zeros", "ones"]),
        st.floats(0, 1, exclude_max=True),
        st.integers(1, 64),
        st.integers(0, 255),
    ),
    min_size=1,
    max_size=6,
)


def damaged(data: bytes, edits: list[tuple[str, float, int, int]]) -> bytes:
    """The file after each edit in turn: bytes overwritten, turned over, cut off, left out, repeated or filled."""
    content = bytearray(data)
    for kind, where, length, value in edits:
        # Headers are where most of a file's meaning stands: half of the edits hit the first 200 bytes.
        reach = min(len(content), 200) if value % 2 else len(content)
        at = int(where * reach)
        part = slice(at, at + length)
        if kind == "set":
            content[at : at + 1] = bytes([value])
        elif kind == "flip":
            content[at : at + 1] = bytes([content[at] ^ (1 << value % 8)]) if at < len(content) else b""
        elif kind == "cut":
            del content[at:]
        elif kind == "remove":
            del content[part]
        elif kind == "repeat":
            content[at:at] = content[part]
        else:
            content[part] = (b"\0" if kind == "zeros" else b"\xff") * len(content[part])
    return bytes(content)


def main() -> None:
    """Read damaged files until the time is over."""
    folder, seconds, first_seed = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    files = sorted(file for file in folder.iterdir() if file.suffix != ".bad")
    counts = {file.name: [0, 0] for file in files}
    until, longest = time.monotonic() + seconds, 0.0

    @seed(first_seed)
    @settings(
        max_examples=1_000_000,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(file=st.sampled_from(files), edits=_EDITS)
    def read(file: Path, edits: list[tuple[str, float, int, int]]) -> None:
        nonlocal longest
        if time.monotonic() > until:
            raise KeyboardInterrupt  # what Hypothesis lets through at once
        content = damaged(file.read_bytes(), edits)
        # Where a decoder takes the process down, what did it is on disk already.
        (folder / "last.bad").write_bytes(content)
        begun = time.monotonic()
        try:
            pixels = decode_image(content, file.name).pixels
        except ImageError:
            counts[file.name][1] += 1
        else:
            assert pixels.ndim == 3
            assert pixels.shape[2] == 3
            counts[file.name][0] += 1
        longest = max(longest, time.monotonic() - begun)

    with suppress(KeyboardInterrupt):
        read()
    print(json.dumps({"counts": counts, "peak_mib": peak_mib(), "longest_s": longest}))


def peak_mib() -> float:
    """Largest resident memory of this program. What getrusage says counts that of the program that started it, too."""
    status = Path("/proc/self/status")
    if status.exists():
        [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
