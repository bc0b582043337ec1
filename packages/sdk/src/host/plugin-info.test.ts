import { expect, test } from 'vitest';
import { limitsOf } from '../contract/features.ts';
import { contractVersion } from '../manifest/contract-version.ts';
import { pluginInfoFromWire } from '../wire/mapping/plugin-info.ts';
import { hostInit, memoryDataPath, memoryPlugin, serve, vspClient } from './testing.ts';

test('a VSP tells before Init who it is, and after it what it serves', async () => {
  const dataPath = memoryDataPath({ serves: ['chains', 'bridge'] });
  const plugin = memoryPlugin({ dataPath, watchDevices: () => () => {} });
  const { socketPath } = await serve(plugin, { package: { name: '@acme/vsp', version: '1.2.3' } });
  const client = vspClient(socketPath);
  const identity = { packageName: '@acme/vsp', packageVersion: '1.2.3', contractVersion };
  await expect(client.getInfo()).resolves.toEqual({ ...identity, capabilities: [], features: [] });
  await client.init(hostInit);
  const capabilities = ['bridge', 'chains', 'deviceWatch'];
  await expect(client.getInfo()).resolves.toMatchObject({ ...identity, capabilities });
});

test('a service of which the side has none is there before Init, to say so, and not after it', async () => {
  const { socketPath } = await serve(memoryPlugin({ dataPath: memoryDataPath({ serves: ['bridge'] }) }));
  const client = vspClient(socketPath);
  await expect(client.listChains()).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  await client.init(hostInit);
  await expect(client.listChains()).rejects.toMatchObject({ code: 'UNIMPLEMENTED' });
  await expect(client.listBridgePorts()).resolves.toEqual([]);
});

test('capabilities of a newer contract mean nothing', () => {
  const info = { packageName: '', packageVersion: '', contractVersion: '9.0.0', features: [] };
  // What protobufjs makes of an enum's value without a name.
  const newer = 99 as unknown as 'CAPABILITY_UNSPECIFIED';
  expect(pluginInfoFromWire({ ...info, capabilities: [newer, 'CAPABILITY_BRIDGE'] }).capabilities).toEqual(['bridge']);
});

test('limits are announced with what they belong to, and read again', async () => {
  const limits = { maxVfs: 16, maxChains: 4, trunk: false, maxBridgePorts: 64 } as const;
  const { socketPath } = await serve(
    memoryPlugin({ dataPath: memoryDataPath({ serves: ['chains', 'bridge'] }), limits }),
  );
  const client = vspClient(socketPath);
  await client.init(hostInit);
  const features = (await client.getInfo())?.features ?? [];
  expect(features).toEqual([
    { name: 'dpu.devices', version: 1, limits: { maxVfs: 16 } },
    { name: 'dpu.replay', version: 1, limits: {} },
    { name: 'dpu.status', version: 1, limits: {} },
    { name: 'opi.bridge', version: 1, limits: { maxBridgePorts: 64, trunk: false } },
    { name: 'dpu.chains', version: 1, limits: { maxChains: 4 } },
  ]);
  expect(limitsOf(features)).toEqual(limits);
});

test('limits of another version, or of another kind, mean nothing', () => {
  const features = [
    { name: 'dpu.devices', version: 2, limits: { maxVfs: 16 } },
    { name: 'opi.bridge', version: 1, limits: { trunk: 'no', maxBridgePorts: true } },
    { name: 'acme.bridge', version: 1, limits: { vxlan: false } },
  ];
  expect(limitsOf(features)).toEqual({});
});
