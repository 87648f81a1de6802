"""Methods for cracks that train on composites: labelled cracks placed on other surfaces."""
