"""Frames, files and mappings of a user's in, our own columns and tables out."""
