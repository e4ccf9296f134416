// SPDX-License-Identifier: MIT
/*
 * The page itself: head, losses, verdicts, contents, sections. Everything that
 * comes from the results goes through html_text; figures come from gnuplot, which
 * escapes what it is given, and the policy of the page would not run a script
 * that slipped through: it names the one that may run by its hash.
 */
#include "reports/page.h"

#include "base/cleanup.h"
#include "base/embedded.h"
#include "base/quantity.h"
#include "reports/figure.h"
#include "reports/html.h"
#include "reports/results-facts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	ROWS_MAX = 1000,  /* of a table: what a browser sorts at once */
	FIGURES_MAX = 12, /* of a section */
};

struct page {
	FILE *out;
	sqlite3 *db;
	const char *path;
	unsigned nfigures;
	struct err *e;
};

/* ---- head ---- */

/* A style or script without its licence line, which is a comment. */
static const char *source(const char *path)
{
	const char *text = embedded_text(path);
	const char *line = text ? strchr(text, '\n') : NULL;
	return line ? line + 1 : "";
}

static int put_head(struct page *p)
{
	const char *script = source("reports/page.js");
	const char *slash = strrchr(p->path, '/'), *name = slash ? slash + 1 : p->path;
	char hash[HTML_HASH_CHARS + 1], summary[400];
	const int rc = results_summary(p->db, p->path, summary, sizeof(summary), p->e);
	if (rc)
		return rc;
	html_hash(script, strlen(script), hash);
	fprintf(p->out,
		"<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"style-src 'unsafe-inline'; script-src 'sha256-%s'; img-src data:\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"color-scheme\" content=\"light dark\">\n"
		"<link rel=\"icon\" href=\"data:,\">\n<title>pugmark: ",
		hash);
	html_text(p->out, name);
	fprintf(p->out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n",
		source("reports/page.css"));
	fprintf(p->out,
		"<svg class=\"hidden\" width=\"0\" height=\"0\" aria-hidden=\"true\" "
		"focusable=\"false\">%s</svg>\n",
		figure_marks);
	fputs("<header>\n<p class=\"kicker\">pugmark report</p>\n<h1>", p->out);
	html_text(p->out, name);
	fputs("</h1>\n<p class=\"meta\">", p->out);
	html_text(p->out, summary);
	fputs("</p>\n</header>\n", p->out);
	return 0;
}

struct list {
	FILE *out;
	unsigned n;
};

static void put_warning(void *ctx, const char *sentence)
{
	struct list *l = ctx;
	if (!l->n++)
		fputs("<aside class=\"loss\" role=\"note\" aria-labelledby=\"loss-title\">\n"
		      "<h2 id=\"loss-title\">Read with care</h2>\n<ul>\n",
		      l->out);
	fputs("<li>", l->out);
	html_text(l->out, sentence);
	fputs("</li>\n", l->out);
}

static int put_warnings(struct page *p)
{
	struct list l = { p->out, 0 };
	const int rc = results_each_warning(p->db, p->path, put_warning, &l, p->e);
	if (l.n)
		fputs("</ul>\n</aside>\n", p->out);
	return rc;
}

/* ---- verdicts ---- */

static void put_sentence(void *ctx, const char *sentence)
{
	struct list *l = ctx;
	const char *class = l->n++ ? "" : " class=\"a\"";
	if (!strncmp(sentence, "YES ", 4))
		class = " class=\"a yes\"";
	else if (!strncmp(sentence, "NO ", 3))
		class = " class=\"a no\"";
	fprintf(l->out, "<p%s>", class);
	html_text(l->out, sentence);
	fputs("</p>\n", l->out);
}

static void put_detail(void *ctx, const char *sentence)
{
	struct list *l = ctx;
	if (!l->n++)
		fputs("<details>\n<summary>What decides, what was assumed, what to do "
		      "next</summary>\n",
		      l->out);
	fputs("<p>", l->out);
	html_text(l->out, sentence + strspn(sentence, " "));
	fputs("</p>\n", l->out);
}

static int put_verdict(void *ctx, const struct results_verdict *v)
{
	struct page *p = ctx;
	struct list l = { p->out, 0 };
	const bool is_counted = v->n > RESULTS_VERDICTS_TOLD;
	if (is_counted && v->i)
		return 0;
	fputs("<article class=\"verdict\">\n<h3><b>", p->out);
	html_text(p->out, v->command);
	fputs("</b> ", p->out);
	html_text(p->out, v->trace ? v->trace : "");
	if (!is_counted && *v->apart)
		html_text(p->out, ": ");
	html_text(p->out, is_counted ? "" : v->apart);
	fputs("</h3>\n", p->out);
	if (is_counted) {
		char count[120];
		results_verdicts_count(v, count, sizeof(count));
		put_sentence(&l, count);
		fputs("</article>\n", p->out);
		return 0;
	}
	int rc = results_each_sentence(p->db, p->path, v->run_id, true, put_sentence, &l, p->e);
	l.n = 0;
	if (!rc)
		rc = results_each_sentence(p->db, p->path, v->run_id, false, put_detail, &l, p->e);
	fputs(l.n ? "</details>\n</article>\n" : "</article>\n", p->out);
	return rc;
}

