/* A J2534 (API 04.04) library for tests: frames go to a Unix socket, ISO 15765-2 is spoken here. One device, and
   what a vendor may have done differently is chosen by -D: U32, NO_IOCTL, NO_VBATT, BUSY, UNPLUGGED, NO_WRITE,
   SLOW, NO_ISO15765, ONE_CHANNEL, NO_PERIODIC, BY_NAME, QUIET (no first frame and TxDone indications), HANG, CRASH,
   CRASH_IN_WRITE, V0202 (the older API), MIXED (numbers of one ABI, structures of another), MUTE_OPEN (opens and
   tells no number), MANY_IOCTLS (also CLEAR_PERIODIC_MSGS, CLEAR_MSG_FILTERS and a
   serial number), TELLS_CLOSE (a last frame 7FF when it is closed),
   PACED (a frame takes its time at 500 kbit/s; 16 wait in the device).
   On the socket: 16 bytes a frame: identifier big-endian (bit 31: 29 bit), length, 3 times 0 (PACED: when the frame
   ends, CLOCK_MONOTONIC in us, 24 bits big-endian), 8 bytes of data. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef PACED
#include <sys/prctl.h>
#endif
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#ifdef U32
typedef uint32_t ul;
typedef int32_t sl;
#else
typedef unsigned long ul;
typedef long sl;
#endif

#ifdef MIXED
typedef uint32_t ml;
#else
typedef ul ml;
#endif

typedef struct { ml protocol, rx, tx, stamp, size, extra; unsigned char data[4128]; } Msg;
typedef struct { ml parameter, value; } Config;
typedef struct { ml count; Config *configs; } ConfigList;
typedef struct { int used; ul kind; unsigned char mask[5], pattern[5], flow[5]; int size; ul flags;
    unsigned char buffer[4200]; int have, want, next; } Filter;
typedef struct { int used; unsigned char data[12]; int size; ul flags; double interval, due; } Periodic;

enum { CHANNELS = 2, SLOTS = 10, QUEUE = 4096 };
typedef struct { int used; ul protocol; Filter filters[SLOTS]; Periodic periodic[SLOTS]; Msg queue[QUEUE];
    int first, count; int loopback; } Channel;

static Channel channels[CHANNELS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER, writing = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t flow = PTHREAD_COND_INITIALIZER;
static pthread_cond_t arrived[CHANNELS] = { PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER };
static pthread_t reader;
static int wire = -1, is_open, lost, got_flow, flow_block, flow_gap;
static unsigned flow_from;
static char last_error[80] = "nothing happened yet";

static double now(void) { struct timespec t; clock_gettime(CLOCK_REALTIME, &t); return t.tv_sec + t.tv_nsec / 1e9; }
static sl fail(sl code, const char *text) { snprintf(last_error, sizeof last_error, "%s", text); return code; }
static unsigned word(const unsigned char *p) {
    return (unsigned)p[0] << 24 | (unsigned)p[1] << 16 | (unsigned)p[2] << 8 | p[3];
}
static int wait_until(pthread_cond_t *news, double when) {
    struct timespec t = { (time_t)when, (long)((when - (time_t)when) * 1e9) };
    return pthread_cond_timedwait(news, &lock, &t);
}

static void put(Channel *c, ul rx, const unsigned char *data, int size) {
    if (c->count == QUEUE) return;
    Msg *m = &c->queue[(c->first + c->count++) % QUEUE];
    m->protocol = c->protocol; m->rx = rx; m->tx = 0; m->stamp = (ul)(uint32_t)(uint64_t)(now() * 1e6);
    m->size = (ul)size; m->extra = (ul)size;
    memcpy(m->data, data, (size_t)size);
    pthread_cond_broadcast(&arrived[c - channels]);
}

static void show_own(unsigned id, const unsigned char *data, int size) { /* a raw channel sees what ISO15765 sends */
    unsigned char all[12] = { id >> 24 & 0x1f, id >> 16, id >> 8, id };
    memcpy(all + 4, data, (size_t)size);
    for (int i = 0; i < CHANNELS; i++)
        if (channels[i].used && channels[i].protocol == 5)
            put(&channels[i], 1 | (id & 0x80000000u ? 0x100 : 0), all, 4 + size);
}

