"""How fast exact posteriors are drawn, beside peers: ``python -m benchmarks.speed``."""
