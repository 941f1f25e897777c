"""Effects in; tables, figures, sentences and one HTML file out.

Named ``reporting`` because a package called ``report`` would take the place of the verb ``gb.report``.
"""
