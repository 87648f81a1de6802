"""Published systems, repeated on one's own data: their tables and pictures, the published value beside ours.

`blemish.reproduction.system` is the seam that a system fills in; each one is a module of ``systems/``.
"""

from blemish.reproduction.reproducing import Reproduction, reproduce
from blemish.reproduction.systems import SYSTEMS

__all__ = ["SYSTEMS", "Reproduction", "reproduce"]
