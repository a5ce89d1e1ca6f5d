/* A CUDA driver for tests: device memory is malloc'ed, a launch is handed to a callback, every call is written down.
   Environment: STUB_DEVICES (2), STUB_VERSION (13000), STUB_CAPABILITY (90), STUB_REFUSES_PTX,
   STUB_SLOW (microseconds that a kernel takes to load), STUB_FAILS (launches do), STUB_BROKEN (what cuInit returns). */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>
#include <unistd.h>

enum { OK = 0, INVALID_VALUE = 1, NOT_INITIALIZED = 3, NO_DEVICE = 100, INVALID_CONTEXT = 201, BAD_PTX_VERSION = 222, NOT_FOUND = 500 };
enum { MOST = 1 << 16, DEVICES = 8 };

typedef struct { unsigned grid[3], block[3], shared; void *stream; void *attrs; unsigned count; } Config;
typedef struct { char *text; } Library;
typedef struct { Library *library; char name[256]; } Kernel;
typedef struct { uintptr_t first, size; int device; } Range;
typedef void (*Taken)(int device, uintptr_t address, size_t size);
typedef void (*Launched)(int device, void *stream, const char *name, const char *ptx, const unsigned *config, void **arguments);

static const char *calls[MOST];
static int made, started;
static Range ranges[MOST];
static int held;
static Launched launched;
static Taken taken;
static void *waited[MOST][2], *last_recorded;
static int waits;
static char contexts[DEVICES];
static __thread void *stack[16];
static __thread int depth;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void note(const char *name) {
    pthread_mutex_lock(&lock);
    if (made < MOST) calls[made++] = name;
    pthread_mutex_unlock(&lock);
}
static int setting(const char *name, int otherwise) {
    const char *text = getenv(name);
    return text ? atoi(text) : otherwise;
}
static int device_of(void *context) { return (int)((char *)context - contexts); }
#define NOTED note(__func__)

/* what the tests ask */
int stub_waits(void) { return waits; }
void *stub_wait(int k, int which) { return waited[k][which]; }
int stub_calls(void) { return made; }
const char *stub_call(int k) { return calls[k]; }
void stub_forget(void) { made = 0; }
void stub_on_launch(Launched callback) { launched = callback; }
void stub_on_malloc(Taken callback) { taken = callback; }
void stub_own(uintptr_t address, size_t size, int device) {
    pthread_mutex_lock(&lock);
    if (held < MOST) ranges[held++] = (Range){address, size, device};
    pthread_mutex_unlock(&lock);
}
void *stub_current(void) { return depth ? stack[depth - 1] : NULL; }
void *stub_context(int device) { return contexts + device; }

