/* paced: clients that send at a pace and measure, beside clients that stop reading (one thread, epoll).
 * paced PORT PATH LIVE STALLED RATE SECONDS PAYLOAD [echo|chat]
 *   echo: each of LIVE connections sends RATE messages a second and measures until its echo is there; each of STALLED
 *         connections sends all that is taken, and reads nothing.
 *   chat: all are members of the room; the first of LIVE says RATE messages a second, and all of LIVE measure until it is
 *         there; STALLED only read nothing.
 * A message's time counts from when it was due, not from when it was sent: a late load generator makes it longer, never shorter.
 * Prints 'ready' when all are connected and nothing more is taken from STALLED for 1 s (echo), waits for a line on standard
 * input, runs 0.5 s to warm up, then SECONDS, and prints one line of NAME=VALUE; times are in microseconds. stalled_sent is in bytes (flooded: before 'ready'), cut says how many
 * of STALLED saw an end, which those that read nothing need not, and stalled_idle for how many ms the server has taken nothing from any of them.
 * Exit: 0; 1 when a live connection failed. */
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

enum { BUFFER = 1 << 16, BUCKETS = 1 << 22 /* of 1 us, up to 4 s */ };
typedef struct { int fd; size_t have; unsigned char *kept; size_t offset; } conn;
static uint32_t times[BUCKETS];
static unsigned char stalled_batch[1 << 16];
static uint64_t counted, received, sent, longest, stalled_sent, last_taken, first_cut;
static size_t batch;
static int measuring, chat, cut;

static uint64_t now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000000000ull + t.tv_nsec; }
static void fail(const char *what) { fprintf(stderr, "paced: %s: %s\n", what, strerror(errno)); exit(1); }

static int opened(int port, const char *path, int number, int small) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1, size = 4096, out = 16384, segment = 1400;
  struct sockaddr_in a = {.sin_family = AF_INET}, to = {.sin_family = AF_INET, .sin_port = htons(port)};
  a.sin_addr.s_addr = htonl(0x7f000001 + 1 + number / 1000), to.sin_addr.s_addr = htonl(0x7f000001);
  if (fd < 0) fail("socket");
  /* Segments as they are outside: with the 64 KiB of loopback the kernel takes 6 MB for each into its own buffers. */
  if (small) { setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size); setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &out, sizeof out);
    setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment); }
  if (bind(fd, (void *)&a, sizeof a) || connect(fd, (void *)&to, sizeof to)) fail("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  char text[1024]; size_t n = 0;
  int count = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 13\r\n%s\r\n", path, port,
    chat ? "Sec-WebSocket-Protocol: chat.v1\r\n" : "");
  if (write(fd, text, count) != count) fail("write");
  while (n < 4 || memcmp(text + n - 4, "\r\n\r\n", 4)) {
    if (n == sizeof text || read(fd, text + n, 1) != 1) fail("handshake");
    n++;
  }
  if (memcmp(text + 9, "101", 3)) { errno = 0; fail("no 101"); }
  return fd;
}

/* A masked frame; gives its length. */
static size_t framed(unsigned char *to, int opcode, const unsigned char *payload, size_t count) {
  static const unsigned char mask[4] = {0x12, 0x9a, 0xf3, 0x5c};
  size_t n = 0;
  to[n++] = 0x80 | opcode;
  if (count < 126) to[n++] = 0x80 | count; else { to[n++] = 0xfe; to[n++] = count >> 8; to[n++] = count; }
  memcpy(to + n, mask, 4); n += 4;
  for (size_t i = 0; i < count; i++) to[n + i] = payload[i] ^ mask[i & 3];
  return n + count;
}

static void took(uint64_t due) {
  received++;
  if (!measuring) return;
  uint64_t us = (now() - due) / 1000;
  times[us < BUCKETS ? us : BUCKETS - 1]++; counted++;
  if (us > longest) longest = us;
}

