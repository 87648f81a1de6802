"""Pretrained weights: found by name, fitted strictly, and refused in one sentence."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

import segmentation_models_pytorch as smp  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from torch import nn  # noqa: E402

from blemish.errors import WeightsError  # noqa: E402
from blemish.locations import weights_dir  # noqa: E402
from blemish.methods.networks.pixels import IMAGENET  # noqa: E402
from blemish.training.backbones import Backbones  # noqa: E402

pytestmark = pytest.mark.train


def small_net() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))


def saved(path: Path, prefix: str = "", metadata: dict[str, str] | None = None, **extra: torch.Tensor) -> nn.Module:
    net = small_net()
    nn.init.normal_(net[1].running_mean)
    save_file({prefix + key: value for key, value in net.state_dict().items()} | extra, path, metadata=metadata)
    return net


@pytest.mark.parametrize("prefix", ["", "encoder.", "model.", "module."])
def test_a_file_fills_every_tensor_whatever_its_prefix(tmp_path: Path, prefix: str):
    source = saved(tmp_path / "net.safetensors", prefix)
    target = small_net()
    Backbones(tmp_path / "net.safetensors").load("anything", target)
    for key, value in source.state_dict().items():
        torch.testing.assert_close(target.state_dict()[key], value)


def test_a_classifier_in_the_file_is_left_aside(tmp_path: Path):
    saved(tmp_path / "net.safetensors", **{"classifier.weight": torch.zeros(10, 4)})
    said: list[str] = []
    assert Backbones(tmp_path / "net.safetensors", said.append).load("anything", small_net()) == IMAGENET
    assert len(said) == 1
    assert '"net.safetensors" does not state the mean and std' in said[0]
    assert "0.485, 0.456, 0.406" in said[0]


def test_the_normalisation_comes_from_the_file(tmp_path: Path):
    saved(tmp_path / "net.safetensors", metadata={"mean": "0.5", "std": "0.1,0.2,0.3"})
    said: list[str] = []
    found = Backbones(tmp_path / "net.safetensors", said.append).load("anything", small_net())
    assert said == []
    assert found == ((0.5, 0.5, 0.5), (0.1, 0.2, 0.3))


def test_a_missing_tensor_is_named(tmp_path: Path):
    save_file({"0.weight": torch.zeros(4, 3, 3, 3)}, tmp_path / "net.safetensors")
    with pytest.raises(WeightsError, match=r'another architecture: 5 of 6 tensors are missing, the first is "0.bias"'):
        Backbones(tmp_path / "net.safetensors").load("anything", small_net())


def test_a_tensor_of_another_shape_is_named(tmp_path: Path):
    net = small_net().state_dict() | {"0.weight": torch.zeros(4, 1, 3, 3)}
    save_file(net, tmp_path / "net.safetensors")
    with pytest.raises(WeightsError, match=r'"0.weight" is \(4, 1, 3, 3\) there, expected \(4, 3, 3, 3\)'):
        Backbones(tmp_path / "net.safetensors").load("anything", small_net())


def test_a_pickle_is_not_read(tmp_path: Path):
    torch.save(small_net().state_dict(), tmp_path / "net.pth")
    with pytest.raises(WeightsError, match="not a readable safetensors file"):
        Backbones(tmp_path / "net.pth").load("anything", small_net())


def test_a_missing_file_is_a_sentence(tmp_path: Path):
    with pytest.raises(WeightsError, match="no weights file"):
        Backbones(tmp_path / "none.safetensors").load("anything", small_net())


def test_the_folder_is_searched_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    source = saved(tmp_path / "tiny.in1k.safetensors")
    saved(tmp_path / "tiny_but_other.safetensors")
    monkeypatch.setenv("BLEMISH_WEIGHTS", str(tmp_path))
    target = small_net()
    Backbones().load("tu-tiny", target)
    torch.testing.assert_close(target[0].weight, source[0].weight)


def test_without_network_one_sentence_comes_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BLEMISH_WEIGHTS", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_, **__: None)
    started = time.perf_counter()
    with pytest.raises(WeightsError) as caught:
        Backbones().load("mobilenet_v2", small_net())
    assert time.perf_counter() - started < 5
    said = str(caught.value)
    for part in ('"mobilenet_v2"', "mobilenet_v2.safetensors", str(tmp_path), "--weights FILE", "cannot be reached"):
        assert part in said


def test_an_unset_folder_is_named_by_its_setting(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("BLEMISH_WEIGHTS", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_, **__: None)
    with pytest.raises(WeightsError, match="BLEMISH_WEIGHTS"):
        Backbones().load("resnet18", small_net())


@pytest.mark.data
@pytest.mark.parametrize("encoder", ["mobilenet_v2", "tu-mobilenetv2_100"])
def test_real_weights_fit_real_encoders(encoder: str):
    if weights_dir() is None:
        pytest.skip("BLEMISH_WEIGHTS names no folder")
    net = smp.Unet(encoder, encoder_weights=None).encoder
    before = next(net.parameters()).detach().clone()
    assert Backbones().load(encoder, net).mean == IMAGENET.mean
    assert not torch.equal(before, next(net.parameters()))
