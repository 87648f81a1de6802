"""What the using side takes on disk, package by package.

    python benchmarks/installed_size.py [--record installed-size]

The wheel is built and installed into a fresh environment without extras. Each package is counted by its list of files,
bytecode included; what is below a megabyte stands together.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

from machine import describe_machine
from result_files import Column, Row, Table, record
from result_tables import markdown
from startup import installed_megabytes, make_using_side

# In the environment that is measured; its pip and setuptools are not counted.
SIZES = """
import json
from importlib.metadata import distributions
sizes = {}
for one in distributions():
    files = {one.locate_file(file) for file in one.files or ()}
    sizes[f"{one.name} {one.version}"] = sum(file.stat().st_size for file in files if file.is_file()) / 1e6
print(json.dumps({name: size for name, size in sizes.items() if name.split()[0] not in ("pip", "setuptools", "wheel")}))
"""
LEAST_MB = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", metavar="NAME", help="keep the figures as benchmarks/results/NAME.json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="blemish-size-") as folder:
        using = make_using_side(Path(folder))
        done = subprocess.run([using / "bin/python", "-c", SIZES], capture_output=True, text=True, check=True)
        sizes, together = json.loads(done.stdout), installed_megabytes(using)
    large = {name: size for name, size in sizes.items() if size >= LEAST_MB}
    large = dict(sorted(large.items(), key=lambda one: -one[1]))
    large |= {"the rest": together - sum(large.values()), "together": together}
    rows = tuple(Row(name=(name,), cells={"MB": size}) for name, size in large.items())
    table = Table(stub=("package",), columns=(Column(name="MB", digits=0),), rows=rows)
    print(markdown(table))
    if options.record:
        record(
            options.record,
            "Installed size of the using side",
            "a fresh environment, no extras",
            [f"python benchmarks/installed_size.py --record {options.record}"],
            {"parts": table},
            machine=describe_machine("numpy"),
        )


if __name__ == "__main__":
    main()
