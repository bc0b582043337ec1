import { expect, test } from 'vitest';
import { contractVersion } from '../manifest/contract-version.ts';
import { pluginInfoFromWire } from '../wire/plugin-info.ts';
import { memoryBridge, memoryChains, memoryPlugin, serve, vspClient } from './testing.ts';

test('a VSP tells before Init who it is and what it serves', async () => {
  const plugin = memoryPlugin({ bridge: memoryBridge(), chains: memoryChains(), watchDevices: () => () => {} });
  const { socketPath } = await serve(plugin, { package: { name: '@acme/vsp', version: '1.2.3' } });
  await expect(vspClient(socketPath).getInfo()).resolves.toEqual({
    packageName: '@acme/vsp',
    packageVersion: '1.2.3',
    contractVersion,
    capabilities: ['bridge', 'chains', 'deviceWatch'],
  });
});

test('capabilities of a newer contract mean nothing', () => {
  const info = { packageName: '', packageVersion: '', contractVersion: '9.0.0' };
  // What protobufjs makes of an enum's value without a name.
  const newer = 99 as unknown as 'CAPABILITY_UNSPECIFIED';
  expect(pluginInfoFromWire({ ...info, capabilities: [newer, 'CAPABILITY_BRIDGE'] }).capabilities).toEqual(['bridge']);
});
