"""Everything that can be wrong with a manifest: the code, the place, the field, what is near."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pytest

from pzdecl.errors import InvalidProject
from pzdecl.manifests import load
from pzdecl.manifests.codes import CODES
from tests.manifests.projects import CAMPAIGN, DATASET, GROUP, IMPORT, SCHEMA, SOLUTION, TRACKER, errors, write

HEAD = "apiVersion: pzdecl/v1\n"


class Bad(NamedTuple):
    """A file `m.yaml` (beside a dataset group `movies` in `group.yaml`) and the one error it gives."""

    text: str | bytes
    code: str
    line: int
    column: int
    field: str | None = None
    suggestion: str | None = None
    address: str | None = None
    more: Mapping[str, str] = MappingProxyType({})
    file: str = "m.yaml"


ITEMS = """\
apiVersion: pzdecl/v1
kind: Schema
metadata: {name: items}
spec:
  schema:
    type: record
    name: Items
    namespace: com.amazonaws.personalize.schema
    fields:
      - {name: ITEM_ID, type: string}
      - {name: GENRES, type: ["null", string], categorical: true}
    version: "1.0"
---
apiVersion: pzdecl/v1
kind: Dataset
metadata: {name: items}
spec: {datasetGroup: movies, datasetType: Items, schema: items}
"""


def filter_(expression: str) -> str:
    """A filter whose expression begins in line 6, column 21."""
    head = f"{HEAD}kind: Filter\nmetadata: {{name: f}}\nspec:\n  datasetGroup: movies\n"
    return f"{head}  filterExpression: {expression}\n"


NAMED_ITEMS = ITEMS.replace(
    "    version:",
    "      - {name: TITLE, type: string}\n      - {name: ABOUT, type: string, textual: true}\n    version:",
)
SIMILAR = {"s.yaml": SOLUTION.replace("aws-hrnn", "aws-similar-items"), "asked.json": "{}"}


def themed(more: str = "  batchInferenceJobMode: THEME_GENERATION\n", name: str | None = "TITLE") -> str:
    """A batch job of the solution `hrnn`: its mode in line 8, what themes are made of in the next."""
    head = f"{HEAD}kind: BatchInferenceJob\nmetadata: {{name: j}}\nspec:\n  solution: hrnn\n"
    head += "  jobInput: {s3DataSource: {path: asked.json}}\n  jobOutput: {s3DataDestination: {path: out}}\n"
    config = f"  themeGenerationConfig: {{fieldsForThemeGeneration: {{itemName: {name}}}}}\n" if name else ""
    return f"{head}{more}{config}"


def solution(spec: str) -> str:
    """A solution whose spec begins in line 4."""
    return f"{HEAD}kind: Solution\nmetadata: {{name: s}}\nspec:\n  datasetGroup: movies\n{spec}"


def named(metadata: str) -> str:
    """A second dataset group with metadata from line 3 on."""
    return f"{HEAD}kind: DatasetGroup\n{metadata}"


PARAMETERS = "solutionConfig:\n    algorithmHyperParameters: "
DOCUMENTS = {
    "unknown kind": Bad(
        f"{HEAD}kind: Solutoin\nmetadata: {{name: s}}\n", "PZ2002", 2, 7, "kind", "Solution", "Solutoin/s"
    ),
    "version as a kind": Bad(f"{HEAD}kind: SolutionVersion\nmetadata: {{name: s}}\n", "PZ2002", 2, 7, "kind"),
    "unknown apiVersion": Bad(
        "apiVersion: pzdecl/v2\nkind: DatasetGroup\nmetadata: {name: g}\n",
        "PZ2003",
        1,
        13,
        "apiVersion",
        "pzdecl/v1",
    ),
    "no kind": Bad(f"{HEAD}metadata: {{name: s}}\n", "PZ3002", 1, 1, "kind"),
    "no apiVersion": Bad("kind: DatasetGroup\nmetadata: {name: g}\n", "PZ3002", 1, 1, "apiVersion"),
    "no name": Bad(named("metadata: {}\n"), "PZ3002", 3, 1, "metadata.name"),
    "no metadata": Bad(named("spec: {}\n"), "PZ3002", 1, 1, "metadata.name"),
    "unknown top field": Bad(named("metadata: {name: g}\nspecs: {}\n"), "PZ3001", 4, 1, "specs", "spec"),
    "not a manifest": Bad("replicas: 3\n", "PZ2001", 1, 1),
    "a list": Bad("- a\n- b\n", "PZ2001", 1, 1),
    "a text": Bad("hello\n", "PZ2001", 1, 1),
    "empty file": Bad("", "PZ1005", 1, 1),
    "only comments": Bad("# later\n", "PZ1005", 1, 1),
    "empty document": Bad(f"{GROUP.replace('movies', 'g')}---\n", "PZ1005", 5, 1),
    "not UTF-8": Bad(b"kind: Solution\nname: caf\xe9\n", "PZ1001", 2, 10),
    "tab": Bad(f"{HEAD}kind: DatasetGroup\nmetadata:\n\tname: g\n", "PZ1003", 4, 1),
    "tab after spaces": Bad(f"{HEAD}metadata:\n  \tname: g\n", "PZ1003", 3, 3),
    "not YAML": Bad(f"{HEAD}kind: [Solution\nmetadata: x\n", "PZ1002", 3, 9),
    "indented otherwise": Bad(f"{HEAD}kind: Campaign\nmetadata:\n   name: x\n  tags: {{}}\n", "PZ1002", 5, 3),
    "colon in text": Bad(f"{HEAD}kind: a: b\n", "PZ1002", 2, 8),
    "control character": Bad(f"{HEAD}kind: a\x01\n", "PZ1002", 2, 8),
    "undefined alias": Bad(f"{HEAD}kind: *nothing\n", "PZ1002", 2, 7),
    "duplicate key": Bad(
        named("metadata:\n  name: g\n  tags: {a: b}\n  name: h\n"),
        "PZ1004",
        6,
        3,
        "metadata.name",
        None,
        "DatasetGroup/g",
    ),
    "tag": Bad(named("metadata: {name: !secret g}\n"), "PZ1006", 3, 18, "metadata.name"),
    "merge key": Bad(named("metadata: {name: g, tags: {<<: {a: b}}}\n"), "PZ1006", 3, 28, "metadata.tags.<<"),
    "alias of itself": Bad(named("metadata: {name: g}\nspec: &a {domain: *a}\n"), "PZ1006", 4, 7, "spec"),
    "key that is no text": Bad(
        named("metadata: {name: g, tags: {[a]: b}}\n"), "PZ1006", 3, 28, "metadata.tags"
    ),
    "duplicate address": Bad(GROUP, "PZ4005", 3, 18, "metadata.name", None, "DatasetGroup/movies"),
    "nested project": Bad("name: other\n", "PZ2001", 1, 1, file="sub/pzdecl.yaml"),
}
METADATA = {
    "name with a space": Bad(named("metadata: {name: a b}\n"), "PZ3006", 3, 18, "metadata.name"),
    "name that begins with -": Bad(named("metadata: {name: -a}\n"), "PZ3006", 3, 18, "metadata.name"),
    "name too long": Bad(named(f"metadata: {{name: {'a' * 64}}}\n"), "PZ3006", 3, 18, "metadata.name"),
    "name that is a number": Bad(named("metadata: {name: 7}\n"), "PZ3003", 3, 18, "metadata.name"),
    "unknown field": Bad(
        named("metadata:\n  name: g\n  lable: {a: b}\n"),
        "PZ3001",
        5,
        3,
        "metadata.lable",
        address="DatasetGroup/g",
    ),
    "lifecycle": Bad(
        named("metadata:\n  name: g\n  lifecycle: {protected: true}\n"),
        "PZ3001",
        5,
        15,
        "metadata.lifecycle.protected",
        "protect",
    ),
    "onDelete": Bad(
        named("metadata:\n  name: g\n  lifecycle: {onDelete: retian}\n"),
        "PZ3004",
        5,
        25,
        "metadata.lifecycle.onDelete",
        "retain",
    ),
    "protect as text": Bad(
        named("metadata:\n  name: g\n  lifecycle: {protect: 'yes'}\n"),
        "PZ3003",
        5,
        24,
        "metadata.lifecycle.protect",
    ),
    "ignoreChanges": Bad(
        solution("  recipe: aws-sims\n").replace(
            "{name: s}", "{name: s, lifecycle: {ignoreChanges: [solutionConfig.hpoConfg]}}"
        ),
        "PZ3009",
        3,
        49,
        "metadata.lifecycle.ignoreChanges[0]",
        "solutionConfig.hpoConfig",
    ),
    "tag with a number": Bad(
        named("metadata: {name: g, tags: {v: 1.10}}\n"), "PZ3003", 3, 31, "metadata.tags.v"
    ),
    "tag with other signs": Bad(
        named("metadata: {name: g, tags: {v: a!}}\n"), "PZ3013", 3, 31, "metadata.tags.v"
    ),
    "reserved tag": Bad(
        named("metadata: {name: g, tags: {'aws:x': a}}\n"), "PZ3013", 3, 28, "metadata.tags.aws:x"
    ),
    "long tag": Bad(
        named(f"metadata: {{name: g, tags: {{v: {'a' * 257}}}}}\n"), "PZ3013", 3, 31, "metadata.tags.v"
    ),
    "51 tags": Bad(
        named(f"metadata:\n  name: g\n  tags: {{{', '.join(f't{i}: x' for i in range(51))}}}\n"),
        "PZ3013",
        5,
        3,
        "metadata.tags",
    ),
    "tags on a schema": Bad(
        SCHEMA.replace("{name: interactions}", "{name: i, tags: {a: b}}"), "PZ3014", 3, 21, "metadata.tags"
    ),
    "dependsOn nothing": Bad(
        named("metadata: {name: g, dependsOn: [DatasetGroup/moveis]}\n"),
        "PZ4001",
        3,
        33,
        "metadata.dependsOn[0]",
        "DatasetGroup/movies",
    ),
    "dependsOn without a kind": Bad(
        named("metadata: {name: g, dependsOn: [movies]}\n"),
        "PZ4004",
        3,
        33,
        "metadata.dependsOn[0]",
        "DatasetGroup/movies",
    ),
    "dependsOn unknown kind": Bad(
        named("metadata: {name: g, dependsOn: [DatasetGruop/movies]}\n"),
        "PZ2002",
        3,
        33,
        "metadata.dependsOn[0]",
        "DatasetGroup",
    ),
    "itself": Bad(
        named("metadata: {name: g, dependsOn: [DatasetGroup/g]}\n"), "PZ4006", 3, 33, "metadata.dependsOn[0]"
    ),
}
SPECS = {
    "unknown field": Bad(
        solution("  recipe: aws-hrnn\n  evenType: watch\n"),
        "PZ3001",
        7,
        3,
        "spec.evenType",
        "eventType",
        "Solution/s",
    ),
    "snake case": Bad(
        solution("  recipe: aws-hrnn\n  event_type: watch\n"), "PZ3001", 7, 3, "spec.event_type", "eventType"
    ),
    "nested unknown field": Bad(
        solution("  recipe: aws-hrnn\n  solutionConfig: {eventValueTreshold: 1}\n"),
        "PZ3001",
        7,
        20,
        "spec.solutionConfig.eventValueTreshold",
        "eventValueThreshold",
    ),
    "gates": Bad(
        CAMPAIGN.replace("hrnn", "hrnn, gate: []"),
        "PZ3001",
        4,
        24,
        "spec.gate",
        "gates",
        more={"s.yaml": SOLUTION},
    ),
    "unknown recipe": Bad(solution("  recipe: aws-hrn\n"), "PZ3010", 6, 11, "spec.recipe", "aws-hrnn"),
    "recipe of the service": Bad(
        solution("  recipe: aws-semantic-similarity\n"), "PZ5006", 6, 11, "spec.recipe"
    ),
    "unknown hyperparameter": Bad(
        solution(f"  recipe: aws-hrnn\n  {PARAMETERS}{{hiden_dimension: 64}}\n"),
        "PZ3011",
        8,
        32,
        "spec.solutionConfig.algorithmHyperParameters.hiden_dimension",
        "hidden_dimension",
    ),
    "hyperparameter of another recipe": Bad(
        solution(f"  recipe: aws-sims\n  {PARAMETERS}{{bptt: 8}}\n"),
        "PZ3011",
        8,
        32,
        "spec.solutionConfig.algorithmHyperParameters.bptt",
    ),
    "misplaced hyperparameter": Bad(
        solution(f"  recipe: aws-hrnn\n  {PARAMETERS}{{max_user_history_length_percentile: 0.9}}\n"),
        "PZ3011",
        8,
        32,
        "spec.solutionConfig.algorithmHyperParameters.max_user_history_length_percentile",
    ),
    "hyperparameter out of range": Bad(
        solution(f"  recipe: aws-hrnn\n  {PARAMETERS}{{hidden_dimension: 1024}}\n"),
        "PZ3012",
        8,
        50,
        "spec.solutionConfig.algorithmHyperParameters.hidden_dimension",
    ),
    "hyperparameter of the wrong type": Bad(
        solution(f"  recipe: aws-hrnn\n  {PARAMETERS}{{recency_mask: often}}\n"),
        "PZ3012",
        8,
        46,
        "spec.solutionConfig.algorithmHyperParameters.recency_mask",
    ),
    "hyperparameter that is a list": Bad(
        solution(f"  recipe: aws-hrnn\n  {PARAMETERS}{{bptt: [8]}}\n"),
        "PZ3003",
        8,
        32,
        "spec.solutionConfig.algorithmHyperParameters.bptt",
    ),
    "range of a hyperparameter": Bad(
        solution(
            "  recipe: aws-hrnn\n  performHPO: true\n  solutionConfig:\n    hpoConfig:\n"
            "      algorithmHyperParameterRanges:\n        integerHyperParameterRanges:\n"
            "          - {name: bptt, minValue: 2, maxValue: 64}\n"
        ),
        "PZ3012",
        12,
        49,
        "spec.solutionConfig.hpoConfig.algorithmHyperParameterRanges.integerHyperParameterRanges[0].maxValue",
    ),
    "range on the wrong list": Bad(
        solution(
            "  recipe: aws-hrnn\n  performHPO: true\n  solutionConfig:\n    hpoConfig:\n"
            "      algorithmHyperParameterRanges:\n        continuousHyperParameterRanges:\n"
            "          - {name: training.bptt, minValue: 2, maxValue: 8}\n"
        ),
        "PZ3012",
        12,
        20,
        "spec.solutionConfig.hpoConfig.algorithmHyperParameterRanges.continuousHyperParameterRanges[0].name",
    ),
    "optimisation of nothing": Bad(
        solution("  recipe: aws-popularity-count\n  performHPO: true\n"), "PZ3008", 7, 15, "spec.performHPO"
    ),
    "metric that nobody measures": Bad(
        solution("  performAutoML: true\n  solutionConfig: {autoMLConfig: {metricName: precison_at_5}}\n"),
        "PZ3012",
        7,
        47,
        "spec.solutionConfig.autoMLConfig.metricName",
        "precision_at_5",
    ),
    "recipe of the service for AutoML": Bad(
        solution(
            "  performAutoML: true\n  solutionConfig:\n"
            "    autoMLConfig: {recipeList: [aws-sims, aws-semantic-similarity]}\n"
        ),
        "PZ5006",
        8,
        43,
        "spec.solutionConfig.autoMLConfig.recipeList[1]",
    ),
    "recipe of actions for AutoML": Bad(
        solution(
            "  performAutoML: true\n  solutionConfig:\n"
            "    autoMLConfig: {recipeList: [aws-sims, aws-next-best-action]}\n"
        ),
        "PZ3008",
        8,
        43,
        "spec.solutionConfig.autoMLConfig.recipeList[1]",
    ),
    "what AutoML ignores": Bad(
        solution("  performAutoML: true\n  solutionConfig: {eventValueThreshold: 4}\n"),
        "PZ3008",
        7,
        41,
        "spec.solutionConfig.eventValueThreshold",
    ),
    "UPDATE with AutoML": Bad(
        solution("  performAutoML: true\n  training: {trainingMode: UPDATE}\n"),
        "PZ3008",
        7,
        28,
        "spec.training.trainingMode",
    ),
    "threshold that is no number": Bad(
        solution("  recipe: aws-hrnn\n  solutionConfig: {eventValueThreshold: high}\n"),
        "PZ3003",
        7,
        41,
        "spec.solutionConfig.eventValueThreshold",
    ),
    "objective that the recipe does not take": Bad(
        solution("  recipe: aws-sims\n  solutionConfig: {optimizationObjective: {itemAttribute: PRICE}}\n"),
        "PZ3008",
        7,
        20,
        "spec.solutionConfig.optimizationObjective",
    ),
    "recipe and AutoML": Bad(
        solution("  recipe: aws-hrnn\n  performAutoML: true\n"), "PZ3007", 7, 18, "spec.performAutoML"
    ),
    "neither": Bad(solution("  eventType: watch\n"), "PZ3007", 4, 1, "spec"),
    "HPO config without HPO": Bad(
        solution("  recipe: aws-hrnn\n  solutionConfig: {hpoConfig: {}}\n"),
        "PZ3008",
        7,
        20,
        "spec.solutionConfig.hpoConfig",
    ),
    "UPDATE": Bad(
        solution("  recipe: aws-hrnn\n  training: {trainingMode: UPDATE}\n"),
        "PZ3008",
        7,
        28,
        "spec.training.trainingMode",
    ),
    "when": Bad(
        solution("  recipe: aws-hrnn\n  training: {when: manuel}\n"),
        "PZ3004",
        7,
        20,
        "spec.training.when",
        "manual",
    ),
    "boolean as text": Bad(
        solution("  recipe: aws-hrnn\n  performHPO: no\n"), "PZ3003", 7, 15, "spec.performHPO"
    ),
    "text as number": Bad(solution("  recipe: aws-hrnn\n  eventType: 5\n"), "PZ3003", 7, 14, "spec.eventType"),
    "spec is a list": Bad(named("metadata: {name: g}\nspec: []\n"), "PZ3003", 4, 1, "spec"),
    "TPS": Bad(
        CAMPAIGN.replace("hrnn", "hrnn, minProvisionedTPS: 0"),
        "PZ3005",
        4,
        43,
        "spec.minProvisionedTPS",
        more={"s.yaml": SOLUTION},
    ),
    "TPS as a fraction": Bad(
        CAMPAIGN.replace("hrnn", "hrnn, minProvisionedTPS: 1.5"),
        "PZ3003",
        4,
        43,
        "spec.minProvisionedTPS",
        more={"s.yaml": SOLUTION},
    ),
    "exploration": Bad(
        CAMPAIGN.replace("hrnn", "hrnn, campaignConfig: {itemExplorationConfig: {}}"),
        "PZ5007",
        4,
        41,
        "spec.campaignConfig.itemExplorationConfig",
        more={"s.yaml": SOLUTION},
    ),
    "campaign of users": Bad(
        CAMPAIGN,
        "PZ5013",
        4,
        18,
        "spec.solution",
        more={"s.yaml": SOLUTION.replace("aws-hrnn", "aws-item-affinity")},
    ),
    "themes without what they are made of": Bad(
        themed(name=None), "PZ3007", 8, 26, "spec.batchInferenceJobMode", more=SIMILAR
    ),
    "what themes are made of without themes": Bad(
        themed(""), "PZ3008", 8, 3, "spec.themeGenerationConfig", more=SIMILAR
    ),
    "themes of another recipe": Bad(
        themed(),
        "PZ5015",
        8,
        26,
        "spec.batchInferenceJobMode",
        more={**SIMILAR, "s.yaml": SOLUTION},
    ),
    "themes of a column that there is not": Bad(
        themed(name="TITEL"),
        "PZ5011",
        9,
        64,
        "spec.themeGenerationConfig.fieldsForThemeGeneration.itemName",
        "TITLE",
        more={**SIMILAR, "items.yaml": f"{NAMED_ITEMS}---\n{SCHEMA}---\n{DATASET}"},
    ),
    "themes of ids": Bad(
        themed(name="ITEM_ID"),
        "PZ5011",
        9,
        64,
        "spec.themeGenerationConfig.fieldsForThemeGeneration.itemName",
        more={**SIMILAR, "items.yaml": f"{NAMED_ITEMS}---\n{SCHEMA}---\n{DATASET}"},
    ),
    "themes without a textual column": Bad(
        themed(name="GENRES"),
        "PZ5011",
        9,
        3,
        "spec.themeGenerationConfig",
        more={**SIMILAR, "items.yaml": f"{ITEMS}---\n{SCHEMA}---\n{DATASET}"},
    ),
    "themes without items": Bad(
        themed(),
        "PZ5012",
        9,
        3,
        "spec.themeGenerationConfig",
        more={**SIMILAR, "d.yaml": f"{SCHEMA}---\n{DATASET}"},
    ),
    "filter that is no expression": Bad(
        filter_("EXCLUDE ItemID WHEN Items.GENRES = 3"), "PZ3020", 6, 36, "spec.filterExpression", "WHERE"
    ),
    "filter that ends too early": Bad(
        filter_("'EXCLUDE ItemID WHERE Items.GENRES IN (\"x\"'"), "PZ3020", 6, 63, "spec.filterExpression"
    ),
    "filter by a field that there is not": Bad(
        filter_('"EXCLUDE ItemID WHERE Items.GENRE IN (\\"x\\")"'),
        "PZ5020",
        6,
        43,
        "spec.filterExpression",
        "GENRES",
        more={"items.yaml": ITEMS},
    ),
    "filter in several lines": Bad(
        filter_('>-\n    EXCLUDE ItemID\n    WHERE Items.GENRES IN ("x")\n      AND Items.GENRES > 3'),
        "PZ5020",
        9,
        11,
        "spec.filterExpression",
        more={"items.yaml": ITEMS},
    ),
    "filter with a variable": Bad(
        filter_("EXCLUDE ItemID WHERE Items.${var.field} = 3"),
        "PZ5020",
        6,
        21,
        "spec.filterExpression",
        more={"items.yaml": ITEMS, "pzdecl.yaml": "name: t\nvariables: {field: {default: YEAR}}\n"},
    ),
    "filter by a dataset that there is not": Bad(
        filter_("INCLUDE UserID WHERE Users.AGE > 3"),
        "PZ5020",
        6,
        42,
        "spec.filterExpression",
        more={"items.yaml": ITEMS},
    ),
    "domain": Bad(
        named("metadata: {name: g}\nspec: {domain: ECOMERCE}\n"), "PZ3004", 4, 16, "spec.domain", "ECOMMERCE"
    ),
    "key without a role": Bad(
        named("metadata: {name: g}\nspec: {kmsKeyArn: 'arn:aws:kms:eu-west-1:123456789012:key/a'}\n"),
        "PZ3007",
        4,
        19,
        "spec.kmsKeyArn",
    ),
    "reference to nothing": Bad(
        solution("  recipe: aws-hrnn\n").replace("movies", "moveis"),
        "PZ4001",
        5,
        17,
        "spec.datasetGroup",
        "movies",
    ),
    "reference with a kind": Bad(
        solution("  recipe: aws-hrnn\n").replace("Group: movies", "Group: DatasetGroup/movies"),
        "PZ4001",
        5,
        17,
        "spec.datasetGroup",
        "movies",
    ),
    "reference to another kind": Bad(
        solution("  recipe: aws-hrnn\n").replace("movies", "interactions"),
        "PZ4002",
        5,
        17,
        "spec.datasetGroup",
        more={"s.yaml": SCHEMA},
    ),
    "ARN of another kind": Bad(
        solution("  recipe: aws-hrnn\n").replace(
            "movies", "arn:aws:personalize:eu-west-1:123456789012:schema/x"
        ),
        "PZ4003",
        5,
        17,
        "spec.datasetGroup",
    ),
    "missing data": Bad(
        IMPORT.replace("interactions.csv", "interaction.csv"),
        "PZ7001",
        6,
        30,
        "spec.dataSource.dataLocation",
        "interactions.csv",
        more={"d.yaml": f"{SCHEMA}---\n{DATASET}", "interactions.csv": "USER_ID\n"},
    ),
    "hidden data": Bad(
        IMPORT.replace("interactions.csv", "rows"),
        "PZ7001",
        6,
        30,
        "spec.dataSource.dataLocation",
        more={"d.yaml": f"{SCHEMA}---\n{DATASET}", "rows/.keep": ""},
    ),
    "no dataLocation": Bad(
        IMPORT.replace("{dataLocation: interactions.csv}", "{}"),
        "PZ3002",
        6,
        3,
        "spec.dataSource.dataLocation",
        more={"d.yaml": f"{SCHEMA}---\n{DATASET}"},
    ),
    "dataset type": Bad(
        DATASET.replace("Interactions", "Interaction"),
        "PZ3004",
        4,
        43,
        "spec.datasetType",
        "INTERACTIONS",
        more={"s.yaml": SCHEMA},
    ),
}
TOGETHER = {
    "two datasets of a type": Bad(
        DATASET.replace("{name: interactions}", "{name: again}"),
        "PZ5001",
        4,
        43,
        "spec.datasetType",
        more={"d.yaml": f"{SCHEMA}---\n{DATASET}"},
    ),
    "dataset that the recipe needs": Bad(
        solution("  recipe: aws-hrnn-coldstart\n"),
        "PZ5012",
        6,
        11,
        "spec.recipe",
        more={"d.yaml": f"{SCHEMA}---\n{DATASET}"},
    ),
    "two trackers": Bad(
        TRACKER.replace("{name: web}", "{name: app}"),
        "PZ5003",
        4,
        22,
        "spec.datasetGroup",
        more={"a.yaml": TRACKER},
    ),
    "domains": Bad(
        DATASET.replace("Group: movies", "Group: shop"),
        "PZ5008",
        4,
        63,
        "spec.schema",
        more={
            "d.yaml": SCHEMA,
            "g.yaml": GROUP.replace("movies", "shop") + "spec: {domain: ECOMMERCE}\n",
        },
    ),
    "schema without a required field": Bad(
        SCHEMA.replace("      - {name: TIMESTAMP, type: long}\n", ""),
        "PZ6003",
        9,
        5,
        "spec.schema.fields",
    ),
    "wrong record name": Bad(
        SCHEMA.replace("name: Interactions", "name: Interaction"),
        "PZ6002",
        7,
        11,
        "spec.schema.name",
        "Interactions",
    ),
    "record name of another type": Bad(
        DATASET.replace("datasetType: Interactions", "datasetType: Items"),
        "PZ6002",
        7,
        11,
        "spec.schema.name",
        more={"s.yaml": SCHEMA},
        file="m.yaml",
    ),
    "type of a field": Bad(
        SCHEMA.replace("TIMESTAMP, type: long", "TIMESTAMP, type: date"),
        "PZ6001",
        12,
        33,
        "spec.schema.fields[2].type",
    ),
    "missing schema file": Bad(
        f"{HEAD}kind: Schema\nmetadata: {{name: x}}\nspec: {{schemaFile: user.avsc}}\n",
        "PZ6004",
        4,
        20,
        "spec.schemaFile",
        "users.avsc",
        more={"users.avsc": "{}"},
    ),
    "schema file that is no JSON": Bad(
        f"{HEAD}kind: Schema\nmetadata: {{name: x}}\nspec: {{schemaFile: x.json}}\n",
        "PZ6004",
        1,
        9,
        "spec.schemaFile",
        more={"x.json": '{"type" "record"}'},
        file="x.json",
    ),
    "schema file that nobody can read": Bad(
        f"{HEAD}kind: Schema\nmetadata: {{name: x}}\nspec: {{schemaFile: x.json}}\n",
        "PZ6004",
        1,
        1,
        "spec.schemaFile",
        more={"x.json": "[" * 100_000},
        file="x.json",
    ),
    "schema file with a number that is too long": Bad(
        f"{HEAD}kind: Schema\nmetadata: {{name: x}}\nspec: {{schemaFile: x.json}}\n",
        "PZ6004",
        1,
        1,
        "spec.schemaFile",
        more={"x.json": "9" * 5_000},
        file="x.json",
    ),
    "both schema and file": Bad(
        SCHEMA + "  schemaFile: x.json\n", "PZ3007", 4, 1, "spec", address="Schema/interactions"
    ),
}
VARIABLES = {
    "unknown variable": Bad(
        solution("  recipe: aws-hrnn\n  eventType: type-${var.evnt}\n"),
        "PZ0003",
        7,
        19,
        "spec.eventType",
        "event",
        "Solution/s",
    ),
    "unknown variable alone": Bad(solution("  recipe: ${var.recipe}\n"), "PZ0003", 6, 11, "spec.recipe"),
    "not a variable": Bad(
        solution("  recipe: aws-hrnn\n  eventType: ${env.HOME}\n"), "PZ0006", 7, 14, "spec.eventType"
    ),
    "unclosed": Bad(
        solution("  recipe: aws-hrnn\n  eventType: a${var.event\n"), "PZ0006", 7, 15, "spec.eventType"
    ),
    "sensitive name": Bad(named("metadata: {name: '${var.secret}'}\n"), "PZ0007", 3, 18, "metadata.name"),
    "sensitive key": Bad(named("metadata: {name: g, tags: {'${var.secret}': x}}\n"), "PZ0007", 3, 28),
}
PROJECT = """\
name: test
variables:
  event: {default: watch}
  secret: {default: hidden, sensitive: true}
