import { expect, test } from 'vitest';
import { vfOfBridgePort } from './names.ts';

test('the VF of a bridge port is in its name', () => {
  expect(vfOfBridgePort('bridgePorts/host0-12')).toBe(12);
});

test.each([
  ['bridgePorts/host1-0', 'INVALID_ARGUMENT'],
  ['bridgePorts/host0-1-x', 'INVALID_ARGUMENT'],
  ['bridgePorts/host0-1-0a1b2c3d', 'FAILED_PRECONDITION'],
  ['bridgePorts/host0-1-12345678', 'FAILED_PRECONDITION'],
  ['bridgePorts/host0-9999', 'RESOURCE_EXHAUSTED'],
])('%s is %s', (name, code) => {
  expect(() => vfOfBridgePort(name)).toThrow(expect.objectContaining({ code }));
});