/* Reads what is there, and takes the time of each message. */
static void receive(conn *c) {
  ssize_t r = recv(c->fd, c->kept + c->have, BUFFER - c->have, 0);
  if (r < 0 && errno == EAGAIN) return;
  if (r <= 0) fail("a live connection ended");
  c->have += r;
  size_t at = 0;
  while (c->have - at >= 2) {
    unsigned char *f = c->kept + at; size_t header = 2, count = f[1] & 0x7f;
    if (count == 126) { if (c->have - at < 4) break; header = 4; count = f[2] << 8 | f[3]; }
    else if (count == 127) { if (c->have - at < 10) break; header = 10; count = 0; for (int i = 2; i < 10; i++) count = count << 8 | f[i]; }
    if (header + count > BUFFER) { errno = 0; fail("a message that is too large"); }
    if (c->have - at < header + count) break;
    int opcode = f[0] & 15;
    if (opcode == 8) { errno = 0; fail("a live connection was closed"); }
    if (opcode == 9) { unsigned char pong[256]; size_t n = framed(pong, 10, f + header, count); if (send(c->fd, pong, n, MSG_NOSIGNAL) < 0) fail("pong"); }
    if (!chat && opcode == 2) { uint64_t due; memcpy(&due, f + header, 8); took(due); }
    if (chat && opcode == 1) {
      unsigned char *mark = memmem(f + header, count, "due:", 4);
      if (mark && memmem(f + header, count, "\"message\"", 9) && !memmem(f + header, count, "\"history\"", 9)) took(strtoull((char *)mark + 4, NULL, 10));
    }
    at += header + count;
  }
  memmove(c->kept, c->kept + at, c->have -= at);
}

/* A stalled one sends what is taken. The end of one is counted. */
static void flood(int poll, conn *c, struct epoll_event *event) {
  int over = event->events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP);
  for (int turn = 0; !over && turn < 4; turn++) {
    ssize_t w = send(c->fd, stalled_batch + c->offset, batch - c->offset, MSG_NOSIGNAL);
    if (w < 0) { over = errno != EAGAIN; break; }
    c->offset = (c->offset + w) % batch; stalled_sent += w; last_taken = now();
    if (turn == 3) { struct epoll_event e = {.events = EPOLLOUT | EPOLLET | EPOLLRDHUP, .data.u32 = event->data.u32}; epoll_ctl(poll, EPOLL_CTL_MOD, c->fd, &e); }
  }
  if (!over) return;
  if (!cut++) first_cut = now();
  epoll_ctl(poll, EPOLL_CTL_DEL, c->fd, NULL); close(c->fd);
}

static uint64_t quantile(double share) {
  uint64_t sum = 0, wanted = counted * share;
  for (int i = 0; i < BUCKETS; i++) if ((sum += times[i]) > wanted) return i;
  return longest;
}

