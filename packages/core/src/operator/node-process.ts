/**
 * How operator, daemon and VSPs run under Node: they wait nearly all the time, so their memory counts more than the
 * last tenth of their speed.
 */

/** A young generation of 1 MB in place of 16. */
const semiSpace = '--max-semi-space-size=1';

/**
 * A VSP is called again and again: its compilers are left alone, its memory is bounded by the collector. GetDevices
 * with the smallest plugin, warm (Node 24.21, 2 cores at load 20 to 70, so only CPU counts; medians in turns with a bare
 * grpc-js server, which counts as 1): what a server does with the same CPU, with one and sixteen in flight, and memory.
 * A limit of 1 percent is as one of 10: V8 lets the heap grow by 8 MB at least.
 *
 * | semi-space of 1 MB, --no-concurrent-recompilation, and | of bare, 1 | of bare, 16 | MiB |
 * | --- | --- | --- | --- |
 * | nothing | 1.26 | 1.33 | 131 after 75,000 calls |
 * | --optimize-for-size | 0.88 | 0.72 | 86 after 60,000 |
 * | --optimize-for-size, semi-space of 4 MB | 0.86 | 0.91 | 82 after 20,000 |
 * | --memory-saver-mode | 0.87 | 0.44 | 82 after 15,000 |
 * | --heap-growing-percent=10 | 1.19 | 1.00 | 95 after 60,000 |
 * | --heap-growing-percent=1, MALLOC_ARENA_MAX=1 | not measured | not measured | 89 after 40,000 |
 * | --heap-growing-percent=1, --no-concurrent-marking | not measured | not measured | 119 after 40,000 |
 */
export const vspFlags: readonly string[] = [
  semiSpace,
  // V8 lets the heap grow further where collecting takes long by the clock, which on a busy node it always does.
  '--heap-growing-percent=10',
  // On other threads the compilers leave up to 25 MB behind after some thousand calls.
  '--no-concurrent-recompilation',
];

/**
 * Operator and daemon run little code, and none of it often: no compiler pays. Measured idle (Node 24.9, MB resident, a
 * daemon with a DPU side and plain text): as a VSP runs 82, so 79; the operator 76 and 72.
 */
export const controllerFlags: readonly string[] = [
  semiSpace,
  '--no-turbofan',
  '--no-sparkplug',
  '--no-maglev',
  '--optimize-for-size',
];

export const nodeVariables: readonly { name: string; value: string }[] = [
  // glibc gives blocks from 32 KB on back to the kernel when they are freed; without, what start-up compiled stays. 4.
  { name: 'MALLOC_MMAP_THRESHOLD_', value: '32768' },
];

export const vspVariables: readonly { name: string; value: string }[] = [
  ...nodeVariables,
  // Each thread of the collector would keep an arena of its own. 6.
  { name: 'MALLOC_ARENA_MAX', value: '1' },
];

/**
 * The kernel keeps from process 1 each signal that it does not handle: one that came while Node starts would be lost, and
 * the pod last for all of its grace period.
 */
export const init: readonly string[] = ['tini', '--'];
