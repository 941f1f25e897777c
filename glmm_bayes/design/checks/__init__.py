"""What data cannot tell a model, found before anything is compiled: one module for each kind of check."""
