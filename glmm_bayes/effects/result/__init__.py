"""Draws of effects, their measures, summaries and hypotheses."""
