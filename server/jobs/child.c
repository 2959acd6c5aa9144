/* fork and exec, not posix_spawn: the child must ask for PR_SET_PDEATHSIG between the two. Only
 * async-signal-safe calls stand there, as a program with threads demands. */
#include "server/jobs/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aisle/memory.h"
#include "aisle/progress.h"
#include "aisle/str.h"

enum { LINE_BYTES = 64 * 1024, POLL_MS = 100, EXEC_FAILED = 127, GRACE_MS = 5000, SHORT_GRACE_MS = 2000 };

typedef struct running {
    const aisle_child_params *p;
    aisle_child_end *end;
    pid_t pid;
    int out, err; /* read ends */
    char *line;   /* LINE_BYTES */
    size_t n_line, n_message;
    bool too_long;
    int64_t told_ns; /* when SIGTERM was sent; 0 = not yet */
} running;

/* Hints: what the kernel refuses is done without. */
static void step_back(aisle_child_priority p)
{
    enum { WHO_PROCESS = 1, CLASS_IDLE = 3 << 13, NICEST = 19 }; /* of ioprio_set(2), which has no header */
    struct sched_param none = {0};
    if (p == AISLE_PRIORITY_NORMAL) return;
    (void)sched_setscheduler(0, p == AISLE_PRIORITY_IDLE ? SCHED_IDLE : SCHED_BATCH, &none);
    (void)setpriority(PRIO_PROCESS, 0, NICEST);
    (void)syscall(SYS_ioprio_set, WHO_PROCESS, 0, CLASS_IDLE);
}

static void become(const aisle_child_params *p, pid_t parent, int null, int out, int err)
{
    sigset_t none;
    sigemptyset(&none);
    signal(SIGINT, SIG_DFL); /* before they are let in: the parent's handler is of no use here */
    signal(SIGTERM, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (score >= 0) { /* when memory runs out, the job is to go and not the shop */
        if (write(score, "1000", 4) < 0) errno = 0;
        close(score);
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(EXEC_FAILED); /* the parent died before prctl */
    step_back(p->limits.priority);
    if (dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) _exit(EXEC_FAILED);
    execv(p->program ? p->program : "/proc/self/exe", (char *const *)p->argv);
    static const char message[] = "the program could not be started\n";
    if (write(2, message, sizeof message - 1) < 0) _exit(EXEC_FAILED);
    _exit(EXEC_FAILED);
}

static aisle_status start(running *r, aisle_error *err)
{
    int out[2] = {-1, -1}, errs[2] = {-1, -1};
    aisle_status st = AISLE_OK;
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0 || pipe2(out, O_CLOEXEC) || pipe2(errs, O_CLOEXEC)) {
        st = aisle_fail_errno(err, "pipes of a child process", r->p->argv[0]);
        goto done;
    }
    pid_t parent = getpid();
    r->pid = fork();
    if (r->pid == 0) become(r->p, parent, null, out[1], errs[1]);
    if (r->pid < 0) {
        st = aisle_fail_errno(err, "start a child process", r->p->argv[0]);
        goto done;
    }
    r->out = out[0];
    r->err = errs[0];
    out[0] = errs[0] = -1;
done:
    if (null >= 0) close(null);
    for (int i = 0; i < 2; i++) {
        if (out[i] >= 0) close(out[i]);
        if (errs[i] >= 0) close(errs[i]);
    }
    return st;
}

static void take_output(running *r, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] == '\n') {
            r->line[r->n_line] = '\0';
            if (!r->too_long && r->n_line) r->p->line(r->p->ctx, r->line, r->n_line);
            r->n_line = 0;
            r->too_long = false;
        } else if (r->n_line + 1 < LINE_BYTES)
            r->line[r->n_line++] = bytes[i];
        else
            r->too_long = true;
    }
}

/* Keeps the newest bytes that fit. */
static void take_errors(running *r, const char *bytes, size_t n)
{
    char *to = r->end->message;
    const size_t room = sizeof r->end->message - 1;
    if (n > room) {
        bytes += n - room;
        n = room;
    }
    size_t keep = r->n_message + n > room ? room - n : r->n_message;
    memmove(to, to + r->n_message - keep, keep);
    memcpy(to + keep, bytes, n);
    r->n_message = keep + n;
    to[r->n_message] = '\0';
}

/* False at the end of the stream. */
static bool drain(running *r, int fd, void (*take)(running *r, const char *bytes, size_t n))
{
    char bytes[8192];
    ssize_t n = read(fd, bytes, sizeof bytes);
    if (n > 0) take(r, bytes, (size_t)n);
    return n > 0 || (n < 0 && errno == EINTR);
}

static bool raised(const int *flag)
{
    return __atomic_load_n(flag, __ATOMIC_RELAXED) != 0;
}

static void obey_stop(running *r)
{
    int64_t now = aisle_time_monotonic_ns();
    if (!raised(r->p->stop)) return;
    if (r->told_ns == 0) {
        r->told_ns = now;
        r->end->stopped = true;
        kill(r->pid, SIGTERM);
    } else if ((now - r->told_ns) / 1000000 > (raised(r->p->hurry) ? SHORT_GRACE_MS : GRACE_MS))
        kill(r->pid, SIGKILL);
}

static void obey_memory(running *r)
{
    char path[64];
    long long resident = 0, of_files = 0;
    if (!r->p->limits.memory_bytes || r->end->too_large) return;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)r->pid);
    FILE *f = fopen(path, "re");
    if (!f) return;
    bool read = fscanf(f, "%*d %lld %lld", &resident, &of_files) == 2;
    fclose(f);
    r->end->too_large = read && (resident - of_files) * sysconf(_SC_PAGESIZE) > r->p->limits.memory_bytes;
    if (r->end->too_large) kill(r->pid, SIGKILL);
}

/* A grandchild may hold the pipes open after the child has ended: the child's end counts, not theirs. */
static void follow(running *r, int *status)
{
    struct pollfd fds[2] = {{.fd = r->out, .events = POLLIN}, {.fd = r->err, .events = POLLIN}};
    bool ended = false;
    for (;;) {
        int n = poll(fds, 2, ended ? 0 : POLL_MS);
        if (n > 0 && fds[0].revents && !drain(r, r->out, take_output)) fds[0].fd = -1;
        if (n > 0 && fds[1].revents && !drain(r, r->err, take_errors)) fds[1].fd = -1;
        if (ended && n <= 0) break;
        if (!ended) {
            obey_stop(r);
            obey_memory(r);
            ended = waitpid(r->pid, status, WNOHANG) == r->pid;
        } else if (fds[0].fd < 0 && fds[1].fd < 0)
            break;
    }
}

aisle_status aisle_child_run(const aisle_child_params *p, aisle_child_end *end, aisle_error *err)
{
    running r = {.p = p, .end = end, .out = -1, .err = -1};
    int status = 0;
    *end = (aisle_child_end){.exit_code = -1};
    r.line = aisle_alloc(LINE_BYTES);
    if (!r.line) return aisle_fail(err, AISLE_ENOMEM, "out of memory for a child process");
    aisle_status st = start(&r, err);
    if (st == AISLE_OK) {
        follow(&r, &status);
        take_output(&r, "\n", 1);
        if (WIFEXITED(status)) end->exit_code = WEXITSTATUS(status);
        if (WIFSIGNALED(status)) end->signal_number = WTERMSIG(status);
    }
    if (r.out >= 0) close(r.out);
    if (r.err >= 0) close(r.err);
    aisle_free(r.line);
    return st;
}
