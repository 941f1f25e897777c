"""A graph in, a Fit out: samplers, draws, diagnostics and files."""
