// SPDX-License-Identifier: MIT
/*
 * cost FILE COMMAND ..: runs a command and writes its CPU time, in us as the kernel counts it, into
 * FILE. SIGTERM goes on to the command.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child;

static void pass_on(int number)
{
	kill(child, number);
}

int main(int argc, char **argv)
{
	struct rusage u;
	int status;
	if (argc < 3)
		return 64;
	child = fork();
	if (!child) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (child < 0)
		return 1;
	signal(SIGTERM, pass_on);
	while (wait4(child, &status, 0, &u) != child)
		if (errno != EINTR)
			return 1;
	FILE *f = fopen(argv[1], "w");
	if (!f)
		return 1;
	fprintf(f, "%lld\n",
		(long long)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 + u.ru_utime.tv_usec +
			u.ru_stime.tv_usec);
	fclose(f);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
