"""Methods that train on labelled images: segmentation from masks, classification from labels."""
