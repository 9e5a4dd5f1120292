// The few kernels of the backend cudnn's own, compiled by NVRTC when a device is opened: what cuDNN's graphs do not do, and
// what is asked about the device. T is unsigned short for fp16 and float for fp32; no header is needed.

typedef long long i64;

// Element i, counted row by row over dims, lies at offset + the sum of its indices times strides. As gpu_view in cudnn_parts.h.
struct view {
    int rank;
    unsigned dims[7];
    i64 strides[7];
    i64 offset;
};

static __device__ i64 place(const view &v, unsigned i)
{
    i64 at = v.offset;
    for (int d = v.rank; d-- > 0;) {
        unsigned whole = i / v.dims[d];
        at += (i64)(i - whole * v.dims[d]) * v.strides[d];
        i = whole;
    }
    return at;
}

template <typename T> static __device__ void move(T *to, const T *from, const view &to_view, const view &from_view, unsigned n)
{
    for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
        to[place(to_view, i)] = from[place(from_view, i)];
}

static __device__ float load(float x) { return x; }
static __device__ float load(unsigned short x)
{
    float y;
    asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x));
    return y;
}
static __device__ void store(float *to, float x) { *to = x; }
static __device__ void store(unsigned short *to, float x)
{
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(*to) : "f"(x));
}

// The sum or the greatest of a value of each of the block's 256 threads.
static __device__ float reduce(float x, bool greatest)
{
    __shared__ float values[256];
    __syncthreads();
    values[threadIdx.x] = x;
    for (unsigned half = 128; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) {
            float other = values[threadIdx.x + half], mine = values[threadIdx.x];
            values[threadIdx.x] = greatest ? fmaxf(mine, other) : mine + other;
        }
    }
    __syncthreads();
    return values[0];
}

// One block per row of n.
template <typename T> static __device__ void softmax(T *to, const T *from, i64 n)
{
    const T *x = from + blockIdx.x * n;
    float greatest = -3e38f, sum = 0;
    for (i64 i = threadIdx.x; i < n; i += blockDim.x)
        greatest = fmaxf(greatest, load(x[i]));
    greatest = reduce(greatest, true);
    for (i64 i = threadIdx.x; i < n; i += blockDim.x)
        sum += expf(load(x[i]) - greatest);
    sum = reduce(sum, false);
    for (i64 i = threadIdx.x; i < n; i += blockDim.x)
        store(&to[blockIdx.x * n + i], expf(load(x[i]) - greatest) / sum);
}

template <typename T>
static __device__ void layer_norm(T *to, const T *from, const T *scale, const T *shift, i64 n, float epsilon)
{
    const T *x = from + blockIdx.x * n;
    float mean = 0, variance = 0;
    for (i64 i = threadIdx.x; i < n; i += blockDim.x)
        mean += load(x[i]);
    mean = reduce(mean, false) / (float)n;
    for (i64 i = threadIdx.x; i < n; i += blockDim.x)
        variance += (load(x[i]) - mean) * (load(x[i]) - mean);
    float factor = rsqrtf(reduce(variance, false) / (float)n + epsilon);
    for (i64 i = threadIdx.x; i < n; i += blockDim.x)
        store(&to[blockIdx.x * n + i], (load(x[i]) - mean) * factor * load(scale[i]) + load(shift[i]));
}

#define FOR_TYPE(T, suffix) \
    extern "C" __global__ void move_##suffix(T *to, const T *from, view to_view, view from_view, unsigned n) \
    { move(to, from, to_view, from_view, n); } \
    extern "C" __global__ void softmax_##suffix(T *to, const T *from, i64 n) { softmax(to, from, n); } \
    extern "C" __global__ void layer_norm_##suffix(T *to, const T *from, const T *scale, const T *shift, i64 n, float epsilon) \
    { layer_norm(to, from, scale, shift, n, epsilon); }
FOR_TYPE(unsigned short, fp16)
FOR_TYPE(float, fp32)

// Spins for at least `ns` nanoseconds: out[0] is how many passed, out[1] the clock cycles of this SM meanwhile.
extern "C" __global__ void probe_clock(unsigned long long *out, unsigned long long ns)
{
    unsigned long long start, now;
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(start));
    long long cycles = clock64();
    do
        asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
    while (now - start < ns);
    out[1] = (unsigned long long)(clock64() - cycles);
    out[0] = now - start;
}

// Counts the blocks that each SM has run; a block lasts long enough for all SMs to get some.
extern "C" __global__ void count_blocks(unsigned *blocks)
{
    unsigned sm;
    asm volatile("mov.u32 %0, %%smid;" : "=r"(sm));
    long long start = clock64();
    if (threadIdx.x == 0)
        atomicAdd(&blocks[sm], 1u);
    while (clock64() - start < 20000)
        ;
}
