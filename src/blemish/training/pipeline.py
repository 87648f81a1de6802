"""From a folder of images to a detector file: deal out, fit, export, choose thresholds, write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from torch import nn

from blemish.datasets import Dataset, fingerprint, image_digests, read_dataset
from blemish.datasets.white_masks import white_mask_warnings
from blemish.detectors import Container, Detector, DetectorSpec, Provenance
from blemish.errors import BlemishError, SettingsError
from blemish.files import write_bytes
from blemish.methods import FittedMethod, GradientMethod, Method, get_method
from blemish.methods.networks.pixels import IMAGENET, Normalisation
from blemish.reports.plots import draw_losses
from blemish.training.backbones import Backbones, save_weights, start_from
from blemish.training.card import model_card
from blemish.training.choosing import Parts, split_labelled_images, split_masked_images
from blemish.training.export import export_graph
from blemish.training.fitting import fit, fit_by_looking
from blemish.training.normals import split_few_labels, split_normal_images, thresholds_from_normals
from blemish.training.precision import LossNotFiniteError
from blemish.training.recipes import resolve_settings
from blemish.training.thresholds import calibrate, choose_thresholds

_DEAL = {
    "masks": split_masked_images,
    "labels": split_labelled_images,
    "normal": split_normal_images,
    "few-labels": split_few_labels,
}
_LIBRARIES = ("blemish", "torch", "lightning", "timm", "segmentation-models-pytorch", "onnxruntime", "numpy")


def train(
    method: str,
    data: Path | str | Dataset,
    out: Path | str,
    *,
    settings: Mapping[str, Any] | None = None,
    recipe: Path | None = None,
    profile: str = "quick",
    seed: int = 0,
    weights: Path | None = None,
    start: Path | None = None,
    progress: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> Detector:
    """Train a method on a data set and write the detector.

    Beside ``out`` stays a folder ``<name>.training`` with the loss curves as CSV and as a picture, and the network's
    weights for a later training to start from.

    Args:
        method: its registered name, for example ``unet``.
        data: folder, table or `Dataset`; only its training split is looked at.
        out: the ``.blemish`` file to write.
        settings: values that replace those of the recipe or the defaults.
        recipe: a recipe file or the name of a shipped one; without, that named after the method, where there is one.
        profile: ``quick`` (a 2-core CPU finishes in minutes) or ``paper`` (as published).
        seed: decides everything random: the same seed on the same machine gives the same file.
        weights: a safetensors file with the backbone's pretrained weights.
        start: ``weights.safetensors`` of an earlier training of the same method and settings, to go on from.
        progress: draw a progress bar.
        say: called with sentences for a person.

    Returns:
        The detector, as loaded from ``out``.

    Raises:
        SettingsError: unknown method, setting, profile or recipe.
        DataError: the data set cannot be learned from.
        WeightsError: pretrained weights are missing or of another architecture.
        BlemishError: ``out`` cannot be written.
    """
    target = Path(out)
    chosen = get_method(method)
    if not chosen.exportable:
        raise SettingsError(
            f'Method "{method}" searches by gradient for every image, which no detector file can hold; '
            "train and score with blemish.training.train_under_torch."
        )
    resolved = resolve_settings(chosen, recipe=recipe, profile=profile, overrides=settings or {})
    check_target(target)
    dataset = data if isinstance(data, Dataset) else read_dataset(Path(data))
    say(f"{dataset.name}: {dataset.layout}, {len(dataset)} images.")
    for note in dataset.notes:
        say(note)
    parts = _DEAL[chosen.info.learns_from](dataset, seed=seed, say=say)
    if chosen.info.learns_from in ("masks", "few-labels"):
        for warning in white_mask_warnings(parts.fit.samples + parts.held_out.samples):
            say(warning)
    say(
        f"{len(parts.fit)} images to learn from, {len(parts.held_out)} set aside for stopping and thresholds, "
        f"{len(parts.calibration)} for calibration."
    )
    backbones = Backbones(weights)

    def build_fitted() -> FittedMethod:
        built: Method = chosen(resolved, dataset.classes, backbones.load)
        if start is not None or not isinstance(built, FittedMethod):
            raise SettingsError(f'Method "{method}" learns anew from the images and has no weights to start from.')
        return built

    def build() -> GradientMethod:
        built: Method = chosen(resolved, dataset.classes, backbones.load if start is None else _no_backbone)
        if not isinstance(built, GradientMethod):
            raise SettingsError(f'Method "{method}" has no way to be fitted: it must derive from GradientMethod.')
        if start is not None:
            start_from(built, start)
        return built

    fitted: Method
    if issubclass(chosen, FittedMethod):
        fitted, how = fit_by_looking(build_fitted, parts.fit.samples, seed=seed)
    else:
        logs = target.with_suffix(".training")
        fitted, how = _fit_by_gradient(build, parts, seed=seed, logs=logs, progress=progress, say=say)
    detector = _detector(fitted, dataset, parts, how, seed=seed, path=target)
    detector.save(target)
    say(f"Wrote {target}: thresholds {detector.spec.thresholds.source.removesuffix('.')}.")
    return detector


def _fit_by_gradient(
    build: Callable[[], GradientMethod],
    parts: Parts,
    *,
    seed: int,
    logs: Path,
    progress: bool,
    say: Callable[[str], None],
) -> tuple[Method, str]:
    try:
        fitted, report = fit(build, parts.fit.samples, parts.held_out.samples, seed=seed, logs=logs, progress=progress)
    except LossNotFiniteError as error:
        raise BlemishError(f"{error} Try a smaller learning rate: --set learning_rate=0.0003.") from error
    save_weights(fitted, logs / "weights.safetensors")
    draw_losses(logs / "curves.png", logs / "metrics.csv")
    for remark in report.remarks:
        say(remark)
    return fitted, report.describe()


def _detector(fitted: Method, dataset: Dataset, parts: Parts, how: str, *, seed: int, path: Path) -> Detector:
    """Export, choose thresholds, calibrate and describe."""
    info = fitted.info
    from_normals = info.learns_from in ("normal", "few-labels")
    spec = DetectorSpec(
        method=info.name,
        settings=fitted.settings.model_dump(mode="json"),
        input=fitted.input_spec(),
        localises=info.localises,
        # Who has seen no defect, or few, cannot name one.
        classes=() if from_normals else dataset.classes,
        provenance=Provenance(
            data=dataset.name,
            fingerprint=fingerprint(parts.fit),
            seed=seed,
            n_train=len(parts.fit),
            n_held_out=len(parts.held_out),
            images=_digests(parts),
            libraries=library_versions(),
        ),
    )
    graph = export_graph(fitted.graph(), spec.input)
    bare = Detector(Container(spec, graph, card=""), path=path)
    if from_normals:
        thresholds, calibration = thresholds_from_normals(bare, parts.held_out)
    else:
        thresholds, calibration = choose_thresholds(bare, parts.held_out), calibrate(bare, parts.calibration)
    spec = spec.model_copy(update={"thresholds": thresholds, "calibration": calibration})
    card = model_card(path.stem, spec, learns_from=info.learns_from, summary=info.summary, fit=how)
    return Detector(Container(spec, graph, card), path=path)


def _no_backbone(name: str, module: nn.Module) -> Normalisation:
    """The whole network is filled from one file, normalisation included."""
    return IMAGENET


def _digests(parts: Parts) -> tuple[str, ...]:
    every = (image_digests(part) for part in (parts.fit, parts.held_out, parts.calibration))
    return tuple(sorted({digest for digests in every for digest in digests}))


def check_target(target: Path) -> None:
    """Find out before the training, not after, that the result cannot be written.

    Raises:
        SettingsError: the name is no detector's, or a folder's.
        BlemishError: the folder cannot be written to.
    """
    if target.suffix != ".blemish":
        raise SettingsError(
            f'The detector\'s name must end in .blemish, for example "{target.with_suffix(".blemish")}".'
        )
    if target.is_dir():
        raise SettingsError(f'"{target}" is a folder; name a file to write the detector to.')
    probe = target.with_name(f".{target.name}.probe")
    write_bytes(probe, b"")
    probe.unlink()


def library_versions() -> dict[str, str]:
    """Name and version of what a detector was made with."""
    found: dict[str, str] = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
