"""The wheel, built from the sdist, gives the README's ten lines on the lowest and the highest Python here."""

import re
import shutil
import subprocess
import sys
import tarfile
import zipfile

import pytest

from tests.setup.launcher import ROOT, load
from tests.test_readme import EXAMPLE, SHOWN, same_words_and_means

pytestmark = [pytest.mark.slow]


def built(root, folder):
    """Build wheel and sdist of a source tree and return both."""
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    return next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """Return the wheel of the source tree and that of the unpacked sdist."""
    folder = tmp_path_factory.mktemp("built")
    wheel, sdist = built(ROOT, folder / "tree")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    again, _ = built(folder / sdist.name.removesuffix(".tar.gz"), folder / "sdist")
    return wheel, again


@pytest.fixture(scope="module")
def pythons():
    """Return the Pythons of this machine that fit, by minor version."""
    launcher, found = load(), {}
    for file in [file for _, file in launcher.candidates(ROOT / ".venv") if file]:
        version, python, trouble = launcher.judge(file)
        if not trouble:
            found.setdefault(int(version.split(".")[1]), python)
    return found


def test_the_sdist_gives_the_same_wheel_and_it_holds_the_package_alone(wheels):
    held = [{each.filename: each.CRC for each in zipfile.ZipFile(wheel).infolist()} for wheel in wheels]
    assert held[0] == held[1]
    assert {name.split("/")[0].split("-")[0] for name in held[0]} == {"glmm_bayes"}
    assert "glmm_bayes/py.typed" in held[0]


@pytest.mark.sampling
@pytest.mark.parametrize("minor", [12, 13, 14])
def test_the_ten_lines_run_from_the_wheel_in_a_clean_environment(wheels, pythons, minor, tmp_path):
    if minor not in pythons:
        pytest.skip(f"Python 3.{minor} is not on this machine; highest here: 3.{max(pythons)}")
    if min(pythons) < minor < max(pythons):
        pytest.skip(f"Python 3.{minor} lies between the lowest and the highest here, 3.{max(pythons)}")
    launcher, venv = load(), tmp_path / "venv"
    python = launcher.script(venv, "python")
    try:
        launcher.make(venv, pythons[minor], ROOT / "locks" / "run.txt")
        launcher.install(venv, "--no-deps", "--no-index", str(wheels[1]))
        subprocess.run([python, "-m", "pip", "check"], check=True, cwd=tmp_path)
        command = [python, "-P", "-c", "import sys; print(sys.version)\n" + EXAMPLE]
        done = subprocess.run(
            command,
            env=launcher.clean_environment(),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        shutil.rmtree(venv, ignore_errors=True)
    assert done.returncode == 0, done.stderr
    version, _, told = done.stdout.partition("\n")
    assert re.match(rf"3\.{minor}\.", version)
    same_words_and_means(told, SHOWN)
