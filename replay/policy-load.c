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

static int unknown(const char *name, struct err *e)
{
	const char *names[NAMES_MAX] = {};
	char list[160] = "";
	for (size_t i = 0; policies[i] && i + 1 < NAMES_MAX; i++) {
		names[i] = policies[i]->name;
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", i ? ", " : "",
			 names[i]);
	}
	const char *nearest = cli_nearest(name, names);
	if (nearest)
		return err_set(e, ERR_USAGE, "no policy '%.40s': did you mean '%s'?", name,
			       nearest);
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
	else if (!p->name || !*p->name || !p->init || !p->access)
		rc = err_set(e, ERR_UNUSABLE, "%s: a policy needs a name, init and access", path);
	if (rc)
		dlclose(object);
	else
		*out = p;
	return rc;
}

int policy_load(const char *name, const struct policy **out, struct err *e)
{
	if (strchr(name, '/'))
		return load(name, out, e);
	*out = policy_find(name);
	return *out ? 0 : unknown(name, e);
}
