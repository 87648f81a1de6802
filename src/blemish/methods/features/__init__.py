"""Methods that learn sound photos by heart in the features of a network that is never trained here."""
