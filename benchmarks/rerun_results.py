"""Measure again what one command of blemish measures, where its data are there: `make results RERUN="kim-2020 …"`.

    python benchmarks/rerun_results.py kim-2020 steel-multiclass
    python benchmarks/rerun_results.py all

The runs lie in ``benchmarks/out/NAME``; the same command resumes them. A file whose data are not below BLEMISH_DATA is
passed over with a sentence. Then the file of the measurement is written anew.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from blemish.locations import data_dir

from collect_results import collect
from result_files import RESULTS, Result, read_result, write_result

OUT = Path(__file__).parent / "out"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "names", nargs="+", help="files of benchmarks/results, without .json; all takes each that can be"
    )
    names = parser.parse_args().names
    known = {path.stem: read_result(path.stem) for path in sorted(RESULTS.glob("*.json"))}
    can = [name for name, result in known.items() if result.rerun is not None]
    for name in can if names == ["all"] else names:
        if name not in can:
            raise SystemExit(f'"{name}" is not measured by one command; these are: {", ".join(can)}.')
        again(name, known[name])


def again(name: str, result: Result) -> None:
    """Measure, or resume, and keep."""
    assert result.rerun is not None
    root = data_dir()
    missing = [folder for folder in result.rerun.data if root is None or not (root / folder).is_dir()]
    if missing:
        print(f"{name}: passed over, since {', '.join(missing)} is not below BLEMISH_DATA.")
        return
    arguments = result.rerun.arguments(str(root), str(OUT / name))
    if subprocess.run([sys.executable, "-m", "blemish", *arguments], check=False).returncode:
        raise SystemExit(f"{name}: blemish {' '.join(arguments)} failed.")
    print(write_result(name, collect([OUT / name], result.data, result.rerun.data, {})))


if __name__ == "__main__":
    main()
