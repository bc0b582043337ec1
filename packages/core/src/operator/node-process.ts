/**
 * How operator, daemon and VSPs run under Node: they wait nearly all the time, so their memory counts more than the
 * last tenth of their speed.
 */

/** A young generation of 1 MB in place of 16. */
const semiSpace = '--max-semi-space-size=1';

/**
 * A VSP is called again and again. Two that served side by side (Node 24.9, 2 cores at load 20 to 50; 60,000 calls of
 * GetDevices, sixteen in flight; two runs):
 *
 * | server | CPU a call, µs | MiB after Init | MiB at the end |
 * | --- | --- | --- | --- |
 * | these flags | 394; 272 | 69 | 86; 96 |
 * | --no-turbofan in place of --optimize-for-size | 350; 278 | 69 | 96; 128 |
 * | bare grpc-js beside the first run, neither flags nor variables | 240 | 106 | 222 |
 *
 * What the others cost and save was measured with --no-turbofan in that place: `node test/bench/plugin-host.ts 60000 flags`
 * at load 20, one run; the plugin host's rows differ from the first of them in what their name says.
 *
 * | server | CPU a call, µs | MiB after Init | MiB at the end |
 * | --- | --- | --- | --- |
 * | bare grpc-js, neither flags nor variables | 303 | 95 | 144 |
 * | plugin host, MALLOC_MMAP_THRESHOLD_ | 437 | 69 | 83 |
 * | neither flags nor variables | 347 | 72 | 139 |
 * | only the semi-space of the flags, MALLOC_MMAP_THRESHOLD_ | 350 | 70 | 97 |
 * | without the semi-space of the flags | 487 | 69 | 117 |
 * | semi-space of 4 MB | 440 | 69 | 88 |
 *
 * Without the settings of the compilers a call takes a fifth less, and 14 MiB more are taken. Without the small semi-space
 * it is 34 MiB more, and a call takes no less.
 */
export const vspFlags: readonly string[] = [
  semiSpace,
  // Collects while there is less garbage.
  '--optimize-for-size',
  '--no-sparkplug',
  // On other threads the compilers leave up to 25 behind after some thousand calls.
  '--no-concurrent-recompilation',
  // Not at 400 calls: at the start nothing runs long enough to be worth it. 3.
  '--invocation-count-for-maglev=2000',
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
