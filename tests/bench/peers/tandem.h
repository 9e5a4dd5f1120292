/* The benchmark models, written by hand: N devices (10 ms), each with an uplink (100 kB over a rate
 * that changes every second), and before them all one fifo server of N / 4 + 1 parallel ones
 * (exponential, 3 ms); Poisson arrivals, 60 a second from each device. N = 1 is the tandem; N = 0
 * is M/M/1 at a load of 0.9. Only the event list is left open: whoever includes this has defined
 * `schedule` and calls `happen` at that time. Plain enough for C and C++. */
#ifndef TESTS_BENCH_PEERS_TANDEM_H
#define TESTS_BENCH_PEERS_TANDEM_H

#include "draws.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define NONE      UINT32_MAX
#define SECOND_NS INT64_C(1000000000)
#define HEAD_NS   INT64_C(10000000)
#define BITS      800000.0

/* A slot is a device's arrivals, processor or uplink (3 d, 3 d + 1, 3 d + 2), or behind those a
 * server. M/M/1, which has no devices, has the slot 0 for its arrivals. At most one event of a slot
 * is pending. */
static void schedule(uint32_t slot, int64_t at_ns);

typedef struct request {
    int64_t arrival_ns;
    uint32_t next;
} request;

typedef struct fifo {
    uint32_t first, last;
} fifo;

typedef struct device {
    fifo computing, sending; /* the first of each is in service */
} device;

typedef struct model {
    uint32_t n_devices, first_server, n_servers, n_idle, unused;
    device *devices;
    uint32_t *idle, *served; /* servers without work; whom a server serves */
    fifo waiting;
    request *requests;
    uint32_t n_requests, capacity;
    int64_t left; /* arrivals to come */
    int64_t n_done, sojourns_ns;
    generator dice;
} model;

static model m;

static void push(fifo *queue, uint32_t r) {
    m.requests[r].next = NONE;
    if (queue->first == NONE)
        queue->first = r;
    else
        m.requests[queue->last].next = r;
    queue->last = r;
}

static uint32_t pop(fifo *queue) {
    uint32_t r = queue->first;
    queue->first = m.requests[r].next;
    return r;
}

static uint32_t new_request(int64_t now_ns) {
    uint32_t r = m.unused;
    if (r != NONE) {
        m.unused = m.requests[r].next;
    } else {
        if (m.n_requests == m.capacity) {
            m.capacity = m.capacity * 2 + 1024;
            m.requests = (request *)realloc(m.requests, m.capacity * sizeof(request));
            if (m.requests == NULL)
                abort();
        }
        r = m.n_requests++;
    }
    m.requests[r].arrival_ns = now_ns;
    return r;
}

static const double rates_bps[10] = {100e6, 50e6, 20e6, 80e6, 40e6, 120e6, 60e6, 30e6, 90e6, 70e6};

/* When a transfer that begins now is done; device d sees the rates d * 137 ms ahead. */
static int64_t sent_ns(uint32_t d, int64_t now_ns) {
    int64_t position = now_ns + d * INT64_C(137000000);
    int64_t second = position / SECOND_NS;
    double left_s = (double)((second + 1) * SECOND_NS - position) * 1e-9, bits = BITS;
    double rate = rates_bps[second % 10];
    int64_t at_ns = now_ns;
    while (bits > rate * left_s) {
        bits -= rate * left_s;
        at_ns += (int64_t)(left_s * 1e9 + 0.5);
        left_s = 1;
        rate = rates_bps[++second % 10];
    }
    return at_ns + (int64_t)(bits / rate * 1e9) + 1;
}

static void serve(uint32_t r, int64_t now_ns) {
    uint32_t s = m.idle[--m.n_idle];
    m.served[s] = r;
    double mean_ns = m.n_devices > 0 ? 3e6 : 1e9;
    schedule(m.first_server + s, now_ns + (int64_t)(mean_ns * exponential(&m.dice)));
}

