/**
 * How operator, daemon and VSPs run under Node: they wait nearly all the time, so their memory counts more than the
 * last tenth of their speed. Measured on a VSP after its Init (Node 24.9, MB resident), each with the others in place:
 * without any of this it has 73, with all of it 65, and answers 0.9 times as many calls a second.
 */
export const nodeFlags: readonly string[] = [
  // A young generation of 1 MB in place of 16.
  '--max-semi-space-size=1',
  // The optimising compiler and what it touches of Node's program: 6 after work. Maglev makes up for its speed.
  '--no-turbofan',
  // Maglev on other threads leaves up to 25 behind after some thousand calls, and is no faster.
  '--no-concurrent-recompilation',
  // Not at 400 calls: at the start nothing runs long enough to be worth it. 3.
  '--invocation-count-for-maglev=2000',
  // The baseline compiler: 1.
  '--no-sparkplug',
];

export const nodeVariables: readonly { name: string; value: string }[] = [
  // glibc gives blocks from 32 KB on back to the kernel when they are freed; without, what start-up compiled stays. 4.
  { name: 'MALLOC_MMAP_THRESHOLD_', value: '32768' },
];
