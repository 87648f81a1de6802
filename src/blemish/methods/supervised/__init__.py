"""Methods that learn from labelled defects."""