static int put_verdicts(struct page *p)
{
	fputs("<section id=\"verdict\" aria-labelledby=\"verdict-title\">\n"
	      "<h2 id=\"verdict-title\">Verdict</h2>\n<div class=\"verdicts\">\n",
	      p->out);
	const int rc = results_each_verdict(p->db, p->path, put_verdict, p, p->e);
	fputs("</div>\n</section>\n", p->out);
	return rc;
}

/* ---- tables ---- */

static bool is_left(enum report_type type)
{
	return type == REPORT_TEXT || type == REPORT_LIST || type == REPORT_BOOL ||
	       type == REPORT_ID;
}

static bool ends_in(const char *text, const char *tail)
{
	const size_t n = strlen(text), m = strlen(tail);
	return n >= m && !strcmp(text + n - m, tail);
}

static void put_cell(FILE *out, const struct report_column *c, const struct section_cell *cell)
{
	_free_ char *text = report_value_text(c->type, &cell->v);
	const char *shown = cell->v.is_null && !is_left(c->type) ? "\xe2\x80\x93"
			    : cell->v.is_null || !text           ? ""
								 : text;
	if (!is_left(c->type)) {
		fputs("<td class=\"n\" data-v=\"", out);
		if (!cell->v.is_null)
			fprintf(out, "%" PRId64, cell->v.i);
		fputs("\">", out);
	} else if (ends_in(c->key, "digest")) {
		fputs("<td class=\"h\" title=\"", out);
		html_text(out, shown);
		fputs("\">", out);
	} else {
		fputs(strlen(shown) > 40 ? "<td class=\"w\">" : "<td>", out);
	}
	const bool is_code = !strcmp(c->key, "args");
	fputs(is_code ? "<code>" : "", out);
	html_text(out, shown);
	fputs(is_code ? "</code></td>" : "</td>", out);
}

static void put_table(struct page *p, const struct page_part *part)
{
	const struct section_table *t = &part->table;
	const size_t nrows = t->nrows < ROWS_MAX ? t->nrows : ROWS_MAX;
	fprintf(p->out,
		"<div class=\"rows\" role=\"region\" tabindex=\"0\" "
		"aria-labelledby=\"%s-title\">\n<table aria-labelledby=\"%s-title\">\n<thead><tr>",
		part->section->name, part->section->name);
	for (unsigned c = 0; c < t->ncolumns; c++) {
		if (!t->is_shown[c])
			continue;
		fputs(is_left(t->columns[c].type) ? "<th scope=\"col\">"
						  : "<th scope=\"col\" class=\"n\">",
		      p->out);
		html_text(p->out, t->columns[c].title);
		fputs("</th>", p->out);
	}
	fputs("</tr></thead>\n<tbody>\n", p->out);
	for (size_t row = 0; row < nrows; row++) {
		fputs("<tr>", p->out);
		for (unsigned c = 0; c < t->ncolumns; c++)
			if (t->is_shown[c])
				put_cell(p->out, &t->columns[c], &t->cells[row * t->ncolumns + c]);
		fputs("</tr>\n", p->out);
	}
	fputs("</tbody>\n</table>\n</div>\n", p->out);
	if (nrows < t->nrows)
		fprintf(p->out, "<p class=\"more\">The first %s of %s rows; --json has all.</p>\n",
			quantity_count(nrows).s, quantity_count(t->nrows).s);
}

/* ---- figures ---- */

static int put_figure(struct page *p, const struct page_part *part, size_t first, size_t end)
{
	const struct section *s = part->section;
	_free_ char *svg = NULL;
	_free_ char *name = page_panel_name(s, &part->table, first);
	const int rc = figure_draw(s, &part->table, first, end, &svg, p->e);
	if (rc)
		return rc;
	fputs("<figure>\n", p->out);
	if (svg) {
		p->nfigures++;
		fprintf(p->out,
			"<div class=\"scroll\">\n<svg role=\"img\" viewBox=\"0 0 640 384\" "
			"aria-labelledby=\"figure-%u\"><title id=\"figure-%u\">",
			p->nfigures, p->nfigures);
		html_text(p->out, s->title);
		fputs(name && *name ? ": " : "", p->out);
		html_text(p->out, name ? name : "");
		fprintf(p->out, "</title>%s</svg>\n</div>\n", svg);
	}
	fputs("<figcaption>", p->out);
	html_text(p->out, name ? name : "");
	fputs(svg ? "</figcaption>\n</figure>\n" : ": nothing to draw</figcaption>\n</figure>\n",
	      p->out);
	return 0;
}

