"""Methods are found by name, and a typo gets a suggestion."""

from __future__ import annotations

import pytest

from blemish.errors import SettingsError

pytestmark = pytest.mark.train


def test_unet_is_known():
    from blemish.methods import get_method, method_names

    assert "unet" in method_names()
    info = get_method("unet").info
    assert (info.learns_from, info.localises) == ("masks", True)
    assert info.summary.endswith(".")


def test_a_typo_gets_a_suggestion():
    from blemish.methods import get_method

    with pytest.raises(SettingsError, match='no method "unett"\\. Did you mean "unet"\\?'):
        get_method("unett")


def test_two_methods_cannot_fraction_a_name():
    from blemish.methods import Method, register

    class Impostor(Method):
        """Pretends."""

    with pytest.raises(SettingsError, match="Two methods are called"):
        register("unet", learns_from="masks", localises=True)(Impostor)


def test_every_setting_says_what_it_means():
    from blemish.methods import get_method, method_names

    for name in method_names():
        for key, field in get_method(name).Settings.model_fields.items():
            assert field.description, f"{name}.{key}"
