"""How fast a U-Net trains in each precision and memory order: the default beside channels-last and bfloat16.

    OMP_NUM_THREADS=1 python benchmarks/precision.py [--steps 6] [--record training-precision]

The four ways take turns, step by step, so that a drifting machine slows all of them alike.
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch

from blemish.methods.supervised.unet import UNet, UNetSettings
from blemish.training.precision import best_precision

from machine import describe_machine
from result_files import Column, Row, Table, record

BATCH, SIDE_PX = 8, 256
WAYS = {
    "float32, default order": (torch.contiguous_format, False),
    "float32, channels last": (torch.channels_last, False),
    "bfloat16, default order": (torch.contiguous_format, True),
    "bfloat16, channels last": (torch.channels_last, True),
}


class Way:
    """One network with its optimiser, trained in one way."""

    def __init__(self, memory_format: torch.memory_format, bfloat16: bool) -> None:
        torch.manual_seed(0)
        self.bfloat16 = bfloat16
        self.memory_format = memory_format
        settings = UNetSettings(pretrained=False)
        self.model = UNet(settings, ("crack",), lambda *_: None).to(memory_format=memory_format).train()
        self.optimizer = torch.optim.AdamW(self.model.parameters(), 1e-3)

    def step(self, image: torch.Tensor, mask: torch.Tensor) -> float:
        """Seconds of one optimiser step."""
        started = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
            x = self.model.from_bytes(image).contiguous(memory_format=self.memory_format)
            logits = self.model.net(x)[:, 0]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits.float(), mask)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--record", metavar="NAME", help="keep the figures as benchmarks/results/NAME.json")
    given = parser.parse_args()
    steps = given.steps
    image = torch.randint(0, 256, (BATCH, SIDE_PX, SIDE_PX, 3), dtype=torch.uint8)
    mask = torch.zeros(BATCH, SIDE_PX, SIDE_PX)
    ways = {name: Way(*way) for name, way in WAYS.items()}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for step in range(steps + 1):
        for name, way in ways.items():
            seconds = way.step(image, mask)
            if step:  # the first one warms up
                times[name].append(seconds)
    medians = {name: statistics.median(values) for name, values in times.items()}
    base = medians["float32, default order"]
    print(describe_machine("torch"))
    print(f"MobileNetV2 U-Net, batch {BATCH} of {SIDE_PX}²; chosen here: {best_precision()}, channels last\n")
    print("| way | s a step (median) | times the default's speed |\n|---|---|---|")
    for name, seconds in medians.items():
        print(f"| {name} | {seconds:.2f} | {base / seconds:.2f} |")
    if given.record:
        columns = (
            Column(name="s a step", digits=2),
            Column(name="times the default's speed", digits=2, leading_zero=True),
        )
        rows = [
            Row(name=(name,), cells={columns[0].name: seconds, columns[1].name: base / seconds})
            for name, seconds in medians.items()
        ]
        record(
            given.record,
            "Precision and memory order in training",
            f"MobileNetV2 U-Net, batches of {BATCH} of {SIDE_PX} × {SIDE_PX} px; median of {steps} steps in turn",
            [f"OMP_NUM_THREADS=1 python benchmarks/precision.py --steps {steps} --record {given.record}"],
            {"steps": Table(stub=("way",), columns=columns, rows=tuple(rows))},
            machine=describe_machine("torch"),
        )


if __name__ == "__main__":
    main()
