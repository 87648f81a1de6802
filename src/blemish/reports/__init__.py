"""Reports: overlays and pages, from arrays and findings alone."""
