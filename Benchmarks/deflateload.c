/* deflateload: a neutral load generator for compressed WebSocket echo (one thread, epoll, zlib).
 * cc -O3 -march=native -o deflateload deflateload.c -lz
 * deflateload HOST PORT PATH 300|64k CONNS DEPTH SECONDS PID [OFFER]
 *   keeps DEPTH compressed, masked JSON texts outstanding on each of CONNS connections for SECONDS (after a
 *   1 s warm-up), and prints the extension line that the server answered OFFER with, and one line: msgs/s, the
 *   server's CPU time per message (every thread of PID), bytes per message on the wire (frame headers
 *   included) sent by the server and by the client, the share of echoes that came compressed, and RSS.
 *   The first connection's echoes are inflated, within the agreed window, and compared with what was sent;
 *   the others' are only counted, so that the generator stays cheap.
 * The texts are compressed before the measurement, by level 6, with takeover if the server agreed on it. They
 * repeat after a cycle that is longer than the largest window, so that neither side's compressor finds the
 * last cycle's copies, and so that frames compressed once stay valid: they only refer to the cycle's text. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

typedef struct { unsigned char *at; size_t length; } bytes;
typedef struct {
  int fd, wants_room;
  uint64_t sent, echoed; /* whole messages */
  size_t todo, offset;   /* messages to send; what of the first of them has been sent */
  unsigned char header[10]; size_t header_got, left; /* the frame being received; the rest of its payload */
  int compressed, in_message;
  unsigned char ping[125]; size_t ping_length; int pong_due;
} connection;

static const unsigned char mask[4] = {0x12, 0x9a, 0xf3, 0x5c};
static bytes *texts, *frames; /* texts: one cycle; frames: two, of which the second is repeated */
static size_t cycle;
static struct { int server_keeps, client_keeps, server_bits, client_bits; char line[512]; } agreed;
static uint64_t messages, received, sent, came_compressed;
static int epoll;

static void fail(const char *format, ...) {
  va_list list; va_start(list, format);
  fputs("deflateload: ", stderr); vfprintf(stderr, format, list); fputc('\n', stderr); exit(1);
}
static uint64_t now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000000000ull + t.tv_nsec; }
static uint64_t cpu_ns(int pid) {
  char path[320]; snprintf(path, sizeof path, "/proc/%d/task", pid);
  DIR *tasks = opendir(path); if (!tasks) return 0;
  uint64_t sum = 0;
  for (struct dirent *e; (e = readdir(tasks));) {
    snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", pid, e->d_name);
    FILE *f = e->d_name[0] == '.' ? NULL : fopen(path, "r"); if (!f) continue;
    unsigned long long ran; if (fscanf(f, "%llu", &ran) == 1) sum += ran;
    fclose(f);
  }
  closedir(tasks); return sum;
}
static long rss_kb(int pid) {
  char line[256]; snprintf(line, sizeof line, "/proc/%d/status", pid);
  FILE *f = fopen(line, "r"); if (!f) return 0;
  long kb = 0; while (fgets(line, sizeof line, f)) if (sscanf(line, "VmRSS: %ld", &kb) == 1) break;
  fclose(f); return kb;
}

