"""What went wrong in other tools of this kind, one test or more for each, told by the number in its name.

| pitfall | seen in | module |
| --- | --- | --- |
| 01 the plan's order changes from run to run | Feast | test_plans |
| 02 a plan that speaks as if all were done | Feast | test_plans |
| 03 a question in CI | SQLMesh | test_ci |
| 04 a saved plan that is empty | Pulumi | test_plans |
| 05 the same plan applied twice | Terraform up to 0.14 | test_plans |
| 06 a kill that leaves an empty state | Terraform | test_runs |
| 07 a lock left behind, or taken from the living | Terraform | test_runs |
| 08 protection that goes with its block | Terraform | test_protection |
| 09 one protected resource stops everything | Terraform | test_protection |
| 10 an update that only deletes | Feast | test_runs |
| 11 state and service that disagree after a failure | Feast | test_runs |
| 12 another project's resources taken by their name | Feast | test_runs |
| 13 times taken for changes | dbt | test_plans |
| 14 a dry run that writes | Ansible | test_plans |
| 15 drift in every run | Terraform 0.15.4 | test_plans |
| 16 ten changes planned, two made | Terraform | test_plans |
| 17 destruction that shows in production only | SQLMesh | test_plans |
| 18 an interrupted creation left an orphan | Terraform's providers | test_runs |
| 19 a long creation taken for a failure, and begun again | Terraform | test_runs |
| 20 work that grows with the square of the resources | Terraform, SQLMesh | test_scale, test_runs |
| 21 targets among copies that miss | OpenTofu | test_plans |
| 22 progress that ends after its first line | OpenTofu | test_ci |
| 23 limits of comments that hide what matters | GitHub | test_ci |
| 24 slow starts, and imports with effects | Feast | test_ci |
| 25 words of YAML that turn into something else, keys that are there twice | PyYAML | test_yaml |
| 26 wrong usage taken for changes | click | test_ci |
"""
