"""What a fit says of its groups and their variances."""
