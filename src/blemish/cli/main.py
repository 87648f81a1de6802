"""What the command ``blemish`` runs. Signals are watched before anything else is imported."""

from __future__ import annotations

import sys

from blemish.cli import stopping


def main() -> None:
    """Run the command line with the process's arguments, and leave with its exit code."""
    stopping.watch()
    try:
        from blemish.cli.app import app
        from blemish.cli.terminal import silence_libraries

        if "--debug" not in sys.argv:
            silence_libraries()
        app(prog_name="blemish")
    except SystemExit as end:
        if stopping.was_stopped() and end.code == stopping.exit_code():
            stopping.leave()
        raise
    except (Exception, KeyboardInterrupt):
        if not stopping.was_stopped():
            raise
        sys.stderr.write(f"{stopping.STOPPED}\n")
        stopping.leave()
    finally:
        stopping.unwatch()
