/*
 * A cluster primary of bare system calls: for each connection accept4, sendmsg with SCM_RIGHTS, a share of a read, and
 * close. It makes sure of nothing, and gives up at whatever does not go as it does with well-behaved Node workers. It
 * is what there is to pay, to see other primaries beside it.
 *
 * usage: floor PORT WORKERS COMMAND...
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define IN_FLIGHT 8 /* connections that a worker is given before it has answered for the first of them */
#define ROOM 65536

/* A worker answers for its connections in the order in which it was given them, so they are a queue. */
struct worker {
	int channel;
	int listens;
	unsigned given, answered;
	int connections[IN_FLIGHT];
	size_t length;
	char received[ROOM];
};

static struct worker *workers;
static int worker_count, epoll, listener, next_worker;
static char offer[256];
static size_t offer_length;

static void check(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

/* In SCHED_BATCH a primary does not preempt the worker whose answer wakes it, and finds more answers at once. */
static void set_policy(int policy)
{
	struct sched_param none = { 0 };
	check(sched_setscheduler(0, policy, &none) == 0, "error: sched_setscheduler");
}

static void watch(int fd, unsigned events, struct worker *w)
{
	struct epoll_event event = { .events = events, .data.ptr = w };
	check(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0, "error: epoll_ctl");
}

static void listen_on(int port)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int yes = 1, no = 0;

	listener = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	check(listener >= 0, "error: socket");
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
	check(bind(listener, (struct sockaddr *)&any, sizeof any) == 0, "error: bind");
	check(listen(listener, 511) == 0, "error: listen");
	watch(listener, EPOLLIN | EPOLLET, NULL);
}

static void run_worker(int id, int channel, char **command)
{
	char number[16];

	set_policy(SCHED_OTHER);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fcntl(channel, F_SETFD, 0);
	snprintf(number, sizeof number, "%d", id);
	setenv("NODE_UNIQUE_ID", number, 1);
	snprintf(number, sizeof number, "%d", channel);
	setenv("NODE_CHANNEL_FD", number, 1);
	setenv("NODE_CHANNEL_SERIALIZATION_MODE", "json", 1);
	execvp(command[0], command);
	check(0, "error: exec");
}

static void start_worker(struct worker *w, char **command)
{
	int ends[2];
	pid_t pid;

	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "error: socketpair");
	pid = fork();
	check(pid >= 0, "error: fork");
	if (pid == 0)
		run_worker(w - workers + 1, ends[1], command);
	close(ends[1]);
	w->channel = ends[0];
	watch(w->channel, EPOLLIN, w);
}

/* The worker wants to listen: it may, and its connections will come from here. */
static void answer_query(struct worker *w, const char *message, int port)
{
	char answer[512];
	const char *seq = strstr(message, "\"seq\":");
	int length;

	check(seq != NULL, "error: queryServer without seq");
	length = snprintf(answer, sizeof answer,
		"{\"cmd\":\"NODE_CLUSTER\",\"ack\":%d,\"key\":\"k\",\"errno\":null,\"data\":null,"
		"\"sockname\":{\"family\":\"IPv6\",\"address\":\"::\",\"port\":%d},\"seq\":0}\n",
		atoi(seq + strlen("\"seq\":")), port);
	check(send(w->channel, answer, length, MSG_NOSIGNAL) == length, "error: send");
	w->listens = 1;
}

static void hand_over(struct worker *w, int connection)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof connection)];
	} control = { .header = {
		.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof connection),
	} };
	struct iovec text = { offer, offer_length };
	struct msghdr message = {
		.msg_iov = &text, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control,
	};

	memcpy(CMSG_DATA(&control.header), &connection, sizeof connection);
	check(sendmsg(w->channel, &message, MSG_NOSIGNAL) == (ssize_t)offer_length, "error: sendmsg");
	w->connections[w->given++ % IN_FLIGHT] = connection;
}

static struct worker *choose(void)
{
	for (int tried = 0; tried < worker_count; tried++) {
		struct worker *w = &workers[next_worker];
		next_worker = next_worker + 1 == worker_count ? 0 : next_worker + 1;
		if (w->listens && w->given - w->answered < IN_FLIGHT)
			return w;
	}
	return NULL;
}

/* Accepts for as long as there are connections and workers that have room, and says whether there may be more of them. */
static int distribute(void)
{
	struct worker *w;

	while ((w = choose()) != NULL) {
		int connection = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (connection >= 0) {
			hand_over(w, connection);
			continue;
		}
		check(errno == EAGAIN || errno == ECONNABORTED, "error: accept4");
		if (errno == EAGAIN)
			return 0;
	}
	return 1;
}

static void take(struct worker *w, const char *message, int port)
{
	static const char taken[] = "{\"cmd\":\"NODE_CLUSTER\",\"ack\":";

	if (strncmp(message, taken, sizeof taken - 1) == 0)
		close(w->connections[w->answered++ % IN_FLIGHT]);
	else if (strstr(message, "\"act\":\"queryServer\"") != NULL)
		answer_query(w, message, port);
}

static void receive(struct worker *w, int port)
{
	ssize_t n = read(w->channel, w->received + w->length, ROOM - w->length);
	char *message = w->received, *end;

	if (n == 0)
		errno = EPIPE;
	check(n > 0, "error: read from a worker");
	w->length += n;
	while ((end = memchr(message, '\n', w->received + w->length - message)) != NULL) {
		*end = '\0';
		take(w, message, port);
		message = end + 1;
	}
	w->length -= message - w->received;
	memmove(w->received, message, w->length);
}

int main(int argc, char **argv)
{
	struct epoll_event events[64];
	int port, waiting = 0;

	if (argc < 4 || atoi(argv[2]) < 1) {
		fprintf(stderr, "usage: floor PORT WORKERS COMMAND...\n");
		return 2;
	}
	port = atoi(argv[1]);
	worker_count = atoi(argv[2]);
	workers = calloc(worker_count, sizeof *workers);
	check(workers != NULL, "error: calloc");
	offer_length = snprintf(offer, sizeof offer, "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Native\",\"msg\":"
		"{\"cmd\":\"NODE_CLUSTER\",\"act\":\"newconn\",\"key\":\"k\",\"seq\":1}}\n");
	epoll = epoll_create1(EPOLL_CLOEXEC);
	check(epoll >= 0, "error: epoll_create1");
	listen_on(port);
	set_policy(SCHED_BATCH);
	for (int i = 0; i < worker_count; i++)
		start_worker(&workers[i], argv + 3);
	for (;;) {
		int n = epoll_wait(epoll, events, 64, -1);
		check(n >= 0 || errno == EINTR, "error: epoll_wait");
		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr == NULL)
				waiting = 1;
			else
				receive(events[i].data.ptr, port);
		}
		if (waiting)
			waiting = distribute();
	}
}
