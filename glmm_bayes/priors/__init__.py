"""Designs, response and the user's priors in; every parameter named, with its prior, out."""
