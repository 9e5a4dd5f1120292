/* Private to the fake cuDNN: descriptors with whatever attributes they were given. */
#ifndef TESTS_FAKES_FAKE_CUDNN_H
#define TESTS_FAKES_FAKE_CUDNN_H

#include <cudnn_graph.h>
#include <stdbool.h>

enum { MOST_ATTRIBUTES = 12, MOST_BYTES = 192 };

typedef struct descriptor {
    cudnnBackendDescriptorType_t type;
    int engine;
    struct descriptor *graph; /* of a configuration or a plan */
    float *values;            /* of a tensor, while its graph is computed */
    bool owns_values;
    int n;
    struct {
        cudnnBackendAttributeName_t name;
        int64_t n;
        char bytes[MOST_BYTES];
    } attributes[MOST_ATTRIBUTES];
} descriptor;

/* The values of an attribute, NULL if it was not set; how many they are. */
const void *attribute(const descriptor *d, cudnnBackendAttributeName_t name, int64_t *n);
descriptor *part(const descriptor *d, cudnnBackendAttributeName_t name);

/* Computes a graph in fp32 on what the pack points to, plainly. */
bool compute(const descriptor *graph, const descriptor *pack);

#endif
