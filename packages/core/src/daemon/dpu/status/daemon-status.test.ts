import { expect, test } from 'vitest';
import { networksOf } from './daemon-status.ts';

const blue = { name: 'blue', vfs: '0-1', logicalBridge: 'vlan-7', devices: 2 };
const plain = { name: 'plain', vfs: '2', devices: 1 };
const networks = { report: () => [blue, plain] };

test('networks say that they are not kept apart where the DPU has one bridge, and those that ask for none do not', () => {
  expect(networksOf({ networks, hasOneBridge: true })).toEqual([{ ...blue, lacksBridge: true }, plain]);
  expect(networksOf({ networks, hasOneBridge: false }, [{ ...blue, lacksBridge: true }])).toEqual([blue, plain]);
});

test('until the DPU has answered, what was known before stays', () => {
  const before = [{ ...blue, lacksBridge: true }];
  expect(networksOf({ networks, hasOneBridge: undefined }, before)).toEqual([before[0], plain]);
  expect(networksOf({ networks, hasOneBridge: undefined })).toEqual([blue, plain]);
  expect(networksOf({ networks: { report: () => undefined }, hasOneBridge: true }, before)).toBeUndefined();
});
