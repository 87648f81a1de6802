"""Make the bundled detector again: draw photos, train, give it a promise from drawn photos without cracks.

    BLEMISH_WEIGHTS=… python benchmarks/concrete_crack_training.py --out benchmarks/out/concrete-crack

The same as by hand:

    blemish data synth drawn-surfaces -n 3800 --seed 1 --size 384 --crack-share 0.6 --test-share 0.03
    blemish train fast-unet --data drawn-surfaces --out concrete-crack.blemish --recipe recipes/concrete-crack.yaml
    blemish data synth sound -n 1000 --seed 2 --size 384 --crack-share 0 --test-share 0
    blemish calibrate concrete-crack.blemish --normals sound/train/images --alpha 0.1 --review-alpha 0.3

but for the model card. No real photo is looked at. What is there already is not made again, so a killed run goes on
where it was.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import blemish
from blemish.datasets.synthesis import write_synthesis
from blemish.detectors import Detector
from blemish.images import list_images
from blemish.inspection import calibrate

ROOT = Path(__file__).resolve().parents[1]
SIZE_PX = 384
ALPHA, REVIEW_ALPHA = 0.1, 0.3
ABOUT = """
## What it is for

Cracks in concrete, render, stone, asphalt and masonry, in photos of any size, without any training on the user's side.
It learned from photos drawn by blemish (`blemish data synth`) and never saw a real one; its encoder started from a
MobileNetV2 pretrained on ImageNet (Apache-2.0). Its own weights are Apache-2.0 like blemish.

Verdicts hold for drawn surfaces full of joints, cables, shadows and twigs: at most a tenth of those without a crack are
rejected. For a promise about your own surfaces: `blemish calibrate concrete-crack --normals GOOD --out mine.blemish`.
It is cautious: cracks with little contrast, or wide and blurred, it misses more often than it invents any.
"""


def describe(raw: Path, sound: Path, file: Path) -> None:
    """Calibrate, and say in the model card what the detector is for."""
    photos = list_images([sound / "train" / "images"])
    detector = calibrate(blemish.load(raw), photos, alpha=ALPHA, review_alpha=REVIEW_ALPHA, say=print)
    card = detector.container.card.replace(f"# {raw.stem}\n", "# concrete-crack\n")
    Detector(replace(detector.container, card=card + ABOUT)).save(file)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out/concrete-crack"))
    parser.add_argument("--seed", type=int, default=0, help="of the training")
    out, seed = (options := parser.parse_args()).out, options.seed
    photos, sound = out / "drawn-surfaces", out / "sound"
    if not photos.is_dir():
        print("Drawing 3,800 photos …")
        write_synthesis(photos, n=3800, seed=1, size_px=SIZE_PX, crack_share=0.6, test_share=0.03)
    if not sound.is_dir():
        print("Drawing 1,000 photos without cracks …")
        write_synthesis(sound, n=1000, seed=2, size_px=SIZE_PX, crack_share=0, test_share=0)
    raw, file = out / f"seed{seed}.blemish", out / f"seed{seed}" / "concrete-crack.blemish"
    if not raw.is_file():
        recipe = ROOT / "recipes" / "concrete-crack.yaml"
        blemish.train("fast-unet", photos, raw, recipe=recipe, seed=seed, progress=True, say=print)
    describe(raw, sound, file)
    print(f"Wrote {file}. To bundle it, put it into src/blemish/bundled/.")


if __name__ == "__main__":
    main()
