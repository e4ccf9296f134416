// SPDX-License-Identifier: MIT
/* Loading: everything a foreign object promises is checked before its first call. */
#include "replay/policy-load.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char files[] = ", and files (./NAME.so)";

static void add_policies(struct choices *c, const struct policy *const *list, bool pins)
{
	for (; *list; list++)
		if (!pins || !(*list)->needs_future)
			choices_add(c, (*list)->name, (*list)->summary, (*list)->source);
}

void policy_names(struct choices *c)
{
	add_policies(c, policies, false);
}

void policy_names_all(struct choices *c)
{
	add_policies(c, policies, false);
	add_policies(c, pin_policies, false);
}

void policy_names_pinning(struct choices *c)
{
	add_policies(c, pin_policies, true);
	add_policies(c, policies, true);
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
	return *out ? 0 : choices_refuse_of(policy_names, "policy", name, files, e);
}

int policy_load_pinning(const char *name, const struct policy **out, struct err *e)
{
	int rc = 0;
	if (strchr(name, '/'))
		rc = load(name, out, e);
	else if (!(*out = policy_find_pinning(name)))
		rc = choices_refuse_of(policy_names_pinning, "policy", name, files, e);
	if (!rc && (*out)->needs_future)
		rc = err_set(e, ERR_USAGE,
			     "'%.40s' knows the future of requests, not of faults: see "
			     "oracle-frozen",
			     name);
	return rc;
}
