// SPDX-License-Identifier: MIT
/* capset(2) and prctl(2) by themselves: no library is needed for two calls. */
#include "collect/privilege.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef CAP_PERFMON /* headers before 5.8 */
#define CAP_PERFMON 38
#define CAP_BPF     39
#endif

#define BIT(n) (UINT64_C(1) << (n))

const uint64_t privilege_recording = BIT(CAP_PERFMON) | BIT(CAP_BPF) | BIT(CAP_DAC_READ_SEARCH);
const uint64_t privilege_unsaid = BIT(CAP_SYS_ADMIN) | BIT(CAP_SYS_PTRACE) | BIT(CAP_NET_RAW);

static int get(uint64_t *permitted_out)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = {};
	if (syscall(SYS_capget, &h, d))
		return -1;
	*permitted_out = (uint64_t)d[1].permitted << 32 | d[0].permitted;
	return 0;
}

static int set(uint64_t effective, uint64_t permitted)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct d[2] = {
		{ .effective = (uint32_t)effective, .permitted = (uint32_t)permitted },
		{ .effective = (uint32_t)(effective >> 32),
		  .permitted = (uint32_t)(permitted >> 32) },
	};
	return (int)syscall(SYS_capset, &h, d);
}

int privilege_drop(uint64_t keep, const char *folder, bool *has_override_out, struct err *e)
{
	uint64_t has;
	*has_override_out = false;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || get(&has))
		return err_set(e, ERR_FEATURE, "rights cannot be given up: %s", strerror(errno));
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); /* since 4.3 */
	keep &= has;
	/* first only for the time of a look: what is permitted can be taken up again */
	if (set(keep, has))
		return err_set(e, ERR_FEATURE, "capset: %s", strerror(errno));
	if (has & BIT(CAP_DAC_OVERRIDE) && faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS)) {
		keep |= BIT(CAP_DAC_OVERRIDE);
		*has_override_out = true;
	}
	if (set(keep, keep))
		return err_set(e, ERR_FEATURE, "capset: %s", strerror(errno));
	return 0;
}
