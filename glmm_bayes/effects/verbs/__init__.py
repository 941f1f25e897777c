"""Verbs on a fit, each in a file of its name."""
