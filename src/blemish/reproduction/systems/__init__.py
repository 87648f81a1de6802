"""The published systems, a module each."""

from blemish.reproduction.system import System
from blemish.reproduction.systems.adversarial_study import AdversarialStudySystem
from blemish.reproduction.systems.crack_classifier import CrackClassifierSystem
from blemish.reproduction.systems.garcia_de_la_puente_2023 import GarciaSystem

SYSTEMS: dict[str, type[System]] = {
    system.name: system for system in (AdversarialStudySystem, CrackClassifierSystem, GarciaSystem)
}
"""By the name that ``blemish reproduce`` takes."""