/* The texts. The same in every run of one build: random numbers of a fixed seed. */
static uint32_t seed = 7692;
static uint32_t below(uint32_t n) { seed ^= seed << 13; seed ^= seed >> 17; seed ^= seed << 5; return seed % n; }
#define PICK(list) list[below(sizeof list / sizeof *list)]
static const char *const names[] = {"amelie", "bruno", "chiara", "david", "elif", "farid", "greta", "hugo", "ines", "jakub", "katrin", "liam", "mira", "noah", "olga", "pavel"};
static const char *const cities[] = {"Berlin", "Lisbon", "Oslo", "Kraków", "Genève", "Dublin", "Vienna", "Turku"};
static const char *const states[] = {"active", "invited", "suspended", "archived"};
static const char *const tags[] = {"billing", "beta", "newsletter", "mobile", "partner", "trial", "support", "api"};
static const char *const words[] = {"the", "a", "is", "at", "we", "you", "it", "and", "to", "of", "in", "for", "not", "train", "meeting", "later", "today", "tomorrow", "please", "delayed", "minutes", "stop", "road", "closed", "works", "again", "thanks", "order", "question", "version", "deploy", "review", "window", "message", "server", "ready", "where", "arrives", "about", "between", "station", "nobody", "coffee", "probably"};
/* Ends the text (of n bytes so far) with words and `end`, so that it has exactly `size` bytes. */
static void fill(char *text, size_t n, size_t size, const char *end) {
  size_t stop = size - strlen(end);
  if (n > stop) fail("a text is too long");
  while (n < stop) {
    for (const char *w = PICK(words); *w && n < stop; w++) text[n++] = *w;
    if (n < stop) text[n++] = ' ';
  }
  memcpy(text + n, end, strlen(end));
}
static void small(char *t, size_t size, uint32_t i) {
  size_t n;
  if (i % 2) n = sprintf(t, "{\"type\":\"chat\",\"id\":\"%08x\",\"room\":\"room-%u\",\"from\":{\"id\":%u,\"name\":\"%s\"},\"at\":\"2025-03-14T09:%02u:%02u.%03uZ\",\"replyTo\":null,\"text\":\"",
    below(~0u), below(12), 1000 + below(900), PICK(names), i / 60 % 60, i % 60, below(1000));
  else n = sprintf(t, "{\"type\":\"location\",\"id\":\"%08x\",\"vehicle\":\"bus-%u\",\"line\":\"M%u\",\"at\":\"2025-03-14T09:%02u:%02u.%03uZ\",\"position\":{\"lat\":52.%06u,\"lon\":13.%06u},\"speed\":%u.%u,\"heading\":%u,\"note\":\"",
    below(~0u), 4700 + below(64), 10 + below(40), i / 60 % 60, i % 60, below(1000), below(1000000), below(1000000), below(60), below(10), below(360));
  fill(t, n, size, "\"}");
}
static void large(char *t, size_t size, uint32_t i) {
  size_t n = sprintf(t, "{\"page\":%u,\"records\":[", i);
  while (n + 900 < size)
    n += sprintf(t + n, "{\"id\":%u,\"name\":\"%s\",\"email\":\"%s.%u@example.com\",\"state\":\"%s\",\"score\":%u.%02u,\"tags\":[\"%s\",\"%s\"],\"address\":{\"city\":\"%s\",\"zip\":\"%05u\"},\"created\":\"2024-%02u-%02uT%02u:%02u:%02uZ\",\"token\":\"%08x%08x\"},",
      100000 + below(900000), PICK(names), PICK(names), below(10000), PICK(states), below(100), below(100), PICK(tags), PICK(tags), PICK(cities), below(100000), 1 + below(12), 1 + below(28), below(24), below(60), below(60), below(~0u), below(~0u));
  n += sprintf(t + n, "{\"id\":0,\"note\":\"");
  fill(t, n, size, "\"}]}");
}
static void make_texts(int big) {
  size_t size = big ? 65536 : 300;
  cycle = big ? 4 : 256;
  texts = calloc(cycle, sizeof *texts);
  for (size_t i = 0; i < cycle; i++) { texts[i] = (bytes){malloc(size + 1), size}; (big ? large : small)((char *)texts[i].at, size, i); }
}
static void make_frames(void) {
  if (agreed.client_bits < 9) fail("zlib cannot compress within a window of %d bits", agreed.client_bits);
  z_stream z = {0};
  if (deflateInit2(&z, 6, Z_DEFLATED, -agreed.client_bits, 8, Z_DEFAULT_STRATEGY) != Z_OK) fail("deflateInit2");
  frames = calloc(2 * cycle, sizeof *frames);
  for (size_t i = 0; i < 2 * cycle; i++) {
    bytes text = texts[i % cycle]; size_t room = deflateBound(&z, text.length) + 64;
    unsigned char *f = malloc(14 + room), *out = malloc(room);
    z.next_in = text.at; z.avail_in = text.length; z.next_out = out; z.avail_out = room;
    if (deflate(&z, Z_SYNC_FLUSH) != Z_OK || z.avail_in || !z.avail_out) fail("deflate");
    size_t n = room - z.avail_out - 4, h = 0; /* RFC 7692, 7.2.1: without the last 00 00 ff ff */
    f[h++] = 0xc1; /* FIN, RSV1, text */
    if (n < 126) f[h++] = 0x80 | n;
    else if (n < 65536) { f[h++] = 0xfe; f[h++] = n >> 8; f[h++] = n; }
    else { f[h++] = 0xff; for (int b = 56; b >= 0; b -= 8) f[h++] = (uint64_t)n >> b; }
    memcpy(f + h, mask, 4); h += 4;
    for (size_t k = 0; k < n; k++) f[h + k] = out[k] ^ mask[k & 3];
    frames[i] = (bytes){f, h + n};
    if (!agreed.client_keeps) deflateReset(&z);
    free(out);
  }
  deflateEnd(&z);
}
static bytes frame(uint64_t i) { return frames[i < cycle ? i : cycle + i % cycle]; }

