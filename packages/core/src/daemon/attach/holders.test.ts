import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { beforeEach, expect, test } from 'vitest';
import { gone, type Presence, there, unknown } from '../presence.ts';
import { Holders, type HoldersOptions, judgeHolder, type Pod, type Requester } from './holders.ts';
import { namespaceId } from './link/namespace.ts';
import { AttachmentStore } from './record/store.ts';
import { attachmentOf } from './testing/attachment.ts';

const web: Pod = { namespace: 'shop', name: 'web' };
const next: Pod = { namespace: 'shop', name: 'next' };
const requesterOf = (pod?: Pod): Requester => ({ containerId: 'other', pod });
const netns = '/proc/self/ns/net';
/** In a namespace that is there. */
const holder = attachmentOf({ netns, netnsId: (await namespaceId(netns)) ?? '', pod: web });

test.each<[string, Parameters<typeof judgeHolder>, string]>([
  [
    'its namespace is gone',
    [holder, { namespaceIsThere: false, allocation: there(web), requester: requesterOf(next) }],
    'release',
  ],
  [
    'its DEL runs',
    [
      { ...holder, state: 'detaching' },
      { namespaceIsThere: true, allocation: there(web), requester: requesterOf(next) },
    ],
    'release',
  ],
  [
    'the kubelet gave its device to the one that asks',
    [holder, { namespaceIsThere: true, allocation: there(next), requester: requesterOf(next) }],
    'wait',
  ],
  [
    'it is a former pod of the same name',
    [holder, { namespaceIsThere: true, allocation: there(web), requester: requesterOf(web) }],
    'wait',
  ],
  [
    'it is another interface of the same sandbox',
    [holder, { namespaceIsThere: true, allocation: there(web), requester: { containerId: 'pod', pod: web } }],
    'refuse',
  ],
  [
    'it really has it',
    [holder, { namespaceIsThere: true, allocation: there(web), requester: requesterOf(next) }],
    'refuse',
  ],
  [
    'the kubelet does not answer',
    [holder, { namespaceIsThere: true, allocation: unknown(''), requester: requesterOf(next) }],
    'refuse',
  ],
  [
    'the kubelet counts it as nobody’s',
    [holder, { namespaceIsThere: true, allocation: gone, requester: requesterOf(next) }],
    'wait',
  ],
  [
    'nobody says who asks',
    [holder, { namespaceIsThere: true, allocation: there(web), requester: requesterOf() }],
    'refuse',
  ],
])('a holder when %s', (_what, parameters, verdict) => {
  expect(judgeHolder(...parameters)).toBe(verdict);
});

let store: AttachmentStore;
beforeEach(() => {
  const directory = join(mkdtempSync(join(tmpdir(), 'holders-')), 'attachments');
  store = new AttachmentStore({ directory, logger: pino({ level: 'silent' }) });
});

const holders = (allocation: Presence<Pod>, more: Partial<HoldersOptions> = {}) =>
  new Holders({
    store,
    allocations: { podOf: async () => allocation },
    release: async (record) => store.delete(record),
    ...more,
  });

test('a device of nobody is given at once, one of another pod never', async () => {
  await holders(there(next)).clear('vf3', requesterOf(next));
  await holders(unknown('no answer')).clear('vf3', requesterOf(next));
  await holders(gone).clear('vf3', requesterOf(next));
  const refused = holders(there(web)).clear('vf3', requesterOf(next));
  await expect(refused).rejects.toMatchObject({ code: 101, message: expect.stringContaining('pod shop/web') });
  await expect(holders(there(web)).clear('vf3', requesterOf())).rejects.toMatchObject({ code: 101 });
});

test('an ADD waits for the DEL of a pod whose device the kubelet has given away', async () => {
  store.put(holder);
  const released: string[] = [];
  const release = async (record: typeof holder) => void released.push(record.state);
  const cleared = holders(there(next), { release }).clear('vf3', requesterOf(next));
  // The DEL: nobody else releases it.
  store.delete(holder);
  await cleared;
  expect(released).toEqual([]);
});

test('a DEL that fails is made up for by the ADD that waits', async () => {
  store.put(holder);
  const cleared = holders(there(next)).clear('vf3', requesterOf(next));
  store.update({ ...holder, state: 'detaching' });
  await cleared;
  expect(store.list()).toEqual([]);
});

test('the wait has a limit, and ends when the caller leaves', async () => {
  store.put(holder);
  const late = holders(there(next), { limitMs: 10 }).clear('vf3', requesterOf(next));
  await expect(late).rejects.toMatchObject({ code: 101, message: expect.stringContaining('net1 of pod shop/web') });
  const caller = new AbortController();
  const waiting = holders(there(next)).clear('vf3', requesterOf(next), caller.signal);
  caller.abort();
  await expect(waiting).rejects.toMatchObject({ code: 101 });
  expect(store.list()).toEqual([holder]);
});

test('a device that is not back yet is not given to the next', async () => {
  store.put({ ...holder, state: 'detaching' });
  const cleared = holders(there(next), { release: async () => 'deviceAwaited' }).clear('vf3', requesterOf(next));
  await expect(cleared).rejects.toMatchObject({ code: 101 });
});
