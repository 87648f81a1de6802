"""Pretrained weights by name: from a file that was given, from ``BLEMISH_WEIGHTS``, or from the model hub.

Only safetensors files are read: they hold numbers and no code. A file in the ``BLEMISH_WEIGHTS`` folder belongs to
backbone ``NAME`` when it is called ``NAME.safetensors`` or ``NAME.<anything>.safetensors``. Its metadata may state
``mean`` and ``std`` (in [0, 1], comma-separated); without, the library's or ImageNet's are taken.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import huggingface_hub
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from blemish.errors import WeightsError, WeightsNotFoundError
from blemish.files import replacing
from blemish.locations import weights_dir
from blemish.methods.networks.pixels import IMAGENET, Normalisation

_HUB_FILE = "model.safetensors"
_HUB_TIMEOUT_S = 3.0
# What wrappers put in front of a network's own names.
_PREFIXES = ("", "model.", "encoder.", "backbone.", "module.", "features.")


@dataclass(frozen=True, slots=True)
class Backbones:
    """Where pretrained weights come from in one training run.

    Args:
        file: use this file whatever the backbone's name; None looks in ``BLEMISH_WEIGHTS``, then in the hub.
        say: told, in a sentence, of a file of one's own that does not state its normalisation of pixels.
    """

    file: Path | None = None
    say: Callable[[str], None] = lambda _: None

    def load(self, name: str, module: nn.Module) -> Normalisation:
        """Fill ``module`` with the weights called ``name``.

        Args:
            name: a torchvision or segmentation-models-pytorch name, or ``tu-NAME`` for timm's.
            module: the network; every parameter of it must be in the file, which may hold more (a classifier).

        Returns:
            The normalisation of pixels that the weights were trained with.

        Raises:
            WeightsNotFoundError: no such weights here, and no network to fetch them by.
            WeightsError: a file that is missing, no safetensors, or of another architecture.
        """
        own = self.file or _local_file(name)
        path = own or _hub_file(name)
        tensors, metadata = _read(path)
        _fill(module, tensors, path)
        if own is None or {"mean", "std"} <= metadata.keys():
            return _normalisation(name, metadata)
        assumed = _normalisation(name, metadata)
        self.say(
            f'"{path.name}" does not state the mean and std that its weights were trained with; '
            f"{_told(assumed.mean)} and {_told(assumed.std)} are taken."
        )
        return assumed


def save_weights(module: nn.Module, path: Path) -> None:
    """Write a network's weights as safetensors, for `start_from`."""
    tensors = {key: value.contiguous() for key, value in module.state_dict().items()}
    with replacing(path) as temporary:
        save_file(tensors, temporary)


def start_from(module: nn.Module, path: Path) -> None:
    """Fill a whole network with the weights of an earlier training of the same method and settings.

    Raises:
        WeightsError: the file is missing, not safetensors, or of another architecture.
    """
    tensors, _ = _read(path)
    _fill(module, tensors, path)


def _local_file(name: str) -> Path | None:
    folder = weights_dir()
    if folder is None:
        return None
    stem = name.removeprefix("tu-")
    matches = sorted(folder.glob(f"{stem}.safetensors")) + sorted(folder.glob(f"{stem}.*.safetensors"))
    return matches[0] if matches else None


def _hub_file(name: str) -> Path:
    repository, revision = _hub_address(name)
    cached = huggingface_hub.try_to_load_from_cache(repository, _HUB_FILE, revision=revision)
    if isinstance(cached, str):
        return Path(cached)
    if not _hub_answers():
        raise _not_found(name, f"{huggingface_hub.constants.ENDPOINT} cannot be reached")
    try:
        return Path(huggingface_hub.hf_hub_download(repository, _HUB_FILE, revision=revision))
    except (OSError, ValueError, huggingface_hub.errors.HfHubHTTPError) as error:
        raise _not_found(name, f"the hub gave no {repository} ({type(error).__name__})") from error


