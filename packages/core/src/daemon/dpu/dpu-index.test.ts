import { expect, test } from 'vitest';
import { unavailable } from '../attach/placement.ts';
import { gone, there, unknown } from '../presence.ts';
import { dpuIndex } from './dpu-index.ts';
import type { DpuManager } from './dpu-manager.ts';

function index(outage?: string, withdrawn = false) {
  const manager = {
    dpu: { name: 'a-host', side: 'host' },
    devices: {
      withdrawn,
      position: (id: string) => (id === 'vf1' && !withdrawn ? { pf: 0, vf: 1 } : undefined),
      locate: (id: string) => (id === 'vf1' ? { pf: 0, vf: 1 } : undefined),
    },
    networks: { of: () => ({ name: 'blue' }) },
    outOfService: () => outage,
  } as unknown as DpuManager;
  const find = (name: string) => (name === 'a-host' ? manager : undefined);
  const presences = new Map([
    ['a-host', there(manager)],
    ['b-host', unknown('DPUs have not been looked for yet')],
  ]);
  return dpuIndex(
    { manager: find, managers: () => [manager] },
    { sides: () => new Set(['host', 'dpu'] as const), presence: (name) => presences.get(name) ?? gone },
  );
}

test('a DPU that cannot serve pods says why, wherever it is asked for', () => {
  const outage = 'its DPU side does not answer';
  const found = { dpuName: 'a-host', vf: 1, network: { name: 'blue' }, outOfService: outage };
  expect(index(outage).find('vf1')).toMatchObject(found);
  expect(index(outage).dpu('a-host')?.outOfService).toBe(outage);
  expect(unavailable(index(outage))).toContain(outage);
  expect(unavailable(index())).toBeUndefined();
});

test('a device of a DPU that takes no new pods is found for those that go', () => {
  expect(index(undefined, true).find('vf1')).toBeUndefined();
  expect(index(undefined, true).locate('vf1')).toMatchObject({ dpuName: 'a-host', vf: 1 });
});

test('what was not found again yet is listed, and not gone', () => {
  expect(index().list()).toMatchObject([{ dpuName: 'a-host' }, { side: 'dpu', outOfService: expect.any(String) }]);
  expect(index().presence('b-host')).toEqual(unknown('DPUs have not been looked for yet'));
  expect(index().presence('c-host')).toEqual(gone);
});
