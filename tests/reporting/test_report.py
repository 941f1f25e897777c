"""The report is one file that reads alone, names each estimand, escapes what users wrote, repeats itself."""

import re
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.core.intervals import read_interval
from glmm_bayes.plots.curves import plot_curves
from glmm_bayes.plots.groups import plot_random_effects

SHAPE = (2, 60)
VOID = {"meta", "img", "br", "hr", "link", "input"}
SECTIONS = (
    "Question and answer",
    "Model",
    "Data and groups",
    "Priors",
    "Coefficients",
    "Estimands side by side",
    "Groups, typical group and population",
    "Variation between groups",
    "Shrinkage",
    "Predictive check",
    "Diagnostics",
    "Settings, versions and data",
    "How to reproduce this report",
)
TOENAIL = gb.load_dataset("toenail").head(400)
MODELS = {
    "bernoulli": ("y ~ treatment*time + (1 | patientID)", TOENAIL, "bernoulli"),
    "gaussian": ("Reaction ~ Days + (1 + Days | Subject)", gb.load_dataset("sleepstudy"), "gaussian"),
    "poisson": ("y ~ trt + lbase + (1 | subject)", gb.load_dataset("epil"), "poisson"),
    "binomial": ("incidence | trials(size) ~ period + (1 | herd)", gb.load_dataset("cbpp"), "binomial"),
    "intercept only": ("incidence | trials(size) ~ 1 + (1 | herd)", gb.load_dataset("cbpp"), "binomial"),
    "no groups": ("y ~ trt", gb.load_dataset("epil"), "poisson"),
}


