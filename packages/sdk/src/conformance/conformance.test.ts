import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConformanceOptions } from './options.ts';
import { examine, examineProcess, failedIds, limits } from './testing/examine.ts';
import { memoryVsp, type ProcessFault } from './testing/memory-vsp.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dpu-conformance-test-'));
});
afterAll(() => rm(directory, { recursive: true }));

/** Of a package of its own: some faults keep files there. */
async function inProcess(fault: ProcessFault | undefined, options: ConformanceOptions) {
  return examineProcess(await mkdtemp(join(directory, 'plugin-')), fault, options);
}

describe('a plugin that keeps the rules', () => {
  test.each(['dpu', 'host'] as const)(
    'conforms on the %s side, and nothing of the suite is left',
    {
      timeout: 600_000,
    },
    async (mode) => {
      const plugin = memoryVsp();
      const report = await examine(plugin, { modes: [mode] });
      expect(failedIds(report)).toEqual([]);
      expect(report.conforms).toBe(true);
      expect(report.modes[0]?.left).toEqual([]);
      expect([...plugin.there]).toEqual([]);
      await expect(plugin.getDevices()).resolves.toHaveLength(5);
      const skipped = report.results.filter(({ status }) => status === 'skipped');
      const needs = new Set(skipped.map(({ reason }) => reason?.split(':')[0]));
      expect([...needs].sort()).toEqual([
        'needs a VSP that the suite starts',
        'no device is a network device that the suite can see; run it on the node of the VSP',
        'not announced',
        'the card has no physical functions',
        'the number of virtual functions is not said to be fixed',
      ]);
    },
  );
});

test('the checks run alone', async () => {
  const { results, conforms } = await examine(memoryVsp(), { only: ['chains.create', 'lifecycle.init-concurrent'] });
  expect(results.map(({ id, status }) => [id, status])).toEqual([
    ['lifecycle.init-concurrent', 'passed'],
    ['chains.create', 'passed'],
  ]);
  expect(conforms).toBe(true);
});

// At the same time: starting and ending is most of it.
describe.concurrent('a process', () => {
  test.each([
    { only: ['lifecycle'], skips: [] },
    { only: ['leaks'], skips: [] },
    { only: ['restart', 'shutdown'], skips: ['shutdown.devices-stay'] },
  ])('that keeps the rules conforms: $only', { timeout: 600_000 }, async ({ only, skips }) => {
    const report = await inProcess(undefined, { only });
    expect(failedIds(report)).toEqual([]);
    expect(report.target).toBe('vsp-memory@1.2.3');
    // The manifest has no host side.
    expect(report.modes).toMatchObject([{ mode: 'dpu', plugin: { packageName: 'vsp-memory' }, left: [] }]);
    const skipped = report.results.filter(({ status }) => status === 'skipped').map(({ id }) => id);
    expect(skipped).toEqual(skips);
  });

  const faults: [ProcessFault, string[], string[]][] = [
    ['leaks-descriptors', ['leaks.reads'], ['leaks.reads']],
    ['leaks-memory', ['leaks.reads'], ['leaks.reads']],
    ['new-ids', ['restart.devices', 'restart.forgotten'], ['restart.devices']],
    ['exits-with-1', ['shutdown.exit'], ['shutdown.exit']],
    ['hangs-at-the-end', ['shutdown.exit'], ['shutdown.exit']],
    ['dies-of-a-call', ['bridge.port-create', 'bridge.list-bad-size'], ['lifecycle.alive']],
    // Of many calls, so that it runs when the process ends.
    ['dies-later', ['bridge.port-create', 'leaks.reads'], ['lifecycle.alive']],
    ['refuses-replay', ['restart.devices', 'restart.replay'], ['restart.replay']],
  ];
  test.each(faults)('that %s is found out', { timeout: 600_000 }, async (fault, only, expected) => {
    // The one that hangs is waited for.
    const hangs = fault === 'hangs-at-the-end' && { shutdownMs: 1_500 };
    const report = await inProcess(fault, { only, limits: { ...limits, ...hangs } });
    expect(failedIds(report)).toEqual(expected);
  });

  test('that fails in Init says so, once', async () => {
    const { results } = await inProcess('fails-in-init', { only: ['devices'] });
    const [first, ...others] = results;
    expect(first).toMatchObject({ id: 'lifecycle.ready', status: 'failed' });
    expect(first?.failure?.message).toContain('Init fails: FAILED_PRECONDITION: its firmware is too old');
    expect(new Set(others.map(({ status }) => status))).toEqual(new Set(['skipped']));
  });

  test('whose card boots is asked again', async () => {
    const report = await inProcess('is-late', { only: ['devices.shape'] });
    expect(report.results).toMatchObject([{ id: 'devices.shape', status: 'passed' }]);
  });

  test('that does not start says why, once', async () => {
    const report = await inProcess('does-not-start', { only: ['devices.shape', 'devices.stable'] });
    expect(report.results).toMatchObject([
      { id: 'lifecycle.ready', status: 'failed', failure: { message: expect.stringContaining('no card here') } },
      { id: 'devices.shape', status: 'skipped', reason: expect.stringContaining('no card here') },
      { id: 'devices.stable', status: 'skipped', reason: expect.stringContaining('no card here') },
    ]);
  });
});
