/* uws_publish PORT: every connection subscribes to one topic, and what any of them sends is published to all, its sender
 * included. On uWebSockets (uws.h). Nothing is compressed, and nothing dropped: what waits for a reader may grow.
 * It is the peer to be measured against; uws.sh builds it. */
#include "uws.h"

extern bool uws_ws_subscribe(int ssl, ws *, const char *topic, size_t);
extern bool uws_publish(int ssl, app *, const char *topic, size_t, const char *, size_t, int opcode, bool compress);

static const char topic[] = "bench";
static app *a;

static void opened(ws *w, void *u) {
  (void)u;
  if (!uws_ws_subscribe(0, w, topic, sizeof topic - 1)) { fprintf(stderr, "uws_publish: cannot subscribe\n"); exit(1); }
}
static void publish(ws *w, const char *m, size_t n, int opcode, void *u) { (void)w; (void)u; uws_publish(0, a, topic, sizeof topic - 1, m, n, opcode, false); }

int main(int argc, char **argv) {
  void *loop = uv_default_loop();
  uws_get_loop_with_native(loop);
  a = uws_create_app(0, (struct options){0});
  uws_ws(0, a, "/*", (behavior){.max_payload = 1 << 20, .idle_timeout = 0, .max_backpressure = 256 << 20, .open = opened, .message = publish}, NULL);
  uws_app_listen(0, a, argc > 1 ? atoi(argv[1]) : 9100, listening, NULL);
  uws_app_run(0, a);
  uv_run(loop, 0);
}
