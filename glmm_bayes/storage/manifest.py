"""The words of a saved fit as canonical JSON, and its numbers as zarr v3 arrays.

Arrays are only bool, int64 or float64, uncompressed, one chunk each. Their zarr metadata follow from
the manifest to the byte, so a reader compares them and interprets none: no codec can come in.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Buffer, Callable, Iterable, Mapping
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from glmm_bayes.core.errors import Finding, StorageError, shown_value
from glmm_bayes.design.column import DataType
from glmm_bayes.design.containers.known import Representation
from glmm_bayes.design.design import DesignState
from glmm_bayes.design.splines import Learnt
from glmm_bayes.design.table import Column, Table
from glmm_bayes.spec.editions import CURRENT
from glmm_bayes.spec.prior import DISTRIBUTIONS

#: The format of this release: that of what its models leave unsaid.
FORMAT = CURRENT
MANIFEST = "manifest.json"
ROOT = "draws.zarr"
#: Name of the array of row labels, where those are numbers.
ROW_LABELS = "data/row_labels"

_STORED: Mapping[str, tuple[str, Any]] = {
    "bool": ("|b1", False),
    "int64": ("<i8", 0),
    "float64": ("<f8", 0.0),
}
#: Libraries whose versions a file names.
WRITTEN_WITH = ("glmm-bayes", "numpy", "pandas", "scipy", "xarray")
_DEPTH = 64
_ARGUMENTS = frozenset(argument for name in DISTRIBUTIONS for argument in DISTRIBUTIONS[name].arguments)


def _canonical_hex(text: str) -> str:
    try:
        if float.fromhex(text).hex() == text:
            return text
    except OverflowError:
        pass
    raise ValueError("not a float as float.hex() writes it")


def _known_argument(name: str) -> str:
    if name not in _ARGUMENTS:
        raise ValueError("not an argument of a distribution")
    return name


def _parameter(name: str) -> str:
    if name in ("self", "text"):
        raise ValueError("not a parameter of a response")
    return name


def names_all(*names: str) -> Callable[[dict[str, str]], dict[str, str]]:
    """Return the check of a mapping that has these keys and no others."""

    def check(mapping: dict[str, str]) -> dict[str, str]:
        if set(mapping) != set(names):
            raise ValueError(f"its keys are not {', '.join(names)}")
        return mapping

    return check


def _formula_or_number(text: str) -> str:
    return text if text.startswith("~") else _canonical_hex(text)


Hex = Annotated[str, AfterValidator(_canonical_hex)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Size = Annotated[int, Field(ge=0, lt=2**63)]
Count = Annotated[int, Field(ge=1, lt=2**63)]
Version = Annotated[str, Field(max_length=100, pattern=r"^[0-9][0-9A-Za-z.!+_-]*$")]
Word = Annotated[str, Field(max_length=100, pattern=r"^[ -~]*$")]
TypedLevel = str | bool | int


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class PriorEntry(_Entry):
    """A prior that the user set."""

    parameter: str
    distribution: str
    arguments: dict[Annotated[str, AfterValidator(_known_argument)], Hex]
    of: Literal["", "sd", "variance", "precision"] = ""


class ColumnEntry(_Entry):
    """A training column; its values, or the codes of its levels, are in ``array``."""

    name: str
    array: str
    kind: DataType
    levels: list[TypedLevel]
    ordered: bool
    declared: bool
    identifier: bool = False


class StateEntry(_Entry):
    """What the training rows taught the design."""

    transforms: dict[str, dict[str, Hex | list[Hex]]]
    factors: dict[str, list[TypedLevel]]
    groups: dict[str, list[list[TypedLevel]]]
    dropped: list[Size]


class KnownEntry(_Entry):
    """A matrix, map of neighbours or coordinates that a covariance structure was given."""

    name: str
    kind: Representation
    labels: list[str]
    array: str


class FingerprintEntry(_Entry):
    """SHA-256 of the used columns: rows as they stand, and sorted."""

    in_row_order: Digest
    sorted_by_row: Digest


class ArrayEntry(_Entry):
    """Type, shape and dimensions of a zarr array."""

    dtype: Literal["bool", "int64", "float64"]
    shape: list[Size]
    dims: list[str]

    @property
    def size(self) -> int:
        """Number of bytes."""
        return math.prod(self.shape) * np.dtype(_STORED[self.dtype][0]).itemsize

    def metadata(self) -> bytes:
        """Write the array's ``zarr.json``."""
        little = {} if self.dtype == "bool" else {"configuration": {"endian": "little"}}
        return canonical(
            {
                "attributes": {},
                "chunk_grid": {
                    "configuration": {"chunk_shape": [max(size, 1) for size in self.shape]},
                    "name": "regular",
                },
                "chunk_key_encoding": {"configuration": {"separator": "/"}, "name": "default"},
                "codecs": [{"name": "bytes", **little}],
                "data_type": self.dtype,
                "dimension_names": self.dims,
                "fill_value": _STORED[self.dtype][1],
                "node_type": "array",
                "shape": self.shape,
                "storage_transformers": [],
                "zarr_format": 3,
            }
        )

    def chunk(self, name: str) -> str:
        """Name the member that holds the array's only chunk."""
        return "/".join([ROOT, name, "c", *("0" for _ in self.shape)])

    def decode(self, data: bytes) -> NDArray[Any]:
        """Turn the chunk's bytes into an array of this machine's byte order, free to be written to."""
        array = np.frombuffer(data, _STORED[self.dtype][0]).reshape(self.shape)
        return array.astype(self.dtype)


