"""Training examples: images, masks, labels and composites as tensors."""
