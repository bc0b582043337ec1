import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Closed, ClosedMarker, closedBy } from './closed-marker.ts';

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

const open: Closed = { all: false, vlans: [] };
const placed = (vlan?: number) => ({ functions: [], devices: [], ...(vlan !== undefined && { vlan }) });

test('a chain closes what it works for, a single function nothing', () => {
  expect(closedBy(new Map([['networkFunctions/a', placed()]]), open)).toEqual(open);
  expect(closedBy(new Map([['serviceChains/a', placed()]]), open)).toEqual({ all: true, vlans: [] });
  expect(closedBy(new Map([['serviceChains/a', placed(5)]]), open)).toEqual({ all: false, vlans: [5] });
});

test('a VLAN is closed no more when no bridge has it, once all bridges were told', () => {
  const before = { all: false, vlans: [5, 6] };
  expect(closedBy(new Map(), before)).toEqual(before);
  expect(closedBy(new Map(), before, new Set([6]))).toEqual({ all: false, vlans: [6] });
});

test('is marked before it is made so, and no more where that failed; open once it is', async () => {
  const marker = ClosedMarker.ofNode('00d1', directory, join(directory, 'none'));
  const next = { all: true, vlans: [5] };
  const failing = marker.change(open, next, async () => {
    expect(await marker.read()).toEqual(next);
    throw new Error('no switch');
  });
  await expect(failing).rejects.toThrow('no switch');
  expect(await marker.read()).toEqual(open);
  await marker.change(open, next, async () => {});
  expect(await marker.read()).toEqual(next);
  await marker.change(next, { all: true, vlans: [] }, async () => expect(await marker.read()).toEqual(next));
  expect(await marker.read()).toEqual({ all: true, vlans: [] });
  await marker.clearAll();
  expect(await readdir(directory)).toEqual([]);
});