/* the driver */
int cuInit(unsigned flags) {
    NOTED;
    started = started ? started : getpid();
    return started == getpid() ? setting("STUB_BROKEN", flags ? INVALID_VALUE : OK) : NOT_INITIALIZED;
}
int cuDriverGetVersion(int *version) { *version = setting("STUB_VERSION", 13000); return OK; }
int cuDeviceGetCount(int *count) { *count = setting("STUB_DEVICES", 2); return OK; }
int cuDeviceGet(int *device, int ordinal) { *device = ordinal; return ordinal < setting("STUB_DEVICES", 2) ? OK : 101; }
int cuDeviceGetAttribute(int *value, int attribute, int device) {
    int capability = setting("STUB_CAPABILITY", 90);
    (void)device;
    *value = attribute == 75 ? capability / 10 : attribute == 76 ? capability % 10 : 0;
    return OK;
}
int cuDeviceGetName(char *name, int size, int device) { snprintf(name, size, "stub %d", device); return OK; }
int cuDevicePrimaryCtxRetain(void **context, int device) { NOTED; *context = contexts + device; return OK; }
int cuDevicePrimaryCtxRelease_v2(int device) { (void)device; return OK; }
int cuCtxGetCurrent(void **context) { *context = stub_current(); return OK; }
int cuCtxGetDevice(int *device) {
    if (started != getpid()) return NOT_INITIALIZED;
    if (!stub_current()) return INVALID_CONTEXT;
    *device = device_of(stub_current());
    return OK;
}
int cuCtxSetCurrent(void *context) {
    NOTED;
    depth = depth ? depth : 1;
    stack[depth - 1] = context;
    return OK;
}
int cuCtxPushCurrent_v2(void *context) { NOTED; stack[depth++] = context; return OK; }
int cuCtxPopCurrent_v2(void **context) {
    NOTED;
    if (!depth) return INVALID_CONTEXT;
    *context = stack[--depth];
    return OK;
}
int cuCtxSynchronize(void) { NOTED; return OK; }
int cuCtxGetStreamPriorityRange(int *low, int *high) { *low = *high = 0; return OK; }
int cuStreamSynchronize(void *stream) { (void)stream; NOTED; return OK; }
int cuStreamGetCtx(void *stream, void **context) { (void)stream; *context = stub_current(); return OK; }
int cuStreamCreateWithPriority(void **stream, unsigned flags, int priority) { (void)flags, (void)priority; NOTED; *stream = malloc(8); return OK; }
int cuStreamDestroy_v2(void *stream) { NOTED; free(stream); return OK; }
int cuMemAlloc_v2(uintptr_t *address, size_t size) {
    NOTED;
    *address = (uintptr_t)aligned_alloc(256, (size + 255) / 256 * 256);
    int device = stub_current() ? device_of(stub_current()) : 0;
    stub_own(*address, size, device);
    if (taken) taken(device, *address, size);
    return OK;
}
int cuMemFree_v2(uintptr_t address) { (void)address; NOTED; return OK; }
int cuMemAllocAsync(uintptr_t *address, size_t size, void *stream) { (void)stream; return cuMemAlloc_v2(address, size); }
int cuMemFreeAsync(uintptr_t address, void *stream) { (void)address, (void)stream; NOTED; return OK; }
int cuMemsetD8Async(uintptr_t address, unsigned char value, size_t size, void *stream) {
    (void)stream;
    NOTED;
    memset((void *)address, value, size);
    return OK;
}
int cuMemGetInfo_v2(size_t *available, size_t *total) { *available = *total = (size_t)1 << 30; return OK; }
static int copied(uintptr_t target, uintptr_t source, size_t size) { memcpy((void *)target, (const void *)source, size); return OK; }
int cuMemcpyHtoD_v2(uintptr_t target, const void *source, size_t size) { NOTED; return copied(target, (uintptr_t)source, size); }
int cuMemcpyDtoH_v2(void *target, uintptr_t source, size_t size) { NOTED; return copied((uintptr_t)target, source, size); }
int cuMemcpyDtoDAsync_v2(uintptr_t target, uintptr_t source, size_t size, void *stream) { (void)stream; NOTED; return copied(target, source, size); }
int cuPointerGetAttribute(void *value, int attribute, uintptr_t address) {
    for (int k = held - 1; k >= 0; k--)
        if (address >= ranges[k].first && address < ranges[k].first + ranges[k].size) {
            if (attribute == 2) *(unsigned *)value = 2; /* memory of a device */
            if (attribute == 9) *(int *)value = ranges[k].device;
            return OK;
        }
    return INVALID_VALUE;
}
int cuEventCreate(void **event, unsigned flags) { (void)flags; NOTED; *event = malloc(8); return OK; }
int cuEventDestroy_v2(void *event) { NOTED; free(event); return OK; }
int cuEventRecord(void *event, void *stream) { (void)event; NOTED; last_recorded = stream; return OK; }
int cuEventSynchronize(void *event) { (void)event; NOTED; return OK; }
int cuEventElapsedTime_v2(float *milliseconds, void *first, void *last) { (void)first, (void)last; *milliseconds = 1; return OK; }
int cuStreamWaitEvent(void *stream, void *event, unsigned flags) {
    (void)event, (void)flags;
    NOTED;
    if (waits < MOST) waited[waits][0] = stream, waited[waits++][1] = last_recorded;
    return OK;
}
int cuLibraryLoadData(void **library, const void *code, void *a, void *b, unsigned c, void *d, void *e, unsigned f) {
    (void)a, (void)b, (void)c, (void)d, (void)e, (void)f;
    NOTED;
    usleep(setting("STUB_SLOW", 0));
    if (getenv("STUB_REFUSES_PTX")) return BAD_PTX_VERSION;
    Library *made_now = malloc(sizeof *made_now);
    made_now->text = strdup(code);
    *library = made_now;
    return OK;
}
int cuLibraryUnload(void *library) { (void)library; return OK; }
int cuLibraryGetKernel(void **kernel, void *library, const char *name) {
    NOTED;
    Kernel *found = malloc(sizeof *found);
    found->library = library;
    snprintf(found->name, sizeof found->name, "%s", name);
    *kernel = found;
    return strstr(((Library *)library)->text, name) ? OK : NOT_FOUND;
}
int cuKernelGetLibrary(void **library, void *kernel) { *library = ((Kernel *)kernel)->library; return OK; }
int cuLaunchKernelEx(const Config *config, void *kernel, void **arguments, void **extra) {
    (void)extra;
    NOTED;
    if (!stub_current()) return INVALID_CONTEXT;
    if (getenv("STUB_FAILS")) return INVALID_VALUE;
    if (!config->grid[0] || config->grid[0] > 0x7fffffffu || !config->block[0] || config->block[0] > 1024) return INVALID_VALUE;
    if (launched) {
        Kernel *k = kernel;
        launched(device_of(stub_current()), config->stream, k->name, k->library->text, config->grid, arguments);
    }
    return OK;
}
int cuGetErrorName(int error, const char **name) {
    *name = error == BAD_PTX_VERSION ? "CUDA_ERROR_UNSUPPORTED_PTX_VERSION" : error == NO_DEVICE ? "CUDA_ERROR_NO_DEVICE" : "CUDA_ERROR_OF_STUB";
    return OK;
}
int cuGetErrorString(int error, const char **text) { (void)error; *text = "an error of the stub"; return OK; }

