"""The benchmark: methods × data sets × seeds, each run in processes of its own, metrics never without their cost."""

from blemish.benchmarking.comparing import Difference, differences
from blemish.benchmarking.records import FailureRecord, RunRecord
from blemish.benchmarking.running import Benchmark, benchmark
from blemish.benchmarking.summary import summarise, write_tables

__all__ = [
    "Benchmark",
    "Difference",
    "FailureRecord",
    "RunRecord",
    "benchmark",
    "differences",
    "summarise",
    "write_tables",
]
