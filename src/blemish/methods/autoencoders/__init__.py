"""Autoencoders: what a network trained on normal images cannot reconstruct is an anomaly."""
