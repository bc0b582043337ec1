import { expect, test } from 'vitest';
import { parseGarbageConfig, parseNetworkBase, parseNetworkConfig } from './network-config.ts';

const name = 'net';

test('an absent or empty version is the oldest', () => {
  expect(parseNetworkBase({ name }).cniVersion).toBe('0.1.0');
  expect(parseNetworkBase({ name, cniVersion: '' }).cniVersion).toBe('0.1.0');
});

test('a MAC may be written in every form; an empty one is none', () => {
  const runtimeConfig = { mac: '0200.0000.00AA' };
  expect(parseNetworkConfig({ name, mac: '02-00-00-00-00-AB', runtimeConfig })).toMatchObject({
    mac: '02:00:00:00:00:ab',
    runtimeConfig: { mac: '02:00:00:00:00:aa' },
  });
  expect(parseNetworkConfig({ name, mac: '' }).mac).toBeUndefined();
  expect(() => parseNetworkConfig({ name, mac: '01:00:00:00:00:00' })).toThrow('mac: must be a unicast MAC address');
});

test.each([{}, { type: '' }, null])('ipam of %j is none', (ipam) => {
  expect(parseNetworkConfig({ name, ipam }).name).toBe('net');
});

test.each(['.', '..', '../sh', '/bin/sh', 'a b', 'a\0', 'a\n', 'dpu-cni', 'x'.repeat(256)])(
  'ipam.type %j is refused',
  (type) => {
    expect(() => parseNetworkConfig({ name, ipam: { type } })).toThrow(/network configuration: ipam/);
  },
);

test.each(['', 'a/b', '..', 'a\0', 'a b', 7, undefined])('name %j is refused', (bad) => {
  expect(() => parseNetworkBase({ name: bad })).toThrow('network configuration: name');
});

test.each(['', 'vf\0', 'vf\n', 'x'.repeat(256)])('deviceID %j is refused', (deviceID) => {
  expect(() => parseNetworkConfig({ name, deviceID })).toThrow('network configuration: deviceID');
  expect(() => parseNetworkConfig({ name, runtimeConfig: { deviceID } })).toThrow('runtimeConfig.deviceID');
});

test('valid attachments: null is an empty list, absent is nothing said', () => {
  const valid = (value: unknown) => parseGarbageConfig({ name, 'cni.dev/valid-attachments': value });
  expect(valid(null)['cni.dev/valid-attachments']).toEqual([]);
  expect(parseGarbageConfig({ name })['cni.dev/valid-attachments']).toBeUndefined();
  expect(() => valid([{ containerID: 'a' }])).toThrow('cni.dev/valid-attachments.0.ifname');
  expect(() => valid('all')).toThrow('valid-attachments');
});