#ifdef PACED
enum { TX_BUFFER = 16 };
static double wire_free, ends[TX_BUFFER];
static int next_end;

static double steady(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec / 1e9; }
static void sleep_until(double when) {
    struct timespec t = { (time_t)when, (long)((when - (time_t)when) * 1e9) };
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) {}
}
static void pace(unsigned char *frame, int size) { /* bits as in tests/bench/paced_bus.py */
    double t = steady(), bits = 47 + 8 * size + (34 + 8 * size) / 32;
    wire_free = (wire_free > t ? wire_free : t) + bits / 500000.0;
    if (ends[next_end] > t) sleep_until(ends[next_end]);
    ends[next_end] = wire_free;
    next_end = (next_end + 1) % TX_BUFFER;
    unsigned us = (unsigned)(uint64_t)(wire_free * 1e6);
    frame[5] = us >> 16; frame[6] = us >> 8; frame[7] = us;
}
static void await_end(const unsigned char *frame) {
    double t = steady();
    unsigned left = ((unsigned)(frame[5] << 16 | frame[6] << 8 | frame[7]) - (unsigned)(uint64_t)(t * 1e6)) & 0xffffff;
    if (left < 0x800000) sleep_until(t + left / 1e6);
}
#endif

static int send_frame(unsigned id, const unsigned char *data, int size, int own) {
    unsigned char frame[16] = { id >> 24, id >> 16, id >> 8, id, size };
    memcpy(frame + 8, data, (size_t)size);
#ifdef SLOW
    usleep(1000);
#endif
#ifdef PACED
    pace(frame, size);
#endif
    if (own) show_own(id, data, size);
    for (int done = 0; done < 16;) {
        ssize_t n = send(wire, frame + done, (size_t)(16 - done), MSG_NOSIGNAL);
        if (n <= 0) { lost = 1; return 0; }
        done += (int)n;
    }
    return 1;
}

static unsigned id_of(const unsigned char *data, ul flags) { return word(data) | (flags & 0x100 ? 0x80000000u : 0); }

static void receive_iso(Channel *c, Filter *f, unsigned id, const unsigned char *data, int size) {
    int x = f->size - 4, kind;
    if (size <= x || (x && data[0] != f->pattern[4])) return;
    kind = data[x] >> 4;
    unsigned char *out = f->buffer;
    ul rx = (id & 0x80000000u ? 0x100 : 0) | (x ? 0x80 : 0);
    memcpy(out, f->pattern, (size_t)f->size);
    if (kind == 0 && (data[x] & 15) <= size - x - 1) {
        memcpy(out + f->size, data + x + 1, data[x] & 15);
        put(c, rx, out, f->size + (data[x] & 15));
    } else if (kind == 1 && size == 8) {
        unsigned char flow[8] = { 0 };
        f->want = (data[x] & 15) << 8 | data[x + 1]; f->have = 8 - x - 2; f->next = 1;
        memcpy(out + f->size, data + x + 2, (size_t)f->have);
#ifndef QUIET
        put(c, rx | 2, out, f->size);
#endif
        if (x) flow[0] = f->flow[4];
        flow[x] = 0x30;
        send_frame(id_of(f->flow, f->flags), flow, 8, 1);
    } else if (kind == 2 && f->want && (data[x] & 15) == f->next) {
        int n = size - x - 1;
        if (n > f->want - f->have) n = f->want - f->have;
        memcpy(out + f->size + f->have, data + x + 1, (size_t)n);
        f->have += n; f->next = (f->next + 1) & 15;
        if (f->have == f->want) { put(c, rx, out, f->size + f->want); f->want = 0; }
    } else if (kind == 3) {
        got_flow = 1 + (data[x] & 15); flow_block = data[x + 1]; flow_gap = data[x + 2]; flow_from = word(f->pattern);
        pthread_cond_broadcast(&flow);
    }
}

