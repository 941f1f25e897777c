"""Design and priors in, a pm.Model out: the one place that writes PyMC."""
