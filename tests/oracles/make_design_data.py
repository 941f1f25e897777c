"""Write data/NAME.csv.gz and data/levels.json: columns of the reference models, as they were exported.

Run: python make_design_data.py REFERENCE/data, where the folder holds NAME.csv and NAME.json of each data
set: the table, and its columns' types and levels.
"""

import csv
import gzip
import io
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent / "data"

# Columns of the reference models. Data sets that come with the package are not here.
COLUMNS = {
    "Contraception": "district urban livch age ch age10 age10sq y",
    "Dyestuff": "Batch Yield",
    "Dyestuff2": "Batch Yield",
    "Hsb82": "school mAch meanses sector cses",
    "InstEval": "s d service dept_service y",
    "Orthodont": "distance age Subject Sex age_c",
    "Owls": "Nest FoodTreatment SexParent SiblingNegotiation log_brood",
    "Pastes": "strength batch sample",
    "Penicillin": "diameter plate sample",
    "Salamanders": "site mined spp count",
    "VerbAgg": "Anger Gender item resp id btype situ y",
    "brms_epilepsy": "Trt patient count obs zAge zBase",
    "cake": "replicate recipe angle temp batch temp10",
    "dat.bcg": "trial yi sei",
    "dat.bcg_long": "trial treated cases n",
    "geepack_respiratory": "center treat sex age baseline outcome subject",
    "grouseticks": "INDEX TICKS BROOD YEAR LOCATION cHEIGHT",
    "inhaler": "subject rating treat period carry",
    "koch": "trt y id dayf y2 y3",
    "ohio": "resp id age smoke",
    "radon": "floor county log_radon log_uranium",
    "wine": "rating temp contact bottle judge",
}
FACTORS = ("factor", "ordered")
# Tables that other tests brought; only their levels are listed.
PRESENT = ("ohio", "Orthodont")


def rows_of(name, size):
    """List the rows that are kept: all; of InstEval's 73,421 the first 20 and each 20th."""
    return [row for row in range(size) if name != "InstEval" or row < 20 or row % 20 == 0]


def read_rows(folder, name):
    plain = folder / f"{name}.csv"
    text = (
        plain.read_text("utf-8")
        if plain.exists()
        else gzip.decompress((folder / f"{name}.csv.gz").read_bytes()).decode("utf-8")
    )
    return list(csv.DictReader(io.StringIO(text)))


def write_table(name, columns, rows):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    # Texts of the numbers are copied: nothing is rounded.
    writer.writerows([rows[row][column] for column in columns] for row in rows_of(name, len(rows)))
    # Without a time stamp the same table gives the same bytes.
    (HERE / f"{name}.csv.gz").write_bytes(gzip.compress(text.getvalue().encode("utf-8"), 9, mtime=0))


def main(folder):
    levels, sources = {}, {}
    for name, words in COLUMNS.items():
        columns = words.split()
        sidecar = json.loads((folder / f"{name}.json").read_text("utf-8"))
        types = {column["name"]: column for column in sidecar["columns"]}
        if name not in PRESENT:
            write_table(name, columns, read_rows(folder, name))
        levels[name] = {c: types[c]["levels"] for c in columns if types[c]["type"] in FACTORS}
        source = sidecar["source"]
        sources[name] = f"{source['package']} {source['version']}, {sidecar['licence']}"
    lines = [f"{json.dumps(name)}: {json.dumps(found, ensure_ascii=False)}" for name, found in levels.items()]
    (HERE / "levels.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
    for name, source in sources.items():
        print(f"| {name} | {source} |")


main(Path(sys.argv[1]))
