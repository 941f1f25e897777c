"""A model in; its equations, LaTeX and explanation out."""
