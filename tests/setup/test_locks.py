"""Laws of the locks and of every tracked file: no address, no index, no place on one machine's disk."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted((ROOT / "locks").glob("*.txt"))
FILES_IN_LOCKS = sorted(file for file in (ROOT / "locks").rglob("*") if file.is_file())
# Written in pieces, so that this file does not contain what it looks for.
REGISTRIES = tuple(
    "".join(parts) for parts in (("pypi", ".org"), ("python", "hosted.org"), ("ana", "conda.org"))
)
INDEX_OPTIONS = ("--ind" + "ex", "--extra-ind" + "ex", "--find" + "-links", "--trusted" + "-host")
HOME = re.compile(r"(?<![\w.~$})\]*-])(?:/(?:root|work|tmp|home|Users)/|[A-Z]:\\Users\\)")


def requirements(lock: Path) -> list[str]:
    """Return each requirement of a lock with its hashes, on one line."""
    lines = lock.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def names(lock: Path) -> dict[str, str]:
    """Return the pinned version of each package."""
    return dict(line.split()[0].split("==") for line in requirements(lock))


def tracked_texts() -> dict[str, str]:
    """Return the text of each file that is tracked or about to be, by its path."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    texts = {}
    for name in sorted(set(listed.decode().split("\0")) - {""}):
        content = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b""
        if b"\0" not in content:
            texts[name] = content.decode("utf-8", "replace")
    return texts


def test_every_lock_is_there() -> None:
    peers = ["peers-bambi.txt", "peers-numpyro.txt", "peers-pymc.txt"]
    assert [lock.name for lock in LOCKS] == ["dev.txt", "lowest.txt", *peers, "run.txt"]


@pytest.mark.parametrize("file", FILES_IN_LOCKS, ids=lambda file: file.name)
def test_locks_hold_no_address_and_no_index_option(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert ":" + "//" not in text
    assert not [option for option in INDEX_OPTIONS if option in text]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_requirement_is_pinned_and_hashed(lock: Path) -> None:
    shape = re.compile(r"[a-z0-9][a-z0-9._-]*==[\w.!+]+( ; [^#]+?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*$")
    assert requirements(lock)
    assert [line[:60] for line in requirements(lock) if not shape.match(line)] == []


def test_the_run_lock_is_part_of_the_dev_lock() -> None:
    run, dev = (names(ROOT / "locks" / file) for file in ("run.txt", "dev.txt"))
    assert {name: version for name, version in run.items() if dev.get(name) != version} == {}


def test_the_lowest_lock_pins_each_range_of_pyproject_at_its_floor() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    # A package may stand there twice: a Python above the lowest may need a later version.
    pinned = {line.split()[0] for line in requirements(ROOT / "locks" / "lowest.txt")}
    wrong = []
    for each in [*project["dependencies"], *project["optional-dependencies"]["test"]]:
        floor = each.split(",")[0].replace(">=", "==")
        if not pinned & {floor + zeros for zeros in ("", ".0", ".0.0")}:
            wrong.append(each)
    assert wrong == []


def test_the_locks_hold_every_package_that_pyproject_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    direct = project["project"]["dependencies"]
    asked = {
        "run.txt": direct,
        "lowest.txt": [*direct, *extras["test"]],
        "dev.txt": [*direct, *extras["test"], *extras["dev"], *project["build-system"]["requires"]],
    }
    for lock, wanted in asked.items():
        wanted_names = {re.split(r"[\[<>=!~; ]", each)[0] for each in wanted} - {project["project"]["name"]}
        assert wanted_names - set(names(ROOT / "locks" / lock)) == set()


def test_no_tracked_file_names_a_registry_or_a_place_on_one_machine() -> None:
    found = []
    for name, text in tracked_texts().items():
        for number, line in enumerate(text.splitlines(), start=1):
            if any(host in line for host in REGISTRIES) or HOME.search(line):
                found.append(f"{name}:{number}: {line.strip()[:80]}")
    assert found == []


def test_formats_that_embed_addresses_are_not_committed() -> None:
    assert {Path(name).name for name in tracked_texts()} & {"uv.lock", "pylock.toml", "poetry.lock"} == set()
