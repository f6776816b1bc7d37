/* The part of uWebSockets' C interface that the peers share, as the build declares it that the Python package `socketify`
 * carries (libsocketify_linux_amd64.so, libuv event loop). */
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
extern void uws_app_listen(int ssl, app *, int port, void (*)(void *, listen_config, void *), void *);
extern void *uws_get_loop_with_native(void *);
extern void uws_app_run(int ssl, app *);
extern void *uv_default_loop(void);
extern int uv_run(void *, int);

static void listening(void *s, listen_config c, void *u) { (void)u; if (!s) { fprintf(stderr, "cannot listen on %d\n", c.port); exit(1); } }
