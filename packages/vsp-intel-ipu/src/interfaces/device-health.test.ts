import type { Link } from '@dpu-operator/sdk/linux';
import { expect, test } from 'vitest';
import { healthOf } from './device-health.ts';

const link = (name: string, mac: string, permanentMac?: string): Link => ({
  name,
  index: 1,
  mac,
  mtu: 1500,
  up: true,
  running: true,
  addresses: [],
  ...(permanentMac !== undefined && { permanentMac }),
});
const [own, other] = ['02:00:00:00:00:01', '02:00:00:00:00:02'];
const health = (input: { macs?: [string, string][]; here?: Link[]; inPods?: Link[] }) =>
  healthOf({ names: ['d11'], macs: new Map(input.macs), here: input.here ?? [], inPods: input.inPods ?? [] });

test('an interface of the ACC, and one that a pod has, whatever it did to name and MAC', () => {
  expect(health({ here: [link('d11', own)] })).toEqual([{ id: 'd11', healthy: true }]);
  expect(health({ macs: [['d11', own]], inPods: [link('net1', own)] })).toEqual([{ id: 'd11', healthy: true }]);
  expect(health({ macs: [['d11', own]], inPods: [link('net1', other, own)] })).toEqual([{ id: 'd11', healthy: true }]);
});

test('one that is nowhere, or was never seen, or is another', () => {
  const nowhere = [{ id: 'd11', healthy: false, reason: 'neither the ACC nor a pod has a network device d11' }];
  expect(health({ macs: [['d11', own]] })).toEqual(nowhere);
  expect(health({ inPods: [link('net1', own)] })).toEqual(nowhere);
  expect(health({ macs: [['d11', own]], inPods: [link('net1', other)] })).toEqual(nowhere);
});

test('one that came back under another name', () => {
  expect(health({ macs: [['d11', own]], here: [link('net1', own)] })).toEqual([
    { id: 'd11', healthy: false, reason: 'the interface is called net1; rename it' },
  ]);
});
