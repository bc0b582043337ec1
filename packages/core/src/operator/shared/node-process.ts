/**
 * How operator, daemon and VSPs run under Node: they wait nearly all the time, so their memory counts more than the
 * last tenth of their speed.
 */

/** A young generation of 1 MB in place of 16. */
const semiSpace = '--max-semi-space-size=1';

/**
 * A VSP is as fast as V8 makes it while it works, and gives what that took back when it is quiet again (the SDK's
 * host/command/memory.ts). GetDevices with the smallest plugin, in turns with a bare grpc-js server without flags
 * (test/bench/plugins/plugin-host.ts with real-time priority, 48,000 calls each; Node 24.21, 2 cores at load 70): calls/s as parts
 * of that server's 2,032 and 3,603, with 1 and 16 in flight; MiB right after the calls, and 25 s later.
 *
 * | server | 1 | 16 | MiB busy | MiB quiet |
 * | --- | --- | --- | --- | --- |
 * | bare, no flags | 1 | 1 | 265 | 265 |
 * | bare, these flags | 0.86 | 0.96 | 134 | 134 |
 * | plugin host, these flags | 1.00 | 0.97 | 136 | 78 |
 *
 * Of the 70 MiB after Init 49 are pages of Node's own file, of which a node holds one copy for all of its processes; 20 are
 * the VSP's own, where a Node that does nothing has 8 and a server of grpc-js without a service 17 (smaps: RssFile, RssAnon): that
 * one has 66 MiB. V8's switches for size or fewer threads, and a compile cache, change less than 1 MiB.
 *
 * With others, of which a turn each is followed by a pause of 5.5 s or more (two runs, at load 136 and 78):
 *
 * | flags | 1 | 16 |
 * | --- | --- | --- |
 * | --max-semi-space-size=1 --no-concurrent-recompilation | 0.73, 0.81 | 0.78, 0.82 |
 * | --max-semi-space-size=4 | 1.01, 0.97 | 0.95, 0.93 |
 * | --max-semi-space-size=8 | 0.99, 1.00 | 0.99, 0.95 |
 */
export const vspFlags: readonly string[] = ['--max-semi-space-size=8'];

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
