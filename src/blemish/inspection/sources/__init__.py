"""Where images come from: files, folders, patterns, lists, memory."""

from blemish.inspection.sources.found import Found, Locator, Source
from blemish.inspection.sources.given import SourceLike, as_list, file_sources, sources_of
from blemish.inspection.sources.opening import open_source

__all__ = ["Found", "Locator", "Source", "SourceLike", "as_list", "file_sources", "open_source", "sources_of"]
