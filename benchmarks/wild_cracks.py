"""concrete-crack on surfaces that a training has never met: leave one source out, validate on what was left out.

export BLEMISH_DATA=… BLEMISH_WEIGHTS=… CRACK_SOURCES=…   # CRACK_SOURCES also holds sdnet/ and metu/, whole
python benchmarks/wild_cracks.py prepare
python benchmarks/wild_cracks.py train --without asphalt structures --start drawings.safetensors --out runs/
python benchmarks/wild_cracks.py train --without drone pavements metu --start drawings.safetensors --out runs/
python benchmarks/wild_cracks.py interpolate --start drawings.safetensors --detector runs/without-… --out …
python benchmarks/wild_cracks.py opinion --detector … --without … --out …          # on what a network outlines
python benchmarks/wild_cracks.py doubt --out opinions/ …                            # images without an outline
python benchmarks/wild_cracks.py fresh --detector … --out runs/                     # false alarms, peak by peak
python benchmarks/wild_cracks.py measure --out runs/                                # each domain by its own network
python benchmarks/wild_cracks.py measure --out runs/ --detector concrete-crack      # one detector on all of them
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import yaml

import blemish
from blemish.datasets import Dataset
from blemish.detectors import Thresholds
from blemish.locations import data_dir
from wild_bundle import bundle, outlined_fresh
from wild_decision import Tried, at_limits, curve, merit, outlined, reliability, try_rules
from wild_domains import DOMAINS, ROOT, prepare, recipe_without, validation_set
from wild_images import Images, limits, scaling
from wild_opinion import give_opinion, image_logits
from wild_painted import paint
from wild_scoring import Rule, Seen, score, see
from wild_weights import interpolate


def train(options: argparse.Namespace) -> None:
    """Train without some domains; what is there already is not trained again, and a killed run goes on."""
    out: Path = options.out / f"without-{'-'.join(options.without) or 'none'}-seed{options.seed}.blemish"
    if out.is_file():
        print(f"{out} is there.")
        return
    blemish.train(
        "fast-unet",
        recipe_without(options.without, options.out, max_images=options.max_images, painted=options.painted),
        out,
        recipe=ROOT / "recipes" / "concrete-crack-photos.yaml",
        seed=options.seed,
        start=options.start,
        settings=yaml.safe_load(options.settings),
        say=print,
    )


def measure(options: argparse.Namespace) -> None:
    """A table of every domain under one rule, worst first: each seen by the network that was trained without it."""
    rule = Rule(options.pixel, options.peak, options.min_area_px, options.gap_px, options.review)
    rows = {name: score(seen_in(name, options), rule).row() for name in options.domains}
    columns = list(next(iter(rows.values())))
    print(f"| domain | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}")
    for name, row in sorted(rows.items(), key=lambda each: each[1]["f1_2px"] or 2.0):
        cells = ("" if (value := row[column]) is None else f"{value:.3f}" for column in columns)
        print(f"| {name} | {' | '.join(cells)} |")
    best = [row["f1_2px"] for name, row in rows.items() if row["ceiling_f1_2px"] is not None and name != "drawn"]
    print(f"Real domains, F1 within 2 px: worst {min(best):.3f}, mean {np.mean(best):.3f}.")


def choose(options: argparse.Namespace) -> None:
    """The trade-off curve of one rule for all domains, and how probable a probability is."""
    domains = {name: seen_in(name, options) for name in options.domains}
    tried = try_rules(domains)
    for budget, rule in curve(tried).items():
        reached = f"at most {outlined(tried[rule]):.3f} outlined, worst and mean F1 {np.round(merit(tried[rule]), 3)}"
        print(f"At most {budget:.0%} outlined: {rule}, {reached}: {_told(tried[rule])}")
    rows, (factor, offset) = reliability(domains)
    print("| stated | true | pixels |\n|---|---|---|")
    for stated, true, count in rows:
        print(f"| {stated:.3f} | {true:.3f} | {count} |")
    print(f"Platt scaling: logit × {factor:.3f} {offset:+.3f}")


def found_at_limits(options: argparse.Namespace) -> None:
    """What one pixel threshold, least area and gap give at peaks that keep to limits of crack-free images outlined."""
    domains = {name: seen_in(name, options) for name in options.domains}
    for limit, (peak, tried) in at_limits(domains, options.pixel, options.min_area_px, options.gap_px).items():
        print(f"At most {limit:.0%}: peak {peak:.4f}, worst and mean F1 {np.round(merit(tried), 3)}: {_told(tried)}")


def doubt(options: argparse.Namespace) -> None:
    """What the opinion says of images in which nothing is outlined."""
    rule = Rule(options.pixel, options.peak, options.min_area_px, options.gap_px)
    domains = {}
    for name in options.domains:
        seen, dataset = seen_in(name, options), domain_images(name, options)
        outlines = np.array([rule.outline(one.map).any() for one in seen])
        logits = image_logits(blemish.load(network_of(name, options)), (each.read_image() for each in dataset.samples))
        domains[name] = Images(np.array([one.cracked for one in seen]), outlines, np.array(list(logits)))
    real = {name: one for name, one in domains.items() if name != "drawn"}
    print("Scaling: logit × {:.3f} {:+.3f}".format(*scaling(real)))
    for extra, limit in {0.0: np.inf, **limits(real)}.items():
        told = (
            f"{name} {found:.3f} {'' if flagged is None else f'flagged {flagged:.3f}'}"
            for name, (found, flagged) in ((name, one.doubted(limit)) for name, one in domains.items())
        )
        print(f"{extra:.2%} more, logit {limit:.2f}: {', '.join(told)}")


def _told(tried: Mapping[str, Tried]) -> str:
    return ", ".join(
        f"{name} {'' if row.f1 is None else f'F1 {row.f1:.3f} '}found {row.found:.3f}"
        f"{'' if row.outlined is None else f' outlined {row.outlined:.3f}'}"
        for name, row in tried.items()
    )


def seen_in(name: str, options: argparse.Namespace) -> list[Seen]:
    """What a network makes of a domain's validation images (or, at the very end, of its test images)."""
    file = network_of(name, options)
    tag = Path(file).stem if options.detector else "left-out"
    maps = options.out / "maps" / f"{name}-{_split_of(name, options)}-{tag}-seed{options.seed}.npz"
    return see(blemish.load(file), domain_images(name, options), maps)


