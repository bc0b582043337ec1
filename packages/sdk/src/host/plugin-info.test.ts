import { expect, test } from 'vitest';
import { contractVersion } from '../manifest/contract-version.ts';
import { pluginInfoFromWire } from '../wire/plugin-info.ts';
import { hostInit, memoryDataPath, memoryPlugin, serve, vspClient } from './testing.ts';

test('a VSP tells before Init who it is, and after it what it serves', async () => {
  const dataPath = memoryDataPath({ serves: ['chains', 'bridge'] });
  const plugin = memoryPlugin({ dataPath, watchDevices: () => () => {} });
  const { socketPath } = await serve(plugin, { package: { name: '@acme/vsp', version: '1.2.3' } });
  const client = vspClient(socketPath);
  const identity = { packageName: '@acme/vsp', packageVersion: '1.2.3', contractVersion };
  await expect(client.getInfo()).resolves.toEqual({ ...identity, capabilities: [] });
  await client.init(hostInit);
  const capabilities = ['bridge', 'chains', 'deviceWatch'];
  await expect(client.getInfo()).resolves.toEqual({ ...identity, capabilities });
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
  const info = { packageName: '', packageVersion: '', contractVersion: '9.0.0' };
  // What protobufjs makes of an enum's value without a name.
  const newer = 99 as unknown as 'CAPABILITY_UNSPECIFIED';
  expect(pluginInfoFromWire({ ...info, capabilities: [newer, 'CAPABILITY_BRIDGE'] }).capabilities).toEqual(['bridge']);
});
