#include "counters.h"

#include "edgesplit/number.h"

#include <string.h>

/* The next word that white space separates; false if there is none. */
static bool next_word(es_slice *rest, es_slice *word) {
    *rest = es_slice_trim(*rest);
    size_t length = 0;
    while (length < rest->length && rest->data[length] != ' ' && rest->data[length] != '\t')
        length++;
    *word = (es_slice){rest->data, length};
    *rest = (es_slice){rest->data + length, rest->length - length};
    return length > 0;
}

/* A count of 64 bits; false if the word is none. */
static bool parse_count(es_slice word, uint64_t *count) {
    *count = 0;
    for (size_t i = 0; i < word.length; i++) {
        unsigned digit = (unsigned char)word.data[i] - '0';
        if (digit > 9 || *count > (UINT64_MAX - digit) / 10)
            return false;
        *count = *count * 10 + digit;
    }
    return word.length > 0;
}

/* Reads counts from the words of a line, at most `most`; how many there were before another word.
 */
static size_t parse_counts(es_slice line, size_t most, uint64_t *counts) {
    es_slice word;
    size_t n = 0;
    while (n < most && next_word(&line, &word) && parse_count(word, &counts[n]))
        n++;
    return n;
}

bool cpu_times_parse(es_slice text, cpu_times *times) {
    es_slice line, word;
    while (es_next_line(&text, &line)) {
        if (!next_word(&line, &word) || !es_slice_equals(word, "cpu"))
            continue;
        *times = (cpu_times){0};
        return parse_counts(line, N_CPU_TIMES, times->ticks) >= 4;
    }
    return false;
}

double cpu_busy_ratio(const cpu_times *from, const cpu_times *to) {
    enum { IDLE = 3, IOWAIT = 4 };
    uint64_t busy = 0, all = 0;
    for (size_t i = 0; i < N_CPU_TIMES; i++) {
        uint64_t ticks = to->ticks[i] > from->ticks[i] ? to->ticks[i] - from->ticks[i] : 0;
        all += ticks;
        busy += i != IDLE && i != IOWAIT ? ticks : 0;
    }
    return all > 0 ? (double)busy / (double)all : ES_NAN;
}

bool interface_next(es_slice *rest, interface_bytes *bytes) {
    enum { DOWN = 0, UP = 8, N_COUNTS = 16 };
    es_slice line;
    while (es_next_line(rest, &line)) {
        uint64_t counts[N_COUNTS];
        es_slice counters = line;
        if (line.length == 0 || memchr(line.data, ':', line.length) == NULL ||
            !es_next_field(&counters, ':', &bytes->name) ||
            parse_counts(counters, N_COUNTS, counts) < N_COUNTS)
            continue;
        bytes->down = counts[DOWN];
        bytes->up = counts[UP];
        return true;
    }
    return false;
}

uint64_t interface_bytes_between(uint64_t from, uint64_t to) {
    const uint64_t turn = UINT64_C(1) << 32;
    if (to >= from)
        return to - from;
    return from < turn && turn - from + to < turn / 2 ? turn - from + to : to;
}
