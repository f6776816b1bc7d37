/* fanload: one publisher, and many WebSocket subscribers of one room (one thread, epoll).
 * cc -O3 -march=native -o fanload fanload.c
 * fanload PORT PATH plain|duplex.v1 SUBSCRIBERS PID PHASE...
 *   plain: whatever the publisher's connection sends comes to all connections, the publisher's own included, as it is.
 *   duplex.v1: each subscriber joins the room; the publisher publishes to it, and has not joined.
 *   PHASE burst=MESSAGES,DEPTH  as fast as the server answers, with DEPTH messages unanswered (`published`, or in plain the
 *                               publisher's own copy), and at most AHEAD more than the slowest subscriber has: beyond what the
 *                               kernel buffers it would be another measurement.
 *         paced=RATE,SECONDS    RATE messages a second, and the delay of each delivery. It counts from when the message was due,
 *                               to when this process has read it, which with many subscribers is a good part of it.
 * A message is BODY bytes: a counter, when it was due, and filler. In plain it is the frame's payload, in duplex.v1 the text in
 * `data`, with the envelope around it (wire= is what comes for each, with the frame's header). Every byte of each is compared.
 * Prints a line of NAME=VALUE for the memory of an idle subscriber (VmRSS of PID, before and after they are there), and one for
 * each phase, which begins as it was asked for; cpu_ns/msg is the process's CPU time (user and system, all threads) per delivered message, times are in us.
 * Exit: 0 all got all, in order, once; 1 not so, or a connection failed, and it ends with that phase; 2 it could not begin. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif
enum { BODY = 100, HEAD = 30 /* of the body, before its filler */, AHEAD = 64, WARM = 20, PER_SOURCE = 5000 /* connections from one 127.0.0.x */,
  BUFFER = 1 << 18, BUCKETS = 1 << 22 /* of 1 us, up to 4 s */ };
static const uint64_t second = 1000000000ull, silence = 10 * 1000000000ull; /* after which nothing more is waited for */

/* next: the number behind the highest that came. base: the room's offset when it joined. */
typedef struct { int fd, joined; unsigned char *rest; size_t have; uint32_t next; uint64_t base; uint8_t *seen; } conn;
static conn *all; /* the last one is the publisher */
static int subscribers, duplex, poll_fd, port;
static const char *path;
static unsigned char buffer[BUFFER + 1024], pending[1 << 16];
static size_t unsent;
static char (*bodies)[BODY];
static uint32_t *passed, limit, sent, answered, slowest, deepest; /* passed: how many subscribers have it, or one behind it, by number */
static uint64_t delivered, doubled, disordered, misplaced, gaps, wire, last_came, counted, longest;
static uint32_t times[BUCKETS];
static int measuring, running;

