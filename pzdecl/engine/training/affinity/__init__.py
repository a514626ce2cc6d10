"""User segmentation: for an item, or items with some attributes, the users most likely to take it up."""
