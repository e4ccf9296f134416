// SPDX-License-Identifier: MIT
/* A schedule of limits: text to steps. */
#include "sim/limits.h"

#include "base/quantity.h"

#include <stdbool.h>
#include <string.h>

const struct param limits_params[] = {
	{ "memory", "limit_schedule", PARAM_TEXT, NULL, NULL, 0, 0,
	  "Shares of the VM that may be in memory, from times on: 0s:80%,10m:70%; or a file of "
	  "such",
	  offsetof(struct limits_config, schedule), NULL },
};
const size_t limits_nparams = sizeof(limits_params) / sizeof(*limits_params);

enum { STEP_BYTES_MAX = 63 };

static bool is_parting(char c)
{
	return c == ',' || c == '\n' || c == '\r';
}

/* The n characters at text are one step. */
static int parse_step(const char *text, size_t n, struct limits_step *out, struct err *e)
{
	char step[STEP_BYTES_MAX + 1];
	if (n > STEP_BYTES_MAX)
		return err_set(e, ERR_USAGE, "'%.20s..': expected TIME:SHARE, as 10m:70%%", text);
	memcpy(step, text, n);
	step[n] = 0;
	char *share = strchr(step, ':');
	if (!share)
		return err_set(e, ERR_USAGE, "'%s': expected TIME:SHARE, as 10m:70%%", step);
	*share++ = 0;
	int rc = quantity_parse_ns(step, &out->at_ns, e);
	if (!rc)
		rc = quantity_parse_ppm(share, &out->share_ppm, e);
	if (!rc && (!out->share_ppm || out->share_ppm > PPM_PER_ONE))
		rc = err_set(e, ERR_USAGE, "'%s': expected above 0 and at most 100%%", share);
	return rc;
}

int limits_parse(const char *text, struct arena *a, struct limits *out, struct err *e)
{
	*out = (struct limits){};
	size_t most = 1;
	for (const char *c = text; c && *c; c++)
		most += is_parting(*c);
	if (!text)
		return 0;
	struct limits_step *steps = arena_alloc(a, most, sizeof(*steps));
	if (!steps)
		return err_set(e, ERR_NOMEM, "no memory for a schedule of %zu limits", most);
	size_t n = 0;
	for (const char *c = text; *c;) {
		while (is_parting(*c) || *c == ' ')
			c++;
		const size_t length = strcspn(c, ",\r\n");
		if (!length)
			continue;
		const int rc = parse_step(c, length, &steps[n], e);
		if (rc)
			return rc;
		if (n && steps[n].at_ns <= steps[n - 1].at_ns)
			return err_set(e, ERR_USAGE, "'%.*s': expected a later time than before it",
				       (int)length, c);
		n++;
		c += length;
	}
	*out = (struct limits){ steps, n };
	return 0;
}
