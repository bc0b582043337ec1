import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ClosedMarker } from './closed-marker.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'closed-marker-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test('what is closed stays so when the node has lost the state of its DPUs, for that owner alone', async () => {
  const [kept, state] = [join(directory, 'kept'), join(directory, 'state')];
  await mkdir(kept);
  await mkdir(state);
  await ClosedMarker.ofNode('00d1', state, kept).set();
  await rm(state, { recursive: true });
  expect(await ClosedMarker.ofNode('00d1', state, kept).isSet()).toBe(true);
  expect(await ClosedMarker.ofNode('00d2', state, kept).isSet()).toBe(false);
  await ClosedMarker.ofNode('00d1', state, kept).clear();
  expect(await readdir(kept)).toEqual([]);
});

test('without a directory for it, it lives with the state of the DPU', async () => {
  const marker = ClosedMarker.ofNode('00d1', directory, join(directory, 'none'));
  expect(await marker.isSet()).toBe(false);
  await marker.set();
  expect(await readdir(directory)).toEqual(['closed']);
  expect(await marker.isSet()).toBe(true);
});