class MemberEntry(_Entry):
    """Size in bytes and hash of a member of the file."""

    size: Size
    sha256: Digest


class PlatformEntry(_Entry):
    """The machine that wrote the file."""

    machine: Word
    python: Version
    system: Word


#: Entries of models of several responses.
_OF_SEVERAL = ("others", "rescor", "notes")


class ResponseEntry(_Entry):
    """A response beside the first of a model of several."""

    formula: str
    further: dict[
        Annotated[str, AfterValidator(_parameter)], Annotated[str, AfterValidator(_formula_or_number)]
    ]
    family: str
    link: str | None
    link_used: str
    states: dict[str, StateEntry]


class Manifest(_Entry):
    """Everything of a fit that is not numbers, and what the numbers must be.

    Of several responses ``formula``, ``family``, links and ``states`` are the first's; the others stand in
    ``others``, what was noted of each in ``notes``.
    """

    format: Annotated[int, Field(ge=1, le=FORMAT)]
    formula: str
    further: dict[
        Annotated[str, AfterValidator(_parameter)], Annotated[str, AfterValidator(_formula_or_number)]
    ] = Field(default_factory=dict)
    family: str
    link: str | None
    link_used: str
    interpretation: Literal["subject", "population"] = "subject"
    priors: list[PriorEntry]
    columns: list[ColumnEntry]
    row_labels: list[Any] | None
    states: dict[str, StateEntry]
    known: list[KnownEntry] = Field(default_factory=list)
    others: list[ResponseEntry] = Field(default_factory=list)
    rescor: bool = False
    notes: list[list[str]] = Field(default_factory=list)
    settings: Any
    versions: Annotated[dict[str, Version], AfterValidator(names_all(*WRITTEN_WITH))]
    platform: PlatformEntry
    fingerprint: FingerprintEntry
    arrays: dict[str, ArrayEntry]
    members: dict[str, MemberEntry]

    def to_bytes(self) -> bytes:
        """Write the manifest as canonical JSON; what is of several responses is left out of one."""
        content = self.model_dump()
        if not self.others:
            content = {name: content[name] for name in content if name not in _OF_SEVERAL}
        return canonical(content)


def first_of(error: ValidationError) -> str:
    """Say in one line what pydantic found first, without the value."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def canonical(value: Any) -> bytes:
    """Write JSON in its one spelling: sorted keys, no blanks, ASCII, no NaN."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.encode("ascii")


def entry_of(name: str, array: NDArray[Any], dims: Iterable[str]) -> ArrayEntry:
    """Describe an array.

    Raises
    ------
    StorageError
        ``storage`` if its type is not one that files hold.
    """
    if array.dtype.name not in _STORED:
        message = f"'{name}' holds {array.dtype}; a file holds bool, int64 and float64."
        raise StorageError(Finding("storage", message))
    # The name has just been looked up among the literals.
    return ArrayEntry(dtype=array.dtype.name, shape=list(array.shape), dims=list(dims))  # type: ignore[arg-type]