int main(int argc, char **argv) {
  if (argc < 8) { fprintf(stderr, "usage: paced PORT PATH LIVE STALLED RATE SECONDS PAYLOAD [echo|chat]\n"); return 2; }
  int port = atoi(argv[1]), live = atoi(argv[3]), stalled = atoi(argv[4]); const char *path = argv[2];
  double rate = atof(argv[5]), seconds = atof(argv[6]); size_t payload = atol(argv[7]);
  chat = argc > 8 && !strcmp(argv[8], "chat");
  if (payload < 32 || payload > 4000) { fprintf(stderr, "paced: a payload has 32 to 4000 bytes\n"); return 2; }
  struct rlimit limit; getrlimit(RLIMIT_NOFILE, &limit); limit.rlim_cur = limit.rlim_max; setrlimit(RLIMIT_NOFILE, &limit);
  conn *all = calloc(live + stalled, sizeof *all); int poll = epoll_create1(0);
  unsigned char body[8192], out[8300]; memset(body, 'x', sizeof body);
  while (batch + payload + 14 < sizeof stalled_batch) batch += framed(stalled_batch + batch, 2, body, payload);
  for (int i = 0; i < live + stalled; i++) {
    conn *c = &all[i];
    c->fd = opened(port, path, i, i >= live);
    if (chat) {
      int n = snprintf((char *)body, sizeof body, "{\"type\":\"hello\",\"name\":\"n%d\"}", i);
      size_t m = framed(out, 1, body, n);
      if (write(c->fd, out, m) != (ssize_t)m) fail("hello");
    }
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    if (i < live) c->kept = malloc(BUFFER);
    struct epoll_event e = {.events = i < live ? EPOLLIN : chat ? EPOLLRDHUP : EPOLLOUT | EPOLLET | EPOLLRDHUP, .data.u32 = i};
    epoll_ctl(poll, EPOLL_CTL_ADD, c->fd, &e);
  }
  int speakers = chat ? 1 : live; uint64_t lag = 0;
  last_taken = now();
  struct epoll_event events[512];
  for (uint64_t last = last_taken; !chat && stalled && now() < last_taken + 1000000000ull && now() < last + 30000000000ull;) {
    int n = epoll_wait(poll, events, 512, 50);
    for (int k = 0; k < n; k++) if (events[k].data.u32 >= (uint32_t)live) flood(poll, &all[events[k].data.u32], &events[k]);
  }
  uint64_t flooded = stalled_sent;
  printf("ready\n"); fflush(stdout);
  char line[16]; if (!fgets(line, sizeof line, stdin)) return 2;

  double gap = 1e9 / (rate * speakers);
  uint64_t start = now(), from = start + 500000000ull, end = from + seconds * 1e9, number = 0, t, from_cpu = 0;
  struct rusage used;
  while ((t = now()) < end) {
    if (!measuring && t >= from) { measuring = 1; sent = 0; getrusage(RUSAGE_SELF, &used); from_cpu = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000ull + used.ru_utime.tv_usec + used.ru_stime.tv_usec; }
    /* A few at a time, so that answers are read while it is behind. */
    for (int burst = 0; burst < 64; burst++) {
      uint64_t due = start + number * gap;
      if (due > t) break;
      if (measuring && t - due > lag) lag = t - due;
      size_t n;
      if (chat) {
        int length = snprintf((char *)body, sizeof body, "{\"type\":\"message\",\"text\":\"due:%llu ", (unsigned long long)due);
        memset(body + length, 'x', payload); memcpy(body + length + payload, "\"}", 2);
        n = framed(out, 1, body, length + payload + 2);
      } else { memcpy(body, &due, 8); n = framed(out, 2, body, payload); }
      ssize_t w = send(all[number % speakers].fd, out, n, MSG_NOSIGNAL);
      if (w != (ssize_t)n) fail("a live connection does not take a message");
      sent++; number++;
    }
    uint64_t due = start + number * gap; t = now();
    struct timespec rest = {0, due > t ? due - t < 1000000 ? due - t : 1000000 : 0};
    int n = epoll_pwait2(poll, events, 512, &rest, NULL);
    for (int k = 0; k < n; k++) {
      conn *c = &all[events[k].data.u32];
      if (events[k].data.u32 < (uint32_t)live) { receive(c); continue; }
      flood(poll, c, &events[k]);
    }
  }
  double took_seconds = (t - from) / 1e9; getrusage(RUSAGE_SELF, &used);
  uint64_t cpu = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000ull + used.ru_utime.tv_usec + used.ru_stime.tv_usec - from_cpu;
  printf("sent=%llu received=%llu rate=%.0f p50=%llu p99=%llu p999=%llu max=%llu lag=%llu cpu=%.1f stalled_sent=%llu flooded=%llu stalled_idle=%llu cut=%d first_cut=%llu seconds=%.2f\n",
    (unsigned long long)sent, (unsigned long long)counted, counted / took_seconds, (unsigned long long)quantile(0.5), (unsigned long long)quantile(0.99),
    (unsigned long long)quantile(0.999), (unsigned long long)longest, (unsigned long long)lag / 1000, cpu / took_seconds / 1e4, (unsigned long long)stalled_sent, (unsigned long long)flooded,
    (unsigned long long)(t - last_taken) / 1000000, cut, (unsigned long long)(first_cut ? (first_cut - start) / 1000000 : 0), took_seconds);
  fflush(stdout);
  /* Held open until the caller has looked at the server. */
  if (!fgets(line, sizeof line, stdin)) return 0;
  return 0;
}
