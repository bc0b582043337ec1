/** The plugin host ends what a plugin leaves running, with a real Open vSwitch. Needs root. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { definePlugin, type Platform } from '@dpu-operator/sdk';
import { VspClient } from '@dpu-operator/sdk/client';
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

const logger = pino({ level: 'silent' });

/** Serves the plugin, and creates it by Init. */
async function serve(plugin: ReturnType<typeof definePlugin<unknown>>, directory: string) {
  const socketPath = join(directory, 'vsp.sock');
  const node = { name: 'node-1', ip: '192.0.2.1' };
  const server = await servePlugin({ plugin, manifest, settings: {}, node, logger, socketPath });
  const client = new VspClient({ socketPath, logger, deadlineMs: 60_000 });
  onTestFinished(async () => {
    client.close();
    await server.close();
  });
  return { server, init: () => client.init({ dpuMode: true, dpuIdentifier: 'x' }) };
}

test('a switch that the plugin did not stop ends with the server', async () => {
  const directory = temporaryDirectory();
  const ovs = join(directory, 'ovs');
  let pid = 0;
  const plugin = definePlugin<unknown>({
    create: async ({ platform }) => {
      pid = await startSwitch(platform, ovs);
      return { address: { ip: '127.0.0.1', port: 1 }, getDevices: async () => [], setNumVfs: async (count) => count };
    },
  });
  const { server, init } = await serve(plugin, directory);
  await init();
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
  const { init } = await serve(plugin, directory);
  await expect(init()).rejects.toThrow('no card');
  expect(pid).toBeGreaterThan(1);
  expect(existsSync(`/proc/${pid}`)).toBe(false);
});
