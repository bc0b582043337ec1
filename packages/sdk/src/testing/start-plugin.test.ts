import { existsSync } from 'node:fs';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { definePlugin, type Platform } from '../contract/contract.ts';
import { detect } from './detect.ts';
import { fakePlatform } from './platform.ts';
import { startPlugin } from './start-plugin.ts';
import { fakeSysfs } from './sysfs.ts';

const packageJson = {
  name: 'vsp-test',
  version: '1.2.3',
  dpu: {
    contract: '^1.0.0',
    products: [
      {
        name: 'Test DPU',
        host: { detect: { pci: { vendor: '1234', device: '5678' } }, identifier: 'test-{pciAddress}' },
        dpu: { detect: { nodeLabel: { key: 'test', values: ['yes'] } }, identifier: 'test-{node}' },
      },
    ],
    settings: { type: 'object', properties: { vfs: { type: 'integer', default: 2 } }, additionalProperties: false },
  },
};
const host = { dpuMode: false, dpuIdentifier: 'test-1' };

/** Counts virtual functions where the card is, and asks a program for the number that pods may have. */
const plugin = definePlugin<{ vfs: number }>({
  create: ({ platform: { sysfs, exec }, settings, node, logger }) => ({
    address: { ip: node.ip, port: settings.vfs },
    getDevices: async () => (await sysfs.virtualFunctions('0000:01:00.0')).map((id) => ({ id, healthy: true })),
    setNumVfs: async (count) => {
      await sysfs.setVirtualFunctions('0000:01:00.0', count);
      return Number((await exec('acme-fw', ['count'])).stdout);
    },
    close: async () => logger.info('plugin closed'),
  }),
});
const card = { address: '0000:01:00.0', vendor: '1234', device: '5678', sriov: { totalVfs: 4, device: '5679' } };

describe('startPlugin', () => {
  test('lets the real client call the plugin on a made-up machine', async () => {
    await using sysfs = await fakeSysfs({ pci: [card] });
    const platform: Platform = fakePlatform({ sysfs, exec: { 'acme-fw': '3' } });
    await using vsp = await startPlugin(plugin, { packageJson, platform });
    expect(await vsp.client.getInfo()).toMatchObject({ packageName: 'vsp-test', packageVersion: '1.2.3' });
    expect(await vsp.client.init(host)).toEqual({ ip: '192.0.2.1', port: 2 });
    expect(await vsp.client.setNumVfs(2)).toBe(3);
    expect((await vsp.client.getDevices()).map(({ id }) => id)).toEqual(['0000:01:02.0', '0000:01:02.1']);
    expect(await vsp.plugin.getDevices()).toHaveLength(2);
    await expect(vsp.client.setNumVfs(5)).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
  });

  test('gives the plugin the directories of its Secret and ConfigMap, else none', async () => {
    await using keys = await mkdtempDisposable(join(tmpdir(), 'keys-'));
    await writeFile(join(keys.path, 'key'), 'from a file');
    const reading = definePlugin({
      create: async ({ secrets, config, node }) => ({
        address: { ip: node.ip, port: 1 },
        getDevices: async () => [{ id: `${await secrets.read('key')}, ${await config.read('key')}`, healthy: true }],
        setNumVfs: async (count) => count,
      }),
    });
    const directories = { secretDirectory: keys.path, configMapDirectory: keys.path };
    await using vsp = await startPlugin(reading, { packageJson, ...directories });
    await vsp.client.init(host);
    expect(await vsp.plugin.getDevices()).toEqual([{ id: 'from a file, from a file', healthy: true }]);
    await using without = await startPlugin(reading, { packageJson, secretDirectory: keys.path });
    await without.client.init(host);
    await expect(without.plugin.getDevices()).rejects.toThrow('no ConfigMap with key key');
  });

  test('closes the plugin and leaves nothing behind', async () => {
    const vsp = await startPlugin(plugin, { packageJson, dpu: { side: 'host', identifier: 'test-1' } });
    expect(vsp.plugin.address.port).toBe(2);
    await vsp.close();
    await vsp.close();
    expect(vsp.logs.filter(({ msg }) => msg === 'plugin closed')).toHaveLength(1);
    expect(existsSync(dirname(vsp.socketPath))).toBe(false);
  });

  test('refuses what the host refuses', async () => {
    await expect(startPlugin(plugin, { packageJson, settings: { vfs: 'many' } })).rejects.toThrow('settings.vfs');
    await expect(startPlugin(plugin, { packageJson: {} })).rejects.toThrow('dpu');
    await using early = await startPlugin(plugin, { packageJson });
    expect(() => early.plugin).toThrow('call client.init');
  });
});

test('detect finds what the daemon would', async () => {
  await using sysfs = await fakeSysfs({ pci: [card] });
  expect(await detect({ packageJson, sysfs })).toMatchObject([{ identifier: 'test-0000:01:00.0', side: 'host' }]);
  const node = { name: 'worker', labels: { test: 'yes' } };
  expect(await detect({ packageJson, node })).toMatchObject([{ identifier: 'test-worker', side: 'dpu' }]);
  expect(await detect({ packageJson })).toEqual([]);
});
