// SPDX-License-Identifier: MIT
/* The table of importers, alphabetical, the choice among them, and files of a folder. */
#include "collect/import.h"

#include "base/cleanup.h"
#include "store/db.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* one line each */
// clang-format off
extern const struct importer
	import_blktrace,
	import_csv,
	import_fio_iolog,
	import_fio_json,
	import_fio_log,
	import_lackey,
	import_lis,
	import_mqsim,
	import_msr,
	import_oracle_general,
	import_pcap,
	import_perfdata,
	import_ptdump,
	import_ptwalk,
	import_requests,
	import_swapdir,
	import_tracedat,
	import_vscsi;

const struct importer *const importers[] = {
	&import_blktrace,
	&import_csv,
	&import_fio_iolog,
	&import_fio_json,
	&import_fio_log,
	&import_lackey,
	&import_lis,
	&import_mqsim,
	&import_msr,
	&import_oracle_general,
	&import_pcap,
	&import_perfdata,
	&import_ptdump,
	&import_ptwalk,
	&import_requests,
	&import_swapdir,
	&import_tracedat,
	&import_vscsi,
	NULL,
};
// clang-format on

void importer_names(struct choices *c)
{
	for (size_t i = 0; importers[i]; i++)
		choices_add(c, importers[i]->name, importers[i]->summary, NULL);
}

const struct importer *importer_find(const char *name)
{
	for (const struct importer *const *i = importers; *i; i++)
		if (!strcmp((*i)->name, name))
			return *i;
	return NULL;
}

/* Whether a word of extensions ends the name, before .zst, .gz or .xz */
static bool has_extension(const char *name, const char *extensions)
{
	size_t n = strlen(name);
	static const char *const outer[] = { ".zst", ".gz", ".xz" };
	for (size_t i = 0; i < 3; i++) {
		const size_t m = strlen(outer[i]);
		if (n > m && !strcasecmp(name + n - m, outer[i])) {
			n -= m;
			break;
		}
	}
	for (const char *p = extensions; p && *p; p += strspn(p, " ")) {
		const size_t m = strcspn(p, " ");
		if (n > m && name[n - m - 1] == '.' && !strncasecmp(name + n - m, p, m))
			return true;
		p += m;
	}
	return false;
}

static const struct importer *none(struct input *in, const uint8_t *head, size_t n, struct err *e)
{
	char list[180] = "";
	size_t used = 0;

	if (!n && input_damage(in)) {
		err_set(e, ERR_UNUSABLE, "%s", input_damage(in));
		return NULL;
	}
	if (!n) {
		err_set(e, ERR_UNUSABLE, "%s: is empty", input_name(in));
		return NULL;
	}
	if (db_is_sqlite(head, n)) {
		err_set(e, ERR_UNUSABLE,
			"%.100s: is an SQLite file: a trace needs no import, other databases "
			"cannot be read",
			input_name(in));
		return NULL;
	}
	for (const struct importer *const *i = importers; *i && used < sizeof(list); i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", used ? " " : "",
					 (*i)->name);
	err_set(e, ERR_UNUSABLE, "%.40s: no known format; --format takes %s", input_name(in), list);
	return NULL;
}

const struct importer *importer_sniff(struct input *in, struct err *e)
{
	const uint8_t *head;
	size_t n;
	if (input_peek(in, &head, &n, e))
		return NULL;

	const struct importer *best = NULL;
	int best_score = 0;
	for (const struct importer *const *i = importers; *i; i++) {
		if ((*i)->folder_member)
			continue;
		int score = 2 * (*i)->sniff(head, n, n < INPUT_PEEK_BYTES);
		if (score > 0 && has_extension(input_name(in), (*i)->extensions))
			score++; /* decides between equals only */
		if (score > best_score) {
			best_score = score;
			best = *i;
		}
	}
	return best ? best : none(in, head, n, e);
}

const struct importer *importer_variant(const struct importer *named, struct input *in)
{
	const uint8_t *head;
	size_t n;
	if (input_peek(in, &head, &n, NULL))
		return named; /* reading will say why */

	const bool is_whole = n < INPUT_PEEK_BYTES;
	for (const struct importer *const *i = importers; *i; i++)
		if ((*i)->variant_of && !strcmp((*i)->variant_of, named->name) &&
		    (*i)->sniff(head, n, is_whole) > named->sniff(head, n, is_whole))
			return *i;
	return named;
}

/* ---- folders ---- */

int import_open_member(const char *folder, const char *name, struct input **out, struct err *e)
{
	static const char *const tails[] = { "", ".zst", ".gz", ".xz" };

	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		_free_ char *path = NULL;
		struct err why = {};
		if (asprintf(&path, "%s/%s%s", folder, name, tails[i]) < 0)
			return err_set(e, ERR_NOMEM, "out of memory");
		if (access(path, F_OK) && errno == ENOENT)
			continue;
		const int rc = input_open(path, out, &why);
		return rc ? err_set(e, rc, "%s", why.msg) : 0;
	}
	return err_set(e, ERR_NOINPUT, "%.150s/%s: no such file, plain or compressed", folder,
		       name);
}

static bool knows_folder(const struct importer *importer, struct input *in)
{
	const uint8_t *head;
	size_t n;

	return !input_peek(in, &head, &n, NULL) && importer->sniff(head, n, n < INPUT_PEEK_BYTES);
}

int importer_open_folder(const char *folder, const struct importer **importer, struct input **out,
			 struct err *e)
{
	if (*importer)
		return import_open_member(folder, (*importer)->folder_member, out, e);

	char list[180] = "";
	size_t used = 0;
	for (const struct importer *const *i = importers; *i; i++) {
		if (!(*i)->folder_member)
			continue;
		if (!import_open_member(folder, (*i)->folder_member, out, NULL)) {
			if (knows_folder(*i, *out)) {
				*importer = *i;
				return 0;
			}
			input_close(take_ptr(*out));
		}
		if (used < sizeof(list))
			used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s (%s)",
						 used ? ", " : "", (*i)->name, (*i)->folder_member);
	}
	return err_set(e, ERR_UNUSABLE,
		       "%.80s: is a folder, and no recording of a known form: %s; name files "
		       "one by one otherwise",
		       folder, list);
}
