"""Draws and their model in; a Fit and its diagnosis out."""
