"""The process that runs a stranger's graph for the first time. Run as a file, not imported: it needs no blemish.

Reads the graph from stdin and what to do from its first argument, as JSON: ``name``, ``dtype`` and ``shape`` of the
input, ``memory`` in bytes and ``cpu_s``. Prints JSON: ``score``, ``map`` and ``surface``, each with ``shape`` and
``finite``, or ``error``, with ``memory`` true where that ran out.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def main() -> None:
    """Limit this process, run the graph, print what it gave."""
    wanted = json.loads(sys.argv[1])
    _limit(wanted["memory"], wanted["cpu_s"])
    try:
        answer = _run(wanted)
    except MemoryError:
        answer = {"error": "", "memory": True}
    except Exception as error:  # whatever a runtime raises: the parent says it in a sentence
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        answer = {"error": text, "memory": any(word in text.lower() for word in ("bad_alloc", "alloc", "memory"))}
    print(json.dumps(answer), flush=True)


def _limit(memory: int, cpu_s: int) -> None:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    limits = {resource.RLIMIT_AS: memory, resource.RLIMIT_CPU: cpu_s, resource.RLIMIT_FSIZE: 0, resource.RLIMIT_CORE: 0}
    for kind, limit in limits.items():
        soft, hard = resource.getrlimit(kind)
        known = [value for value in (limit, soft, hard) if value != resource.RLIM_INFINITY]
        resource.setrlimit(kind, (min(known), hard))


def _run(wanted: dict[str, Any]) -> dict[str, Any]:
    import numpy as np
    import onnxruntime as ort  # noqa: TID251  the parent has set the variable that switches telemetry off

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.add_session_config_entry("session.load_model_format", "ONNX")
    session = ort.InferenceSession(sys.stdin.buffer.read(), options, providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_outputs()]
    # Levels of every kind: an image of one grey may divide by its own contrast, nothing.
    given = np.resize(np.arange(251), wanted["shape"]).astype(wanted["dtype"])
    found = dict(zip(names, session.run(names, {wanted["name"]: given}), strict=True))
    scored = ("score", "map", "surface")
    arrays = {name: np.asarray(value, np.float32) for name, value in found.items() if name in scored}
    return {
        name: {"shape": list(value.shape), "finite": bool(np.isfinite(value).all())} for name, value in arrays.items()
    }


if __name__ == "__main__":
    main()