/* The handshake. */
static void read_answer(const char *head, int first) {
  char line[sizeof agreed.line] = "";
  for (const char *l = head; (l = strstr(l, "\r\n")); ) {
    l += 2;
    if (strncasecmp(l, "Sec-WebSocket-Extensions:", 25)) continue;
    l += 25 + strspn(l + 25, " \t");
    snprintf(line, sizeof line, "%.*s", (int)strcspn(l, "\r"), l);
  }
  if (!strstr(line, "permessage-deflate")) fail("the server did not accept permessage-deflate: '%s'", line);
  if (!first) { if (strcmp(line, agreed.line)) fail("another answer than before: '%s'", line); return; }
  strcpy(agreed.line, line);
  agreed.server_keeps = !strstr(line, "server_no_context_takeover"); agreed.client_keeps = !strstr(line, "client_no_context_takeover");
  char *p; agreed.server_bits = agreed.client_bits = 15;
  if ((p = strstr(line, "server_max_window_bits="))) agreed.server_bits = atoi(p + 23 + (p[23] == '"'));
  if ((p = strstr(line, "client_max_window_bits="))) agreed.client_bits = atoi(p + 23 + (p[23] == '"'));
}
static int opened(const char *host, int port, const char *path, const char *offer, int first) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)}; inet_pton(AF_INET, host, &a.sin_addr);
  int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1; char head[4096]; size_t n = 0;
  if (connect(fd, (void *)&a, sizeof a)) fail("connect: %s", strerror(errno));
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  int length = snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: %s\r\n\r\n", path, host, port, offer);
  if (write(fd, head, length) != length) fail("write: %s", strerror(errno));
  /* Read at once, so that a server's accept queue never overflows, and by bytes, to leave the frames. */
  do if (n + 1 == sizeof head || read(fd, head + n, 1) != 1) fail("no answer to the handshake"); while (++n < 4 || memcmp(head + n - 4, "\r\n\r\n", 4));
  head[n] = 0;
  if (strncmp(head + 9, "101", 3)) fail("no 101: %s", head);
  read_answer(head, first);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

