"""The published systems, a module each."""

from blemish.reproduction.system import System
from blemish.reproduction.systems.adversarial_study import AdversarialStudySystem
from blemish.reproduction.systems.crack_classifier import CrackClassifierSystem

SYSTEMS: dict[str, type[System]] = {system.name: system for system in (AdversarialStudySystem, CrackClassifierSystem)}
"""By the name that ``blemish reproduce`` takes."""
