"""The job folder: an inspection that streams, survives being killed, and goes on where it was."""

from blemish.inspection.job.assembling import assemble, read_progress
from blemish.inspection.job.images import Images
from blemish.inspection.job.job import Job
from blemish.inspection.job.merging import merge_jobs
from blemish.inspection.job.record import JobOptions

__all__ = ["Images", "Job", "JobOptions", "assemble", "merge_jobs", "read_progress"]