/* Sending. */
static void watch(connection *c, uint32_t index, int room) {
  struct epoll_event e = {.events = EPOLLIN | (room ? EPOLLOUT : 0), .data.u32 = index};
  epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &e); c->wants_room = room;
}
static void pump(connection *c, uint32_t index) {
  if (c->pong_due && !c->offset) { /* only between two frames */
    unsigned char f[131] = {0x8a, 0x80 | c->ping_length}; memcpy(f + 2, mask, 4);
    for (size_t k = 0; k < c->ping_length; k++) f[6 + k] = c->ping[k] ^ mask[k & 3];
    if (send(c->fd, f, 6 + c->ping_length, MSG_NOSIGNAL) == (ssize_t)(6 + c->ping_length)) c->pong_due = 0;
  }
  while (c->todo) {
    struct iovec v[64]; size_t n = c->todo < 64 ? c->todo : 64;
    for (size_t k = 0; k < n; k++) { bytes f = frame(c->sent + k); v[k] = (struct iovec){f.at, f.length}; }
    v[0].iov_base = (char *)v[0].iov_base + c->offset; v[0].iov_len -= c->offset;
    ssize_t w = sendmsg(c->fd, &(struct msghdr){.msg_iov = v, .msg_iovlen = n}, MSG_NOSIGNAL);
    if (w < 0 && errno == EAGAIN) { if (!c->wants_room) watch(c, index, 1); return; }
    if (w < 0) fail("send: %s", strerror(errno));
    sent += w;
    for (c->offset += w; c->todo && c->offset >= frame(c->sent).length; c->sent++, c->todo--) c->offset -= frame(c->sent).length;
  }
  if (c->wants_room) watch(c, index, 0);
}

/* Receiving. Only the first connection's payloads are kept, in `echo`. */
static unsigned char *echo; static size_t echo_length, echo_room; static z_stream inflater; static uint64_t checked;
static void check(const connection *c) {
  static unsigned char text[65536 + 1]; bytes want = texts[c->echoed % cycle];
  size_t n = echo_length; const unsigned char *got = echo;
  if (c->compressed) {
    memcpy(echo + echo_length, "\0\0\377\377", 4);
    inflater.next_in = echo; inflater.avail_in = echo_length + 4; inflater.next_out = text; inflater.avail_out = sizeof text;
    int result = inflate(&inflater, Z_SYNC_FLUSH);
    if (result == Z_STREAM_END) fail("echo %llu has a final block, which this check does not follow", (unsigned long long)c->echoed);
    if (result != Z_OK || inflater.avail_in) fail("echo %llu does not inflate (%d, %s)", (unsigned long long)c->echoed, result, inflater.msg ? inflater.msg : "too long");
    got = text; n = sizeof text - inflater.avail_out;
    if (!agreed.server_keeps) inflateReset(&inflater);
  }
  if (n != want.length || memcmp(got, want.at, n)) fail("echo %llu is another text (%zu bytes)", (unsigned long long)c->echoed, n);
  checked++;
}
static size_t header_length(const unsigned char *h) { return (h[1] & 127) == 127 ? 10 : (h[1] & 127) == 126 ? 4 : 2; }
/* Takes a batch of received bytes; returns how many messages it completed. */
static size_t take(connection *c, const unsigned char *p, size_t n, int first) {
  size_t done = 0;
  while (n) {
    if (c->header_got < 2 || c->header_got < header_length(c->header)) {
      c->header[c->header_got++] = *p++; n--;
      if (c->header_got < 2 || c->header_got < header_length(c->header)) continue;
      const unsigned char *h = c->header; int opcode = h[0] & 15;
      if (h[1] & 0x80) fail("a masked frame");
      c->left = h[1] & 127;
      if (c->left >= 126) { c->left = 0; for (size_t k = 2; k < header_length(h); k++) c->left = c->left << 8 | h[k]; }
      if (opcode == 8) fail("the server closes");
      if (opcode == 9) c->ping_length = 0;
      else if (opcode != 10) {
        if (opcode != (c->in_message ? 0 : 1)) fail("opcode %d where the echo should %s", opcode, c->in_message ? "go on" : "begin");
        if (!c->in_message) { c->in_message = 1; c->compressed = h[0] >> 6 & 1; if (first) echo_length = 0; }
      }
    }
    size_t k = n < c->left ? n : c->left; int opcode = c->header[0] & 15;
    if (opcode == 9) { if (c->ping_length + k > sizeof c->ping) fail("a long ping"); memcpy(c->ping + c->ping_length, p, k); c->ping_length += k; }
    else if (opcode < 2 && first) {
      if (echo_length + k + 4 > echo_room && !(echo = realloc(echo, echo_room = 2 * (echo_length + k + 4)))) fail("no memory");
      memcpy(echo + echo_length, p, k); echo_length += k;
    }
    p += k; n -= k; c->left -= k;
    if (c->left) continue;
    c->header_got = 0;
    if (opcode == 9) c->pong_due = 1;
    if (opcode > 1 || !(c->header[0] & 0x80)) continue;
    if (first) check(c);
    c->in_message = 0; c->echoed++; came_compressed += c->compressed; done++;
  }
  return done;
}

