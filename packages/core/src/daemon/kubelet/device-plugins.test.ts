import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { PciFunctions } from '../attach/device/pci-functions.ts';
import { DevicePlugins } from './device-plugins.ts';
import { DevicePool } from './pool.ts';

function start(directory: string) {
  const pool = new DevicePool();
  const plugins = new DevicePlugins({
    directory,
    pool,
    pci: new PciFunctions('/nowhere'),
    deviceInfo: { write: () => {} },
    askVendor: async () => undefined,
    logger: pino({ level: 'silent' }),
  });
  onTestFinished(() => plugins.close());
  plugins.start();
  pool.set('dpu', [{ id: 'vf0', healthy: true }]);
}

test('sockets that a killed daemon left are removed, those that somebody serves stay', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'kubelet-'));
  const [dead, alive] = ['0a0a0a0a', '1b1b1b1b'].map((id) => join(directory, `dpuNet-${id}.sock`));
  if (!dead || !alive) throw new Error('no paths');
  const server = createServer().listen(alive);
  onTestFinished(() => void server.close());
  const code = `require('net').createServer().listen(${JSON.stringify(dead)}, () => process.kill(process.pid, 'SIGKILL'))`;
  expect(() => execFileSync(process.execPath, ['-e', code], { stdio: 'ignore' })).toThrow();
  expect(existsSync(dead)).toBe(true);
  start(directory);
  await vi.waitFor(() => expect(existsSync(join(directory, 'dpuNet.sock'))).toBe(true));
  expect([existsSync(dead), existsSync(alive)]).toEqual([false, true]);
});

test('a directory that cannot be watched is tried again', async () => {
  const directory = join(mkdtempSync(join(tmpdir(), 'kubelet-')), 'later');
  start(directory);
  await new Promise((resolve) => setImmediate(resolve));
  mkdirSync(directory);
  await vi.waitFor(() => expect(existsSync(join(directory, 'dpuNet.sock'))).toBe(true), 20_000);
});
