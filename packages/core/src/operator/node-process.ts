/**
 * How operator, daemon and VSPs run under Node: they wait nearly all the time, so their memory counts more than the
 * last tenth of their speed.
 */

/** A young generation of 1 MB in place of 16. */
const semiSpace = '--max-semi-space-size=1';

/**
 * A VSP is called again and again. GetDevices in turns, nine of ten calls with sixteen in flight (Node 24.21, 2 cores at
 * load 30; `node test/bench/plugin-host.ts 20000 flags` measures the like). While they warm up:
 *
 * | server, 12,000 calls | CPU a call, µs | MiB after Init | MiB at the end |
 * | --- | --- | --- | --- |
 * | bare grpc-js, neither flags nor variables | 313 | 93 | 129 |
 * | plugin host, only semi-space and MALLOC_MMAP_THRESHOLD_ | 316 | 69 | 92 |
 * | with --no-concurrent-recompilation | 310 | 69 | 87 |
 * | with --optimize-for-size and MALLOC_ARENA_MAX=1 | 313 | 69 | 88 |
 *
 * Warm, the host is behind: after 300,000 calls it takes 246 µs of CPU a call one by one and 136 with sixteen in flight, a
 * bare server 170 and 74 (the least of 43 turns of 500 calls); it has 86 MiB then, the bare one 181 after 8,000.
 *
 * What makes the compilers begin later costs far more than it saves:
 *
 * | server, 20,000 calls | CPU a call, µs | MiB after Init | MiB at the end |
 * | --- | --- | --- | --- |
 * | bare grpc-js, neither flags nor variables | 280 | 93 | 131 |
 * | plugin host, with --no-sparkplug and --invocation-count-for-maglev=2000 besides | 460 | 69 | 82 |
 * | neither flags nor variables | 300 | 70 | 111 |
 */
export const vspFlags: readonly string[] = [
  semiSpace,
  // Collects while there is less garbage.
  '--optimize-for-size',
  // On other threads the compilers leave up to 25 behind after some thousand calls.
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
