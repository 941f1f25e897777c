"""A hundred thousand texts: each is read or refused with a typed error, quickly and without side effects.

``FUZZ_STRINGS=1000000`` asks for more. Hypothesis draws seeds; from each, a seeded writer makes a batch
of texts, since an example of hypothesis costs more than reading many texts. A text that fails is
shrunk here, by leaving out parts of it as long as it fails.
"""

import os
import random
import sys
import time

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from glmm_bayes.core.errors import FormulaError
from glmm_bayes.spec.model_spec import ModelSpec

STRINGS = int(os.environ.get("FUZZ_STRINGS", "100000"))
BATCH = 250
SECONDS = 0.05
CODES = {
    "formula_syntax",
    "formula_misread",
    "formula_function",
    "formula_too_large",
    "duplicate_effect",
    "not_available",
}

_NAMES = r"""
a b c x y z g h w x.1 _z log C TRUE FALSE gr mm c poly chain Größe 体重 `a` `x\`z` `TRUE` `` ı ǅ `🙂` K W id
"""
_CALLS = """
log log1p log2 log10 exp expm1 sqrt abs sin cos asin pmin pmax I center scale standardize poly bs ns cr C
factor ordered days_since offset cbind success trials weights gr mm c np.log logg function
"""
_OPTIONS = "degree raw df knots lower upper contrast ref by cov dist structure weights graph base"
_HOSTILE = r"""
~ ~ + - * / : ^ ** ( ) | || , = == < ; $ [ ] { } @ # \ ` " ' . % %in% %o% § 🙂 ١
__import__( eval( exec( open( os.system( lambda: function( ((((((((( ))))))) 9999999999 1e9999
"""
_RIGHT = """
log({}) sqrt({}) I({}) I({}^2) scale({}) center({}) poly({},2) poly({},3,raw=TRUE) bs({},df=5) ns({},4)
bs({},knots=c(-1,2)) cr({},6) C({}) C({},contr.sum) factor({},ref='a') I({}>3) I({}=="a") pmin({},3)
ordered({},"l","m","h") days_since({},"2020-01-01") log1p(abs({}-1))
"""
_BEHIND = """
g h g:h g/h gr(g,by=f) gr(g,cov=K) gr(h,dist="student") gr(g:h,by=f) mm(g,h) mm(g,h,weights=cbind(v,w)) a/b/c
gr(g,structure="ar1") gr(h,structure="matern",at=cbind(u,v),nu=-1.5)
"""
PLAIN = ["a", "b", "f", "x", "z", "g", "h", "w", "x.1", "Größe", "`a b`", "chain", "log"]
NAMES = [*_NAMES.split(), "`a b`", "e\u0301"]
NUMBERS = ["0", "1", "2", "3", "0.5", "1e3", ".5", "1e-9", "50", "51", "999999999999999999999", "1e999"]
TEXTS = ['"a"', "'b'", '"a\\"b"', '"contr.sum"', '"sum"', '"2020-01-01"', '"student"', '"ar1"', "''", '"é"']
CALLS, OPTIONS, RIGHT, BEHIND = (words.split() for words in (_CALLS, _OPTIONS, _RIGHT, _BEHIND))
HIDDEN = ["\u200b", "\u202e", "\ufeff", "\x00", "\ud800", "\u0301", "\u3164", "\t", "\n", "\r\n"]
HOSTILE = [*_HOSTILE.split(), *HIDDEN]
SEPARATORS = ["", " ", " ", "\n", "\t", "\N{NO-BREAK SPACE}"]