static uint64_t now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * second + t.tv_nsec; }
static void fail(const char *what) { fprintf(stderr, "fanload: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : ""); exit(running ? 1 : 2); }
static void refuse(const char *what, const void *text, size_t n) { fprintf(stderr, "fanload: %s: %.*s\n", what, (int)(n < 300 ? n : 300), (const char *)text); exit(running ? 1 : 2); }
/* The nanoseconds of schedstat, of all threads, and of those that have ended. */
static uint64_t cpu_ns(int pid) {
  clockid_t clock; struct timespec t;
  if ((errno = clock_getcpuclockid(pid, &clock)) || clock_gettime(clock, &t)) fail("the server's CPU time");
  return t.tv_sec * second + t.tv_nsec;
}
static long resident(int pid) {
  char name[64], line[256]; long kb = -1; snprintf(name, sizeof name, "/proc/%d/status", pid);
  FILE *f = fopen(name, "r"); if (!f) fail(name);
  while (fgets(line, sizeof line, f)) if (sscanf(line, "VmRSS: %ld", &kb) == 1) break;
  fclose(f); if (kb < 0) fail("no VmRSS"); return kb * 1024;
}
/* Once it has stood still for a second, at the latest after ten. */
static long settled(int pid) {
  long value = resident(pid); uint64_t since = now(), end = since + 10 * second;
  while (now() - since < second && now() < end) { usleep(50000); long v = resident(pid); if (v != value) value = v, since = now(); }
  return value;
}

/* What follows `"name":`, or nothing. Names are looked for in what the server wrote, since a body has no quotes. */
static const char *member(const unsigned char *text, size_t n, const char *quoted) {
  const unsigned char *end = text + n, *at = memmem(text, n, quoted, strlen(quoted));
  if (!at) return NULL;
  at += strlen(quoted);
  while (at < end && (*at == ' ' || *at == ':')) at++;
  return at < end ? (const char *)at : NULL;
}
static uint64_t number(const unsigned char *text, size_t n, const char *quoted) {
  const char *at = member(text, n, quoted), *end = (const char *)text + n; uint64_t value = 0;
  if (!at || *at < '0' || *at > '9') refuse("a number is missing", text, n);
  for (; at < end && *at >= '0' && *at <= '9'; at++) value = value * 10 + (*at - '0');
  return value;
}
static int is(const unsigned char *text, size_t n, const char *type) {
  const char *at = member(text, n, "\"type\""); size_t count = strlen(type);
  return at && (size_t)((const char *)text + n - at) > count + 1 && *at == '"' && !memcmp(at + 1, type, count) && at[count + 1] == '"';
}

/* A masked frame; gives its length. */
static size_t framed(unsigned char *to, int opcode, const void *payload, size_t count) {
  static const unsigned char mask[4] = {0x12, 0x9a, 0xf3, 0x5c};
  size_t n = 0;
  to[n++] = 0x80 | opcode;
  if (count < 126) to[n++] = 0x80 | count; else { to[n++] = 0xfe; to[n++] = count >> 8; to[n++] = count; }
  memcpy(to + n, mask, 4); n += 4;
  for (size_t i = 0; i < count; i++) to[n + i] = ((const unsigned char *)payload)[i] ^ mask[i & 3];
  return n + count;
}
static void say(conn *c, int opcode, const void *payload, size_t count) {
  unsigned char out[512]; size_t n = framed(out, opcode, payload, count);
  if (send(c->fd, out, n, MSG_NOSIGNAL) != (ssize_t)n) fail("send");
}

static void message(conn *c, const unsigned char *text, size_t n, const char *body, size_t header, uint64_t t) {
  const char *end = (const char *)text + n;
  if (end - body < BODY || (!duplex && n != BODY)) refuse("a message of another length", text, n);
  uint32_t i = strtoul(body + 4, NULL, 10);
  if (i >= sent || memcmp(body, bodies[i], BODY)) refuse("not what was published", text, n);
  if (duplex && (!is(text, n, "message") || body[-1] != '"' || end - body == BODY || body[BODY] != '"')) refuse("not a message", text, n);
  if (c == &all[subscribers]) {
    if (duplex) refuse("the publisher has not joined", text, n);
    if (i != answered) refuse("answers out of order", text, n);
    answered++; return;
  }
  if (duplex && number(text, n, "\"offset\"") != c->base + 1 + i) misplaced++;
  if (c->seen[i >> 3] >> (i & 7) & 1) { doubled++; return; }
  c->seen[i >> 3] |= 1 << (i & 7);
  if (i < c->next) disordered++;
  while (c->next <= i) passed[c->next++]++;
  delivered++; wire += header + n;
  while (slowest < sent && passed[slowest] == (uint32_t)subscribers) slowest++;
  if (!measuring) return;
  uint64_t due = strtoull(body + 13, NULL, 10), us = t > due ? (t - due) / 1000 : 0;
  times[us < BUCKETS ? us : BUCKETS - 1]++; counted++;
  if (us > longest) longest = us;
}

static void take(conn *c, int opcode, const unsigned char *text, size_t n, size_t header, uint64_t t) {
  if (opcode == 8) { fprintf(stderr, "fanload: closed by the server: %d %.*s\n", n < 2 ? 1005 : text[0] << 8 | text[1], n < 2 ? 0 : (int)n - 2, text + 2); exit(running ? 1 : 2); }
  if (opcode == 9) { say(c, 10, text, n); return; }
  if (opcode == 10) return;
  if (opcode != 1) refuse("not a text message", text, n);
  last_came = t;
  const char *body = memmem(text, n, "fan:", 4);
  if (body) { message(c, text, n, body, header, t); return; }
  if (!duplex) refuse("not what was published", text, n);
  if (is(text, n, "welcome")) {
    if (c->joined) refuse("a second welcome", text, n);
    c->joined = 1; static const char join[] = "{\"type\":\"join\",\"id\":1,\"room\":\"bench\"}";
    if (c != &all[subscribers]) say(c, 1, join, sizeof join - 1);
  } else if (is(text, n, "joined") && c->joined == 1) {
    c->joined = 2; c->base = number(text, n, "\"offset\"");
  } else if (is(text, n, "published") && c == &all[subscribers]) {
    if (number(text, n, "\"id\"") != answered + 1) refuse("answers out of order", text, n);
    if (number(text, n, "\"offset\"") != all[0].base + 1 + answered) misplaced++;
    answered++;
  } else if (is(text, n, "gap")) gaps++;
  else refuse("unexpected", text, n);
}

/* Takes the whole frames that are there; what is left is kept. */
static void frames(conn *c, unsigned char *from, size_t have) {
  size_t at = 0; uint64_t t = now();
  while (have - at >= 2) {
    unsigned char *f = from + at; size_t header = 2, count = f[1] & 0x7f;
    if (count == 126) { if (have - at < 4) break; header = 4; count = f[2] << 8 | f[3]; }
    else if (count == 127) { errno = 0; fail("a message that is too large"); }
    if (f[1] & 0x80 || f[0] < 0x80 || f[0] & 0x70) refuse("a frame that is masked, a fragment or compressed", f, 2);
    if (have - at < header + count) break;
    take(c, f[0] & 15, f + header, count, header, t);
    at += header + count;
  }
  c->have = have - at;
  if (!c->have) return;
  if (!(c->rest = realloc(c->rest, c->have))) fail("memory");
  memcpy(c->rest, from + at, c->have);
}
static void receive(conn *c) {
  if (c->have) memcpy(buffer, c->rest, c->have);
  ssize_t r = recv(c->fd, buffer + c->have, BUFFER - c->have, 0);
  if (r < 0 && errno == EAGAIN) { if (!(fcntl(c->fd, F_GETFL) & O_NONBLOCK)) fail("no answer"); return; }
  if (r < 0) fail("a connection failed");
  if (r == 0) { errno = 0; fail("a connection was closed by the server"); }
  frames(c, buffer, c->have + r);
}

static void opened(conn *c, int index) {
  int one = 1; struct timeval patience = {10, 0};
  struct sockaddr_in a = {.sin_family = AF_INET}, to = {.sin_family = AF_INET, .sin_port = htons(port)};
  a.sin_addr.s_addr = htonl(0x7f000001 + index / PER_SOURCE), to.sin_addr.s_addr = htonl(0x7f000001);
  if ((c->fd = socket(AF_INET, SOCK_STREAM, 0)) < 0) fail("socket");
  setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  if (bind(c->fd, (void *)&a, sizeof a) || connect(c->fd, (void *)&to, sizeof to)) fail("connect");
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  char *text = (char *)buffer, *end; size_t n = 0;
  int count = snprintf(text, BUFFER, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 13\r\n%s\r\n", path, port,
    duplex ? "Sec-WebSocket-Protocol: duplex.v1\r\n" : "");
  if (write(c->fd, text, count) != count) fail("write");
  /* Each to its end before the next: no queue for accepting overflows. */
  while (!(end = memmem(text, n, "\r\n\r\n", 4))) {
    ssize_t r = n < 8192 ? read(c->fd, text + n, 8192 - n) : 0;
    if (r <= 0) { if (!r) errno = 0; fail("handshake"); }
    n += r;
  }
  *end = 0;
  if (memcmp(text, "HTTP/1.1 101", 12) || !strstr(text, "HSmrc0sMlYUkAGmm5OPpG2HaGWk=")) refuse("no 101", text, end - text);
  char *offer = strcasestr(text, "\r\nSec-WebSocket-Protocol:");
  if (duplex && !(offer && strstr(offer, "duplex.v1"))) refuse("the server does not speak duplex.v1", text, end - text);
  end += 4; frames(c, (unsigned char *)end, n - (end - text));
  while (duplex && c->joined < (c == &all[subscribers] ? 1 : 2)) receive(c);
  if (c->base != all[0].base && c != &all[subscribers]) { errno = 0; fail("the room has another publisher"); }
  fcntl(c->fd, F_SETFL, O_NONBLOCK);
  struct epoll_event e = {.events = EPOLLIN, .data.u32 = index};
  if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, c->fd, &e)) fail("epoll");
}

