"""Hostile and odd files: plain words mean what YAML 1.2 says, all else is a typed error, and nothing runs."""

import sys
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glmm_bayes.core.errors import FormulaError, GlmmError
from glmm_bayes.spec.spec_file import read_spec_file
from glmm_bayes.spec.yaml_text import plain_value, read_yaml
from tests.pace import in_time

# YAML 1.2 core schema; other readers make False, 750, 8, 1000 and a date of the first ones.
PLAIN = [
    ("no", "no"), ("yes", "yes"), ("on", "on"), ("off", "off"), ("y", "y"), ("N", "N"),
    ("12:30", "12:30"), ("1_000", "1_000"), ("2020-01-01", "2020-01-01"), ("=", "="), ("0b11", "0b11"),
    ("010", 10), ("+1", 1), ("-7", -7), ("0o17", 15), ("0x1F", 31), ("-0", 0),
    ("1e3", 1000.0), ("1E-2", 0.01), (".5", 0.5), ("1.", 1.0), ("-.5e+1", -5.0), (".", "."), ("1e", "1e"),
    ("true", True), ("True", True), ("TRUE", True), ("false", False), ("tRUE", "tRUE"),
    ("null", None), ("Null", None), ("~", None), ("", None), ("nULL", "nULL"),
    (".inf", float("inf")), ("-.Inf", float("-inf")), ("inf", "inf"), ("nan", "nan"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), PLAIN)
def test_a_plain_word_is_what_yaml_1_2_says(text, value):
    found = plain_value(text)
    assert found == value and type(found) is type(value)
    assert read_yaml("m.yaml", f"a: {text}\nb:\n  - {text}\n")[0] == {"a": value, "b": [value]}
    assert read_yaml("m.yaml", f"a: '{text}'\n")[0] == {"a": text}


def test_keys_are_texts_as_they_are_written():
    text = "1: a\nno: b\nnull: c\n'<<': d\n"
    assert read_yaml("m.yaml", text)[0] == {"1": "a", "no": "b", "null": "c", "<<": "d"}


def test_lines_of_keys_and_entries_are_known():
    text = "a:\n  b: 1\n  c:\n    - x\n    -\n      d: 2\n"
    lines = read_yaml("m.yaml", text)[1]
    assert lines == {
        ("a",): 1,
        ("a", "b"): 2,
        ("a", "c"): 3,
        ("a", "c", 0): 4,
        ("a", "c", 1): 6,
        ("a", "c", 1, "d"): 6,
    }


BOMB = "a: &a [x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]\n" for i in range(20)
)
PRIOR = '[model]\nresponse = "y"\n[priors]\nbeta = {distribution = "Normal", sigma = '
MODEL = "model: {response: y}\n"
# kind, ending, content
HOSTILE = [
    ("deep lists", "yaml", "a: " + "[" * 100_000),
    ("deep mappings", "yaml", "{a: " * 100_000),
    ("deep blocks", "yaml", "\n".join(" " * i + "a:" for i in range(500))),
    ("deep lists", "toml", "a = " + "[" * 100_000),
    ("deep tables", "toml", "a = " + "{a = " * 50_000),
    ("deep header", "toml", "[" + "a." * 70 + "a]\n"),
    ("key of many parts", "toml", "a." * 200_000 + "a = 1"),
    ("quoted key of many parts", "toml", '"a" . ' * 100_000 + "a = 1"),
    ("alias bomb", "yaml", BOMB),
    ("alias of itself", "yaml", "a: &a [*a]"),
    ("anchor", "yaml", "model: &m {response: y}"),
    ("merge key", "yaml", "model: {<<: {response: y}}"),
    ("python tag", "yaml", "model: !!python/object/apply:os.system ['touch made-by-a-file']"),
    ("python name", "yaml", "model: !!python/name:os.system"),
    ("own tag", "yaml", "model: !Model {response: y}"),
    ("text tag", "yaml", "model: {response: !!str y}"),
    ("binary", "yaml", "model: {response: !!binary aGk=}"),
    ("tag of a key", "yaml", "!!str model: {response: y}"),
    ("directive", "yaml", "%TAG ! tag:a.b,2000:\n---\n" + MODEL),
    ("two documents", "yaml", MODEL + "---\n" + MODEL),
    ("repeated section", "yaml", MODEL + MODEL),
    ("repeated key", "yaml", "model: {response: y, response: z}"),
    ("repeated key", "toml", '[model]\nresponse = "y"\nresponse = "z"'),
    ("repeated section", "toml", '[model]\nresponse = "y"\n[model]\nfamily = "z"'),
    ("list as key", "yaml", "? [model]\n: y"),
    ("mapping as key", "yaml", "? {a: b}\n: y"),
    ("huge whole number", "yaml", MODEL + "sampler: {seed: " + "9" * 100_000 + "}"),
    ("huge whole number", "toml", '[model]\nresponse = "y"\n[sampler]\nseed = ' + "9" * 100_000),
    ("large whole number", "yaml", MODEL + "priors: {beta: {mu: " + "9" * 400 + "}}"),
    ("large whole number", "toml", PRIOR + "9" * 400 + "}"),
    ("huge hexadecimal", "yaml", MODEL + "sampler: {seed: 0x" + "f" * 50_000 + "}"),
    ("huge float", "yaml", MODEL + "priors: {beta: {distribution: Normal, sigma: 1e999}}"),
    ("not a number", "yaml", MODEL + "priors: {beta: {distribution: Normal, sigma: .nan}}"),
    ("not a number", "yaml", MODEL + "sampler: {target_accept: .nan}"),
    ("null character", "yaml", "model: {response: 'y\x00'}"),
    ("null character", "toml", '[model]\nresponse = "y\x00"'),
    ("control character", "yaml", "model: {response: 'y\x07'}"),
    ("byte order mark", "yaml", "\ufeff" + MODEL),
    ("byte order mark", "toml", '\ufeff[model]\nresponse = "y"'),
    ("not UTF-8", "yaml", b"model: {response: \xff}"),
    ("UTF-16", "yaml", MODEL.encode("utf-16")),
    ("UTF-32", "toml", '[model]\nresponse = "y"'.encode("utf-32")),
    ("too large", "yaml", MODEL + "#" * 1_000_001),
    ("too large", "toml", '[model]\nresponse = "y"\n' + "#" * 1_000_001),
    ("too many values", "yaml", "model: [" + "a," * 100_000 + "]"),
    ("too many values", "toml", "model = [" + "1," * 100_000 + "]"),
    ("unknown key", "yaml", MODEL + "exec: {a: b}"),
    ("wrong type", "yaml", "model: [response, y]"),
    ("wrong type", "yaml", "model: {response: 2020-01-01, terms: true}"),
    ("nothing", "yaml", ""),
    ("a comment", "yaml", "# model\n"),
    ("a text", "yaml", "model"),
    ("a quoted text", "yaml", "'model'"),
    ("an open quote", "yaml", "model: 'y"),
    ("tab", "yaml", "model:\n\tresponse: y"),
    ("formula that calls", "yaml", "model: {response: y, terms: [\"__import__('os').system('true')\"]}"),
    ("formula that calls", "yaml", "model: {formula: \"y ~ eval('1')\"}"),
    ("path of another machine", "yaml", MODEL + "data: {path: 'file:///etc/passwd'}"),
    ("path of another machine", "yaml", MODEL + "known: {W: '//host/share/w.csv'}"),
]  # fmt: skip