int cuGetProcAddress_v2(const char *, void **, int, uint64_t, int *);
#define KNOWN(name) {#name, (void *)name}
#define SECOND(name) {#name, (void *)name##_v2}
static const struct { const char *name; void *function; } table[] = {
    KNOWN(cuInit), KNOWN(cuDriverGetVersion), KNOWN(cuDeviceGetCount), KNOWN(cuDeviceGet), KNOWN(cuDeviceGetAttribute),
    KNOWN(cuDeviceGetName), KNOWN(cuDevicePrimaryCtxRetain), SECOND(cuDevicePrimaryCtxRelease), KNOWN(cuCtxGetCurrent),
    KNOWN(cuCtxGetDevice), KNOWN(cuCtxSetCurrent), SECOND(cuCtxPushCurrent), SECOND(cuCtxPopCurrent), KNOWN(cuCtxSynchronize),
    KNOWN(cuCtxGetStreamPriorityRange), KNOWN(cuStreamSynchronize), KNOWN(cuStreamGetCtx), KNOWN(cuStreamCreateWithPriority),
    SECOND(cuStreamDestroy), SECOND(cuMemAlloc), SECOND(cuMemFree), KNOWN(cuPointerGetAttribute), KNOWN(cuLibraryLoadData),
    KNOWN(cuLibraryUnload), KNOWN(cuLibraryGetKernel), KNOWN(cuKernelGetLibrary), KNOWN(cuLaunchKernelEx), KNOWN(cuEventCreate),
    KNOWN(cuMemAllocAsync), KNOWN(cuMemFreeAsync), KNOWN(cuMemsetD8Async), SECOND(cuMemGetInfo), SECOND(cuMemcpyHtoD),
    SECOND(cuMemcpyDtoH), SECOND(cuMemcpyDtoDAsync), KNOWN(cuEventSynchronize), SECOND(cuEventElapsedTime),
    SECOND(cuEventDestroy), KNOWN(cuEventRecord), KNOWN(cuStreamWaitEvent), KNOWN(cuGetErrorName),
    KNOWN(cuGetErrorString), SECOND(cuGetProcAddress),
};
int cuGetProcAddress_v2(const char *name, void **function, int version, uint64_t flags, int *status) {
    (void)version, (void)flags;
    *function = NULL;
    for (size_t k = 0; k < sizeof table / sizeof *table; k++)
        if (!strcmp(table[k].name, name)) *function = table[k].function;
    if (status) *status = *function ? 0 : 1;
    return *function ? OK : NOT_FOUND;
}