"""


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(bad, id=name)
        for table in (DOCUMENTS, METADATA, SPECS, TOGETHER, VARIABLES)
        for name, bad in table.items()
    ],
)
def test_one_error_with_its_place(tmp_path: Path, bad: Bad) -> None:
    own = bad.file if bad.file.endswith(".yaml") else "m.yaml"
    root = write(tmp_path, {"group.yaml": GROUP, own: bad.text, **bad.more}, PROJECT)
    found = errors(root)
    assert [one.code for one in found] == [bad.code], found
    one = found[0]
    assert one.position is not None
    if bad.code != "PZ6002" or not bad.more:
        assert one.position.file == bad.file
    assert (one.position.line, one.position.column) == (bad.line, bad.column)
    assert one.field == bad.field
    assert one.suggestion == bad.suggestion
    assert one.expected or one.hint
    if bad.address:
        assert one.address == bad.address


def test_two_full_imports(tmp_path: Path) -> None:
    again = IMPORT.replace("{name: interactions}", "{name: again}")
    files = {
        "a.yaml": "---\n".join([GROUP, SCHEMA, DATASET, IMPORT]),
        "b.yaml": again,
        "interactions.csv": "a\n",
    }
    [error] = errors(write(tmp_path, files))
    assert (error.code, error.address) == ("PZ5002", "DatasetImport/again")
    assert str(error.position) == "b.yaml:1:1"
    assert "a.yaml:24:1" in str(error.hint)


def test_a_cycle_is_shown_whole(tmp_path: Path) -> None:
    """A version needs the data of its group, so data that waits for a campaign waits for ever."""
    waiting = IMPORT.replace("{name: interactions}", "{name: interactions, dependsOn: [Campaign/movies]}")
    files = {
        "all.yaml": "---\n".join([GROUP, SCHEMA, DATASET, waiting, SOLUTION, CAMPAIGN]),
        "interactions.csv": "a\n",
    }
    [error] = errors(write(tmp_path, files))
    assert error.code == "PZ4006"
    assert error.summary == (
        "Campaign/movies → SolutionVersion/hrnn → DatasetImport/interactions → Campaign/movies is a circle"
    )
    assert error.field == "metadata.dependsOn[0]"


def test_a_cycle_of_dependson(tmp_path: Path) -> None:
    first = GROUP.replace("{name: movies}", "{name: a, dependsOn: [DatasetGroup/b]}")
    second = GROUP.replace("{name: movies}", "{name: b, dependsOn: [DatasetGroup/a]}")
    [error] = errors(write(tmp_path, {"m.yaml": f"{first}---\n{second}"}))
    assert error.summary == "DatasetGroup/a → DatasetGroup/b → DatasetGroup/a is a circle"
    assert (error.code, str(error.position)) == ("PZ4006", "m.yaml:3:33")


def test_all_errors_come_at_once_in_order(tmp_path: Path) -> None:
    broken = {
        "a.yaml": solution("  recipe: aws-hrn\n  evenType: x\n  performHPO: 7\n"),
        "b.yaml": "a:\n\t- b\n",
        "c.yaml": f"{GROUP}spec: {{domain: X}}\n---\nkind: Solutoin\nmetadata: {{name: x}}\n",
        "d.yaml": CAMPAIGN.replace("hrnn", "nothing"),
    }
    with pytest.raises(InvalidProject) as caught:
        load(write(tmp_path, broken))
    found = [(str(one.position), one.code) for one in caught.value.diagnostics]
    assert found == sorted(found)
    assert {code for _, code in found} == {"PZ3001", "PZ3003", "PZ1003", "PZ3004", "PZ2002", "PZ3002", "PZ4001"}


def test_a_broken_resource_is_still_known(tmp_path: Path) -> None:
    """What refers to a resource with an error gets no error of its own."""
    files = {"m.yaml": f"{GROUP}spec: {{domain: X}}\n---\n{SOLUTION}"}
    assert [one.code for one in errors(write(tmp_path, files))] == ["PZ3004"]


def test_references_of_a_broken_resource_are_checked_too(tmp_path: Path) -> None:
    campaign = CAMPAIGN.replace("{name: movies}", "{name: movies, dependsOn: [Solution/x], tags: 7}")
    campaign = campaign.replace("{solution: hrnn}", "{solution: hrn, minProvisionedTPS: many}")
    broken = SOLUTION.replace("aws-hrnn", "aws-hrn").replace("Group: movies", "Group: moveis")
    found = errors(write(tmp_path, {"m.yaml": "---\n".join([GROUP, broken, campaign])}))
    assert [(one.code, one.field, one.suggestion) for one in found] == [
        ("PZ4001", "spec.datasetGroup", "movies"),
        ("PZ3010", "spec.recipe", "aws-hrnn"),
        ("PZ4001", "metadata.dependsOn[0]", None),
        ("PZ3003", "metadata.tags", None),
        ("PZ4001", "spec.solution", "hrnn"),
        ("PZ3003", "spec.minProvisionedTPS", None),
    ]


def test_hyperparameters_of_an_unknown_recipe(tmp_path: Path) -> None:
    """What no recipe has is wrong whichever recipe was meant."""
    parameters = "{bptt: 99, hidden_dimensio: 50, apply_recency_bias: true}"
    broken = (
        SOLUTION.replace("aws-hrnn", "aws-hrn")
        + f"  solutionConfig: {{algorithmHyperParameters: {parameters}}}\n"
    )
    found = errors(write(tmp_path, {"m.yaml": f"{GROUP}---\n{broken}"}))
    assert [(one.code, one.suggestion) for one in found] == [
        ("PZ3010", "aws-hrnn"),
        ("PZ3011", "hidden_dimension"),
    ]


def test_columns_that_the_schema_does_not_have(tmp_path: Path) -> None:
    config = """\
  eventType: watch
  solutionConfig:
    eventValueThreshold: 0.5
    trainingDataConfig:
      excludedDatasetColumns: {Interactions: [TIMESTMP], Item: [GENRE], Users: [AGE]}
