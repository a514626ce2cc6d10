# What a plan may not do here, for conftest: pzdecl plan --format json > plan.json; conftest test --policy policy plan.json
package main

import rego.v1

most_tps := 10

# Data goes only where somebody has thought about it.
deny contains message if {
	some change in input.resource_changes
	"delete" in change.change.actions
	split(change.address, "/")[0] in {"Dataset", "DatasetGroup"}
	message := sprintf("%s holds data and would be deleted", [change.address])
}

# Throughput is paid for, used or not.
deny contains message if {
	some change in input.resource_changes
	startswith(change.address, "Campaign/")
	some action in change.change.actions
	action in {"create", "update"}
	tps := change.change.after.spec.minProvisionedTPS
	tps > most_tps
	message := sprintf("%s asks for %d requests a second; %d are allowed", [change.address, tps, most_tps])
}

# A solution that is replaced is trained anew.
warn contains message if {
	some change in input.resource_changes
	startswith(change.address, "Solution/")
	{"create", "delete"} == {action | some action in change.change.actions}
	because := concat(", ", [field.path | some field in change.fields])
	message := concat(" ", [change.address, "is replaced because of", because])
}