int main(int argc, char **argv) {
  if (argc < 9) { fprintf(stderr, "usage: deflateload HOST PORT PATH 300|64k CONNS DEPTH SECONDS PID [OFFER]\n"); return 2; }
  struct rlimit rl; getrlimit(RLIMIT_NOFILE, &rl); rl.rlim_cur = rl.rlim_max; setrlimit(RLIMIT_NOFILE, &rl);
  uint32_t conns = atoi(argv[5]), depth = atoi(argv[6]); double seconds = atof(argv[7]); int pid = atoi(argv[8]);
  const char *offer = argc > 9 ? argv[9] : "permessage-deflate; client_max_window_bits"; /* what browsers offer */
  connection *all = calloc(conns, sizeof *all); epoll = epoll_create1(0);
  static unsigned char buffer[1 << 18];
  make_texts(!strcmp(argv[4], "64k"));
  for (uint32_t i = 0; i < conns; i++) {
    all[i].fd = opened(argv[1], atoi(argv[2]), argv[3], offer, i == 0);
    struct epoll_event e = {.events = EPOLLIN, .data.u32 = i}; epoll_ctl(epoll, EPOLL_CTL_ADD, all[i].fd, &e);
  }
  printf("accepted: %s\n", agreed.line);
  if (inflateInit2(&inflater, -agreed.server_bits) != Z_OK) fail("inflateInit2");
  make_frames();
  for (uint32_t i = 0; i < conns; i++) { all[i].todo = depth; pump(&all[i], i); }
  uint64_t start = now() + 1000000000ull, end = start + (uint64_t)(seconds * 1e9), t, cpu = 0; int measuring = 0;
  struct epoll_event ready[256];
  while ((t = now()) < end) {
    if (!measuring && t >= start) { measuring = 1; start = t; messages = received = sent = came_compressed = 0; cpu = cpu_ns(pid); }
    int n = epoll_wait(epoll, ready, 256, 100);
    for (int k = 0; k < n; k++) {
      uint32_t i = ready[k].data.u32; connection *c = &all[i];
      if (ready[k].events & EPOLLOUT) pump(c, i);
      ssize_t r = recv(c->fd, buffer, sizeof buffer, 0);
      if (r < 0 && errno == EAGAIN) continue;
      if (r <= 0) fail("closed by the server (%s)", r ? strerror(errno) : "end of stream");
      received += r;
      size_t done = take(c, buffer, r, i == 0);
      messages += done; c->todo += done;
      if ((done || c->pong_due) && !c->wants_room) pump(c, i);
    }
  }
  cpu = cpu_ns(pid) - cpu;
  if (!messages || !checked) fail("no echoes (%llu, of which checked %llu)", (unsigned long long)messages, (unsigned long long)checked);
  double m = messages, elapsed = (t - start) / 1e9;
  printf("text=%s conns=%u depth=%u msgs/s=%.0f cpu_ns/msg=%.0f cpu%%=%.0f server_bytes/msg=%.1f client_bytes/msg=%.1f compressed%%=%.0f rss_kb=%ld checked=%llu\n",
    argv[4], conns, depth, m / elapsed, cpu / m, cpu / elapsed / 1e7, received / m, sent / m, 100 * came_compressed / m, rss_kb(pid), (unsigned long long)checked);
  return 0;
}
