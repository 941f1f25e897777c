"""Put compiled kernels into a wheel, where there is a C compiler; else they are compiled at first use."""

from __future__ import annotations

import importlib.util
import re
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HERE = Path(__file__).resolve().parent


def kernels() -> Any:
    """Return the module that compiles them, without the package around it."""
    spec = importlib.util.spec_from_file_location("library", HERE / "glmm_bayes/kernels/library.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class CompiledKernels(BuildHookInterface):
    """Compile for a wheel of this platform; leave an editable install and a wheel without them pure."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel" or version == "editable":
            return
        module = kernels()
        self._folder = tempfile.TemporaryDirectory()
        try:
            built = module.compiled(Path(self._folder.name))
        except (module.NoCompilerError, OSError) as error:
            self.app.display_warning(f"no compiled kernels in this wheel: {error}")
            return
        build_data["force_include"][str(built)] = f"glmm_bayes/kernels/built/{module.NAME}"
        build_data["pure_python"] = False
        build_data["tag"] = "py3-none-" + re.sub(r"[-.]", "_", sysconfig.get_platform())

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if hasattr(self, "_folder"):
            self._folder.cleanup()
