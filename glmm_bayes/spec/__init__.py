"""Text or TOML in, an immutable ModelSpec out; no data and no PyMC are needed here."""
