// SPDX-License-Identifier: MIT
/* Loading: everything a foreign object promises is checked before its first call. */
#include "replay/policy-load.h"

#include "reports/cli.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { NAMES_MAX = 64 };

struct names {
	const char *word[NAMES_MAX];
	size_t n;
};

static void add_names(struct names *names, const struct policy *const *list, bool pins)
{
	for (size_t i = 0; list[i] && names->n + 1 < NAMES_MAX; i++)
		if (!pins || !list[i]->needs_future)
			names->word[names->n++] = list[i]->name;
}

static int unknown(const char *name, bool pins, struct err *e)
{
	struct names names = {};
	char list[200] = "";
	if (pins)
		add_names(&names, pin_policies, pins);
	add_names(&names, policies, pins);
	const char *nearest = cli_nearest(name, names.word);
	if (nearest)
		return err_set(e, ERR_USAGE, "no policy '%.40s': did you mean '%s'?", name,
			       nearest);
	for (size_t i = 0; i < names.n && strlen(list) + 1 < sizeof(list); i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", i ? ", " : "",
			 names.word[i]);
	return err_set(e, ERR_USAGE, "no policy '%.40s', only: %s", name, list);
}

static int load(const char *path, const struct policy **out, struct err *e)
{
	if (access(path, R_OK))
		return err_set(e, errno == EACCES ? ERR_PERM : ERR_NOINPUT, "%s: %s", path,
			       strerror(errno));
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!object)
		return err_set(e, ERR_UNUSABLE, "%s", dlerror());

	const struct policy *p = dlsym(object, "pugmark_policy");
	int rc = 0;
	if (!p)
		rc = err_set(e, ERR_UNUSABLE, "%s: no symbol 'pugmark_policy'", path);
	else if (p->abi != POLICY_ABI)
		rc = err_set(e, ERR_UNUSABLE,
			     "%s: built for version %u of policy.h, this is version %u", path,
			     p->abi, POLICY_ABI);
	else if (!p->name || !*p->name || !p->init || (!p->access && !p->pinning))
		rc = err_set(e, ERR_UNUSABLE, "%s: a policy needs a name, init and access", path);
	if (rc)
		dlclose(object);
	else
		*out = p;
	return rc;
}

int policy_load(const char *name, const struct policy **out, struct err *e)
{
	if (strchr(name, '/')) {
		const int rc = load(name, out, e);
		if (rc || (*out)->access)
			return rc;
		return err_set(e, ERR_UNUSABLE, "%s: only pins, which is for pugmark pin", name);
	}
	*out = policy_find(name);
	if (!*out && policy_find_pinning(name))
		return err_set(e, ERR_USAGE, "'%s' only pins, which is for pugmark pin", name);
	return *out ? 0 : unknown(name, false, e);
}

int policy_load_pinning(const char *name, const struct policy **out, struct err *e)
{
	int rc = 0;
	if (strchr(name, '/'))
		rc = load(name, out, e);
	else if (!(*out = policy_find_pinning(name)))
		rc = unknown(name, true, e);
	if (!rc && (*out)->needs_future)
		rc = err_set(e, ERR_USAGE,
			     "'%.40s' knows the future of requests, not of faults: see "
			     "oracle-frozen",
			     name);
	return rc;
}
