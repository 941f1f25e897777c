"""Every picture, on one canvas."""
