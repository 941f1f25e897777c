"""Draws and rows in, named effects out; NumPy and xarray only."""
