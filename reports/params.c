// SPDX-License-Identifier: MIT
/* Printing of parameter rows and values; the tables themselves are in base/param.h. */
#include "reports/params.h"

#include <string.h>

static void print_limits(FILE *out, const struct param *p)
{
	const char *gap = "";

	if (p->unit) {
		fputs(p->unit, out);
		gap = ", ";
	}
	for (size_t i = 0; p->type == PARAM_CHOICE && p->choices[i]; i++)
		fprintf(out, "%s%s", i ? " | " : gap, p->choices[i]);
	if (p->type == PARAM_BOOL)
		fprintf(out, "%syes | no", gap);
	if (p->max)
		fprintf(out, "%s%s .. %s", gap, param_show_number(p, p->min).s,
			param_show_number(p, p->max).s);
	else if (p->min)
		fprintf(out, "%sat least %s", gap, param_show_number(p, p->min).s);
}

void params_print_rows(FILE *out, const struct param *rows, size_t n, enum params_style style)
{
	const bool is_manual = style == PARAMS_SCDOC;

	for (size_t i = 0; i < n; i++) {
		const struct param *p = &rows[i];
		const bool has_limits = p->unit || p->max || p->min || p->type == PARAM_CHOICE ||
					p->type == PARAM_BOOL;

		fprintf(out, is_manual ? "*%s.%s*" : "  %s.%s", p->section, p->name);
		if (p->default_text)
			fprintf(out, " = %s", p->default_text);
		fputs(is_manual ? "\n\t" : "\n      ", out);
		fputs(p->help, out);
		if (has_limits) {
			fputs(" (", out);
			print_limits(out, p);
			putc(')', out);
		}
		fputs(is_manual ? "\n\n" : "\n", out);
	}
}

void params_print_values(FILE *out, const struct param_set *s)
{
	for (size_t k = 0; k < s->nsections; k++) {
		if (!s->sections[k].is_used)
			continue;
		fprintf(out, "[%s]\n", s->sections[k].name);
		for (size_t i = 0; i < s->n; i++) {
			const struct param_entry *entry = &s->entries[i];
			if (entry->kind == PARAM_UNSET ||
			    strcmp(entry->param->section, s->sections[k].name))
				continue;
			fprintf(out, "%s = %s | %s%s%s\n", entry->param->name, entry->text,
				param_kind_names[entry->kind], *entry->source ? " | " : "",
				entry->source);
		}
	}
}

void params_report_begin(struct report *r)
{
	static const struct report_column columns[] = {
		{ "design", NULL, REPORT_TEXT, 0 }, { "parameter", NULL, REPORT_TEXT, 0 },
		{ "value", NULL, REPORT_TEXT, 0 },  { "kind", NULL, REPORT_TEXT, 0 },
		{ "source", NULL, REPORT_TEXT, 0 }, { "unit", NULL, REPORT_TEXT, 0 },
	};
	report_table(r, "assumptions", NULL, columns, sizeof(columns) / sizeof(*columns));
}

void params_report_values(struct report *r, const char *design, const struct param_set *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct param_entry *p = &s->entries[i];
		char text[PARAM_LINE_BYTES_MAX];
		const char *const name = text;
		if (p->kind == PARAM_UNSET || !param_section_is_used(s, p->param->section))
			continue;
		snprintf(text, sizeof(text), "%s.%s", p->param->section, p->param->name);
		report_row(r, (struct report_value[]){
				      REPORT_S(design), REPORT_S(name), REPORT_S(p->text),
				      REPORT_S(param_kind_names[p->kind]), REPORT_S(p->source),
				      REPORT_S(p->param->unit) });
	}
}
