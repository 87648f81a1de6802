"""What does the work of a job: this process, or the machines of a cluster."""

from blemish.inspection.engines.engine import Engine
from blemish.inspection.engines.local import LocalEngine

__all__ = ["Engine", "LocalEngine"]