"""
    files = {"m.yaml": "---\n".join([GROUP, SCHEMA, DATASET, SOLUTION + config])}
    found = errors(write(tmp_path, files))
    below = "spec.solutionConfig.trainingDataConfig.excludedDatasetColumns"
    assert [(one.code, one.field, one.suggestion) for one in found] == [
        ("PZ5011", "spec.eventType", None),
        ("PZ5011", "spec.solutionConfig.eventValueThreshold", None),
        ("PZ5011", f"{below}.Interactions[0]", "TIMESTAMP"),
        ("PZ3004", f"{below}.Item", "ITEMS"),
    ]
    assert "EVENT_VALUE, which Schema/interactions does not have" in found[1].summary


def test_metadata_is_checked_whole(tmp_path: Path) -> None:
    lifecycle = "lifecycle: {protect: yes, ignoreChanges: [recip]}"
    group = GROUP.replace("{name: movies}", f"{{name: movies, {lifecycle}, tags: {{a: 1, aws:b: x}}}}")
    found = errors(write(tmp_path, {"m.yaml": group}))
    assert sorted(one.code for one in found) == ["PZ3003", "PZ3003", "PZ3009", "PZ3013"]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (GROUP.replace("DatasetGroup", "DatasetGrop"), ["PZ2002"]),
        (GROUP.replace("kind:", "\tkind:"), ["PZ1003"]),
        (b"# \xe9\n" + GROUP.encode(), ["PZ1001"]),
        (GROUP.replace("movies", "films").replace("kind:", "\tkind:"), ["PZ1003", "PZ4001"]),
    ],
    ids=["unknown kind", "tab", "not UTF-8", "tab where nothing of that name is"],
)
def test_what_cannot_be_read_makes_no_reference_wrong(
    tmp_path: Path, text: str | bytes, codes: list[str]
) -> None:
    found = errors(write(tmp_path, {"group.yaml": text, "m.yaml": TRACKER}))
    assert [one.code for one in found] == codes


def test_a_campaign_called_like_the_solution_that_is_missing(tmp_path: Path) -> None:
    """That the campaign has this name is no reason to call it the wrong kind, nor to suggest a bad name."""
    bad = SOLUTION.replace("{name: hrnn}", "{name: hrnn!}")
    campaign = CAMPAIGN.replace("{name: movies}", "{name: hrnn}")
    found = errors(write(tmp_path, {"m.yaml": "---\n".join([GROUP, bad, campaign])}))
    assert [(one.code, one.suggestion) for one in found] == [("PZ3006", None), ("PZ4001", None)]


def test_every_environments_variables_are_checked(tmp_path: Path) -> None:
    project = (
        PROJECT + "environments:\n  dev: {variables: {evnt: a}}\n  prod: {variables: {event: b, scret: c}}\n"
    )
    found = errors(write(tmp_path, {"m.yaml": GROUP}, project))
    assert [(one.code, one.field, one.suggestion) for one in found] == [
        ("PZ0003", "environments.dev.variables.evnt", "event"),
        ("PZ0003", "environments.prod.variables.scret", "secret"),
    ]
    assert len(errors(tmp_path, environment="prod")) == 2


def test_a_folder_inside_a_project_is_told_where_that_begins(tmp_path: Path) -> None:
    write(tmp_path, {"data/raw/x.csv": ""})
    [found] = errors(tmp_path / "data" / "raw")
    assert found.code == "PZ0001"
    assert str(found.hint).endswith("add -C ../..")


def test_schema_fields_without_a_name_or_twice(tmp_path: Path) -> None:
    fields = "      - {nam: A, type: string}\n      - {name: B, type: int}\n      - {name: B, type: int}\n"
    text = SCHEMA.replace("    version", fields + "    version")
    found = errors(write(tmp_path, {"m.yaml": text}))
    summaries = [one.summary for one in found]
    assert "the field has no name" in summaries
    assert "there are two fields B" in summaries


def test_articles(tmp_path: Path) -> None:
    found = errors(write(tmp_path, {"m.yaml": "---\n".join([GROUP, TRACKER, CAMPAIGN.replace("hrnn", "web")])}))
    assert [one.summary for one in found] == ["web is an EventTracker, not a Solution"]


def test_a_list_that_holds_one_wrong_word_is_one_error(tmp_path: Path) -> None:
    text = SOLUTION + "  training: {when: [config, dat]}\n"
    found = errors(write(tmp_path, {"m.yaml": f"{GROUP}---\n{text}"}))
    assert [(one.field, one.suggestion) for one in found] == [("spec.training.when[1]", "data")]


def test_a_secret_name_is_not_told_as_a_resource(tmp_path: Path) -> None:
    text = "metadata: {name: '${var.secret}', tags: {a: '${var.nothing}'}}\nspecs: {}\n"
    found = errors(write(tmp_path, {"m.yaml": named(text)}, PROJECT))
    assert {one.code for one in found} == {"PZ0003", "PZ0007", "PZ3001"}
    assert not any("hidden" in str(one) for one in found)


def test_aliases_may_not_grow_without_bound(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    found = errors(write(tmp_path, {"m.yaml": "\n".join(lines) + "\n"}))
    assert {one.code for one in found} <= {"PZ1006", "PZ2001"}
    assert "PZ1006" in {one.code for one in found}


def test_deep_nesting_is_an_error_and_no_crash(tmp_path: Path) -> None:
    found = errors(write(tmp_path, {"m.yaml": "[" * 900 + "]" * 900 + "\n", "n.yaml": "[" * 20_000}))
    assert {one.position.file for one in found if one.position} == {"m.yaml", "n.yaml"}


def test_every_code_is_explained_and_every_explained_code_is_used() -> None:
    import re

    package = Path(__file__).parents[2] / "pzdecl"
    texts = [path.read_text() for part in ("kinds", "manifests") for path in (package / part).glob("*.py")]
    used = {code for text in texts for code in re.findall(r'"(PZ\d{4})"', text)}
    assert used == set(CODES)


def test_the_page_of_codes_is_current() -> None:
    from pzdecl.manifests.codes import page

    path = Path(__file__).parents[2] / "docs" / "reference" / "errors.md"
    assert path.read_text(encoding="utf-8") == page()
