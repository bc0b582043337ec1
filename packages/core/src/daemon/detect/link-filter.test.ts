import { expect, test } from 'vitest';
import { mattersForDetection } from './link-filter.ts';

const virtualFunctions = new Set(['0000:01:02.0']);

test.each([
  ['a netdev of hardware', { kind: undefined, pciAddress: '0000:01:00.0' }, true],
  ['one on another bus', { kind: undefined, pciAddress: undefined }, true],
  ['a veth of a pod', { kind: 'veth' }, false],
  ['a VXLAN device', { kind: 'vxlan' }, false],
  ['a bridge', { kind: 'bridge' }, false],
  ['a virtual function on its way into a pod', { pciAddress: '0000:01:02.0' }, false],
  ['a virtual function that was not there yet', { pciAddress: '0000:01:02.1' }, true],
])(
  '%s: %j matters %s',
  (_case, { kind, pciAddress }: { kind?: string | undefined; pciAddress?: string | undefined }, matters) => {
    const change = { name: 'x', index: 7, deleted: false, ...(kind && { kind }), ...(pciAddress && { pciAddress }) };
    expect(mattersForDetection(change, virtualFunctions)).toBe(matters);
  },
);
