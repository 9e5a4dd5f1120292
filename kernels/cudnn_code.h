/* The text of cudnn_kernels.cu, as CMake puts it into the program. */
#ifndef KERNELS_CUDNN_CODE_H
#define KERNELS_CUDNN_CODE_H

extern const unsigned char gpu_source[]; /* ends with 0 */

#endif
