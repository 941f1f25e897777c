"""The same models in YAML, in TOML and as formulas."""

# YAML of [model], the same in TOML, the same as a formula.
SAME = [
    ("response: y", 'response = "y"', "y ~ 1"),
    (
        "{response: y, intercept: false, terms: [x]}",
        'response = "y"\nintercept = false\nterms = ["x"]',
        "y ~ 0 + x",
    ),
    ("{response: y, intercept: true}", 'response = "y"\nintercept = true', "y ~ 1"),
    ("{response: y, terms: x}", 'response = "y"\nterms = "x"', "y ~ x"),
    ("{response: y, terms: [x, z]}", 'response = "y"\nterms = ["x", "z"]', "y ~ x + z"),
    ("{response: y, terms: [x, z, 'x:z']}", 'response = "y"\nterms = ["x", "z", "x:z"]', "y ~ x*z"),
    ("{response: y, terms: ['x*z']}", 'response = "y"\nterms = ["x*z"]', "y ~ x + z + x:z"),
    ("{response: y, terms: [a/b]}", 'response = "y"\nterms = ["a/b"]', "y ~ a/b"),
    ("{response: y, terms: ['(a + b)^2']}", 'response = "y"\nterms = ["(a + b)^2"]', "y ~ (a + b)^2"),
    ("{response: y, terms: ['x:z']}", 'response = "y"\nterms = ["x:z"]', "y ~ x:z"),
    ("{response: y, terms: [log(x)]}", 'response = "y"\nterms = ["log(x)"]', "y ~ log(x)"),
    ("{response: y, terms: [I(x^2)]}", 'response = "y"\nterms = ["I(x^2)"]', "y ~ I(x^2)"),
    (
        "{response: y, terms: [scale(x), center(z)]}",
        'response = "y"\nterms = ["scale(x)", "center(z)"]',
        "y ~ scale(x) + center(z)",
    ),
    (
        """{response: y, terms: ['C(x, ref="b")']}""",
        "response = 'y'\nterms = ['C(x, ref=\"b\")']",
        'y ~ C(x, ref="b")',
    ),
    (
        "{response: y, terms: ['`a b`', Größe]}",
        'response = "y"\nterms = ["`a b`", "Größe"]',
        "y ~ `a b` + Größe",
    ),
    (
        "{response: y, terms: [no, on, yes, null.x]}",
        'response = "y"\nterms = ["no", "on", "yes", "null.x"]',
        "y ~ no + on + yes + null.x",
    ),
    ("{response: log(y), terms: [x]}", 'response = "log(y)"\nterms = ["x"]', "log(y) ~ x"),
    (
        "{response: 'cbind(s, n - s)', terms: [x]}",
        'response = "cbind(s, n - s)"\nterms = ["x"]',
        "cbind(s, n - s) ~ x",
    ),
    (
        "{response: s | trials(n), terms: [x]}",
        'response = "s | trials(n)"\nterms = ["x"]',
        "s | trials(n) ~ x",
    ),
    (
        "{response: {expression: s, trials: n}}",
        'response = {expression = "s", trials = "n"}',
        "s | trials(n) ~ 1",
    ),
    (
        "{response: {expression: s, trials: 10}}",
        'response = {expression = "s", trials = 10}',
        "s | trials(10) ~ 1",
    ),
    ("{response: {expression: y}}", 'response = {expression = "y"}', "y ~ 1"),
    ("""{response: 'success(y, "yes")'}""", "response = 'success(y, \"yes\")'", 'success(y, "yes") ~ 1'),
    ("{response: y, offset: log(e)}", 'response = "y"\noffset = "log(e)"', "y ~ offset(log(e))"),
    (
        "{response: y, offset: [log(e), w]}",
        'response = "y"\noffset = ["log(e)", "w"]',
        "y ~ offset(log(e)) + offset(w)",
    ),
    ("{response: y, groups: [{factor: g}]}", 'response = "y"\n[[model.groups]]\nfactor = "g"', "y ~ (1 | g)"),
    (
        "{response: y, groups: [{factor: g, effects: [1, x]}]}",
        'response = "y"\n[[model.groups]]\nfactor = "g"\neffects = [1, "x"]',
        "y ~ (1 + x | g)",
    ),
    (
        "{response: y, groups: [{factor: g, effects: [x, 1]}]}",
        'response = "y"\ngroups = [{factor = "g", effects = ["x", "1"]}]',
        "y ~ (x | g)",
    ),
    (
        "{response: y, groups: [{factor: g, effects: [x]}]}",
        'response = "y"\ngroups = [{factor = "g", effects = ["x"]}]',
        "y ~ (0 + x | g)",
    ),
    (
        "{response: y, groups: [{factor: g, effects: [1, x, z], correlated: false}]}",
        'response = "y"\ngroups = [{factor = "g", effects = [1, "x", "z"], correlated = false}]',
        "y ~ (x + z || g)",
    ),
    (
        "{response: y, groups: [{factor: g, effects: [1, 'x*z']}]}",
        'response = "y"\ngroups = [{factor = "g", effects = [1, "x*z"]}]',
        "y ~ (x*z | g)",
    ),
    (
        "{response: y, groups: [{factor: 'a:b'}]}",
        'response = "y"\ngroups = [{factor = "a:b"}]',
        "y ~ (1 | a:b)",
    ),
    (
        "{response: y, groups: [{factor: [a, b]}]}",
        'response = "y"\ngroups = [{factor = ["a", "b"]}]',
        "y ~ (1 | a:b)",
    ),
    (
        "{response: y, groups: [{factor: ['`a:b`', c]}]}",
        'response = "y"\ngroups = [{factor = ["`a:b`", "c"]}]',
        "y ~ (1 | `a:b`:c)",
    ),
    (
        "{response: y, groups: [{factor: a/b}]}",
        'response = "y"\ngroups = [{factor = "a/b"}]',
        "y ~ (1 | a/b)",
    ),
    (
        "{response: y, groups: [{nested: [a, b, c]}]}",
        'response = "y"\ngroups = [{nested = ["a", "b", "c"]}]',
        "y ~ (1 | a/b/c)",
    ),
    (
        "{response: y, groups: [{nested: [a, b], effects: [1, x]}]}",
        'response = "y"\ngroups = [{nested = ["a", "b"], effects = [1, "x"]}]',
        "y ~ (x | a/b)",
    ),
    (
        "{response: y, groups: [{factor: g}, {factor: h}]}",
        'response = "y"\ngroups = [{factor = "g"}, {factor = "h"}]',
        "y ~ (1 | g) + (1 | h)",
    ),
    (
        "{response: y, groups: [{factor: g}, {factor: g, effects: [x]}]}",
        'response = "y"\ngroups = [{factor = "g"}, {factor = "g", effects = ["x"]}]',
        "y ~ (1 | g) + (0 + x | g)",
    ),
    ("{formula: 'y ~ x + (1 | g)'}", 'formula = "y ~ x + (1 | g)"', "y ~ x + (1 | g)"),
]
