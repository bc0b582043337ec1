import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConformanceOptions } from './options.ts';
import type { BrokenBy } from './testing/broken-vsp.ts';
import { examine, examineProcess, failedIds, memoryPackage } from './testing/examine.ts';
import { memoryVsp } from './testing/memory-vsp.ts';

let plugin: string;
beforeAll(async () => {
  plugin = await memoryPackage(await mkdtemp(join(tmpdir(), 'dpu-conformance-test-')));
});
afterAll(() => rm(plugin, { recursive: true }));

function inProcess(fault: BrokenBy | undefined, options: ConformanceOptions) {
  return examineProcess(plugin, fault, options);
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

  test('that fails in Init says so, once', async () => {
    const { results } = await inProcess('has firmware that is too old', { only: ['devices'] });
    const [first, ...others] = results;
    expect(first).toMatchObject({ id: 'lifecycle.ready', status: 'failed' });
    expect(first?.failure?.message).toContain('Init fails: FAILED_PRECONDITION: its firmware is too old');
    expect(new Set(others.map(({ status }) => status))).toEqual(new Set(['skipped']));
  });

  test('whose card boots is asked again', async () => {
    const report = await inProcess('has a card that boots', { only: ['devices.shape'] });
    expect(report.results).toMatchObject([{ id: 'devices.shape', status: 'passed' }]);
  });

  test('that does not start says why, once', async () => {
    const report = await inProcess('does not start', { only: ['devices.shape', 'devices.stable'] });
    expect(report.results).toMatchObject([
      { id: 'lifecycle.ready', status: 'failed', failure: { message: expect.stringContaining('no card here') } },
      { id: 'devices.shape', status: 'skipped', reason: expect.stringContaining('no card here') },
      { id: 'devices.stable', status: 'skipped', reason: expect.stringContaining('no card here') },
    ]);
  });
});
