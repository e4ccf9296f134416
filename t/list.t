#!/bin/sh
# SPDX-License-Identifier: MIT
# `pugmark list` names what is built in, and each name is taken by the command it is for.
. t/lib.sh
need_command list pin walk

pugmark list --json >all.json
names() { # TABLE
	sed -n "/^\"$1\":\\[/,/^]/s/^{\"[a-z]*\":\"\\([^\"]*\\)\".*/\\1/p" all.json
}

is 'each design of the source tree is listed, and no other' "$(names designs | sort)" \
	"$(cd "$ROOT/designs" && ls *.ini | sed 's/\.ini$//' | sort)"
is 'so is each profile' "$(names profiles | sort)" \
	"$(cd "$ROOT/sim/profiles" && ls *.ini | sed 's/\.ini$//' | sort)"
is 'so is each workload' "$(names workloads | sort)" \
	"$(cd "$ROOT/datasets/profiles" && ls *.ini | sed 's/\.ini$//' | sort)"
is 'policies that cache takes are those of its own list' \
	"$(sed -n '/"commands":"cache/s/.*"policy":"\([^"]*\)".*/\1/p' all.json | tr '\n' ' ')" \
	"$(pugmark --complete cache --policy '' | grep -v : | tr '\n' ' ')"
pugmark list parameters --json >params.json
like 'a parameter has its default, kind and source' "$(cat params.json)" \
	'"name":"pin.at_risk_half_life","value":"12h","kind":"calibrated","source":"policies/at-risk.md"'
# a value that is listed as the default is taken by --set
pugmark import "$ROOT/t/data/dma.csv" -o t.db >/dev/null
exits 64 'a listed parameter is known to --set, with the bounds that are listed' \
	pugmark pin t.db --set pin.region_least=0
like 'and the sentence has them' "$(err)" 'region_least'
is 'a section alone has its own parameters only' \
	"$(pugmark list parameters nic | grep -c '^  [a-z]*\.' )" \
	"$(grep -c '^{"name":"nic\.' params.json)"
exits 64 'an unknown section is refused' pugmark list parameters nope
like 'with those that there are' "$(err)" 'memory, background'
exits 64 'an unknown list is refused' pugmark list polices
like 'with the nearest' "$(err)" "did you mean 'policies'"
# what other folders list
formats() {
	pugmark "$1" --help | sed -n '/^Formats:/,/^$/s/^  \([^ ]*\) .*/\1/p'
}
is 'importers are those of import' "$(names importers)" "$(formats import)"
is 'exporters those of export' "$(names exporters)" "$(formats export)"
is 'probes are what doctor looks for' "$(names probes | sort)" "$(pugmark doctor --json | json_text source | sort -u)"
is 'queries are those of report' "$(names queries)" "$(pugmark report --list --json | json_text report)"
is 'sections have a query each' "$(names sections | wc -l)" "$(ls "$ROOT"/reports/sections/*.sql | wc -l)"
is 'a list is the same alone' "$(pugmark list probes --json | json_text name)" "$(names probes)"
is 'paths are what nvme takes' "$(pugmark list paths --json | json_text name)" \
	"$(pugmark nvme --list --json | grep '"kind":"path"' | json_text name)"
for list in $(pugmark --complete list ''); do
	ok "$list is listed" pugmark list $list
	like "$list is in the manual" "$(cat "$ROOT/man/pugmark-list.scd")" "^([|][[ ] )?\\*$list\\*"
done
done_testing
