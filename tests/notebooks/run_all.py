"""Run every notebook from top to bottom: ``python do.py notebooks`` calls this and stamps what it ran on."""

import os
import sys
import tempfile
import time

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tests.notebooks.test_notebooks import FOLDER, NOTEBOOKS


def run(path):
    """Run one notebook in a folder of its own; return what is wrong with it, or nothing."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        try:
            NotebookClient(notebook, timeout=600, resources={"metadata": {"path": folder}}).execute()
        except CellExecutionError as error:
            return str(error)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    told = any("population-averaged" in str(output) for output in outputs)
    return "" if told else "no output names the population-averaged estimand"


def main():
    """Run all of them, also after one that failed, and return how many did."""
    os.environ["PYTHONPATH"] = str(FOLDER.parent)  # this package, whichever else is installed
    failed = 0
    for path in NOTEBOOKS:
        start = time.monotonic()
        trouble = run(path)
        failed += bool(trouble)
        print(f"{path.name}: {trouble or 'runs'} ({time.monotonic() - start:.0f} s)", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
