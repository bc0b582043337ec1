/** What is wrong with a plugin in a process of its own, and the one thing that finds it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BrokenBy } from '../testing/broken-vsp.ts';
import { examineProcess, failedIds, limits, memoryPackage } from '../testing/examine.ts';

const found: [BrokenBy, only: string[], expected: string[]][] = [
  ['keeps a file open of each call', ['leaks.reads'], ['leaks.reads']],
  ['keeps 20 KB of each call', ['leaks.reads'], ['leaks.reads']],
  ['keeps 1 KB of each port', ['leaks.writes'], ['leaks.writes']],
  ['keeps 10 KB of each network function', ['leaks.functions'], ['leaks.functions']],
  ['keeps 100 KB of each chain', ['leaks.chains'], ['leaks.chains']],
  ['keeps a timer of each port', ['leaks.writes'], ['leaks.writes']],
  ['never ends a watch', ['leaks.watches'], ['leaks.watches']],
  ['throws from a timer after a call', ['bridge.port-create'], ['lifecycle.alive']],
  ['ends its process as if all were well', ['bridge.port-create'], ['lifecycle.alive']],
  ['ends its process in a call', ['bridge.port-create', 'bridge.list-bad-size'], ['lifecycle.alive']],
  // Of many calls, so that it runs when the process ends.
  ['ends its process after a call', ['bridge.port-create', 'leaks.reads'], ['lifecycle.alive']],
  ['has new ids after each start', ['restart.devices', 'restart.forgotten'], ['restart.devices']],
  ['finds bridges again that it does not know', ['restart.devices', 'restart.replay'], ['restart.replay']],
  ['finds chains again that it does not know', ['restart.replay-chain'], ['restart.replay-chain']],
  ['finds functions again that it does not know', ['restart.replay-function'], ['restart.replay-function']],
  [
    'leaves a port on the card that is deleted, and was not asked for since its start',
    ['restart.replay', 'restart.forgotten'],
    ['restart.forgotten'],
  ],
  ['takes calls that its end meets for failures', ['shutdown.in-flight'], ['shutdown.in-flight']],
  ['cuts its watches off at its end', ['shutdown.watch'], ['shutdown.watch']],
  ['fails to close', ['shutdown.exit'], ['shutdown.exit']],
  ['throws when its signal is aborted', ['shutdown.exit'], ['shutdown.exit']],
  ['takes the SIGTERM of its host away', ['shutdown.exit'], ['shutdown.exit']],
  ['has a metric with a name that is none', ['devices.shape'], ['lifecycle.ready']],
  ['has two services of one name', ['devices.shape'], ['lifecycle.ready']],
  ['leaves a process behind', ['devices.shape'], ['lifecycle.tidy']],
  ['goes on with apply after SIGTERM', ['shutdown.gives-up'], ['shutdown.gives-up']],
  ['goes on with create after SIGTERM', ['shutdown.while-starting'], ['shutdown.while-starting']],
  ['lets others open its socket', ['lifecycle.socket'], ['lifecycle.socket']],
];

/** Those for which the suite waits as long as it may. */
const silent: [BrokenBy, only: string[]][] = [
  ['ends a deletion never', ['bridge.port-delete']],
  ['closes without end', ['shutdown.exit']],
];

const blocked: [BrokenBy, only: string[]][] = [
  ['blocks its process in apply', ['bridge.port-create']],
  ['blocks its process in every tenth GetDevices', ['devices.stable']],
];

let plugin: string;
beforeAll(async () => {
  plugin = await memoryPackage(await mkdtemp(join(tmpdir(), 'dpu-process-faults-')));
});
afterAll(() => rm(plugin, { recursive: true }));

// At the same time: they wait for what a plugin does later, and for one that does not end.
describe.concurrent('a plugin', () => {
  test.each(found)('that %s is found out', { timeout: 600_000 }, async (fault, only, expected) => {
    const report = await examineProcess(plugin, fault, { only });
    expect(failedIds(report)).toEqual(expected);
  });

  test.each(silent)('that %s is found out', { timeout: 600_000 }, async (fault, only) => {
    const impatient = { ...limits, timeoutMs: 10_000, shutdownMs: 1_500 };
    const report = await examineProcess(plugin, fault, { limits: impatient, only });
    expect(failedIds(report)).toContain(only[0]);
  });

  test.each(blocked)('that %s is found out', { timeout: 600_000 }, async (fault, only) => {
    // A Ping has the 5 s of the contract.
    const strict = { ...limits, timeoutMs: 30_000 };
    const report = await examineProcess(plugin, fault, { limits: strict, only });
    expect(failedIds(report)).toEqual(['lifecycle.pulse']);
  });
});
