"""anomalib's half of verdicts_beside_anomalib.py; run by the Python of anomalib's own virtual environment.

    VENV/bin/python benchmarks/anomalib_side.py JOB.json

The job names folders of normal images to learn from and lists of images to judge. Everything is anomalib's default
except what the job says and what no network forces: the backbone's weights come from a file.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from anomalib_engine import cpu_engine  # isort: skip
import torch
from anomalib import models
from anomalib.data import Folder, PredictDataset

# The last layers of timm's mobilenetv2_100 that are 8 and 16 times smaller than the image.
LAYERS = ["blocks.2", "blocks.4"]


def build(job: dict):
    options = {"backbone": "mobilenetv2_100", "layers": LAYERS, "pre_trained": False}
    # PaDiM has no default number of features for this backbone: that of its smallest one.
    features = {"n_features": 100} if job["model"] == "padim" else {}
    model = {"patchcore": models.Patchcore, "padim": models.Padim}[job["model"]](**options, **features)
    if job["weights"]:
        load_by_order(model.model.feature_extractor.feature_extractor, Path(job["weights"]))
    return model


def load_by_order(extractor: torch.nn.Module, file: Path) -> None:
    """torchvision's mobilenet_v2 and timm's hold the same tensors in the same order under other names."""
    from safetensors.torch import load_file
    from torchvision.models import mobilenet_v2

    source = mobilenet_v2(weights=None).features
    source.load_state_dict({name.removeprefix("features."): tensor for name, tensor in load_file(file).items()})
    wanted = extractor.state_dict()
    filled = dict(zip(wanted, source.state_dict().values(), strict=False))
    if any(filled[name].shape != tensor.shape for name, tensor in wanted.items()):
        raise SystemExit(f"{file} does not fit the backbone.")
    extractor.load_state_dict(filled)


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text())
    torch.manual_seed(job["seed"])
    work = Path(job["work"])
    # With normal images only: what the defaults make of them, or a validation set of drawn-in defects.
    modes = {"default": {}, "synthetic": {"test_split_mode": "synthetic", "val_split_mode": "synthetic"}}[job["mode"]]
    data = Folder(name="good", root=job["root"], normal_dir="good", num_workers=0, seed=job["seed"], **modes)
    model = build(job)
    engine = cpu_engine(work)
    started = time.perf_counter()
    engine.fit(model=model, datamodule=data)
    record = {"fit_s": time.perf_counter() - started}
    # Its validation, and with it the threshold, is run by `test` where the fit has not.
    model.visualizer = None
    judge = cpu_engine(work)
    for kind in ("unseen", "defective"):
        rejected, scores = [], []
        if (Path(job["root"]) / kind).is_dir():
            images = PredictDataset(path=Path(job["root"]) / kind)
            for batch in judge.predict(model=model, dataset=images) or []:
                rejected += batch.pred_label.flatten().int().tolist()
                scores += batch.pred_score.flatten().tolist()
        record[kind] = {"judged": len(rejected), "rejected": sum(rejected), "scores": scores}
    threshold = getattr(model.post_processor, "image_threshold", None)
    record["threshold"] = None if threshold is None else float(threshold)
    Path(job["answer"]).write_text(json.dumps(record))


if __name__ == "__main__":
    main()
