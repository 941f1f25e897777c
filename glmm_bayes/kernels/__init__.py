"""Kernels: log densities and gradients in C, and what they are made from; no PyMC, ArviZ or pandas."""
