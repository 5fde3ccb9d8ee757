/*
 * A relay of bare system calls between a cluster primary and its worker: epoll_wait, recv, send. It is started in the place of
 * node, keeps the channel that it was given, and becomes a worker with another one. It looks at nothing that it passes on. It is
 * what a process between the two costs at least.
 *
 * usage: NODE=/path/of/node bare_relay ARGUMENT...
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static void check(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

/* The worker is this process, whose id the primary knows, and the relay its child. */
static void become_worker(char **arguments, int channel, int end)
{
	check(dup2(end, channel) == channel && fcntl(channel, F_SETFD, 0) == 0, "bare_relay: dup2");
	arguments[0] = getenv("NODE");
	execv(arguments[0], arguments);
	check(0, "bare_relay: exec of NODE");
}

/* In SCHED_BATCH the relay does not preempt the process whose message wakes it, and finds more messages at once. */
static void set_policy(void)
{
	struct sched_param none = { 0 };
	check(sched_setscheduler(0, SCHED_BATCH, &none) == 0, "bare_relay: sched_setscheduler");
}

static void relay(const int ends[2])
{
	static char room[65536];
	struct epoll_event events[2];
	int epoll = epoll_create1(0);
	check(epoll >= 0, "bare_relay: epoll_create1");
	for (unsigned i = 0; i < 2; i++) {
		struct epoll_event readable = { .events = EPOLLIN, .data.u32 = i };
		check(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[i], &readable) == 0, "bare_relay: epoll_ctl");
	}
	for (;;) {
		int n = epoll_wait(epoll, events, 2, -1);
		for (int i = 0; i < n; i++) {
			unsigned from = events[i].data.u32;
			ssize_t size = recv(ends[from], room, sizeof room, MSG_DONTWAIT);
			if (size <= 0)
				return;
			if (send(ends[!from], room, size, MSG_NOSIGNAL) != size)
				return;
		}
	}
}

int main(int count, char **arguments)
{
	const char *number = getenv("NODE_CHANNEL_FD");
	int pair[2];
	(void)count;
	check(number != NULL && getenv("NODE") != NULL, "bare_relay: NODE_CHANNEL_FD and NODE");
	int channel = atoi(number);
	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0, "bare_relay: socketpair");
	if (fork() != 0)
		become_worker(arguments, channel, pair[1]);
	close(pair[1]);
	check(fcntl(channel, F_SETFL, fcntl(channel, F_GETFL) & ~O_NONBLOCK) == 0, "bare_relay: fcntl");
	set_policy();
	relay((const int[2]){ channel, pair[0] });
	return 0;
}