static void heard(unsigned id, const unsigned char *data, int size) {
    unsigned char all[12] = { id >> 24 & 0x1f, id >> 16, id >> 8, id };
    memcpy(all + 4, data, (size_t)size);
    for (int i = 0; i < CHANNELS; i++) {
        Channel *c = &channels[i];
        for (int k = 0; c->used && k < SLOTS; k++) {
            Filter *f = &c->filters[k];
            if (!f->used) continue;
            if (c->protocol == 5 && !((f->flags ^ (id >> 31 ? 0x100 : 0)) & 0x100) &&
                (word(all) & word(f->mask)) == word(f->pattern)) { put(c, id >> 31 ? 0x100 : 0, all, 4 + size); break; }
            if (c->protocol == 6 && id_of(f->pattern, f->flags) == id) receive_iso(c, f, id, data, size);
        }
    }
}

static void *read_wire(void *unused) {
    unsigned char frame[16];
#ifdef PACED
    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
#endif
    for (;;) {
        int done = 0;
        while (done < 16) {
            ssize_t n = recv(wire, frame + done, (size_t)(16 - done), 0);
            if (n <= 0) { pthread_mutex_lock(&lock); lost = 1; pthread_cond_broadcast(&flow);
                for (int i = 0; i < CHANNELS; i++) pthread_cond_broadcast(&arrived[i]);
                pthread_mutex_unlock(&lock); return unused; }
            done += (int)n;
        }
#ifdef PACED
        await_end(frame);
#endif
        pthread_mutex_lock(&lock);
        heard(word(frame), frame + 8, frame[4] > 8 ? 8 : frame[4]);
        pthread_mutex_unlock(&lock);
    }
}

static sl open_wire(char *name) {
#ifdef BUSY
    return fail(0x0e, "taken by a test");
#endif
#ifdef UNPLUGGED
    return fail(0x08, "no cable");
#endif
#ifdef BY_NAME
    if (!name || strcmp(name, "Test device")) return fail(0x07, "name?");
#endif
#ifdef HANG
    for (;;) pause();
#endif
#ifdef CRASH
    *(volatile int *)8 = 1;
#endif
    const char *path = name && name[0] == '/' ? name : getenv("PASSBAY_TEST_WIRE"); /* one may be named by its wire */
    struct sockaddr_un place = { .sun_family = AF_UNIX };
    if (is_open) return fail(0x0e, "open already");
    if (!path) return fail(0x08, "no wire");
    snprintf(place.sun_path, sizeof place.sun_path, "%s", path);
    wire = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(wire, (struct sockaddr *)&place, sizeof place)) { close(wire); return fail(0x08, strerror(errno)); }
    lost = 0; is_open = 1; memset(channels, 0, sizeof channels);
    pthread_create(&reader, NULL, read_wire, NULL);
    return 0;
}

static void close_wire(void) {
    shutdown(wire, SHUT_RDWR);
    pthread_join(reader, NULL);
    close(wire);
    is_open = 0;
}

#ifndef V0202
sl PassThruOpen(char *name, ul *device) {
    sl result = open_wire(name);
#ifndef MUTE_OPEN
    if (!result) *device = 7;
#else
    (void)device;
#endif
    return result;
}

sl PassThruClose(ul device) {
    if (device != 7 || !is_open) return fail(0x1a, "no such device");
#ifdef TELLS_CLOSE
    unsigned char goodbye[1] = { 0xcc };
    send_frame(0x7ff, goodbye, 1, 0);
#endif
    close_wire();
    return 0;
}
#endif

static Channel *channel_of(ul number) {
    return number >= 100 && number < 100 + CHANNELS && channels[number - 100].used ? &channels[number - 100] : NULL;
}