static void join_server(uint32_t r, int64_t now_ns) {
    if (m.n_idle > 0)
        serve(r, now_ns);
    else
        push(&m.waiting, r);
}

static int64_t gap_ns(void) {
    return (int64_t)((m.n_devices > 0 ? 1e9 / 60 : 1e9 / 0.9) * exponential(&m.dice));
}

static void arrive(uint32_t d, int64_t now_ns) {
    if (m.left == 0)
        return;
    m.left--;
    uint32_t r = new_request(now_ns);
    schedule(3 * d, now_ns + gap_ns());
    if (m.n_devices == 0) {
        join_server(r, now_ns);
        return;
    }
    fifo *queue = &m.devices[d].computing;
    if (queue->first == NONE)
        schedule(3 * d + 1, now_ns + HEAD_NS);
    push(queue, r);
}

static void end_head(uint32_t d, int64_t now_ns) {
    fifo *from = &m.devices[d].computing, *to = &m.devices[d].sending;
    uint32_t r = pop(from);
    if (from->first != NONE)
        schedule(3 * d + 1, now_ns + HEAD_NS);
    if (to->first == NONE)
        schedule(3 * d + 2, sent_ns(d, now_ns));
    push(to, r);
}

static void end_transfer(uint32_t d, int64_t now_ns) {
    fifo *from = &m.devices[d].sending;
    uint32_t r = pop(from);
    if (from->first != NONE)
        schedule(3 * d + 2, sent_ns(d, now_ns));
    join_server(r, now_ns);
}

static void finish(uint32_t s, int64_t now_ns) {
    uint32_t r = m.served[s];
    m.sojourns_ns += now_ns - m.requests[r].arrival_ns;
    m.n_done++;
    m.requests[r].next = m.unused;
    m.unused = r;
    m.idle[m.n_idle++] = s;
    if (m.waiting.first != NONE)
        serve(pop(&m.waiting), now_ns);
}

static void happen(uint32_t slot, int64_t now_ns) {
    if (slot >= m.first_server)
        finish(slot - m.first_server, now_ns);
    else if (slot % 3 == 0)
        arrive(slot / 3, now_ns);
    else if (slot % 3 == 1)
        end_head(slot / 3, now_ns);
    else
        end_transfer(slot / 3, now_ns);
}

static void *array(size_t n, size_t size) {
    void *memory = calloc(n, size);
    if (memory == NULL)
        abort();
    return memory;
}

/* How many slots there are. */
static uint32_t model_create(uint32_t n_devices, int64_t n_requests) {
    m.n_devices = n_devices;
    m.first_server = n_devices > 0 ? 3 * n_devices : 1;
    m.n_servers = n_devices / 4 + 1;
    m.n_idle = m.n_servers;
    m.unused = m.waiting.first = NONE;
    m.left = n_requests;
    m.devices = (device *)array(n_devices + 1, sizeof(device));
    m.idle = (uint32_t *)array(m.n_servers, sizeof(uint32_t));
    m.served = (uint32_t *)array(m.n_servers, sizeof(uint32_t));
    generator_seed(&m.dice, 1);
    for (uint32_t d = 0; d < n_devices; d++)
        m.devices[d].computing.first = m.devices[d].sending.first = NONE;
    for (uint32_t s = 0; s < m.n_servers; s++)
        m.idle[s] = s;
    return m.first_server + m.n_servers;
}

/* Schedules the first arrivals. */
static void model_begin(void) {
    for (uint32_t d = 0; d < (m.n_devices > 0 ? m.n_devices : 1); d++)
        schedule(3 * d, gap_ns());
}

static double cpu_s(void) {
    return (double)clock() / CLOCKS_PER_SEC;
}

/* Prints requests, seconds of processor time since `start_s`, and the mean time in the system. */
static void model_report(double start_s) {
    printf("%lld %.9f %.9g\n", (long long)m.n_done, cpu_s() - start_s,
           (double)m.sojourns_ns / 1e9 / (double)m.n_done);
}
#endif
