"""The benchmark: methods × data sets × seeds, each cell in processes of its own, figures never without their cost."""

from blemish.benchmarking.comparing import Difference, differences
from blemish.benchmarking.records import CellRecord, FailureRecord
from blemish.benchmarking.running import Benchmark, benchmark
from blemish.benchmarking.tables import summarise, write_tables

__all__ = [
    "Benchmark",
    "CellRecord",
    "Difference",
    "FailureRecord",
    "benchmark",
    "differences",
    "summarise",
    "write_tables",
]
