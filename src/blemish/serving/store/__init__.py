"""What a server keeps: findings, reviews, detectors, keys and the audit log in a database; pictures in files."""

from blemish.serving.store.blobs import Blobs
from blemish.serving.store.database import Database

__all__ = ["Blobs", "Database"]
