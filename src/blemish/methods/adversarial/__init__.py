"""Methods that learn what normal surfaces look like in a contest of networks."""
