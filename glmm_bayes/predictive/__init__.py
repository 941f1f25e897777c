"""A Fit in, checks of the model against the data out."""
