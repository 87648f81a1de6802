"""Generative adversarial networks: what the generator cannot make as a normal image is an anomaly."""
