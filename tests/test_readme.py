"""The README's example runs as it stands and gives what it shows."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
EXAMPLE, SHOWN = re.search(r"```python\n(.*?)```\n\n```\n(.*?)```", README, re.DOTALL).groups()
NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")


def same_words_and_numbers(told, shown):
    """Words are the same everywhere; draws are the same bits on one kind of machine only."""
    words = [" ".join(NUMBER.sub("#", text).split()) for text in (told, shown)]
    assert words[0] == words[1]
    for new, old in zip(NUMBER.findall(told), NUMBER.findall(shown), strict=True):
        assert float(new) == pytest.approx(float(old), rel=0.25, abs=2e-3)


@pytest.mark.sampling
@pytest.mark.slow
def test_the_example_gives_what_the_readme_shows():
    done = subprocess.run([sys.executable, "-c", EXAMPLE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    same_words_and_numbers(done.stdout, SHOWN)


def test_the_example_is_ten_lines():
    assert len([line for line in EXAMPLE.splitlines() if line.strip()]) <= 10
