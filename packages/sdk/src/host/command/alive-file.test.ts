import { mkdtempSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { keepAlive } from './alive-file.ts';

test('the file is touched again and again, until it is to end', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'alive-')), 'alive');
  const stop = new AbortController();
  const kept = keepAlive(path, { everyMs: 1, signal: stop.signal });
  const isYoung = () => Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) < 30_000;
  await expect.poll(isYoung, { interval: 1 }).toBe(true);
  for (let time = 0; time < 2; time += 1) {
    utimesSync(path, 0, 0);
    await expect.poll(isYoung, { interval: 1 }).toBe(true);
  }
  stop.abort();
  await kept;
});
