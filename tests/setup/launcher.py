"""do.py as a module: a fresh copy for each test that patches it."""

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def load():
    """Return a fresh copy of do.py."""
    spec = importlib.util.spec_from_file_location("launcher", ROOT / "do.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["launcher"] = module
    spec.loader.exec_module(module)
    return module
