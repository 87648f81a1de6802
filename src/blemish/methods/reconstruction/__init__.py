"""Methods that rebuild a photo as if it were sound, and take for a defect what had to be changed."""