static size_t panel_end(const struct page_part *part, size_t first)
{
	size_t end = first + 1;
	while (end < part->table.nrows &&
	       section_is_same(&part->table, end, first, 0, part->section->npanel))
		end++;
	return end;
}

/* Of too many panels some, evenly spread, so that each trace has its share. */
static int put_figures(struct page *p, const struct page_part *part)
{
	const size_t nrows = part->table.nrows;
	unsigned npanels = 0, n = 0;
	int rc = 0;
	if (!part->section->script)
		return 0;
	for (size_t first = 0; first < nrows; first = panel_end(part, first))
		npanels++;
	const unsigned nfigures = npanels < FIGURES_MAX ? npanels : FIGURES_MAX;
	fputs("<div class=\"figures\">\n", p->out);
	for (size_t first = 0, end; first < nrows && !rc; first = end, n++) {
		end = panel_end(part, first);
		if (!n || n * nfigures / npanels != (n - 1) * nfigures / npanels)
			rc = put_figure(p, part, first, end);
	}
	fputs("</div>\n", p->out);
	if (nfigures < npanels)
		fprintf(p->out,
			"<p class=\"more\">%u of %u figures are drawn; the rows of all are in the "
			"table.</p>\n",
			nfigures, npanels);
	return rc;
}

/* ---- sections ---- */

static int put_part(struct page *p, const struct page_part *part)
{
	const struct section *s = part->section;
	fprintf(p->out, "<section id=\"%s\" aria-labelledby=\"%s-title\">\n<h2 id=\"%s-title\">",
		s->name, s->name, s->name);
	html_text(p->out, s->title);
	fputs("</h2>\n", p->out);
	if (s->about) {
		fputs("<p class=\"about\">", p->out);
		html_text(p->out, s->about);
		fputs("</p>\n", p->out);
	}
	const int rc = put_figures(p, part);
	if (s->is_folded)
		fprintf(p->out, "<details>\n<summary>%s row%s</summary>\n",
			quantity_count(part->table.nrows).s, part->table.nrows == 1 ? "" : "s");
	if (!rc)
		put_table(p, part);
	fputs(s->is_folded ? "</details>\n</section>\n" : "</section>\n", p->out);
	return rc;
}

static void put_contents(struct page *p, const struct page_part *parts, size_t n)
{
	fputs("<nav aria-label=\"Contents\">\n<ul>\n", p->out);
	for (size_t i = 0; i < n; i++) {
		fprintf(p->out, "<li><a href=\"#%s\">", parts[i].section->name);
		html_text(p->out, parts[i].section->title);
		fputs("</a></li>\n", p->out);
	}
	fputs("</ul>\n</nav>\n", p->out);
}

static int put_page(struct page *p, const struct page_part *parts, size_t n)
{
	int rc = put_head(p);
	if (!rc)
		rc = put_warnings(p);
	fputs("<main>\n", p->out);
	if (!rc)
		rc = put_verdicts(p);
	put_contents(p, parts, n);
	for (size_t i = 0; i < n && !rc; i++)
		rc = put_part(p, &parts[i]);
	fputs("</main>\n<footer>Made by pugmark " PUGMARK_VERSION
	      " from this results file alone. Counts are exact; shares, rates a day and means are "
	      "derived from them.</footer>\n<script>", /* the hash is of what follows */
	      p->out);
	fprintf(p->out, "%s</script>\n</body>\n</html>\n", source("reports/page.js"));
	return rc;
}

/* ---- the file ---- */

static int fail_file(const char *file, struct err *e)
{
	return err_set(e, errno == EACCES || errno == EPERM ? ERR_PERM : ERR_CREATE, "%s: %s", file,
		       strerror(errno));
}

int page_write(const char *dir, sqlite3 *db, const char *path, const struct page_part *parts,
	       size_t n, struct err *e)
{
	_free_ char *target = NULL, *temporary = NULL;
	const bool is_new = !mkdir(dir, 0777);
	if (!is_new && errno != EEXIST)
		return fail_file(dir, e);
	if (asprintf(&target, "%s/index.html", dir) < 0 ||
	    asprintf(&temporary, "%s/index.html.tmp%d", dir, (int)getpid()) < 0)
		return err_set(e, ERR_NOMEM, "no memory for the report");
	FILE *out = fopen(temporary, "wxe");
	if (!out)
		return fail_file(temporary, e);

	struct page p = { .out = out, .db = db, .path = path, .e = e };
	int rc = put_page(&p, parts, n);
	const bool is_bad = ferror(out);
	if ((fclose(out) || is_bad) && !rc)
		rc = fail_file(temporary, e);
	if (!rc && rename(temporary, target))
		rc = fail_file(target, e);
	if (rc)
		unlink(temporary);
	if (rc && is_new)
		rmdir(dir);
	return rc;
}
