"""Methods that learn normal images by heart in the features of a network that is never trained here."""
