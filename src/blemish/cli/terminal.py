"""The terminal shows what blemish says, and no lines of the libraries below it.

libtiff, libjpeg, OpenCV and others write warnings to the process's stderr, past Python. Here they are sent nowhere, and
Python's own stderr is kept on a copy of the terminal. ``--debug`` shows everything.
"""

from __future__ import annotations

import os
import sys
import warnings


def silence_libraries() -> None:
    """Send what libraries write to stderr nowhere, for the rest of the process, and ignore Python's warnings."""
    warnings.simplefilter("ignore")
    try:
        terminal = os.dup(2)
        nowhere = os.open(os.devnull, os.O_WRONLY)
    except OSError:  # a process without stderr has nothing to silence
        return
    encoding, errors = getattr(sys.stderr, "encoding", None), getattr(sys.stderr, "errors", None)
    os.set_inheritable(terminal, False)
    sys.stderr = os.fdopen(terminal, "w", buffering=1, encoding=encoding, errors=errors)
    os.dup2(nowhere, 2)
    os.close(nowhere)