static void publish(uint64_t due) {
  char text[BODY + 100]; int n;
  if (sent == limit) { errno = 0; fail("more messages than were asked for"); }
  char *body = bodies[sent];
  memset(body, 'x', BODY);
  if ((n = snprintf(text, sizeof text, "fan:%08u:%016llu:", sent, (unsigned long long)due)) != HEAD) { errno = 0; fail("a number is too long"); }
  memcpy(body, text, HEAD);
  if (!duplex) n = BODY, memcpy(text, body, BODY);
  else n = snprintf(text, sizeof text, "{\"type\":\"publish\",\"id\":%u,\"room\":\"bench\",\"data\":\"%.*s\"}", sent + 1, BODY, body);
  if (unsent + n + 8 > sizeof pending) { errno = 0; fail("the publisher's messages are not taken"); }
  unsent += framed(pending + unsent, 1, text, n);
  sent++;
  if (sent - slowest > deepest) deepest = sent - slowest;
}
static void flush(void) {
  if (!unsent) return;
  ssize_t w = send(all[subscribers].fd, pending, unsent, MSG_NOSIGNAL);
  if (w < 0 && errno != EAGAIN) fail("the publisher's connection");
  if (w > 0) memmove(pending, pending + w, unsent -= w);
}
static int turn(uint64_t wait) {
  static struct epoll_event events[512];
  struct timespec t = {wait / second, wait % second};
  int n = epoll_pwait2(poll_fd, events, 512, &t, NULL);
  for (int k = 0; k < n; k++) receive(&all[events[k].data.u32]);
  return n;
}
static uint64_t quantile(double share) {
  uint64_t sum = 0, wanted = counted * share;
  for (int i = 0; i < BUCKETS; i++) if ((sum += times[i]) > wanted) return i;
  return longest;
}