#ifdef V0202
sl PassThruConnect(ul protocol, ul flags, ul *number) {
    if (flags & ~(ul)0x100) return fail(0x06, "flags");
    if (!is_open) { sl result = open_wire(NULL); if (result) return result; }
#else
sl PassThruConnect(ul device, ul protocol, ul flags, ul rate, ul *number) {
    if (device != 7 || !is_open) return fail(0x1a, "no such device");
    if (rate != 500000) return fail(0x19, "bit rate");
    if (flags & ~(ul)0x900) return fail(0x06, "flags");
#endif
    if (protocol != 5 && protocol != 6) return fail(0x03, "protocol");
#ifdef NO_ISO15765
    if (protocol == 6) return fail(0x03, "raw CAN only");
#endif
    for (int i = 0; i < CHANNELS; i++) {
        if (!channels[i].used) {
            pthread_mutex_lock(&lock);
            memset(&channels[i], 0, sizeof channels[i]);
            channels[i].used = 1; channels[i].protocol = protocol;
            pthread_mutex_unlock(&lock);
            *number = (ul)(100 + i);
            return 0;
        }
#ifdef ONE_CHANNEL
        return fail(0x14, "pins in use");
#endif
    }
    return fail(0x14, "pins in use");
}

sl PassThruDisconnect(ul number) {
    Channel *c = channel_of(number);
    if (!c) return fail(0x02, "no such channel");
    c->used = 0;
#ifdef V0202
    for (int i = 0; i < CHANNELS; i++) if (channels[i].used) return 0;
    close_wire();
#endif
    return 0;
}

sl PassThruReadMsgs(ul number, Msg *out, ul *count, ul timeout) {
    double until = now() + timeout / 1000.0;
    ul most = *count;
    Channel *c = channel_of(number);
    if (!c) return fail(0x02, "no such channel");
    pthread_mutex_lock(&lock);
    for (int i = 0; i < SLOTS; i++) {
        Periodic *p = &c->periodic[i];
        if (p->used && now() >= p->due) {
            unsigned char frame[8] = { (unsigned char)(p->size - 4) };
            memcpy(frame + 1, p->data + 4, (size_t)(p->size - 4));
            send_frame(id_of(p->data, p->flags), frame, 8, 1);
            p->due += p->interval;
        }
    }
    while (!c->count && !lost && wait_until(&arrived[c - channels], until) != ETIMEDOUT) {}
    for (*count = 0; *count < most && c->count; (*count)++) {
        Msg *m = &c->queue[c->first];
        memcpy(&out[*count], m, sizeof *m - sizeof m->data + (size_t)m->size);
        c->first = (c->first + 1) % QUEUE; c->count--;
    }
    pthread_mutex_unlock(&lock);
    if (*count) return *count < most && timeout ? 0x09 : 0;
    if (lost) return fail(0x08, "cable pulled");
    return 0x10;
}

static Filter *filter_for(Channel *c, const Msg *m) {
    for (int i = 0; i < SLOTS; i++)
        if (c->filters[i].used && word(c->filters[i].flow) == word(m->data)) return &c->filters[i];
    return NULL;
}

static int await_flow(unsigned from) {
    double until = now() + 1.0;
    while (!lost) {
        while (!(got_flow && flow_from == from) && !lost)
            if (wait_until(&flow, until) == ETIMEDOUT) return 0;
        if (got_flow == 2) { got_flow = 0; until = now() + 1.0; continue; }
        return got_flow == 1;
    }
    return 0;
}

static sl write_iso(Channel *c, Msg *m) {
    int x = m->tx & 0x80 ? 1 : 0, size = (int)m->size - 4 - x, sent, sequence = 1, left;
    const unsigned char *pdu = m->data + 4 + x;
    unsigned id = id_of(m->data, m->tx);
    unsigned char frame[8] = { 0 };
    Filter *f = filter_for(c, m);
    if (x) frame[0] = m->data[4];
    if (size <= 7 - x) {
        frame[x] = (unsigned char)size;
        memcpy(frame + x + 1, pdu, (size_t)size);
        send_frame(id, frame, m->tx & 0x40 ? 8 : x + 1 + size, 1);
    } else {
        if (!f) return fail(0x17, "no filter");
        frame[x] = (unsigned char)(0x10 | size >> 8); frame[x + 1] = (unsigned char)size;
        memcpy(frame + x + 2, pdu, (size_t)(6 - x));
        got_flow = 0;
        send_frame(id, frame, 8, 1);
        for (sent = 6 - x, left = 0; sent < size && !lost;) {
            if (!left) {
                if (!await_flow(word(f->pattern))) return lost ? fail(0x08, "cable pulled") : fail(0x09, "no flow");
                got_flow = 0;
                left = flow_block ? flow_block : 1 << 30;
            }
            int n = size - sent < 7 - x ? size - sent : 7 - x;
            memset(frame + x, 0, (size_t)(8 - x));
            frame[x] = (unsigned char)(0x20 | (sequence++ & 15));
            memcpy(frame + x + 1, pdu + sent, (size_t)n);
            if (flow_gap && flow_gap < 128) {
                pthread_mutex_unlock(&lock); usleep((useconds_t)flow_gap * 1000); pthread_mutex_lock(&lock);
            }
            send_frame(id, frame, 8, 1);
            sent += n; left--;
        }
    }
#ifdef PACED
    sleep_until(wire_free);
#endif
#ifndef QUIET
    put(c, 8 | (m->tx & 0x100), m->data, 4 + x);
#endif
    return lost ? fail(0x08, "cable pulled") : 0;
}

#ifndef NO_WRITE
sl PassThruWriteMsgs(ul number, Msg *messages, ul *count, ul timeout) {
    Channel *c = channel_of(number);
    sl result = 0;
    (void)timeout;
#ifdef CRASH_IN_WRITE
    *(volatile int *)8 = 1;
#endif
    if (!c) return fail(0x02, "no such channel");
    pthread_mutex_lock(&writing);
    pthread_mutex_lock(&lock);
    for (ul i = 0; i < *count && !result; i++) {
        Msg *m = &messages[i];
        if (m->protocol != c->protocol) result = fail(0x15, "protocol of the message");
        else if (m->size < 4 || m->size > (c->protocol == 5 ? 12u : 4100u)) result = fail(0x0a, "size");
        else if (lost) result = fail(0x08, "cable pulled");
        else if (c->protocol == 6) result = write_iso(c, m);
        else {
            send_frame(id_of(m->data, m->tx), m->data + 4, (int)m->size - 4, 0);
            if (c->loopback) put(c, 1 | (m->tx & 0x100), m->data, (int)m->size);
        }
    }
    pthread_mutex_unlock(&lock);
    pthread_mutex_unlock(&writing);
    return result;
}
#endif

#ifndef NO_PERIODIC
sl PassThruStartPeriodicMsg(ul number, Msg *m, ul *id, ul interval) {
    Channel *c = channel_of(number);
    if (!c) return fail(0x02, "no such channel");
    if (interval < 5 || interval > 65535 || m->size > 11) return fail(0x0b, "interval");
    pthread_mutex_lock(&lock);
    for (int i = 0; i < SLOTS; i++) {
        Periodic *p = &c->periodic[i];
        if (p->used) continue;
        memcpy(p->data, m->data, (size_t)m->size);
        p->size = (int)m->size; p->flags = m->tx; p->interval = interval / 1000.0; p->due = now() + p->interval;
        p->used = 1;
        *id = (ul)(1 + i);
        pthread_mutex_unlock(&lock);
        return 0;
    }
    pthread_mutex_unlock(&lock);
    return fail(0x0c, "ten messages");
}

sl PassThruStopPeriodicMsg(ul number, ul id) {
    Channel *c = channel_of(number);
    if (!c) return fail(0x02, "no such channel");
    if (id < 1 || id > SLOTS || !c->periodic[id - 1].used) return fail(0x0d, "no such message");
    c->periodic[id - 1].used = 0;
    return 0;
}
#endif

sl PassThruStartMsgFilter(ul number, ul kind, Msg *mask, Msg *pattern, Msg *flow, ul *id) {
    Channel *c = channel_of(number);
    if (!c) return fail(0x02, "no such channel");
    if ((kind == 3) != (c->protocol == 6) || (kind == 3) != (flow != NULL)) return fail(0x0a, "kind of filter");
    if (mask->size != pattern->size || (flow && flow->size != pattern->size)) return fail(0x0a, "sizes differ");
    pthread_mutex_lock(&lock);
    for (int i = 0; i < SLOTS; i++) {
        Filter *f = &c->filters[i];
        if (f->used) continue;
        memset(f, 0, sizeof *f);
        f->kind = kind; f->size = (int)pattern->size; f->flags = pattern->tx;
        memcpy(f->mask, mask->data, (size_t)f->size);
        memcpy(f->pattern, pattern->data, (size_t)f->size);
        if (flow) memcpy(f->flow, flow->data, (size_t)f->size);
        f->used = 1;
        *id = (ul)(1 + i);
        pthread_mutex_unlock(&lock);
        return 0;
    }
    pthread_mutex_unlock(&lock);
    return fail(0x0c, "ten filters");
}

sl PassThruStopMsgFilter(ul number, ul id) {
    Channel *c = channel_of(number);
    if (!c) return fail(0x02, "no such channel");
    if (id < 1 || id > SLOTS || !c->filters[id - 1].used) return fail(0x16, "no such filter");
    c->filters[id - 1].used = 0;
    return 0;
}

#ifdef V0202
sl PassThruSetProgrammingVoltage(ul pin, ul volts) {
    (void)pin; (void)volts;
    return fail(0x01, "no programming voltage");
}

sl PassThruReadVersion(char *firmware, char *library, char *api) {
    strcpy(firmware, "0.9"); strcpy(library, "test 0.1"); strcpy(api, "02.02");
    return 0;
}
#else
sl PassThruSetProgrammingVoltage(ul device, ul pin, ul volts) {
    (void)device; (void)pin; (void)volts;
    return fail(0x01, "no programming voltage");
}

sl PassThruReadVersion(ul device, char *firmware, char *library, char *api) {
    if (device != 7 || !is_open) return fail(0x1a, "no such device");
    strcpy(firmware, "1.2.3"); strcpy(library, "test 0.1"); strcpy(api, "04.04");
    return 0;
}
#endif

sl PassThruGetLastError(char *text) { strcpy(text, last_error); return 0; }

sl PassThruIoctl(ul number, ul ioctl, void *in, void *out) {
    Channel *c = channel_of(number);
#ifdef NO_IOCTL
    (void)c; (void)ioctl; (void)in; (void)out;
    return fail(0x0f, "no ioctl at all");
#else
    if (ioctl == 3) {
#ifdef NO_VBATT
        return fail(0x01, "no voltage");
#else
#ifdef V0202
        if (!c) return fail(0x02, "no such channel");
#else
        if (number != 7) return fail(0x1a, "no such device");
#endif
        *(ul *)out = 12600;
        return 0;
#endif
    }
#ifdef MANY_IOCTLS
    if (ioctl == 0x800c) {
        struct { ml count; struct { ml parameter, value, supported; } *infos; } *list = in;
        for (ul i = 0; i < list->count; i++)
            if (list->infos[i].parameter == 1) { list->infos[i].value = 0x4711; list->infos[i].supported = 1; }
        return 0;
    }
#endif
    if (!c) return fail(0x02, "no such channel");
    if (ioctl == 1 || ioctl == 2) {
        ConfigList *list = in;
        for (ul i = 0; i < list->count; i++) {
            Config *each = &list->configs[i];
            if (each->parameter == 3 && ioctl == 2) c->loopback = (int)each->value;
            else if (ioctl == 1) each->value = each->parameter == 1 ? 500000 : each->parameter == 3 ? (ul)c->loopback : 0;
        }
        return 0;
    }
    if (ioctl == 8) { pthread_mutex_lock(&lock); c->first = c->count = 0; pthread_mutex_unlock(&lock); return 0; }
#ifdef MANY_IOCTLS
    if (ioctl == 9) { for (int i = 0; i < SLOTS; i++) c->periodic[i].used = 0; return 0; }
    if (ioctl == 10) { for (int i = 0; i < SLOTS; i++) c->filters[i].used = 0; return 0; }
#endif
    return ioctl == 7 ? 0 : fail(0x0f, "ioctl?");
#endif
}
