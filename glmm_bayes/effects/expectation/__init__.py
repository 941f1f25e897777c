"""Expected responses within each draw."""
