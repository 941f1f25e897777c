"""What is asked: estimand, scale, rows, weights, averages."""
