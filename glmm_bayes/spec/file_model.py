"""The sections of a spec file as pydantic models: which keys there are, and what each may hold."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from glmm_bayes.core.arguments import LARGEST_WHOLE
from glmm_bayes.spec.functions import ADDITIONS

Scalar = str | int | float | bool
#: Text in the formula language, or a number.
Text = str | int | float
By = str | list[str] | Literal[True] | None
#: Of intervals; what is not given is ArviZ's default.
Level = Annotated[float | None, Field(gt=0, lt=1)]
Kind = Literal["eti", "hdi"] | None


class Section(BaseModel):
    """A table of a spec file: unknown keys are errors, and no value is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _ones() -> list[Text]:
    return [1]


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _as_response(value: object) -> object:
    return {"expression": value} if isinstance(value, str) else value


#: One text, or several.
Texts = Annotated[list[str], BeforeValidator(_listed, json_schema_input_type=str | list[str])]

_additions: dict[str, Any] = dict.fromkeys(ADDITIONS, (Text | None, None))
Response: type[Section] = create_model(
    "Response",
    __base__=Section,
    __doc__="The left side of a formula: an expression, and what stands after its bar.",
    expression=(str, ...),
    **_additions,
)


class GroupSection(Section):
    """Random effects of one grouping factor: ``(effects | factor)``."""

    factor: Texts | None = None
    nested: list[str] | None = None
    members: list[str] | None = None
    weights: Texts | None = None
    effects: list[Text] = Field(default_factory=_ones)
    correlated: bool = True
    structure: str | None = None
    arguments: dict[str, Scalar] = Field(default_factory=dict)
    by: str | None = None
    distribution: Literal["gaussian", "student", "bridge"] = "gaussian"
    df: int | float | None = None
    label: str | None = None


class ModelSection(Section):
    """The model: a formula, or its parts key by key; never both."""

    formula: str | None = None
    family: str = "gaussian"
    link: str | None = None
    interpretation: Literal["subject", "population"] = "subject"
    edition: Literal[1, 2] = 2
    response: Annotated[
        Response | None,  # type: ignore[valid-type]
        BeforeValidator(_as_response, json_schema_input_type=str | Response | None),
    ] = None
    intercept: bool = True
    terms: Texts = Field(default_factory=list)
    specific: Texts = Field(default_factory=list)
    offset: Texts = Field(default_factory=list)
    groups: list[GroupSection] = Field(default_factory=list)


class Data(Section):
    """Where the data are."""

    path: str | None = None
    dataset: str | None = None
    missing: Literal["error", "drop"] = "error"


class Sampler(Section):
    """Settings of the sampler; what is not given keeps its default."""

    draws: Annotated[int | None, Field(ge=1)] = None
    tune: Annotated[int | None, Field(ge=1)] = None
    chains: Annotated[int | None, Field(ge=1)] = None
    seed: Annotated[int | None, Field(ge=0, le=LARGEST_WHOLE)] = None
    engine: str | None = None
    method: str | None = None
    cores: Annotated[int | None, Field(ge=1)] = None
    target_accept: Annotated[float | None, Field(gt=0, lt=1)] = None


class Wanted(Section):
    """What every effect may say; level and kind of its interval stand in ``[output]`` for all."""

    estimand: str | dict[str, str] = "population"
    by: By = None
    newdata: dict[str, Scalar | list[Scalar]] | None = None
    per: Literal["label"] | None = None
    scale: Literal["response", "link", "at_least", "score"] = "response"
    probability: Level = None
    interval: Kind = None


class Predictions(Wanted):
    """Expected responses."""

    verb: Literal["predictions"]


class Comparisons(Wanted):
    """Expected responses at different values of one variable, compared."""

    verb: Literal["comparisons"]
    variable: str
    measure: str = "difference"
    values: list[Scalar] | None = None


class Slopes(Wanted):
    """Derivatives of expected responses by one number."""

    verb: Literal["slopes"]
    variable: str
    measure: Literal["dydx", "eyex", "eydx", "dyex"] = "dydx"


class Output(Section):
    """Where results go, and level and kind of every interval in them."""

    fit: str | None = None
    report: str | None = None
    probability: Level = None
    interval: Kind = None


class File(Section):
    """A whole spec file."""

    model: ModelSection
    further: dict[str, Text] = Field(default_factory=dict)
    data: Data | None = None
    known: dict[str, str] = Field(default_factory=dict)
    priors: dict[str, dict[str, int | float | str]] = Field(default_factory=dict)
    sampler: Sampler | None = None
    effects: list[Annotated[Predictions | Comparisons | Slopes, Field(discriminator="verb")]] = Field(
        default_factory=list
    )
    output: Output | None = None


#: Each section by its path; an effect's path holds its verb.
SECTIONS: Mapping[tuple[str, ...], type[Section]] = MappingProxyType(
    {
        (): File,
        ("model",): ModelSection,
        ("model", "response"): Response,
        ("model", "groups"): GroupSection,
        ("data",): Data,
        ("sampler",): Sampler,
        ("effects", "predictions"): Predictions,
        ("effects", "comparisons"): Comparisons,
        ("effects", "slopes"): Slopes,
        ("output",): Output,
    }
)


def known_keys(location: tuple[str | int, ...]) -> tuple[str, ...]:
    """Return the keys of the section at one of pydantic's locations."""
    section = SECTIONS.get(tuple(part for part in location if isinstance(part, str)))
    return tuple(section.model_fields) if section else ()


def spec_schema() -> dict[str, Any]:
    """Return the JSON schema of spec files, TOML and YAML alike.

    Returns
    -------
    dict
        JSON Schema, draft 2020-12: for editors and other programs. What a text in the formula
        language means is not in it.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> sorted(gb.spec_schema()["properties"])
    ['data', 'effects', 'further', 'known', 'model', 'output', 'priors', 'sampler']
    """
    schema = File.model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "glmm_bayes spec"}
