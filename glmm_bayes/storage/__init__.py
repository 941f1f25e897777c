"""A fit to one file and back."""
