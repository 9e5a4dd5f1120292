/* Writes the inputs that the fuzz target of ONNX files begins with into a folder that is there. */
#include "onnx_file.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const files[] = {
    "input x 1,3,8,8; weight w 4,3,3,3; weight b 4; Conv x,w,b -> h pads=1,1,1,1 strides=2,2; "
    "Sigmoid h -> s; Mul h,s -> y; output y",
    "opset 9; input x N,3,8,8; weight w 6,1,3,3; Conv x,w -> h group=3 auto_pad=SAME_UPPER; "
    "weight s 6; Identity s -> t; BatchNormalization h,s,t,s,s -> n; Clip n -> c min=0.0 max=6.0; "
    "MaxPool c -> y kernel_shape=3,3 strides=2,2 ceil_mode=1; output y",
    "input x N,3,height,width; ConvTranspose x,w -> h strides=2,2 output_padding=1,1; "
    "weight w 3,5,3,3; GlobalAveragePool h -> p; Flatten p -> f; weight v 5,9; weight b 9; "
    "Gemm f,v,b -> g; Softmax g -> y; output y",
    "input x N,7,8; weight t 1,1,8; Shape x -> s; int z 0; Gather s,z -> n; ints a 0; "
    "Unsqueeze n,a -> m; ints r -1,-1; Concat m,r -> q axis=0; ints c 3; ConstantOfShape c -> o "
    "value=tensor:1,; ints l -1; Mul o,l -> k; Equal q,k -> e; Where e,o,q -> w; Expand t,w -> f; "
    "Concat f,x -> h axis=1; weight u 8,5; MatMul h,u -> i; weight d 5; Add i,d -> y; output y",
    "input x 1,7,8; float t 2; float e 0.00001; weight s 8; weight b 8; ReduceMean x -> m "
    "axes=-1,; "
    "Sub x,m -> d; Pow d,t -> q; ReduceMean q -> v axes=-1,; Add v,e -> w; Sqrt w -> r; "
    "Div d,r -> n; Mul n,s -> o; Add o,b -> y; output y",
    "input x 1,7,8; float r 1.4142135; float o 1; float h 0.5; Div x,r -> a; Erf a -> b; "
    "Add b,o -> c; Mul x,c -> d; Mul d,h -> g; Transpose g -> t perm=0,2,1; MatMul g,t -> y; "
    "output y",
    "input x 1,4,6,8; Split x -> a,b axis=1; Add a,b -> c; ints s 0; ints e 9223372036854775807; "
    "ints i 2; ints t 2; Slice c,s,e,i,t -> d; ints p 0,0,1,1,0,0,1,1; Pad d,p -> f; "
    "floats k 1,1,2,2; Resize f,,k -> y; output y",
    "opset 18; input x 1,4,6,8; Split x -> a,b,c axis=3 num_outputs=3; ints i 2,3; "
    "ReduceMean c,i -> d keepdims=0; Range u,v,q -> g; int u 0; int v 4; int q 2; "
    "Gather d,g -> h axis=1; int j 1; Tile h,m -> y; ints m 1,3; output y; output a",
    "input x 1,4,6,8; com.foo:Thing x -> y k=1.5 body=TEXT; output y",
    "input x 1,4,6,8; If x -> y then=graph; output y",
    "input x 1,4,6,8; Add b,a -> y; Relu x -> a; Tanh c -> b; Exp a -> c; output y; output c",
    "input x 1,4,6,8; Add x,b -> a; Relu a -> b; output b",
    "input x 8,4,6,8; ints s 8,-1; Reshape x,s -> y; output y",
    "input x 1,4,6,8; input w 4,4,1,1; Conv x,w -> h; DepthToSpace h -> y blocksize=2; output y",
};

int main(int argc, char **argv) {
    for (size_t i = 0; argc == 2 && i < sizeof files / sizeof files[0]; i++) {
        char path[1024];
        size_t length;
        snprintf(path, sizeof path, "%s/%02zu.onnx", argv[1], i);
        uint8_t *bytes = onnx_file_make(files[i], &length);
        FILE *stream = fopen(path, "wb");
        if (stream == NULL || fwrite(bytes, 1, length, stream) != length || fclose(stream) != 0) {
            perror(path);
            return 1;
        }
        free(bytes);
    }
    return argc != 2;
}