def chunk_bytes(array: NDArray[Any]) -> Buffer:
    """Return an array's bytes in C order, little-endian."""
    return np.ascontiguousarray(array, _STORED[array.dtype.name][0]).reshape(-1).view(np.uint8).data


def metadata_members(arrays: Mapping[str, ArrayEntry]) -> dict[str, bytes]:
    """Write the ``zarr.json`` of every array and of the groups above them."""
    groups = {"/".join(name.split("/")[:-1]) for name in arrays} | {""}
    group = canonical({"attributes": {}, "node_type": "group", "zarr_format": 3})
    result = {f"{ROOT}/{name}/zarr.json".replace("//", "/"): group for name in groups}
    return result | {f"{ROOT}/{name}/zarr.json": entry.metadata() for name, entry in arrays.items()}


def to_json(value: Any) -> Any:
    """Turn a value into JSON that keeps its type: floats as hex, mappings in their order.

    Raises
    ------
    StorageError
        ``storage`` if the value, or one inside it, is not plain.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return {"float": value.hex()}
    if isinstance(value, tuple):
        return {"tuple": [to_json(item) for item in value]}
    if isinstance(value, list):
        return [to_json(item) for item in value]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {"map": [[key, to_json(item)] for key, item in value.items()]}
    message = f"a setting or row label is a {type(value).__name__}, which a file cannot hold: "
    message += f"{shown_value(value)}."
    raise StorageError(Finding("storage", message, hint="Plain numbers, texts, lists and mappings can be."))


def from_json(value: Any, depth: int = _DEPTH) -> Any:
    """Turn what ``to_json`` wrote into the value.

    Raises
    ------
    ValueError
        If ``to_json`` cannot have written it.
    """
    if depth == 0:
        raise ValueError(f"nested deeper than {_DEPTH}")
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, list):
        return [from_json(item, depth - 1) for item in value]
    match value:
        case {"float": str() as text, **other} if not other:
            return float.fromhex(_canonical_hex(text))
        case {"tuple": list() as items, **other} if not other:
            return tuple(from_json(item, depth - 1) for item in items)
        case {"map": list() as pairs, **other} if not other:
            return dict(_pair(pair, depth - 1) for pair in pairs)
    raise ValueError("a value of no known type")


def _pair(value: Any, depth: int) -> tuple[str, Any]:
    match value:
        case [str() as key, item]:
            return key, from_json(item, depth)
    raise ValueError("a mapping's entry is no pair")


def state_entry(state: DesignState, of_response: Mapping[str, Learnt]) -> StateEntry:
    """Write what a design and the response learnt; the kinds of columns stand with the columns."""
    transforms = {
        key: {name: _hex(value) for name, value in learnt.items()}
        for key, learnt in {**state.transforms, **of_response}.items()
    }
    groups = {factor: [list(level) for level in levels] for factor, levels in state.groups.items()}
    factors = {factor: list(levels) for factor, levels in state.factors.items()}
    return StateEntry(transforms=transforms, factors=factors, groups=groups, dropped=list(state.dropped))


def _hex(value: float | list[float]) -> str | list[str]:
    return [number.hex() for number in value] if isinstance(value, list) else value.hex()


def fingerprint(table: Table) -> FingerprintEntry:
    """Hash the columns; a label enters by the SHA-256 of its UTF-8 text, so that rows are equally wide."""
    columns = list(table.columns.values())
    header = canonical([[column.name, column.data_type, column.values.dtype.name] for column in columns])
    rows = np.concatenate([_row_bytes(column) for column in columns], axis=1)
    records = np.ascontiguousarray(rows).view(f"S{rows.shape[1]}").reshape(-1)
    digests = [hashlib.sha256(header + part.tobytes()).hexdigest() for part in (records, np.sort(records))]
    return FingerprintEntry(in_row_order=digests[0], sorted_by_row=digests[1])


def _row_bytes(column: Column) -> NDArray[np.uint8]:
    if column.data_type != "label":
        return np.frombuffer(chunk_bytes(column.values), np.uint8).reshape(len(column.values), -1)
    texts = [f"{type(level).__name__}:{level}" for level in column.levels]
    hashes = b"".join(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts)
    wide: NDArray[np.uint8] = np.frombuffer(hashes, np.uint8).reshape(-1, 32)[column.values]
    return wide
