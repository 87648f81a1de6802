"""Methods that fit a model of normal patches on the features of a fixed network."""
