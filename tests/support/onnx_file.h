/* ONNX files written in a line:
 *
 *     onnx_file_make("input x 1,3,8,8; weight w 4,3,3,3; Conv x,w -> y pads=1,1,1,1; output y",
 * ...)
 *
 * Statements end with ';'. Everything is a list without blanks, names and numbers alike.
 *
 *     opset 9         13 if not said; `opset ai.other 2` imports another set
 *     ir 8            IR version; 8 if not said
 *     input x N,3,8   a dimension is a size, a name, or ? for none of both
 *     output y
 *     weight w 4,3    initializer without its numbers
 *     ints s 1,-1     initializer: a vector of int64; `int s 1` a scalar
 *     floats s 1,2    the same of float32; `float s 0.5`; `doubles`, `halves`, `int32s`
 *     Conv a,,b -> y  node, `domain:Op` in another domain; an empty name leaves an input out
 *
 * Behind a node's outputs stand its attributes: k=1 (int), k=1,2 or k=1, (ints), k=0.5 (float),
 * k=0.5,2. (floats), k=TEXT, k=graph (a subgraph), k=tensor:1,2 (int64), k=tensor:0.5, (float32),
 * without a comma a scalar. @name names the node; else it is n0, n1, ... */
#ifndef TESTS_SUPPORT_ONNX_FILE_H
#define TESTS_SUPPORT_ONNX_FILE_H

#include <stddef.h>
#include <stdint.h>

/* Creates the bytes of the file that `text` describes; free() them. Aborts if `text` is wrong. */
uint8_t *onnx_file_make(const char *text, size_t *length);

#endif
