"""Effects in; tables, figures, sentences and one HTML file out; called as ``gb.report(...)``."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _CallablePackage(ModuleType):
    """Lets ``gb.report`` be the verb even where this package was imported before the verb was used.

    Importing any module of a package binds the package's name in its parent; the parent's lazy attribute
    of the same name is then never asked for.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        from glmm_bayes.report.document import report

        return report(*args, **kwargs)


sys.modules[__name__].__class__ = _CallablePackage
