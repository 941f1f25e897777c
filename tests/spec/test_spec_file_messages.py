"""What is wrong in a spec file is told in full: file, line, key, what must hold, what to write instead."""

import re
from pathlib import Path

import pytest

from glmm_bayes.core.errors import GlmmError
from glmm_bayes.spec.spec_file import read_spec_file

# Blocks of "===== name", the file, "-----", the message.
SNAPSHOT = (Path(__file__).parent / "snapshots" / "spec_file_messages.txt").read_text(encoding="utf-8")
BLOCKS = re.findall(r"===== (\S+)\n(.*?)-----\n(.*?)\n(?====== |\Z)", SNAPSHOT, flags=re.DOTALL)


def test_the_snapshot_is_read_whole():
    assert len(BLOCKS) == SNAPSHOT.count("===== ") >= 50


@pytest.mark.parametrize(("name", "text", "message"), BLOCKS)
def test_a_wrong_file_is_refused_in_these_words(tmp_path, name, text, message):
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(GlmmError) as caught:
        read_spec_file(tmp_path / name)
    assert str(caught.value) == message


# YAML, what the message holds; lists of functions and words of the parser grow, so not the whole.
PARTS = [
    (
        "response: {expression: y, trails: n}",
        ["model.yaml:2: unknown key 'trails' in [model.response]", "'trials'?"],
    ),
    ("response: y ~ x", ["model.yaml:2: [model] response: a second formula"]),
    (
        "{response: y, terms: [x, logg(x)]}",
        ["[model] terms.2, column 1: 'logg'", "\n    logg(x)\n    ^^^^\n", "'log'?"],
    ),
    ("{response: y, offset: log(e) + offset(f)}", ["[model] offset, column 10", "\n             ^^^^^^\n"]),
    ("{response: logg(y)}", ["[model] response, column 1: 'logg'"]),
    (
        "{response: y, groups: [{factor: g, effects: [logg(x)]}]}",
        ["[model.groups.1] effects.1, column 1: 'logg'"],
    ),
    ("{response: y, groups: [{factor: g, label: a b}]}", ["[model.groups.1] label, column 3"]),
    ("{response: y, groups: [{factor: g, by: 'f, k = 2'}]}", ["[model.groups.1] by"]),
    (
        "{response: y, groups: [{factor: g, arguments: {'a = 1, b': W}}]}",
        ["[model.groups.1.arguments] a = 1, b"],
    ),
    (
        "{response: y, groups: [{factor: g, arguments: {a: 'W, b = V'}}]}",
        ["[model.groups.1.arguments] a must be one value"],
    ),
    ("{response: y, groups: [{members: [a, 'b) + (1 | c']}]}", ["[model.groups.1] members.2"]),
    (
        "{response: y, groups: [{members: [a, b], weights: [u, 'v), k = (w']}]}",
        ["[model.groups.1] weights.2"],
    ),
    (
        "{response: y, groups: [{nested: [a, b/c]}]}",
        ["[model.groups.1] nested.2 must be the name of one column"],
    ),
    ('{response: y, terms: ["x\\n + z"]}', ["[model] terms.1 must be one term"]),
    ('{response: y, terms: ["x:\\nlogg(z)"]}', ["[model] terms.1, line 2, column 1: 'logg'"]),
    ('{response: y, terms: ["x\\u200b"]}', ["[model] terms.1, column 2: a character that cannot be seen"]),
]


@pytest.mark.parametrize(("model", "parts"), PARTS)
def test_no_text_of_a_key_is_more_than_its_one_thing(tmp_path, model, parts):
    head = "model: " if model.startswith("{") else "model:\n  "
    (tmp_path / "model.yaml").write_text(f"{head}{model}\n", encoding="utf-8")
    with pytest.raises(GlmmError) as caught:
        read_spec_file(tmp_path / "model.yaml")
    for part in parts:
        assert part in str(caught.value)


def test_all_texts_that_cannot_be_read_are_told_together(tmp_path):
    text = "model:\n  response: y\n  terms: [x + z, 'a) b']\n  groups: [{factor: c d}]\n"
    (tmp_path / "model.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(GlmmError) as caught:
        read_spec_file(tmp_path / "model.yaml")
    assert [finding.message.split(":")[1] for finding in caught.value.findings] == ["3", "3", "4"]


def test_a_model_of_too_many_characters_is_refused_at_once(tmp_path):
    terms = ", ".join(f"x{i}" for i in range(9000))
    (tmp_path / "model.yaml").write_text(f"model: {{response: y, terms: [{terms}]}}\n", encoding="utf-8")
    with pytest.raises(GlmmError, match="limit 20000") as caught:
        read_spec_file(tmp_path / "model.yaml")
    assert caught.value.code == "formula_too_large"
