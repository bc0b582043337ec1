import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { namespaceId } from '../link/namespace.ts';
import type { Released } from '../releaser.ts';
import { attachmentOf } from '../testing/attachment.ts';
import type { Attachment } from './attachment.ts';
import { Orphans } from './orphans.ts';
import { AttachmentStore } from './store.ts';

const logger = pino({ level: 'silent' });
let root: string;
let store: AttachmentStore;
let outcome: () => Promise<Released>;
let orphans: Orphans;
const released: string[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'orphans-'));
  mkdirSync(join(root, 'netns'));
  store = new AttachmentStore({ directory: join(root, 'attachments'), logger });
  released.length = 0;
  outcome = async () => 'complete';
  orphans = new Orphans({
    store,
    logger,
    directory: join(root, 'netns'),
    release: async (record) => {
      released.push(record.containerId);
      const result = await outcome();
      if (result === 'complete') store.delete(record);
      return result;
    },
  });
});
afterEach(() => {
  orphans.close();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const put = (containerId: string, more: Partial<Attachment> = {}): void => {
  store.put(attachmentOf({ containerId, netns: join(root, 'netns', containerId), ...more }));
};

test('of all attachments only those of a namespace that changed are looked at', async () => {
  put('a');
  put('b');
  put('by-pid', { netns: '/proc/999999999/ns/net' });
  orphans.watch(new AbortController().signal);
  // A plain file is what is left of a namespace between unmounting and removing.
  writeFileSync(join(root, 'netns/a'), '');
  await vi.waitFor(() => expect(store.list().map(({ containerId }) => containerId)).toEqual(['b']));
  expect(released).toEqual(['a', 'by-pid']);
});

test('at the start everything is looked at: what lost its namespace, and what was left half done', async () => {
  const pod = '/proc/self/ns/net';
  put('lost');
  put('attached', { netns: pod, netnsId: (await namespaceId(pod)) ?? '' });
  put('detaching', { netns: pod, state: 'detaching' });
  // The kernel is not even asked.
  put('not to be looked at', { netns: '/run/netns/\0' });
  await orphans.recover();
  expect(store.list().map(({ containerId }) => containerId)).toEqual(['attached', 'not to be looked at']);
});

test('one that is closed releases nothing more', async () => {
  put('a', { state: 'detaching' });
  put('lost');
  orphans.close();
  orphans.linkChanged({ name: 'vf3' });
  await orphans.recover();
  expect(released).toEqual([]);
});

test('what cannot be released is tried again, at growing intervals', async () => {
  vi.useFakeTimers();
  // The longest of what the pauses' random part leaves.
  vi.spyOn(Math, 'random').mockReturnValue(1);
  put('a', { state: 'detaching' });
  outcome = () => Promise.reject(new Error('no answer'));
  await orphans.retry();
  for (const ms of [500, 1000, 2000]) {
    const before = released.length;
    await vi.advanceTimersByTimeAsync(ms - 1);
    expect(released).toHaveLength(before);
    await vi.advanceTimersByTimeAsync(1);
    expect(released).toHaveLength(before + 1);
  }
  outcome = async () => 'complete';
  await vi.advanceTimersByTimeAsync(4000);
  expect(store.list()).toEqual([]);
});

test('records that could not be written are, without a restart', async () => {
  vi.useFakeTimers();
  put('a');
  const [record] = store.list();
  const directory = join(root, 'attachments');
  rmSync(directory, { recursive: true });
  writeFileSync(directory, '');
  if (record) store.delete(record);
  await vi.advanceTimersByTimeAsync(500);
  expect(store.written).toBe(false);
  rmSync(directory);
  await vi.advanceTimersByTimeAsync(1000);
  expect(store.written).toBe(true);
});

test('a device that comes back late, and a name that gets free, are noticed by the link’s event', async () => {
  const pciAddress = '0000:01:00.3';
  put('late', { state: 'detaching', link: { name: 'ens1v3', mac: '', mtu: 1500, pciAddress } });
  put('taken', { state: 'detaching' });
  put('attached');
  orphans.linkChanged({ name: 'eth7' });
  orphans.linkChanged({ name: 'eth7', pciAddress: '0000:01:00.4' });
  expect(released).toEqual([]);
  orphans.linkChanged({ name: 'net1', pciAddress });
  orphans.linkChanged({ name: 'vf3' });
  await vi.waitFor(() => expect(store.list().map(({ containerId }) => containerId)).toEqual(['attached']));
});