class Writer:
    """Write formulas, wrong ones too, from one source of randomness.

    What is tame is in the language as far as words go; it may still expand too far or hold one effect twice.
    """

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.pick = self.random.choice
        self.left = 0
        self.tame = False

    def text(self):
        """Write any text: from the grammar, a soup of tokens, or a mutated formula."""
        self.left = self.random.randint(1, 12)
        self.tame = self.random.random() < 0.6
        kind = self.random.random()
        if kind < 0.35:
            return self.formula()
        if kind < 0.6:
            return self.soup()
        return self.mutated(self.formula())

    def formula(self):
        response = self.pick(["y", "y", "y", "log(y)", "cbind(s, n - s)", "y | trials(n)", "I(y == 1)"])
        if not self.tame and self.random.random() < 0.2:
            response = self.pick(["", self.expression(), "y | weights(w)"])
        terms = [self.summand() for _ in range(self.random.randint(1, 4))]
        join = " + " if self.tame else self.pick([" + ", "+", " - "])
        return f"{response} ~ {join.join(terms)}"

    def summand(self):
        kind = self.random.random()
        if kind < 0.45:
            return self.term()
        if kind < 0.85:
            return self.group()
        return self.pick(["0", "1", "-1", "offset(log(e))", f"offset({self.expression()})"])

    def term(self):
        self.left -= 1
        kind = self.random.random()
        if self.left <= 0 or kind < 0.4:
            return self.name()
        if kind < 0.6:
            return self.call()
        if kind < 0.9:
            operator = self.pick(["*", ":", "/", " + ", " + " if self.tame else " - "])
            return f"{self.term()}{operator}{self.term()}"
        return f"({self.term()} + {self.term()}){self.pick(['', '^2', '**3', '^8' if self.tame else '^9'])}"

    def name(self):
        return self.pick(PLAIN if self.tame else NAMES)

    def group(self):
        bar = self.pick(["|", "|", "||", "|id|", "|i|"])
        return f"({self.pick(['1', '0 + ', '1 + ', ''])}{self.term()} {bar} {self.factor()})"

    def factor(self):
        if self.tame:
            return self.pick(BEHIND)
        kind = self.random.random()
        if kind < 0.4:
            return self.pick(NAMES)
        columns = [self.pick(NAMES) for _ in range(self.random.randint(1, 3))]
        if kind < 0.6:
            return self.pick([":", "/"]).join(columns)
        options = "".join(f", {self.option()}" for _ in range(self.random.randint(0, 2)))
        if kind < 0.85:
            return f"gr({self.pick([':', '/']).join(columns)}{options})"
        return f"mm({', '.join(columns)}{options})"

    def option(self):
        value = self.pick([self.argument, lambda: f"c({self.pick(NUMBERS)}, 7)", lambda: "cbind(u, v)"])
        return f"{self.pick(OPTIONS)} = {value()}"

    def call(self):
        if self.tame:
            return self.pick(RIGHT).format(self.name())
        count = self.pick([0, 1, 1, 1, 2, 2, 3])
        arguments = [self.argument() for _ in range(count)]
        arguments += [self.option() for _ in range(self.pick([0, 0, 0, 1, 2]))]
        return f"{self.pick(CALLS)}({', '.join(arguments)})"

    def argument(self):
        kind = self.random.random()
        if kind < 0.4:
            return self.pick(NAMES)
        if kind < 0.7:
            return self.pick(self.pick([NUMBERS, TEXTS]))
        return self.expression()

    def expression(self):
        self.left -= 1
        kind = self.random.random()
        if self.left <= 0 or kind < 0.3:
            return self.pick([self.name(), self.pick(NUMBERS[: 6 if self.tame else None])])
        if kind < 0.6:
            operator = self.pick(
                ["+", "-", "*", "/", "^", "**"] if self.tame else [":", "==", "<", ">=", "!="]
            )
            return f"{self.expression()} {operator} {self.expression()}"
        if kind < 0.7:
            return f"{self.pick('-+')}{self.expression()}"
        return f"({self.expression()})" if kind < 0.8 or self.tame else self.call()

    def soup(self):
        words = [
            self.pick(self.pick([NAMES, NUMBERS, TEXTS, HOSTILE, HOSTILE])) for _ in range(self.left * 2)
        ]
        start = self.pick(["", "", "y ~ ", "y ~ (1 | ", "y ~ C(x, "])
        return start + self.pick(SEPARATORS).join(words)

    def mutated(self, text):
        for _ in range(self.random.randint(1, 4)):
            at = self.random.randint(0, len(text))
            to = min(len(text), at + self.random.randint(0, 6))
            part = text[at:to]
            news = ["", part * 2, part[::-1], self.pick(HOSTILE), self.pick(NAMES), self.pick(TEXTS)]
            news.append(chr(self.random.randrange(self.pick([128, 0x30000]))))
            text = text[:at] + self.pick(news) + text[to:]
        return text


