"""concrete-crack on surfaces that a training has never met: leave one source out, validate on what was left out.

export BLEMISH_DATA=… BLEMISH_WEIGHTS=… CRACK_SOURCES=…   # CRACK_SOURCES also holds sdnet/ and metu/, whole
python benchmarks/wild_cracks.py prepare
python benchmarks/wild_cracks.py train --without asphalt --start drawings.safetensors --out runs/   # of each domain
python benchmarks/wild_cracks.py measure --out runs/                                # each domain by its own network
python benchmarks/wild_cracks.py measure --out runs/ --detector concrete-crack      # one detector on all of them
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np

import blemish
from blemish.locations import data_dir
from wild_domains import DOMAINS, ROOT, prepare, recipe_without, validation_set
from wild_scoring import Rule, Seen, score, see


def train(options: argparse.Namespace) -> None:
    """Train without a domain; what is there already is not trained again, and a killed run goes on."""
    out: Path = options.out / f"without-{options.without}-seed{options.seed}.blemish"
    if out.is_file():
        print(f"{out} is there.")
        return
    blemish.train(
        "fast-unet",
        recipe_without(options.without, options.out, max_images=options.max_images),
        out,
        recipe=ROOT / "recipes" / "concrete-crack-photos.yaml",
        seed=options.seed,
        start=options.start,
        settings={} if options.epochs is None else {"epochs": options.epochs},
        say=print,
    )


def measure(options: argparse.Namespace) -> None:
    """A table of every domain under one rule, worst first: each seen by the network that was trained without it."""
    rule = Rule(options.pixel, options.peak, options.window_px, options.review)
    rows = {name: score(seen_in(name, options), rule).row() for name in options.domains}
    columns = list(next(iter(rows.values())))
    print(f"| domain | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}")
    for name, row in sorted(rows.items(), key=lambda each: each[1]["f1_2px"] or 2.0):
        cells = ("" if (value := row[column]) is None else f"{value:.3f}" for column in columns)
        print(f"| {name} | {' | '.join(cells)} |")
    best = [row["f1_2px"] for name, row in rows.items() if row["ceiling_f1_2px"] is not None and name != "drawn"]
    print(f"Real domains, F1 within 2 px: worst {min(best):.3f}, mean {np.mean(best):.3f}.")


def seen_in(name: str, options: argparse.Namespace) -> list[Seen]:
    """What a network makes of a domain's validation images (or, at the very end, of its test images)."""
    # No photo is in the drawings, so any network may be validated on drawings that it did not see.
    split = "test" if name == "drawn" else options.split
    file = options.detector or options.out / f"without-{name}-seed{options.seed}.blemish"
    tag = Path(file).stem if options.detector else "left-out"
    dataset = validation_set(name, options.out, split=split)
    maps = options.out / "maps" / f"{name}-{split}-{tag}-seed{options.seed}.npz"
    return see(blemish.load(file), dataset, maps)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("prepare", help="draw, and repeat textures to walls, into $CRACK_SOURCES")
    training = verbs.add_parser("train", help="train without a domain")
    training.add_argument("--without", choices=[*DOMAINS, "none"], required=True)
    training.add_argument("--out", type=Path, required=True)
    training.add_argument("--start", type=Path, help="weights.safetensors of the training on drawings")
    training.add_argument("--seed", type=int, default=0)
    training.add_argument("--epochs", type=int)
    training.add_argument("--max-images", type=int, help="of each source, for a shorter training")
    measuring = verbs.add_parser("measure", help="the table of all domains")
    measuring.add_argument("--out", type=Path, required=True, help="where train wrote to; maps are kept in it")
    measuring.add_argument("--detector", help="one detector for all domains, instead of those trained without each")
    measuring.add_argument("--domains", nargs="+", choices=list(DOMAINS), default=list(DOMAINS))
    measuring.add_argument("--seed", type=int, default=0)
    measuring.add_argument("--split", choices=["train", "test"], default="train", help="test: once, at the very end")
    measuring.add_argument("--pixel", type=float, default=0.3)
    measuring.add_argument("--peak", type=float, default=0.977)
    measuring.add_argument("--window-px", type=int, default=0)
    measuring.add_argument("--review", type=float, default=np.inf)
    options = parser.parse_args()
    data, sources = data_dir(), os.environ.get("CRACK_SOURCES")
    if data is None or sources is None:
        raise SystemExit("Set BLEMISH_DATA to the folder with open-cracks/ and CRACK_SOURCES to one for the others.")
    if options.verb == "prepare":
        prepare(Path(sources), data)
    else:
        {"train": train, "measure": measure}[options.verb](options)


if __name__ == "__main__":
    main()
