"""Laws that every family must keep, run on any family."""
