"""Ctrl-C and SIGTERM: one sentence and the exit code of the signal, from the first import to the last line.

Both raise KeyboardInterrupt, so that what is half-written is cleared away and a training says from where it resumes.
While a module is imported they end the process at once: an extension module that meets KeyboardInterrupt while it
sets itself up makes another error of it, or aborts the process. While Python clears up behind a generator or an object,
it drops whatever is raised there: the signal is sent once more.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

STOPPED = "Stopped. Nothing was left half-written."
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# Long enough for what is being cleared up to end.
_AGAIN_AFTER_S = 0.05

_received: int | None = None


def watch() -> None:
    """From now on Ctrl-C and SIGTERM raise KeyboardInterrupt."""
    for each in _SIGNALS:
        # A shell ignores Ctrl-C on behalf of what it starts in the background.
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, _stop)
    sys.unraisablehook = _send_again


def unwatch() -> None:
    """From now on they end the process at once: the work is done, and Python is only clearing up."""
    for each in _SIGNALS:
        if signal.getsignal(each) is _stop:
            signal.signal(each, _leave)


def was_stopped() -> bool:
    """Whether one of them came."""
    return _received is not None


def exit_code() -> int:
    """130 after Ctrl-C, 143 after SIGTERM."""
    return 128 + (_received or signal.SIGINT)


def leave() -> NoReturn:
    """End the process at once, with `exit_code`: Python's own end aborts it where a thread is still at work in C++."""
    _leave(_received or signal.SIGINT, None)


def _stop(signum: int, frame: FrameType | None) -> NoReturn:
    global _received
    _received = signum
    if _is_importing(frame):
        sys.stderr.write(f"{STOPPED}\n")
        _leave(signum, frame)
    raise KeyboardInterrupt


def _send_again(dropped: sys.UnraisableHookArgs) -> None:
    if not issubclass(dropped.exc_type, KeyboardInterrupt) or _received is None:
        sys.__unraisablehook__(dropped)
        return
    import threading

    # Not at once: it would be raised in here, and dropped too.
    if sys.platform == "win32":
        again = threading.Timer(_AGAIN_AFTER_S, signal.raise_signal, (_received,))
    else:  # to the thread that it would wake up
        main_thread = threading.main_thread().ident
        again = threading.Timer(_AGAIN_AFTER_S, signal.pthread_kill, (main_thread, _received))
    again.daemon = True
    again.start()


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False


def _leave(signum: int, _: FrameType | None) -> NoReturn:
    files = sys.modules.get("blemish.files")
    # Without the function where that module is itself being imported.
    discard = getattr(files, "discard_unfinished", None)
    if discard is not None:
        discard()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(128 + signum)
