"""Words, errors, registries, links and integrals over a normal: what every other room may use."""
