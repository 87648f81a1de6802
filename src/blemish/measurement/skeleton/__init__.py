"""From a mask to the centre lines of its cracks."""
