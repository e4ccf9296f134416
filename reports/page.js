// SPDX-License-Identifier: MIT
"use strict";
for (const table of document.querySelectorAll("table")) {
	const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
	if (body.rows.length < 2)
		continue;
	const value = (row, i) => row.cells[i].dataset.v ?? row.cells[i].textContent;
	heads.forEach((head, i) => {
		const button = document.createElement("button");
		button.type = "button";
		button.append(...head.childNodes);
		head.append(button);
		head.setAttribute("aria-sort", "none");
		button.addEventListener("click", () => {
			const down = head.getAttribute("aria-sort") === "ascending";
			const isNumber = head.classList.contains("n");
			const rows = [...body.rows].map((row) => [value(row, i), row]);
			const order = isNumber
				? (a, b) => (a === "") - (b === "") || (down ? b - a : a - b)
				: (a, b) => (down ? -1 : 1) * a.localeCompare(b, undefined, { numeric: true });
			rows.sort((a, b) => order(a[0], b[0]));
			body.append(...rows.map((r) => r[1]));
			for (const other of heads)
				other.setAttribute("aria-sort", "none");
			head.setAttribute("aria-sort", down ? "descending" : "ascending");
		});
	});
}
addEventListener("beforeprint", () => {
	for (const d of document.querySelectorAll("details:not([open])")) {
		d.open = true;
		d.dataset.closed = "";
	}
});
addEventListener("afterprint", () => {
	for (const d of document.querySelectorAll("details[data-closed]")) {
		d.open = false;
		delete d.dataset.closed;
	}
});
