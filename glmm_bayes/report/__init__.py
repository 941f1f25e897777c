"""Effects in; tables, figures, sentences and one HTML file out."""
