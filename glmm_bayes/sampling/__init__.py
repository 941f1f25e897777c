"""A graph in, draws out: engines, starts and what they need."""
