"""The same design by estimating equations, beside the posterior."""
