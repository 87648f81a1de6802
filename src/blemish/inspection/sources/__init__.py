"""Where images come from: files, folders, patterns, lists, archives, videos, pages, object stores, memory."""

from blemish.inspection.sources.found import Found, Locator, Source
from blemish.inspection.sources.given import SourceLike, Sourcing, as_list, file_sources, sources_of
from blemish.inspection.sources.opening import Opener

__all__ = ["Found", "Locator", "Opener", "Source", "SourceLike", "Sourcing", "as_list", "file_sources", "sources_of"]
