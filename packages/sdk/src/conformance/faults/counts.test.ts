/** Cards whose number of devices is fixed, or has a maximum: no check goes beyond what is said of it. */
import { expect, test } from 'vitest';
import type { VirtualFunctions } from '../../contract/contract.ts';
import { DpuError } from '../../errors.ts';
import { examine, failedIds } from '../testing/examine.ts';
import { memoryVsp } from '../testing/memory-vsp.ts';

/** A plugin whose card has that many, with the numbers that it was asked for. */
function card(resizing: VirtualFunctions['resizing'], count: number, maximum: number) {
  const { limits, ...good } = memoryVsp();
  const asked: number[] = [];
  const setNumVfs = async (wanted: number) => {
    asked.push(wanted);
    if (wanted > maximum) throw new DpuError('OUT_OF_RANGE', `there can be ${maximum}`);
    return resizing === 'never' ? count : good.setNumVfs(wanted);
  };
  const virtualFunctions = async () => {
    return { resizing, physicalFunctions: [{ pf: 0, count: (await good.getDevices()).length, maximum }] };
  };
  return { plugin: { ...good, setNumVfs, virtualFunctions }, asked, count };
}

test('a card with a fixed number is asked for that one, for one less, which changes nothing, and for one too many', async () => {
  const { plugin, asked, count } = card('never', 5, 5);
  const report = await examine(plugin, { modes: ['host'], maxVfs: 8, only: ['devices'] });
  expect(failedIds(report)).toEqual([]);
  expect(new Set(asked)).toEqual(new Set([count, 4, 6]));
  const reasons = new Map(report.results.map(({ id, reason }) => [id, reason]));
  expect(reasons.get('devices.count-max')).toContain('VF_RESIZING_NEVER');
  expect(report.results).toContainEqual(expect.objectContaining({ id: 'devices.count-repeat', status: 'passed' }));
});

test('no more is asked for than the physical functions can have, whatever the caller says', async () => {
  const { plugin, asked } = card('live', 5, 6);
  const report = await examine(plugin, { modes: ['host'], maxVfs: 64, only: ['devices'] });
  expect(failedIds(report)).toEqual([]);
  expect(Math.max(...asked)).toBe(7);
  expect(asked).toContain(6);
});

test('calls to a card that says how slow it is have time to wait for those before them', async () => {
  const good = memoryVsp();
  const apply: typeof good.dataPath.apply = async (wanted, call) => {
    await new Promise((resolve) => setTimeout(resolve, 50 * call.changed.length));
    return good.dataPath.apply(wanted, call);
  };
  const limits = { ...good.limits, maxBridgePorts: 40, changeSeconds: 2 };
  const slow = { ...good, limits, dataPath: { ...good.dataPath, apply } };
  const report = await examine(slow, { limits: { timeoutMs: 1_000 }, only: ['concurrency.mixed'] });
  expect(failedIds(report)).toEqual([]);
});

test('a card whose ports are named by their VFs, and that says no maximum, has no room for another name', async () => {
  const good = memoryVsp();
  const apply: typeof good.dataPath.apply = async (wanted, call) => {
    const outcomes = new Map(await good.dataPath.apply(wanted, call));
    for (const { name, after } of call.changed) {
      const isNoVf = after && Number(name.split('-').at(-1)) >= 8;
      if (isNoVf) outcomes.set(name, { state: 'failed', code: 'RESOURCE_EXHAUSTED', message: `${name} names no VF` });
    }
    return outcomes;
  };
  const maxVfs = 8;
  const named = { ...good, limits: { maxVfs }, dataPath: { ...good.dataPath, apply } };
  const report = await examine(named, { limits: { ports: 32 }, only: ['bridge.many-ports'] });
  expect(report.results).toContainEqual(expect.objectContaining({ id: 'bridge.many-ports', status: 'passed' }));
});