class Watch:
    """An audit hook that notes what reading must never do; hooks cannot be removed, so it is switched."""

    FORBIDDEN = ("exec", "compile", "import", "open", "os.", "socket.", "subprocess.", "ctypes.", "shutil.")

    def __init__(self):
        self.on, self.seen = False, []

    def __call__(self, event, arguments):
        if self.on and event.startswith(self.FORBIDDEN):
            self.seen.append((event, str(arguments)[:80]))


@pytest.fixture(scope="module")
def watch():
    hook = Watch()
    sys.addaudithook(hook)
    return hook


def read(text):
    """Read a text; return what was read, why it was refused, and the seconds that it took."""
    start = time.perf_counter()
    try:
        spec, findings = ModelSpec.from_formula(text), ()
    except FormulaError as error:
        spec, findings = None, error.findings
    return spec, findings, time.perf_counter() - start


def complaint(text, watch):
    """Return what is wrong with how a text is read; nothing if all is well."""
    watch.seen.clear()
    watch.on = True
    try:
        spec, findings, seconds = read(text)
        again = spec and ModelSpec.from_formula(spec.to_formula())
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        return f"{type(error).__name__}: {error}"
    finally:
        watch.on = False
    if watch.seen:
        return f"side effects {watch.seen}"
    if again != spec:
        return f"reads back as another model: {spec.to_formula()}"
    if findings and (findings[0].code not in CODES or not findings[0].message.startswith("formula:")):
        return f"an error without place or code: {findings[0]}"
    # The machine may have been busy elsewhere: the shortest of three times counts.
    if seconds > SECONDS and min(seconds, read(text)[2], read(text)[2]) > SECONDS:
        return f"{seconds:.3f} seconds"
    return ""


def shrunk(text, watch):
    """Leave out parts of a text, large ones first, as long as it fails."""
    size = len(text) // 2
    while size:
        for at in range(0, len(text), size):
            shorter = text[:at] + text[at + size :]
            if complaint(shorter, watch):
                text = shorter
                break
        else:
            size //= 2
    return text


HOSTILE = [
    "y ~ __import__('os').system('true')",
    "y ~ I(__import__('os'))",
    "y ~ open('made-by-a-formula', 'w')",
    "y ~ os.mkdir('made-by-a-formula')",
    "y ~ `__import__('os').system('true')`",
    "y ~ C(x, ref=\"__import__('os')\")",
    "y ~ (1 | exec('x'))",
    "success(y, 'open(1)') ~ x",
    "y ~ x.__class__.__base__",
    "y ~ {x}",
    "y ~ lambda: x",
    "eval('1') ~ x",
]


def test_reading_text_never_executes_imports_or_opens(watch):
    texts = [*HOSTILE, "y ~ a*b + (1 + x | g) + I(x^2)", "y ~ (", "y ~ §", "y ~ a\u200b", "y ~ poly(x)"]
    ModelSpec.from_formula("y ~ x")  # the first reading loads the parser
    assert [complaint(text, watch) for text in texts] == [""] * len(texts)


@pytest.mark.slow
def test_many_texts_are_read_or_refused_quickly_and_without_side_effects(watch):
    ModelSpec.from_formula("y ~ x")  # the first reading loads the parser
    tried = []

    @given(st.integers(0, 2**64 - 1))
    @settings(
        max_examples=-(-STRINGS // BATCH),
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def batch(seed):
        writer = Writer(seed)
        texts = [writer.text() for _ in range(BATCH)]
        for text in texts:
            wrong = complaint(text, watch)
            if wrong:
                short = shrunk(text, watch)
                pytest.fail(f"{complaint(short, watch) or wrong}\n{short!r}\nfrom {text!r}")
        tried.append(len(set(texts)))

    batch()
    assert sum(tried) > 0.9 * STRINGS
