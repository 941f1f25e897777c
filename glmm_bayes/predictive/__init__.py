"""Replicated responses, and checks by them."""