/* Gives whether all got all. The warm-up has no name, and says nothing then. */
static int phase(const char *name, uint32_t messages, uint32_t depth, double rate, int pid) {
  uint64_t before = delivered, wire_before = wire, doubled_before = doubled, disordered_before = disordered, misplaced_before = misplaced, gaps_before = gaps, lag = 0;
  uint32_t first = sent, last = sent + messages; int paced = rate > 0;
  memset(times, 0, sizeof times); counted = longest = deepest = 0; measuring = paced;
  struct rusage u; getrusage(RUSAGE_SELF, &u);
  double own = u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
  uint64_t cpu = cpu_ns(pid), start = now(), end, t;
  last_came = start;
  while ((slowest < last || answered < last) && (t = now()) < last_came + silence) {
    uint64_t wait = second / 10;
    if (paced) for (; sent < last; ) {
      uint64_t due = start + (uint64_t)((sent - first) * 1e9 / rate);
      if (due > t) { if (due - t < wait) wait = due - t; last_came = t; break; }
      if (t - due > lag) lag = t - due;
      publish(due);
    } else while (sent < last && sent - answered < depth && sent - slowest < depth + AHEAD) publish(now());
    flush(); turn(wait);
  }
  end = slowest < last || answered < last ? last_came : now(); getrusage(RUSAGE_SELF, &u);
  own = u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6 - own;
  /* What the server does afterwards is a part of it, and a message might come twice. */
  for (t = now() + second / 5; now() < t;) turn(second / 20);
  cpu = cpu_ns(pid) - cpu; measuring = 0;
  uint64_t count = delivered - before, lost = (uint64_t)(sent - first) * subscribers - count, elapsed = end - start;
  uint64_t bad = lost | (doubled - doubled_before) | (disordered - disordered_before) | (misplaced - misplaced_before) | (gaps - gaps_before) | (last - answered);
  if (!name && !bad) return 1;
  printf("%s messages=%u unsent=%u delivered=%llu lost=%llu doubled=%llu disordered=%llu offsets_wrong=%llu gaps=%llu unanswered=%u seconds=%.2f rate=%.0f cpu_ns/msg=%.0f cpu=%.0f load_cpu=%.0f wire=%.1f",
    name ? name : "warm-up", messages, last - sent, (unsigned long long)count, (unsigned long long)lost, (unsigned long long)(doubled - doubled_before), (unsigned long long)(disordered - disordered_before),
    (unsigned long long)(misplaced - misplaced_before), (unsigned long long)(gaps - gaps_before), last - answered, elapsed / 1e9, count / (elapsed / 1e9), count ? (double)cpu / count : 0,
    cpu * 100.0 / elapsed, own * 100e9 / elapsed, count ? (double)(wire - wire_before) / count : 0);
  if (paced) printf(" p50=%llu p99=%llu max=%llu lag=%llu", (unsigned long long)quantile(0.5), (unsigned long long)quantile(0.99), (unsigned long long)longest, (unsigned long long)lag / 1000);
  else printf(" ahead=%u", deepest);
  printf("\n"); fflush(stdout);
  return !bad;
}

