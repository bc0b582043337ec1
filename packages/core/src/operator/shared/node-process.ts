/**
 * How operator, daemon and VSPs run under Node: they wait nearly all the time, so their memory counts more than the
 * last tenth of their speed.
 */

/** A young generation of 1 MB in place of 16. */
const semiSpace = '--max-semi-space-size=1';

/**
 * A VSP waits nearly all the time: it is held below 90 MiB, which costs speed. GetDevices with the smallest plugin (Node
 * 24.21, 2 cores at load 15 to 70, so only CPU counts; medians of turns with a bare grpc-js server, which counts as 1, after
 * 10,000 to 19,000 calls): what is done with the same CPU, with one and sixteen in flight, and memory. No row has both
 * 0.95 and 90 MiB for long. Figures of two runs differ by a quarter.
 *
 * | semi-space of 1 MB, --no-concurrent-recompilation, and | of bare, 1 | of bare, 16 | MiB |
 * | --- | --- | --- | --- |
 * | nothing | 1.26 | 1.33 | 131 after 75,000 calls |
 * | --optimize-for-size | 0.84, 0.88 | 0.85, 0.72 | 86 after 60,000 and after 300,000 |
 * | --optimize-for-size, semi-space of 4 MB | 0.86 | 0.91 | 82 after 20,000 |
 * | --memory-saver-mode | 0.87 | 0.44 | 82 after 15,000 |
 * | --heap-growing-percent=10 | 1.19 | 1.00 | 95 after 60,000 |
 * | --heap-growing-percent=10, MALLOC_ARENA_MAX=1 | 0.81 | 0.90 | 98 after 80,000 |
 */
export const vspFlags: readonly string[] = [
  semiSpace,
  // Lets the heap grow little, and gives pages back each time it is collected.
  '--optimize-for-size',
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

/**
 * The kernel keeps from process 1 each signal that it does not handle: one that came while Node starts would be lost, and
 * the pod last for all of its grace period.
 */
export const init: readonly string[] = ['tini', '--'];
