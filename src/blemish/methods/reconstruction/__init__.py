"""Methods that rebuild an image as if it were normal, and take for a defect what had to be changed."""