int main(int argc, char **argv) {
  if (argc < 6) { fprintf(stderr, "usage: fanload PORT PATH plain|duplex.v1 SUBSCRIBERS PID burst=MESSAGES,DEPTH|paced=RATE,SECONDS...\n"); return 2; }
  port = atoi(argv[1]), path = argv[2], duplex = !strcmp(argv[3], "duplex.v1"), subscribers = atoi(argv[4]); int pid = atoi(argv[5]);
  if (!duplex && strcmp(argv[3], "plain")) { fprintf(stderr, "fanload: neither plain nor duplex.v1: %s\n", argv[3]); return 2; }
  if (subscribers < 1) { fprintf(stderr, "fanload: no subscribers\n"); return 2; }
  limit = WARM;
  for (int i = 6; i < argc; i++) {
    unsigned messages, depth; double rate, seconds;
    if (sscanf(argv[i], "burst=%u,%u", &messages, &depth) == 2 && messages && depth && depth <= 256) limit += messages;
    else if (sscanf(argv[i], "paced=%lf,%lf", &rate, &seconds) == 2 && rate > 0 && rate * seconds >= 1) limit += rate * seconds;
    else { fprintf(stderr, "fanload: no phase: %s\n", argv[i]); return 2; }
  }
  struct rlimit files; getrlimit(RLIMIT_NOFILE, &files); files.rlim_cur = files.rlim_max; setrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_max < (rlim_t)subscribers + 16) { fprintf(stderr, "fanload: %d open files are needed, and %llu allowed\n", subscribers + 16, (unsigned long long)files.rlim_max); return 2; }
  all = calloc(subscribers + 1, sizeof *all); bodies = malloc((size_t)limit * BODY); passed = calloc(limit, sizeof *passed); poll_fd = epoll_create1(0);
  uint8_t *seen = calloc(subscribers, (limit + 7) / 8);
  if (!all || !bodies || !passed || !seen || poll_fd < 0) fail("memory");
  long before = settled(pid);
  for (int i = 0; i <= subscribers; i++) { if (i < subscribers) all[i].seen = seen + (size_t)i * ((limit + 7) / 8); opened(&all[i], i); }
  long idle = settled(pid);
  printf("idle subscribers=%d rss_before=%ld rss=%ld bytes/subscriber=%ld\n", subscribers, before, idle, (idle - before) / subscribers);
  fflush(stdout);
  running = 1;
  int whole = phase(NULL, WARM, 1, 0, pid);
  for (int i = 6; i < argc && whole; i++) {
    unsigned messages, depth; double rate, seconds;
    if (sscanf(argv[i], "burst=%u,%u", &messages, &depth) == 2) whole = phase(argv[i], messages, depth, 0, pid);
    else { sscanf(argv[i], "paced=%lf,%lf", &rate, &seconds); whole = phase(argv[i], rate * seconds, 0, rate, pid); }
  }
  return !whole;
}
