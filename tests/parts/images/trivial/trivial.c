/* The smallest service that a container engine can start, probe, break and stop; for tests and benches.
 *
 *   trivial              answers every request on $PORT (8080) with 200 and $BODY
 *   trivial probe PORT   health check: exit 0 if 127.0.0.1:PORT answers 200, else print the answer and exit 1
 *
 *   START_DELAY_MS   wait before listening
 *   EXIT_CODE        instead of listening, say so on stderr and exit with this code
 *   UNHEALTHY_BODY   answer 503 with this body instead of 200
 *   GUARDED          answer 401 to requests for exactly these paths, separated by blanks
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* PID 1 gets no default action for signals: without a handler SIGTERM would be ignored until SIGKILL. */
static void leave(int signal) { (void)signal; _exit(0); }

static struct sockaddr_in address(unsigned long ip, int port) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(ip)};
    return a;
}

static int probe(int port) {
    struct sockaddr_in a = address(INADDR_LOOPBACK, port);
    struct timeval limit = {.tv_sec = 2};
    int s = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (connect(s, (struct sockaddr *)&a, sizeof a) < 0) { perror("connect"); return 1; }
    const char *request = "GET / HTTP/1.0\r\n\r\n";
    if (write(s, request, strlen(request)) < 0) { perror("write"); return 1; }
    char answer[4096];
    size_t have = 0;
    ssize_t n;
    while (have < sizeof answer - 1 && (n = read(s, answer + have, sizeof answer - 1 - have)) > 0) have += n;
    answer[have] = 0;
    if (have > 12 && !strncmp(answer + 9, "200", 3)) return 0;
    char *body = strstr(answer, "\r\n\r\n");
    printf("%s\n", body ? body + 4 : answer);
    return 1;
}

/* Whether the path of a request is one of those in a list. */
static int is_guarded(const char *request, const char *list) {
    const char *path = strchr(request, ' ');
    size_t length = path ? strcspn(++path, " ?\r") : 0;
    for (const char *one = list; one && *one && length; one += strcspn(one, " "), one += *one == ' ')
        if (strcspn(one, " ") == length && !strncmp(one, path, length)) return 1;
    return 0;
}

static void answer(int client, const char *status, const char *body) {
    struct timeval limit = {.tv_sec = 2};
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    char request[8192];
    size_t have = 0;
    ssize_t n;
    request[0] = 0;
    while (!strstr(request, "\r\n\r\n") && have < sizeof request - 1 && (n = read(client, request + have, sizeof request - 1 - have)) > 0)
        request[have += n] = 0;
    if (is_guarded(request, getenv("GUARDED"))) { status = "401 Unauthorized"; body = "show a key\n"; }
    dprintf(client, "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", status, strlen(body), body);
    shutdown(client, SHUT_WR);
    while (read(client, request, sizeof request) > 0) {}
    close(client);
}

int main(int argc, char **argv) {
    if (argc == 3 && !strcmp(argv[1], "probe")) return probe(atoi(argv[2]));
    signal(SIGTERM, leave);
    signal(SIGINT, leave);
    signal(SIGPIPE, SIG_IGN);
    const char *delay = getenv("START_DELAY_MS"), *code = getenv("EXIT_CODE"), *sick = getenv("UNHEALTHY_BODY");
    const char *port = getenv("PORT"), *body = getenv("BODY");
    if (delay) {
        long ms = atol(delay);
        struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
        nanosleep(&wait, NULL);
    }
    if (code) { fprintf(stderr, "trivial: told to exit with code %s\n", code); return atoi(code); }
    int s = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in a = address(INADDR_ANY, port ? atoi(port) : 8080);
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(s, (struct sockaddr *)&a, sizeof a) < 0 || listen(s, 64) < 0) { perror("listen"); return 1; }
    printf("trivial: listening on %d\n", ntohs(a.sin_port));
    fflush(stdout);
    for (;;) {
        int client = accept(s, NULL, NULL);
        if (client >= 0) answer(client, sick ? "503 Service Unavailable" : "200 OK", sick ? sick : body ? body : "ok\n");
    }
}
