/**
 * How operator, daemon and VSPs run under Node: they wait nearly all the time, so their memory counts more than the
 * last tenth of their speed.
 */

/** A young generation of 1 MB in place of 16. */
const semiSpace = '--max-semi-space-size=1';

/**
 * A VSP is as fast as V8 makes it while it works, and gives what that took back when it is quiet again (the SDK's
 * host/memory.ts). GetDevices with the smallest plugin, sixteen in flight (Node 24.21, 2 cores at load 10 to 15, so only
 * CPU counts): microseconds of a call once it is warm, MiB while 60,000 calls go on and 15 s later.
 *
 * | flags | µs | MiB busy | MiB quiet |
 * | --- | --- | --- | --- |
 * | none | 103 | 244 | 79 |
 * | semi-space of 1 MB | 123 | 148 | 77 |
 * | and --no-concurrent-recompilation | 100 | 131 | 77 |
 * | and --heap-growing-percent=10 instead | 205 | 96 | 77 |
 * | and --optimize-for-size, without giving back | 211 | 86 | 78 |
 *
 * What that costs beside a bare grpc-js server is the heap's part, not the host's code (48,000 calls each in turns, by
 * test/bench/plugin-host.ts with real-time priority; calls/s with 1 and 16 in flight):
 *
 * | server | 1 | 16 | µs, 1 | µs, 16 | MiB busy | MiB quiet |
 * | --- | --- | --- | --- | --- | --- | --- |
 * | bare, no flags | 2,338 | 4,122 | 236 | 101 | 268 | 268 |
 * | bare, these flags | 2,038 | 3,779 | 266 | 132 | 126 | 126 |
 * | plugin host, these flags | 2,088 | 3,752 | 258 | 138 | 122 | 77 |
 */
export const vspFlags: readonly string[] = [
  semiSpace,
  // On other threads the compilers leave more behind, and are no faster where cores have other things to do.
  '--no-concurrent-recompilation',
];

/**
 * A daemon runs little code, and none of it often: no compiler pays. Measured idle (Node 24.9, MB resident, with a DPU side and
 * plain text): as a VSP runs 82, so 79.
 */
export const daemonFlags: readonly string[] = [
  semiSpace,
  '--no-turbofan',
  '--no-sparkplug',
  '--no-maglev',
  '--optimize-for-size',
];

/**
 * An operator fills its caches and looks at all DPUs when it starts, which takes the longer the less its heap may grow between
 * two collections. Cold start of one with 5,000 DPUs, in turns, twice or thrice each (Node 24.21, 2 cores at load 35 to 110), and
 * idle with 40:
 *
 * | flags beside the semi-space | CPU s | MiB at most | MiB idle, 40 DPUs |
 * | --- | --- | --- | --- |
 * | those of the daemon | 16.0 to 17.2 | 162 | 75 |
 * | --heap-growing-percent=60, no compiler | 13.3 to 16.3 | 172 | 74 |
 * | and with Sparkplug | 12.5 to 13.3 | 185 | 77 |
 * | no compiler but Sparkplug, and no limit | 10.8 to 11.5 | 203 | |
 * | --heap-growing-percent=100, all compilers | 8.7 to 9.7 | 185 | 80 |
 */
export const operatorFlags: readonly string[] = [
  semiSpace,
  '--heap-growing-percent=60',
  '--no-turbofan',
  '--no-maglev',
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
