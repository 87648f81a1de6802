"""Methods that learn what sound surfaces look like in a contest of networks."""
