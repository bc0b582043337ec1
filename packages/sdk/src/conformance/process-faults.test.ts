/** What is wrong with a plugin in a process of its own, and the one thing that finds it. */
import { expect, test } from 'vitest';
import { conformanceSuite } from './suite.ts';
import type { BrokenBy } from './testing/broken-vsp.ts';
import { failedIds, known, memoryPackage } from './testing/examine.ts';

const found: [BrokenBy, only: string[], expected: string[]][] = [
  ['blocks its process in apply', ['bridge.port-create'], ['lifecycle.pulse']],
  ['blocks its process in every tenth GetDevices', ['devices.stable'], ['lifecycle.pulse']],
  ['keeps 1 KB of each port', ['leaks.writes'], ['leaks.writes']],
  ['keeps 10 KB of each network function', ['leaks.functions'], ['leaks.functions']],
  ['keeps 100 KB of each chain', ['leaks.chains'], ['leaks.chains']],
  ['keeps a timer of each port', ['leaks.writes'], ['leaks.writes']],
  ['never ends a watch', ['leaks.watches'], ['leaks.watches']],
  ['throws from a timer after a call', ['bridge.port-create'], ['lifecycle.alive']],
  ['leaves a process behind', ['devices.shape'], ['lifecycle.tidy']],
  ['goes on with apply after SIGTERM', ['shutdown.gives-up'], ['shutdown.gives-up']],
  ['goes on with create after SIGTERM', ['shutdown.while-starting'], ['shutdown.while-starting']],
  ['lets others open its socket', ['lifecycle.socket'], ['lifecycle.socket']],
];

// A suite that was itself held up by a busy machine does not judge how long a Ping took: it is asked again then.
test.each(found)('a plugin that %s is found out', { timeout: 600_000, retry: 3 }, async (fault, only, expected) => {
  const plugin = await memoryPackage(undefined, 'broken-vsp.ts');
  const report = await conformanceSuite({ plugin, settings: { fault }, ...known, only }).run();
  expect(failedIds(report)).toEqual(expected);
});
