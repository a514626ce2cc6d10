"""The codes of diagnostics, and what each means. `python -m pzdecl.manifests.codes` prints the page.

The first digit says where the trouble lies: 0 the project file and variables, 1 files and YAML, 2 documents,
3 fields, 4 references, 5 resources together, 6 Avro schemas, 7 data.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple


class Code(NamedTuple):
    """What a code stands for."""

    title: str
    explanation: str


CODES: dict[str, Code] = {
    "PZ0001": Code(
        "no project",
        "The folder has no pzdecl.yaml. Every project has one at its root; `pzdecl init` writes it, `-C "
        "DIR` points at another folder.",
    ),
    "PZ0002": Code(
        "unknown environment",
        "`-e` names an environment that pzdecl.yaml does not declare.",
    ),
    "PZ0003": Code(
        "unknown variable",
        "`${var.NAME}`, `--var`, a variable file or an environment's block names a variable that is not "
        "declared under `variables:` in pzdecl.yaml.",
    ),
    "PZ0004": Code(
        "variable without a value",
        "A variable without a default was given no value. Values come, strongest first, from `--var`, "
        "`--var-file`, `PZDECL_VAR_NAME`, the environment's block and the default.",
    ),
    "PZ0005": Code(
        "variable of the wrong type",
        "The value given to a variable is not of its declared type.",
    ),
    "PZ0006": Code(
        "malformed placeholder",
        "Only `${var.NAME}` can be filled in. Write `$${` where the two characters `${` themselves are meant.",
    ),
    "PZ0007": Code(
        "sensitive value in a plain place",
        "A sensitive variable stands in a name, a key, a reference or a path: these are written to "
        "plans and state. It may stand in the values of other fields.",
    ),
    "PZ0008": Code(
        "unreadable variable file",
        "A file given with `--var-file` cannot be read, or is no mapping.",
    ),
    "PZ0009": Code(
        "shared state",
        "Several environments would keep their resources in one state file, and each would delete what the "
        "others made. Give each a `state` of its own, or leave it out everywhere.",
    ),
    "PZ0010": Code(
        "malformed patch",
        "A patch of an environment is about nothing that is declared, or names what cannot be patched: paths "
        "lead below `spec` or `metadata`, and never to `metadata.name`.",
    ),
    "PZ0011": Code(
        "password in the project file",
        "The project file is read by many and lives in Git; `state.url` holds a password. It works, but take "
        "it from `PGPASSWORD`, a password file, or a variable with `sensitive: true`.",
    ),
    "PZ1001": Code(
        "not UTF-8",
        "Manifests are UTF-8 text; the position is that of the first byte that is not.",
    ),
    "PZ1002": Code(
        "not YAML",
        "The file cannot be parsed as YAML 1.2. Nothing after that place was looked at.",
    ),
    "PZ1003": Code(
        "tab",
        "YAML forbids tabs for indentation. Use spaces.",
    ),
    "PZ1004": Code(
        "duplicate key",
        "A mapping has the same key twice. YAML leaves open which one counts, so neither does.",
    ),
    "PZ1005": Code(
        "empty file",
        "The file holds no document. Remove it, or list it under `exclude:`.",
    ),
    "PZ1006": Code(
        "unsupported YAML",
        "Something YAML can express and a manifest has no use for: application tags, merge keys (`<<`, "
        "not part of YAML 1.2), keys that are no text, and aliases that hold themselves.",
    ),
    "PZ1007": Code(
        "unreadable file",
        "The file or folder exists but cannot be read. Going on without what it declares would plan to delete "
        "that: a folder that holds no manifests is named under `exclude:`.",
    ),
    "PZ2001": Code(
        "not a manifest",
        "Every YAML file below the project's root holds manifests, unless `exclude:` names it. A "
        "manifest is a mapping with apiVersion, kind, metadata and spec.",
    ),
    "PZ2002": Code(
        "unknown kind",
        "`kind:` names no kind that can be declared.",
    ),
    "PZ2003": Code(
        "unknown apiVersion",
        "This version of pzdecl reads `apiVersion: pzdecl/v1`.",
    ),
    "PZ2004": Code(
        "malformed forEach",
        "`forEach` takes a list of texts or numbers, each once, or a mapping. Each entry makes a copy of the "
        "document, in which `${each.key}` and `${each.value}` stand for it.",
    ),
    "PZ2005": Code(
        "malformed enabled",
        "`enabled` is true or false, or a variable that is. A document that is not enabled does not count.",
    ),
    "PZ2006": Code(
        "unknown template",
        "An `Instance` names a template that no document of kind `Template` declares, or templates lead into "
        "each other without end.",
    ),
    "PZ2007": Code(
        "wrong parameter",
        "A parameter of an `Instance` is missing, unknown to its template, or of another type.",
    ),
    "PZ3001": Code(
        "unknown field",
        "The kind has no such field. Fields have the names of the API, case included.",
    ),
    "PZ3002": Code(
        "missing field",
        "A field without a default is not there.",
    ),
    "PZ3003": Code(
        "wrong type",
        "The value is of another type than the field. Numbers and true/false that are meant as text "
        "need quotes.",
    ),
    "PZ3004": Code(
        "not one of the values",
        "The field takes one of a few values.",
    ),
    "PZ3005": Code(
        "out of range",
        "A number, or the length of a list, is outside the limits.",
    ),
    "PZ3006": Code(
        "text that does not fit",
        "The text is too long, too short or does not match the API's pattern. Names have 1 to 63 "
        "letters, digits, `-` and `_`, and begin with a letter or digit.",
    ),
    "PZ3007": Code(
        "fields that exclude each other",
        "Exactly one of several fields must be there, or all or none.",
    ),
    "PZ3008": Code(
        "field without effect",
        "The field does nothing in this place, and would be ignored silently.",
    ),
    "PZ3009": Code(
        "unknown path in ignoreChanges or retrainOn",
        "An entry of lifecycle.ignoreChanges names no field of the kind, or one of lifecycle.retrainOn no "
        "field of the resource before it.",
    ),
    "PZ3010": Code(
        "unknown recipe",
        "No recipe has that name.",
    ),
    "PZ3011": Code(
        "unknown hyperparameter",
        "The recipe has no hyperparameter of that name in that place.",
    ),
    "PZ3012": Code(
        "hyperparameter out of range",
        "The value is not one that the recipe takes.",
    ),
    "PZ3013": Code(
        "tag outside the limits",
        "At most 50 tags; keys of 1 to 128, values of 0 to 256 characters.",
    ),
    "PZ3014": Code(
        "tags where none can be",
        "The API cannot tag resources of this kind.",
    ),
    "PZ3015": Code(
        "malformed gate",
        "A gate of a campaign names an offline metric and what is asked of it: `min`, `maxRegression` or both.",
    ),
    "PZ3016": Code(
        "malformed test",
        "A test file is well-formed, but what it asks for makes no sense: a metric without a bound, an "
        "expectation about nobody, a condition that is none, two steps of one name.",
    ),
    "PZ3020": Code(
        "malformed filter expression",
        "The text is no filter expression. The place is that of the first word that does not fit.",
    ),
    "PZ4001": Code(
        "reference to nothing",
        "The field names a resource that no manifest declares.",
    ),
    "PZ4002": Code(
        "reference to another kind",
        "A resource of that name exists, but it is of another kind.",
    ),
    "PZ4003": Code(
        "malformed ARN",
        "A reference that begins with `arn:` is not the ARN of the kind it stands for.",
    ),
    "PZ4004": Code(
        "malformed address",
        "An entry of dependsOn is not `Kind/name`, or one of lifecycle.retrainOn neither that nor "
        "`Kind/name.field`.",
    ),
    "PZ4005": Code(
        "duplicate address",
        "Two documents have the same kind and name.",
    ),
    "PZ4006": Code(
        "cycle",
        "Resources need each other in a circle, so none can come first.",
    ),
    "PZ4007": Code(
        "malformed moved or removed",
        "`moved:` names a former address that is declared no more and one of the same kind that is; `removed:` "
        "an address that is declared no more.",
    ),
    "PZ5001": Code(
        "two datasets of one type",
        "A dataset group has at most one dataset of each type.",
    ),
    "PZ5002": Code(
        "two FULL imports",
        "A FULL import replaces what earlier ones brought: the second would undo the first.",
    ),
    "PZ5003": Code(
        "two event trackers",
        "A dataset group has at most one event tracker.",
    ),
    "PZ5004": Code(
        "nothing to add to",
        "An INCREMENTAL import adds to what a FULL import brought, and there is none.",
    ),
    "PZ5005": Code(
        "path where the provider needs S3",
        "Amazon Personalize reads and writes Amazon S3 only. With `staging` in the provider's settings, files "
        "that jobs read are uploaded to a bucket first.",
    ),
    "PZ5006": Code(
        "recipe without an engine",
        "The built-in engine does not have this recipe; Amazon Personalize does.",
    ),
    "PZ5007": Code(
        "campaign config that the recipe has no use for",
        "Only some recipes take this configuration.",
    ),
    "PZ5008": Code(
        "domains that differ",
        "A schema's domain must be that of the dataset group it is used in.",
    ),
    "PZ5009": Code(
        "location that the engine cannot read",
        "The built-in engine reads files and folders of this machine, and nothing from S3 or the web.",
    ),
    "PZ5011": Code(
        "column that no schema has",
        "A solution names a column, or needs one, that the schema of its group's dataset does not declare; or "
        "a job that makes themes does.",
    ),
    "PZ5012": Code(
        "dataset that the recipe needs",
        "The recipe learns from a type of dataset that the solution's group is declared without.",
    ),
    "PZ5013": Code(
        "campaign of a recipe that serves none",
        "Recipes of user segmentation answer batch segment jobs and `pzdecl segment`, not campaigns.",
    ),
    "PZ5014": Code(
        "recommender of another domain",
        "A recommender's recipe is of the domain of its dataset group: ECOMMERCE or VIDEO_ON_DEMAND.",
    ),
    "PZ5015": Code(
        "themes of another recipe",
        "Only some recipes recommend with themes.",
    ),
    "PZ5020": Code(
        "filter that does not fit its data",
        "A filter expression names a field that the schemas of its group do not have, compares one with "
        "what it never is, or joins what cannot stand together.",
    ),
    "PZ6001": Code(
        "unusable Avro schema",
        "The schema breaks a rule of the service.",
    ),
    "PZ6002": Code(
        "wrong record name",
        "The record's name must be that of the dataset's type (Interactions, Items, Users).",
    ),
    "PZ6003": Code(
        "schema without a required field",
        "Each dataset type has fields that its schema must have.",
    ),
    "PZ6004": Code(
        "unreadable schema file",
        "The file named by schemaFile is not there, or is not JSON.",
    ),
    "PZ7001": Code(
        "no data there",
        "The path of an import leads to no file and no folder with files.",
    ),
    "PZ7002": Code(
        "wrong columns",
        "The header of the CSV file lacks a column of the schema, or has one that the schema has not.",
    ),
    "PZ7003": Code(
        "bad value",
        "A cell of the CSV file does not fit its column's type or length.",
    ),
    "PZ7004": Code(
        "unusable CSV",
        "The file is not UTF-8 CSV with a header and rows.",
    ),
    "PZ7005": Code(
        "too few interactions",
        "An import of interactions needs at least 1000 of them.",
    ),
    "PZ7006": Code(
        "too few users",
        "Training needs at least 25 users with two interactions or more, and at least 1% of all users.",
    ),
}


def page() -> str:
    """The reference page of all codes, as Markdown."""
    lines = [
        "# Error codes",
        "",
        "<!-- Generated by `python -m pzdecl.manifests.codes docs/reference/errors.md`; do not edit. -->",
        "",
        "Each error in a project names one of these codes, the place, the resource and the field.",
        "",
        "| code | what | why |",
        "| --- | --- | --- |",
    ]
    lines += [f"| {code} | {entry.title} | {entry.explanation} |" for code, entry in CODES.items()]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Prints the page, or writes it to the file that is named."""
    if arguments:
        Path(arguments[0]).write_text(page(), encoding="utf-8")
    else:
        sys.stdout.write(page())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
