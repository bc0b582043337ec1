import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { lockNode } from './node-lock.ts';

const directory = mkdtempSync(join(tmpdir(), 'node-lock-'));
const releases: (() => void)[] = [];
afterEach(() => {
  for (const release of releases.splice(0)) release();
});
const stop = new AbortController();
const lock = async (onWaiting = () => {}, { signal } = stop) => {
  releases.push(await lockNode({ directory, onWaiting, signal }));
};

test('the second waits until the first has ended', async () => {
  await lock();
  const waiting = Promise.withResolvers<void>();
  let got = false;
  const second = lock(waiting.resolve).then(() => {
    got = true;
  });
  await waiting.promise;
  expect(got).toBe(false);
  releases.shift()?.();
  await second;
});

test('one that is killed has it no more', async () => {
  const script = `
    const { lockNode } = await import(${JSON.stringify(join(import.meta.dirname, 'node-lock.ts'))});
    const signal = new AbortController().signal;
    await lockNode({ directory: process.argv[1], onWaiting() {}, signal });
    process.stdout.write('locked');
    setInterval(() => {}, 1e6);
  `;
  const args = ['--conditions=source', '--input-type=module', '-e', script, directory];
  const other = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(other.stdout, 'data');
  const waiting = Promise.withResolvers<void>();
  const own = lock(waiting.resolve);
  await waiting.promise;
  other.kill('SIGKILL');
  await own;
});

test('one that is to end waits no more', async () => {
  await lock();
  const ending = new AbortController();
  const onWaiting = vi.fn(() => ending.abort());
  await expect(lock(onWaiting, ending)).rejects.toMatchObject({ name: 'AbortError' });
  expect(onWaiting).toHaveBeenCalledTimes(1);
});
