"""Make the bundled detector again: draw photos, train, give it a promise from drawn photos without cracks.

    BLEMISH_WEIGHTS=… python benchmarks/concrete_crack_training.py --out benchmarks/out/concrete-crack

The same as by hand:

    blemish data synth photos -n 4500 --seed 1 --size 384 --test-share 0.06
    blemish train fast-unet --data photos --out concrete-crack.blemish --recipe recipes/concrete-crack.yaml
    blemish data synth sound -n 1000 --seed 2 --size 384 --crack-share 0 --test-share 0
    blemish calibrate concrete-crack.blemish --normals sound/train/images --alpha 0.05

No real photo is looked at. What is there already is not made again, so a killed run goes on where it was.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import blemish
from blemish.datasets.synthesis import write_synthesis
from blemish.images import list_images
from blemish.inspection import calibrate

ROOT = Path(__file__).resolve().parents[1]
SIZE_PX = 384
ALPHA = 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out/concrete-crack"))
    parser.add_argument("--seed", type=int, default=0, help="of the training")
    out, seed = (options := parser.parse_args()).out, options.seed
    photos, sound = out / "photos", out / "sound"
    if not photos.is_dir():
        print("Drawing 4,500 photos …")
        write_synthesis(photos, n=4500, seed=1, size_px=SIZE_PX, test_share=0.06)
    if not sound.is_dir():
        print("Drawing 1,000 photos without cracks …")
        write_synthesis(sound, n=1000, seed=2, size_px=SIZE_PX, crack_share=0, test_share=0)
    raw, file = out / f"seed{seed}.blemish", out / f"seed{seed}" / "concrete-crack.blemish"
    if not raw.is_file():
        recipe = ROOT / "recipes" / "concrete-crack.yaml"
        blemish.train("fast-unet", photos, raw, recipe=recipe, seed=seed, progress=True, say=print)
    calibrate(blemish.load(raw), list_images([sound / "train" / "images"]), alpha=ALPHA, say=print).save(file)
    print(f"Wrote {file}. To bundle it, put it into src/blemish/bundled/.")


if __name__ == "__main__":
    main()
