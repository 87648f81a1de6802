"""Learning from decisions: reviews become labels, and the images most worth reviewing are proposed."""
