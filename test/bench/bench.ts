/** `make bench`: every figure this project promises, measured on this machine, each beside its floor. */
import { loadavg } from 'node:os';
import { execa } from 'execa';

const parts = [
  ['bun', '--conditions=source', 'test/bench/attach/attach.ts'],
  ['node', 'test/bench/plugins/vsp.ts'],
  ['node', 'test/bench/plugins/plugin-host.ts'],
  ['node', 'test/bench/cluster/cluster.ts'],
  ['node', '--conditions=source', 'test/bench/injector.ts'],
  ['node', 'test/bench/cluster/outages.ts'],
  ['node', 'test/bench/plugins/plugins.ts'],
] as const;

console.log(`load of the machine before: ${loadavg()[0]?.toFixed(2)}`);
for (const [program, ...args] of parts) await execa(program, args, { stdio: 'inherit' });