@pytest.fixture
def written(tmp_path):
    def write(suffix, content):
        path = tmp_path / f"model.{suffix}"
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return write


@pytest.mark.parametrize(("kind", "suffix", "content"), HOSTILE, ids=[f"{k} ({s})" for k, s, _ in HOSTILE])
def test_a_hostile_file_is_a_typed_error_soon(written, kind, suffix, content):
    path = written(suffix, content)
    start = time.process_time()
    with pytest.raises(GlmmError) as caught:
        read_spec_file(path)
    assert in_time(time.process_time() - start, 5)
    assert f"model.{suffix}" in str(caught.value)
    assert len(str(caught.value)) < 2000


class Watch:
    """An audit hook that notes what reading must never do; hooks cannot be removed, so it is switched."""

    FORBIDDEN = ("exec", "compile", "import", "open", "os.", "socket.", "subprocess.", "ctypes.", "shutil.")

    def __init__(self):
        self.on, self.seen, self.own = False, [], ""

    def __call__(self, event, arguments):
        if self.on and event.startswith(self.FORBIDDEN):
            own = event == "open" and arguments[:2] == (self.own, "r")
            if not own:
                self.seen.append((event, str(arguments)[:80]))


def test_reading_a_file_opens_that_file_alone_and_runs_nothing(written, tmp_path):
    watch = Watch()
    sys.addaudithook(watch)
    good = "model: {response: y, terms: [x, 'a*b'], groups: [{factor: g}]}\n"
    good += "known: {W: w.csv}\ndata: {path: d.csv}\n"
    files = [("yaml", good), ("toml", '[model]\nformula = "y ~ x"\n[data]\npath = "d.csv"\n')]
    files += [(suffix, content) for _, suffix, content in HOSTILE if len(content) < 5000]
    for switched in (False, True):  # the first reading loads the parsers
        for suffix, content in files:
            path = written(suffix, content)
            watch.own, watch.on = str(path), switched
            try:
                read_spec_file(path)
            except GlmmError as error:
                str(error)
            finally:
                watch.on = False
    assert watch.seen == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.toml", "model.yaml"]


_WORDS = r"""
model: response: terms: groups: factor: effects: priors: y x g 1 no : - , [ ] { } & * ! !! | > ' " # % @ `
? << --- ... ~ ~x (1 | g) "y ~ x" \n \t é 🙂
"""
soup = st.lists(st.sampled_from([*_WORDS.split(), "\n", "\n  ", "\n    - ", " "]), max_size=30)


@given(soup.map(" ".join) | soup.map("".join) | st.text(max_size=60) | st.binary(max_size=60))
@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_yaml_file_is_a_spec_or_a_typed_error(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "soup.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "replace"))
    try:
        read_spec_file(path)
    except GlmmError as error:
        assert "soup.yaml" in str(error)


def test_toml_lines_are_those_of_keys_and_not_of_texts_that_look_like_them(written):
    text = '[model]\nfamily = """\nlink = "log"\n"""\nresponse = "y"\nlink = 1\n'
    with pytest.raises(FormulaError, match=r"model.toml:6: \[model\] link must be a text"):
        read_spec_file(written("toml", text))
    text = '[model]\nresponse = "y"\n[[model.groups]]\nfactor = "g"\n[model.groups.arguments]\na = [1]\n'
    with pytest.raises(FormulaError, match=r"model.toml:6: \[model.groups.1.arguments\] a must be"):
        read_spec_file(written("toml", text))
    with pytest.raises(FormulaError, match=r"model.toml:2: \[model\] link must be a text"):
        read_spec_file(written("toml", 'model.response = "y"\nmodel."link" = 1\n'))
