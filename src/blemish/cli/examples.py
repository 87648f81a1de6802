"""Examples that each verb's ``--help`` ends with; a test parses them all."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[str, ...]] = {
    "": (
        "demo",
        "inspect photos/ --out findings",
        "train patchcore --data line-3/ --out line-3.blemish",
    ),
    "inspect": (
        "inspect photos/ --out findings",
        "inspect photos/ --detector line-3.blemish --out findings --quiet",
        "inspect wall.jpg --out findings --mm-per-px 0.2 --grade korea-rc",
        "inspect wall.jpg --json",
    ),
    "measure": (
        "measure mask.png --image wall.jpg --mm-per-px 0.2",
        "measure mask.png --earlier-mask last-year.png --json",
    ),
    "train": (
        "train patchcore --data line-3/ --out line-3.blemish",
        "train unet --data walls/ --out wall.blemish --profile paper --set epochs=50",
        "train auto --data line-3/ --out line-3.blemish",
        "train unet --reviews ~/.local/share/blemish --out wall.blemish",
    ),
    "evaluate": ("evaluate --detector wall.blemish --data walls/ --out evaluation",),
    "gate": ("gate wall.blemish --data walls/ --max-false-alarms 0.01 --min-recall 0.98",),
    "report": (
        "report findings --title 'North wall' --lang ko",
        "report findings --format csv --format coco --out exports",
    ),
    "serve": ("serve", "serve --detector wall.blemish --host 0.0.0.0 --store findings"),
    "calibrate": (
        "calibrate --detector wall.blemish --data normal-photos/ --alpha 0.05",
        "calibrate --detector wall.blemish --data line-1/ --data line-2/ --pixels --out strict.blemish",
    ),
    "benchmark": ("benchmark unet patchcore --data walls/ --data castings/ --seed 0 --seed 1 --out benchmark",),
    "methods": ("methods", "methods patchcore"),
    "export": (
        "export wall.blemish --to onnx --out wall.onnx",
        "export wall.blemish --to int8 --data normal-photos/ --out wall-int8.blemish",
    ),
    "reproduce": ("reproduce list", "reproduce crack-classifier --data METU/ --out reproduced"),
    "demo": ("demo", "demo --train --out demo-trained"),
    "doctor": ("doctor",),
    "watch": ("watch hot/ --out findings", "watch hot/ --out findings --webhook https://line.example/findings"),
    "job": ("job status findings",),
    "job merge": ("job merge part-1 part-2 part-3 --out findings",),
    "job status": ("job status findings", "job status findings --json"),
    "detector": ("detector show concrete-crack",),
    "detector show": ("detector show concrete-crack", "detector show wall.blemish --json"),
    "detector set-threshold": ("detector set-threshold wall.blemish --reject 0.7 --min-area 30 --out strict.blemish",),
    "detector set-usability": ("detector set-usability wall.blemish --dark 15",),
    "detector set-finds": ("detector set-finds wall.blemish cracks",),
    "detector grow": ("detector grow line-3.blemish --data normal-photos/ --out line-3b.blemish",),
    "detector merge": ("detector merge line-3a.blemish line-3b.blemish --out line-3.blemish",),
    "series": ("series synth --out normal.csv", "series train ganomaly --data normal.csv --out pump.blemish"),
    "series train": ("series train ganomaly --data normal.csv --ignore time --out pump.blemish",),
    "series score": ("series score today.csv --detector pump.blemish --out scores.csv",),
    "series evaluate": ("series evaluate --detector pump.blemish --data tested.csv --faults fault",),
    "series synth": ("series synth --out normal.csv --steps 5000", "series synth --out tested.csv --faults 5 --seed 1"),
    "data": ("data check walls/",),
    "data check": ("data check walls/", "data check walls/ --layout class-folders --normal free --json"),
    "data tiles": ("data tiles walls/ --out tiles --tile 64",),
    "data subset": ("data subset METU/ --per-class 1000 --out part.csv",),
    "data reviews": ("data reviews ~/.local/share/blemish --out reviewed",),
    "data synth": ("data synth --out drawn -n 200 --seed 1",),
}