class Page(HTMLParser):
    """Checks that tags are balanced, and keeps what tests ask for."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.captions, self.tables, self.ids = [], [], [], 0, []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables += 1
        if tag == "caption":
            self.captions.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "caption" in self.open:
            self.captions[-1] += data

    def attributes(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def draws_of(model, without=()):
    rng = np.random.default_rng(8)
    draws = {"beta": 0.3 * rng.normal(size=(*SHAPE, len(model.design.coefficients)))}
    if model.family.name == "gaussian":
        draws |= {"sigma": rng.uniform(20, 30, SHAPE)}
        draws["beta"] = draws["beta"] + [250.0, 10.0]
    for group in model.design.groups:
        size = len(group.effects)
        draws[f"sd_{group.slug}"] = rng.uniform(0.5, 1.5, (*SHAPE, size))
        draws[f"b_{group.slug}"] = rng.normal(size=(*SHAPE, len(group.levels), size))
        if size > 1:
            corr = np.tile(np.eye(2), (*SHAPE, 1, 1))
            corr[..., 0, 1] = corr[..., 1, 0] = rng.uniform(-0.5, 0.5, SHAPE)
            draws[f"corr_{group.slug}"] = corr
    return {name: value for name, value in draws.items() if not name.startswith(tuple(without) or "\0")}


def fit_from(formula, data, family, without=()):
    model = gb.Model(formula, data, family=family)
    return gb.Fit.from_draws(model, draws_of(model, without))


@cache
def fit_of(name):
    return fit_from(*MODELS[name])


@cache
def html_of(name):
    from glmm_bayes.reporting.document import render

    return render(fit_of(name), None, read_interval())


def words_of(html):
    return re.sub(r'(src="data:[^"]*"|<[^>]*>)', " ", html)


@pytest.mark.parametrize("name", MODELS)
def test_the_page_is_whole_and_refers_to_nothing_outside(name):
    html = html_of(name)
    page = Page(html)
    assert "http" not in html and "<script" not in html and "@import" not in html and "url(" not in html
    sources = [attributes["src"] for _, attributes in page.tags if "src" in attributes]
    assert sources and all(source.startswith("data:image/svg+xml;base64,") for source in sources)
    links = [attributes["href"] for attributes in page.attributes("a")]
    assert all(link[0] == "#" and link[1:] in page.ids for link in links)
    assert len(set(page.ids)) == len(page.ids)
    assert page.attributes("html")[0]["lang"] == "en"


@pytest.mark.parametrize("name", ["bernoulli", "gaussian", "poisson", "binomial"])
def test_every_section_is_there_in_order(name):
    titles = re.findall(r"<h2[^>]*>([^<]*)</h2>", html_of(name))
    assert titles == list(SECTIONS)


@pytest.mark.parametrize("name", MODELS)
def test_every_table_has_a_caption_and_scoped_heads(name):
    page = Page(html_of(name))
    assert page.tables == len(page.captions) and all(page.captions)
    assert all(a.get("scope") in ("col", "row", "colgroup") for a in page.attributes("th"))


@pytest.mark.parametrize("name", MODELS)
def test_tables_of_effects_say_estimand_and_interval(name):
    captions = Page(html_of(name)).captions
    effects = [c for c in captions if c.startswith(("Coefficients", "Variation")) or "compared by" in c]
    assert effects
    for caption in effects:
        assert "89% equal-tailed interval" in caption
        assert any(word in caption for word in ("subject-specific", "Subject-specific", "between groups"))


@pytest.mark.parametrize("name", MODELS)
def test_every_figure_says_in_words_what_it_shows(name):
    for image in Page(html_of(name)).attributes("img"):
        assert len(image["alt"]) > 100
        assert re.search(r"[Ee]stimand|subject-specific", image["alt"])
        assert "89%" in image["alt"]
        assert "nan" not in image["alt"].split()


@pytest.mark.parametrize("name", MODELS)
def test_the_word_with_three_meanings_is_never_used(name):
    assert not re.search(r"\bmarginal", words_of(html_of(name)), re.IGNORECASE)


@pytest.mark.parametrize("name", MODELS)
def test_the_same_fit_gives_the_same_bytes(name, tmp_path):
    again = gb.report(fit_of(name), tmp_path / "a.html")
    assert again.read_bytes() == html_of(name).encode()
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]


def test_the_verb_is_there_whatever_was_imported_before(tmp_path):
    code = (
        "import glmm_bayes.plots.curves\nimport glmm_bayes as gb\n"
        "model = gb.Model('y ~ trt', gb.load_dataset('epil'), family='poisson')\n"
        "fit = gb.Fit.from_draws(model, {'beta': [[[1.0, 0.1]]]})\n"
        "print(gb.report(fit, 'r.html').name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert done.stdout.strip() == "r.html"


def test_the_answer_states_the_numbers_of_the_comparison():
    fit = fit_of("bernoulli")
    row = gb.comparisons(fit, "treatment").summary().iloc[0]
    text = words_of(html_of("bernoulli"))
    answer = text[text.index("Averaged over the population") :][:400]
    assert f"{abs(row['mean']):.2f}"[:4] in answer
    assert "For the typical group (random effects at zero) the difference is" in answer
    assert "89% equal-tailed interval" in answer


def test_a_failed_diagnosis_stands_on_top():
    fit = fit_of("bernoulli")
    model = gb.Model(*MODELS["bernoulli"][:2], family="bernoulli")
    draws = {name: values.copy() for name, values in draws_of(model).items()}
    draws["beta"][0, :, 0] += 1.5
    from glmm_bayes.reporting.document import render

    html = render(gb.Fit.from_draws(model, draws), None, read_interval())
    top = html[: html.index("<nav")]
    assert 'class="verdict alarm"' in top and "chains disagree" in top
    assert fit.shape == SHAPE


def test_user_text_is_escaped():
    data = gb.load_dataset("epil")
    data = data.assign(trt=data["trt"].map({"placebo": "<b>none</b>", "progabide": '"&$x$'}))
    from glmm_bayes.reporting.document import render

    html = render(
        fit_from("y ~ trt + lbase + (1 | subject)", data, "poisson"),
        "<script>alert(1)</script>",
        read_interval(),
    )
    Page(html)
    assert "<b>" not in html and "<script" not in html
    assert "&lt;b&gt;none&lt;/b&gt;" in html and "&lt;script&gt;" in html


def test_without_draws_of_the_levels_the_rest_is_reported():
    from glmm_bayes.reporting.document import render

    html = render(fit_from(*MODELS["poisson"], without=("b_",)), None, read_interval())
    Page(html)
    assert re.findall(r"<h2[^>]*>([^<]*)</h2>", html) == list(SECTIONS)
    assert html.count("Left out:") == 2
    assert "subject-specific column is left out" in html
    assert "holds no draws of the levels of subject" in html


def test_without_standard_deviations_the_report_still_stands():
    from glmm_bayes.reporting.document import render

    html = render(fit_from(*MODELS["poisson"], without=("sd_", "b_")), None, read_interval())
    assert "typical" in html and html.count("Left out:") >= 5


def test_dropped_rows_are_counted():
    from glmm_bayes.reporting.document import render

    data = gb.load_dataset("epil").astype({"age": float})
    data.loc[[3, 7, 100], "age"] = np.nan
    model = gb.Model("y ~ age + (1 | subject)", data, family="poisson", missing="drop")
    fit = gb.Fit.from_draws(model, {"beta": np.zeros((1, 4, 2)), "sd_subject": np.ones((1, 4, 1))})
    html = render(fit, None, read_interval())
    assert "Dropped 3 of 236 rows with missing values: age 3 (rows 3, 7, 100)." in html


def test_a_path_that_cannot_be_written_is_a_storage_error(tmp_path):
    with pytest.raises(gb.StorageError) as caught:
        gb.report(fit_of("no groups"), tmp_path / "nowhere" / "r.html")
    assert caught.value.code == "storage"
    target = tmp_path / "r.html"
    target.write_text("mine")
    with pytest.raises(gb.StorageError, match="overwrite=True"):
        gb.report(fit_of("no groups"), target, overwrite=False)
    assert target.read_text() == "mine"
    (tmp_path / "folder").mkdir()
    with pytest.raises(gb.StorageError):
        gb.report(fit_of("no groups"), tmp_path / "folder")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "r.html"]


def test_the_reproduction_runs():
    text = html_of("bernoulli")
    code = re.search(r"<pre[^>]*>(import glmm_bayes.*?)</pre>", text, re.DOTALL).group(1)
    code = code.replace("&#39;", "'").replace("&#34;", '"').replace("&amp;", "&")
    lines = code.split("\nfit =")[0]
    lines += "\nprint(model.spec.to_formula(), len(model.design))"
    lines = lines.replace("\n\n", '\n\ndata = gb.load_dataset("toenail").head(400)\n', 1)
    done = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{fit_of('bernoulli').spec.to_formula()} 400"


def test_curves_say_where_population_and_typical_group_differ_most():
    fit = fit_of("bernoulli")
    alt = plot_curves(fit).alt
    assert "differ most at time" in alt and "treatment = " in alt
    assert plot_curves(fit_of("gaussian")).alt.count("are the same") == 1


def test_curves_hold_the_other_predictors_and_say_where():
    figure = plot_curves(
        fit_from("y ~ trt*lbase + lage + V4 + (1 | subject)", MODELS["poisson"][1], "poisson")
    )
    text = figure._supxlabel.get_text().replace("\n", " ")
    assert "lage at its mean" in text and "V4 at its median 0" in text
    assert len(figure.axes) == 2 and figure.axes[0].get_xlabel() == "lbase"


def test_curves_agree_with_predictions():
    fit = fit_of("bernoulli")
    from glmm_bayes.plots.scenario import compute, plan

    scenario = plan(fit, "time")
    values = compute(fit, scenario, scenario.panels[1])
    new = pd.DataFrame({"treatment": "terbinafine", "time": scenario.x})
    assert list(values.curves) == ["population", "typical"]
    for word, found in values.curves.items():
        wanted = gb.predictions(fit, new, estimand=word).draws.to_numpy().reshape(found.shape)
        np.testing.assert_allclose(found, wanted)
    patient = fit.design.groups[0].levels[scenario.panels[1].groups[0]][0]
    own = gb.predictions(fit, new.assign(patientID=patient), estimand="subject")
    np.testing.assert_allclose(values.groups[0], own.draws.to_numpy().mean(axis=(0, 1)))


def test_a_factor_makes_dots_and_an_unknown_variable_an_error():
    figure = plot_curves(fit_of("binomial"))
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["1", "2", "3", "4"]
    assert "Dots" in figure.alt
    with pytest.raises(gb.PredictionError, match="Did you mean 'period'"):
        plot_curves(fit_of("binomial"), "perod")


def test_nested_and_crossed_factors_have_curves():
    rng = np.random.default_rng(0)
    data = pd.DataFrame(
        {
            "school": np.repeat(np.arange(6), 20),
            "room": np.tile(np.repeat(np.arange(4), 5), 6),
            "item": np.tile(np.arange(5), 24).astype(str),
            "x": rng.normal(size=120),
            "y": rng.integers(0, 2, 120),
        }
    )
    fit = fit_from("y ~ x + (1 | school/room) + (1 | item)", data, "bernoulli")
    figure = plot_curves(fit)
    assert "levels of school:room" in figure.alt and "with the effects of item at zero" in figure.alt


def test_levels_without_an_own_estimate_are_counted_in_words():
    alt = plot_random_effects(fit_of("bernoulli")).alt
    assert "no finite estimate of their own" in alt and "Median shrinkage" in alt