def domain_images(name: str, options: argparse.Namespace) -> Dataset:
    """The images of a domain that are looked at."""
    return validation_set(name, options.out, split=_split_of(name, options))


def _split_of(name: str, options: argparse.Namespace) -> str:
    # No photo is in the drawings, so any network may be validated on drawings that it did not see.
    return "test" if name == "drawn" else str(options.split)


def network_of(name: str, options: argparse.Namespace) -> str | Path:
    """The detector that looks at a domain."""
    if options.detector:
        return str(options.detector)
    return network_without("asphalt" if name == "drawn" else name, options)


def network_without(domain: str, options: argparse.Namespace) -> Path:
    """The network that was trained without a domain, alone or with others."""
    for file in sorted(options.out.glob(f"without-*-seed{options.seed}.blemish")):
        if domain in file.stem.split("-"):
            return file
    raise SystemExit(f"{options.out} holds no network that was trained without {domain}.")


def seen_options(parser: argparse.ArgumentParser) -> None:
    """What says which maps are looked at."""
    parser.add_argument("--out", type=Path, required=True, help="where train wrote to; maps are kept in it")
    parser.add_argument("--detector", help="one detector for all domains, instead of those trained without each")
    parser.add_argument("--domains", nargs="+", choices=list(DOMAINS), default=list(DOMAINS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--split", choices=["train", "test"], default="train", help="test: once, at the very end")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("prepare", help="draw, and repeat textures to walls, into $CRACK_SOURCES")
    verbs.add_parser("paint", help="draw cracks on the photos of all sources, into $CRACK_SOURCES/painted")
    training = verbs.add_parser("train", help="train without a domain")
    training.add_argument("--without", nargs="*", choices=list(DOMAINS), required=True, help="none: all sources")
    training.add_argument("--out", type=Path, required=True)
    training.add_argument("--start", type=Path, help="weights.safetensors of the training on drawings")
    training.add_argument("--seed", type=int, default=0)
    training.add_argument("--settings", default="{}", help="of the method, other than the recipe's, as YAML")
    training.add_argument("--painted", action="store_true", help="also cracks drawn on photos, see paint")
    training.add_argument("--max-images", type=int, help="of each source, for a shorter training")
    mixing = verbs.add_parser("interpolate", help="weights between those of trainings' start and their mean end")
    mixing.add_argument("--start", type=Path, required=True)
    mixing.add_argument("--detector", type=Path, nargs="+", required=True, help="of one seed or several")
    mixing.add_argument("--recipe", type=Path, required=True, help="that train wrote beside the detector")
    mixing.add_argument("--fraction", type=float, default=0.5)
    mixing.add_argument("--out", type=Path, required=True, help=".blemish file")
    asking = verbs.add_parser("opinion", help="give a network a second opinion, learned without the same domains")
    asking.add_argument("--detector", type=Path, required=True, help="its probabilities unscaled")
    asking.add_argument("--without", nargs="*", choices=list(DOMAINS), required=True, help="none: all sources")
    asking.add_argument("--weight", type=float, default=1.0, help="of the opinion's logit")
    asking.add_argument("--out", type=Path, required=True, help=".blemish file")
    measuring = verbs.add_parser("measure", help="the table of all domains")
    choosing = verbs.add_parser("choose", help="the trade-off curve and the reliability, of networks left out")
    limiting = verbs.add_parser("limits", help="what is found at limits of crack-free images outlined")
    doubting = verbs.add_parser("doubt", help="what the opinion says of images in which nothing is outlined")
    for each in (measuring, choosing, limiting, doubting):
        seen_options(each)
    fresh = verbs.add_parser("fresh", help="crack-free photos that no training saw: how many each peak outlines")
    fresh.add_argument("--detector", type=Path, required=True)
    fresh.add_argument("--out", type=Path, required=True, help="a recipe is written there")
    bundling = verbs.add_parser("bundle", help="rule, probabilities and calibration into a detector file")
    bundling.add_argument("--factor", type=float, required=True, help="of the logits, from choose")
    bundling.add_argument("--offset", type=float, required=True)
    bundling.add_argument("--detector", type=Path, required=True)
    bundling.add_argument("--start", type=Path, required=True, help="detector that the training started from")
    bundling.add_argument("--out", type=Path, required=True, help=".blemish file")
    for each in (measuring, bundling, limiting, doubting):
        each.add_argument("--pixel", type=float, default=0.3)
        each.add_argument("--peak", type=float, default=0.977)
        each.add_argument("--min-area-px", type=int, default=1)
        each.add_argument("--gap-px", type=int, default=0, help="pieces with at most so many between them are one")
    measuring.add_argument("--review", type=float, default=np.inf)
    options = parser.parse_args()
    data, sources = data_dir(), os.environ.get("CRACK_SOURCES")
    if data is None or sources is None:
        raise SystemExit("Set BLEMISH_DATA to the folder with open-cracks/ and CRACK_SOURCES to one for the others.")
    if options.verb == "prepare":
        prepare(Path(sources), data)
    elif options.verb == "paint":
        paint(Path(sources) / "painted")
    elif options.verb == "interpolate":
        interpolate(options.start, options.detector, options.recipe, options.fraction, options.out)
    elif options.verb == "opinion":
        recipe = recipe_without(options.without, options.out.parent)
        give_opinion(options.detector, recipe, options.out, weight=options.weight)
    elif options.verb == "fresh":
        outlined_fresh(blemish.load(options.detector), options.out)
    elif options.verb == "bundle":
        decided = Thresholds(
            pixel=options.pixel, peak=options.peak, min_area_px=options.min_area_px, gap_px=options.gap_px
        )
        bundle(options.detector, options.start, options.out, decided, factor=options.factor, offset=options.offset)
    else:
        {"train": train, "measure": measure, "choose": choose, "limits": found_at_limits, "doubt": doubt}[options.verb](
            options
        )


if __name__ == "__main__":
    main()
