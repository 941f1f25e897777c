"""do.py on a machine that has little: an old Python, dead shims first on the path, no network."""

import hashlib
import os
import runpy
import shutil
import subprocess
import sys

import pytest

from tests.setup.launcher import ROOT, load

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="the dead shims are shell scripts"),
]
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
BACKEND = '''
import zipfile

def write(folder, name):
    """Write a wheel that holds one empty module."""
    info, wheel = name + "-1.0.dist-info/", name + "-1.0-py3-none-any.whl"
    with zipfile.ZipFile(folder + "/" + wheel, "w") as file:
        file.writestr(name + ".py", "")
        file.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: " + name + "\\nVersion: 1.0\\n")
        file.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        file.writestr(info + "RECORD", "")
    return wheel

def build_editable(folder, settings=None, metadata=None):
    return write(folder, "itself")
'''


@pytest.fixture
def root(tmp_path):
    """Return a project of one package in a folder with spaces and other letters, and its wheel beside it."""
    root = tmp_path / "ein Ordner für größere Wörter"
    (root / "locks").mkdir(parents=True)
    (root / "wheels").mkdir()
    shutil.copy(ROOT / "do.py", root)
    (root / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    (root / "backend.py").write_text(BACKEND, encoding="utf-8")
    wheel = runpy.run_path(str(root / "backend.py"))["write"](str(root / "wheels"), "tiny")
    digest = hashlib.sha256((root / "wheels" / wheel).read_bytes()).hexdigest()
    (root / "locks" / "dev.txt").write_text(f"tiny==1.0 --hash=sha256:{digest}\n", encoding="utf-8")
    for folder, body in (("dead", "exit 127"), ("live", f'exec "{sys.executable}" "$@"')):
        (root / folder).mkdir()
        for name in ("python3.13", "python3"):
            (root / folder / name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
            (root / folder / name).chmod(0o755)
    return root


def setup(root, python=sys.executable, **environment):
    """Run ``do.py setup`` where there are dead shims, one Python that fits, and neither uv nor a network."""
    path = os.pathsep.join([str(root / "dead"), str(root / "live"), os.defpath])
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV"))}
    nowhere = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "1"}
    kept |= {"PATH": path, "UV": "no-uv-here", "VENV": str(root / ".venv"), "HOME": str(root)}
    kept |= {**nowhere, "WHEELS": str(root / "wheels"), **environment}
    command = [python, str(root / "do.py"), "setup"]
    done = subprocess.run(command, capture_output=True, env=kept, cwd=root.parent, check=False)
    assert done.stdout.isascii(), done.stdout
    return done.returncode, done.stdout.decode() + done.stderr.decode()


def old_python():
    """Return a Python from 3.8 on that can start do.py and is too old for the packages."""
    launcher = load()
    for file in [file for _, file in launcher.candidates(ROOT / ".venv") if file]:
        version, _, trouble = launcher.judge(file)
        if trouble.endswith("too old") and tuple(int(part) for part in version.split(".")[:2]) >= (3, 8):
            return file
    return pytest.skip("no Python from 3.8 to 3.11 on this machine")


def test_an_old_python_sets_up_and_an_interrupted_install_is_made_anew(root):
    old = old_python()
    (root / ".venv").mkdir()
    (root / ".venv" / ".made-by-do-py").touch()
    (root / ".venv" / "half-made").touch()
    status, told = setup(root, old)
    assert status == 0, told
    assert "up to 1 packages by hash" in told and not (root / ".venv" / "half-made").exists()
    imported = subprocess.run([root / ".venv/bin/python", "-c", "import tiny, itself"], check=False)
    assert imported.returncode == 0
    status, told = setup(root, old)
    assert status == 0 and told.startswith("ready: ")


def test_without_a_network_the_way_out_is_told_and_no_stamp_is_left(root):
    status, told = setup(root, WHEELS="")
    assert status == 5 and "No network" in told and "WHEELS=dir make demo" in told
    assert not (root / ".venv" / ".ready").exists()


def test_a_wheel_with_another_hash_is_told(root):
    lock = root / "locks" / "dev.txt"
    lock.write_text("tiny==1.0 --hash=sha256:" + "0" * 64 + "\n", encoding="utf-8")
    status, told = setup(root)
    assert status == 5 and "Hash mismatch" in told and "tiny" in told
