/** From a VendorPlugin to the plugin host, by the environment of the pod that the operator makes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { VspClient } from '@dpu-operator/sdk/client';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import type { PluginRelease } from '../../../plugins/release.ts';
import { dpu, environment, manifestWith, run } from '../../testing/rendered.ts';
import { renderVspPod } from './vsp-pod.ts';

const dpuVsp = join(import.meta.dirname, '../../../../../sdk/src/host/command/main.ts');

/** Serves a package that knows of no grace period. Its list of devices never comes. */
async function servedAs(release: Partial<PluginRelease>) {
  const directory = await mkdtemp(join(tmpdir(), 'dpu-grace-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const products = [{ name: 'Card', host: { detect: { dmiProductContains: 'x' }, identifier: 'x' } }];
  const packageJson = {
    name: 'vsp',
    version: '1.0.0',
    type: 'module',
    dpu: { contract: '^1.0.0', hostApi: '^1.0.0', products },
  };
  await writeFile(join(directory, 'package.json'), JSON.stringify(packageJson));
  const code = `export default { create: () => ({
    address: { ip: '127.0.0.1', port: 1 },
    setNumVfs: async (count) => count,
    getDevices: () => { console.log('asked'); return new Promise(() => {}); },
  }) };`;
  await writeFile(join(directory, 'index.js'), code);
  const spec = renderVspPod(dpu, run({}, release), environment).spec as {
    terminationGracePeriodSeconds: number;
    containers: { env: { name: string; value?: string }[] }[];
  };
  const variables = spec.containers[0]?.env ?? [];
  const env = Object.fromEntries(variables.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])));
  const socketPath = join(directory, 'vsp.sock');
  const child = spawn(process.execPath, [dpuVsp, 'serve', '--plugin', directory, '--socket', socketPath], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, socketPath, killedAfterMs: spec.terminationGracePeriodSeconds * 1_000 };
}

test.each([
  [
    "a VendorPlugin's pod template, of an image",
    { source: { kind: 'image' }, image: 'vsp:1', overlay: { terminationGracePeriodSeconds: 3 } },
  ],
  ["its manifest's", { source: { kind: 'image' }, image: 'vsp:1', ...manifestWith({ gracePeriodSeconds: 3 }) }],
] satisfies [string, Partial<PluginRelease>][])(
  'calls in flight end well before the pod is killed by %s',
  async (_, release) => {
    const { child, socketPath, killedAfterMs } = await servedAs(release);
    const ended = once(child, 'exit');
    const lines = createInterface(child.stdout);
    const cutOffAfter = new Promise<number>((resolve) => {
      lines.on('line', (line) => {
        if (line === 'asked') child.kill('SIGTERM');
        else if (line.includes('timeoutMs')) resolve(JSON.parse(line).timeoutMs);
      });
    });
    const client = new VspClient({ socketPath, logger: pino({ level: 'silent' }), deadlineMs: 60_000 });
    onTestFinished(() => client.close());
    const connected = new Promise<void>((resolve) => client.onConnectivity((is) => is && resolve()));
    expect(await Promise.race([connected, ended])).toBeUndefined();
    await client.init({ dpuMode: false, dpuIdentifier: 'x' });
    await expect(client.getDevices()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(killedAfterMs).toBe(3_000);
    expect(await cutOffAfter).toBe(killedAfterMs / 3);
    expect(await ended).toEqual([0, null]);
  },
);
