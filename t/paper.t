#!/bin/sh
# SPDX-License-Identifier: MIT
# pugmark paper: every row is labelled, and says by which command ours is made. The whole: t/long/paper.t.
. t/lib.sh
need_command paper

pugmark paper --part vpri --json >p.json
rows=$(tr '{' '\n' <p.json | grep '"work":')
is 'rows of one part' "$(echo "$rows" | grep -v -c '"work":"VPRI"')" 0
is 'the bitmap is an identity' "$(echo "$rows" | grep -c '"published":65536,.*"ours":65536,"error_ppm":0,"kind":"identity"')" 1
is 'what was fitted says so' "$(echo "$rows" | grep 'lookup on the device' | grep -c '"kind":"calibrated"')" 2
is 'what ours has a command' "$(echo "$rows" | grep -v 'not addressed' | grep -v -c '"command":"pugmark ')" 0
is 'what has none says why' "$(echo "$rows" | grep 'not addressed' | grep -c '"ours":null,.*"why":null')" 0
like 'the verdict counts them' "$(pugmark paper --part vpri)" '^0 of 0 predicted .* 2 identities'
if command -v gnuplot >/dev/null; then
	pugmark paper --part vpri --plot pictures >told
	is 'figures of which there are rows are drawn' "$(ls pictures | tr '\n' ' ')" 'vpri-costs.svg vpri-faults.svg '
	like 'and told' "$(cat told)" '^2 figures are in pictures'
	is 'one says how far ours is off' "$(grep -c '>-24.5 %<' pictures/vpri-faults.svg)" 1
	pugmark paper --part vpri --plot pictures --plot-format png >/dev/null
	is 'pictures may be png' "$(head -c 4 pictures/vpri-costs.png | tail -c 3)" PNG
	: >file
	exits 73 'a file is no folder for figures' pugmark paper --part vpri --plot file
fi
exits 64 'a format that is not there' pugmark paper --plot pictures --plot-format gif
exits 64 'a format of no figures' pugmark paper --plot-format png
pugmark paper --part vpri --results r.db >/dev/null
pugmark paper --part vpri --results s.db >/dev/null
like 'figures are stored, and shown' "$(pugmark report r.db --verbose)" '^VPRI +bitmap of a GiB +identity +65,536 bytes +65,536 bytes +0.00 %'
like 'with what they come to' "$(pugmark report r.db)" '0 of 0 predicted figures come out within 10 %; 4 of 6 calibrated ones'
like 'so that two versions can be compared' "$(pugmark report --compare r.db s.db)" '^NO CHANGE'
exits 64 'a part that is not there' pugmark paper --part tpd
done_testing
