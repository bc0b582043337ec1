/** The plugin host ends what a plugin leaves running, with a real Open vSwitch. Needs root. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { definePlugin, type Platform } from '@dpu-operator/sdk';
import { servePlugin } from '@dpu-operator/sdk/host';
import { parsePluginManifest } from '@dpu-operator/sdk/manifest';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';

const manifest = parsePluginManifest({
  dpu: {
    contract: '^1.1.0',
    hostApi: '^1.0.0',
    products: [{ name: 'Forgetful', dpu: { detect: { dmiProductContains: 'x' }, identifier: 'x' } }],
  },
});

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'dpu-host-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function startSwitch(platform: Platform, directory: string): Promise<number> {
  await platform.openVSwitch({ directory }).start();
  return Number(readFileSync(join(directory, 'ovsdb-server.pid'), 'utf8'));
}

const serve = (plugin: ReturnType<typeof definePlugin<unknown>>, directory: string) =>
  servePlugin({
    plugin,
    manifest,
    settings: {},
    node: { name: 'node-1', ip: '192.0.2.1' },
    logger: pino({ level: 'silent' }),
    socketPath: join(directory, 'vsp.sock'),
  });

test('a switch that the plugin did not stop ends with the server', async () => {
  const directory = temporaryDirectory();
  const ovs = join(directory, 'ovs');
  let pid = 0;
  const plugin = definePlugin<unknown>({
    create: async ({ platform }) => {
      pid = await startSwitch(platform, ovs);
      return { init: async () => ({ ip: '', port: 0 }), getDevices: async () => [], setNumVfs: async (count) => count };
    },
  });
  const server = await serve(plugin, directory);
  expect(existsSync(`/proc/${pid}`)).toBe(true);
  await server.close();
  expect(existsSync(`/proc/${pid}`)).toBe(false);
  expect(existsSync(ovs)).toBe(false);
});

test('also when the plugin could not be created', async () => {
  const directory = temporaryDirectory();
  let pid = 0;
  const plugin = definePlugin<unknown>({
    create: async ({ platform }) => {
      pid = await startSwitch(platform, join(directory, 'ovs'));
      throw new Error('no card');
    },
  });
  await expect(serve(plugin, directory)).rejects.toThrow('no card');
  expect(pid).toBeGreaterThan(1);
  expect(existsSync(`/proc/${pid}`)).toBe(false);
});
