"""References of the families, by kind."""
