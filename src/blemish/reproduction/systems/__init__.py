"""The published systems, a module each."""

from blemish.reproduction.system import System
from blemish.reproduction.systems.adversarial_study import AdversarialStudySystem
from blemish.reproduction.systems.crack_classifier import CrackClassifierSystem
from blemish.reproduction.systems.garcia_de_la_puente_2023 import GarciaSystem
from blemish.reproduction.systems.kim_2020 import Kim2020
from blemish.reproduction.systems.steel_multiclass import SteelMulticlassSystem

_ALL: tuple[type[System], ...] = (
    Kim2020,
    SteelMulticlassSystem,
    CrackClassifierSystem,
    GarciaSystem,
    AdversarialStudySystem,
)

SYSTEMS: dict[str, type[System]] = {system.name: system for system in _ALL}
"""By the name that ``blemish reproduce`` takes."""
