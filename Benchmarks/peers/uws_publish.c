/* uws_publish PORT: every connection subscribes to one topic, and what any of them sends is published to all, its sender
 * included. On uWebSockets, through the C interface of the build that the Python package `socketify` carries
 * (libsocketify_linux_amd64.so, libuv event loop). Nothing is compressed, and nothing dropped: what waits for a reader may grow.
 * It is the peer to be measured against; uws.sh builds it. Declarations follow that interface. */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

struct options { const char *key, *cert, *pass, *dh, *ca, *ciphers; int low_memory; };
typedef void app; typedef void ws; typedef void on_ws(ws *, void *);
typedef void on_message(ws *, const char *, size_t, int, void *);
typedef struct {
  int compression; unsigned max_payload; unsigned short idle_timeout; unsigned max_backpressure;
  bool close_on_limit, reset_idle_on_send, send_pings; unsigned short max_lifetime;
  void *upgrade; on_ws *open; on_message *message; on_ws *drain; void *ping, *pong, *close, *subscription;
} behavior;
typedef struct { int port; const char *host; int opts; } listen_config;
extern app *uws_create_app(int ssl, struct options);
extern void uws_ws(int ssl, app *, const char *pattern, behavior, void *);
extern bool uws_ws_subscribe(int ssl, ws *, const char *topic, size_t);
extern bool uws_publish(int ssl, app *, const char *topic, size_t, const char *, size_t, int opcode, bool compress);
extern void uws_app_listen(int ssl, app *, int port, void (*)(void *, listen_config, void *), void *);
extern void *uws_get_loop_with_native(void *);
extern void uws_app_run(int ssl, app *);
extern void *uv_default_loop(void);
extern int uv_run(void *, int);

static const char topic[] = "bench";
static app *a;

static void opened(ws *w, void *u) {
  (void)u;
  if (!uws_ws_subscribe(0, w, topic, sizeof topic - 1)) { fprintf(stderr, "uws_publish: cannot subscribe\n"); exit(1); }
}
static void publish(ws *w, const char *m, size_t n, int opcode, void *u) { (void)w; (void)u; uws_publish(0, a, topic, sizeof topic - 1, m, n, opcode, false); }
static void listening(void *s, listen_config c, void *u) { (void)u; if (!s) { fprintf(stderr, "cannot listen on %d\n", c.port); exit(1); } }

int main(int argc, char **argv) {
  void *loop = uv_default_loop();
  uws_get_loop_with_native(loop);
  a = uws_create_app(0, (struct options){0});
  uws_ws(0, a, "/*", (behavior){.max_payload = 1 << 20, .idle_timeout = 0, .max_backpressure = 256 << 20, .open = opened, .message = publish}, NULL);
  uws_app_listen(0, a, argc > 1 ? atoi(argv[1]) : 9100, listening, NULL);
  uws_app_run(0, a);
  uv_run(loop, 0);
}