def _hub_address(name: str) -> tuple[str, str | None]:
    """Repository and revision of a backbone's weights."""
    # Both libraries take seconds to import and are not needed where weights are local.
    import segmentation_models_pytorch as smp
    import timm

    if name.startswith("tu-"):
        config = timm.get_pretrained_cfg(name.removeprefix("tu-"), allow_unregistered=True)
        if config is None or not config.hf_hub_id:
            raise _not_found(name, "timm knows no pretrained weights of that name")
        return config.hf_hub_id, None
    known = smp.encoders.encoders.get(name, {}).get("pretrained_settings") or {}
    if not known:
        raise _not_found(name, "the library knows no pretrained weights of that name")
    entry = known.get("imagenet") or next(iter(known.values()))
    return entry["repo_id"], entry.get("revision")


def _hub_answers() -> bool:
    """One quick question, so that a machine without network is told so at once and not after minutes of retries."""
    if huggingface_hub.constants.HF_HUB_OFFLINE:
        return False
    request = urllib.request.Request(huggingface_hub.constants.ENDPOINT, method="HEAD")  # noqa: S310 - the user's hub
    try:
        with urllib.request.urlopen(request, timeout=_HUB_TIMEOUT_S):  # noqa: S310
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def _not_found(name: str, why: str) -> WeightsNotFoundError:
    folder = weights_dir()
    place = f'the folder "{folder}"' if folder else "a folder and name it in the setting BLEMISH_WEIGHTS"
    file = f"{name.removeprefix('tu-')}.safetensors"
    return WeightsNotFoundError(
        f'Pretrained weights "{name}" are not on this machine and {why}: put {file} into {place}, '
        "give the file with --weights FILE, or train without it by --set pretrained=false."
    )


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except FileNotFoundError:
        raise WeightsError(f'There is no weights file "{path}"; check the path given with --weights.') from None
    except (SafetensorError, OSError) as error:
        raise WeightsError(
            f'"{path}" is not a readable safetensors file ({error}); pickled checkpoints are not read.'
        ) from error


def _fill(module: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    wanted = {key: value for key, value in module.state_dict().items() if not key.endswith("num_batches_tracked")}
    state = _best_match(wanted, tensors)
    missing = sorted(set(wanted) - set(state))
    if missing:
        raise WeightsError(
            f'"{path}" belongs to another architecture: {len(missing)} of {len(wanted)} tensors are missing, '
            f'the first is "{missing[0]}" (the file starts with "{min(tensors, default="nothing")}").'
        )
    wrong = [key for key in wanted if state[key].shape != wanted[key].shape]
    if wrong:
        key = wrong[0]
        raise WeightsError(
            f'"{path}" belongs to another architecture: "{key}" is {tuple(state[key].shape)} there, '
            f"expected {tuple(wanted[key].shape)}."
        )
    own = dict(module.named_parameters()) | dict(module.named_buffers())
    for key, tensor in state.items():
        own[key].data.copy_(tensor)


def _best_match(wanted: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors under the module's names, trying the prefixes that wrappers add on either side."""
    # timm flattens "stages.0" to "stages_0" when a network only gives features.
    file = {key.replace("_", "."): tensor for key, tensor in tensors.items()}
    candidates = (
        {key: file[plain] for key in wanted if (plain := (add + key.removeprefix(drop)).replace("_", ".")) in file}
        for drop in _PREFIXES
        for add in _PREFIXES
    )
    return max(candidates, key=len)


def _normalisation(name: str, metadata: Mapping[str, str]) -> Normalisation:
    if "mean" in metadata and "std" in metadata:
        mean, std = (_triple(metadata[key]) for key in ("mean", "std"))
        return Normalisation(mean, std)
    if name.startswith("tu-"):
        import timm

        config = timm.get_pretrained_cfg(name.removeprefix("tu-"), allow_unregistered=True)
        if config is not None:
            return Normalisation(tuple(config.mean), tuple(config.std))
    return IMAGENET


def _told(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def _triple(text: str) -> tuple[float, float, float]:
    """``"0.5"`` or ``"0.485,0.456,0.406"`` as one value per channel."""
    values = [float(part) for part in text.split(",")]
    red, green, blue = values * 3 if len(values) == 1 else values
    return red, green, blue
