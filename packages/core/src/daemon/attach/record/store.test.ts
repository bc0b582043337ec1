import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { attachmentOf } from '../testing/attachment.ts';
import { AttachmentStore } from './store.ts';

const logger = pino({ level: 'silent' });
const record = attachmentOf();
const makeDirectory = () => join(mkdtempSync(join(tmpdir(), 'store-')), 'attachments');
const listed = (directory: string) => new AttachmentStore({ directory, logger }).list();

/** Nothing can be written or removed until the answer is called. */
function breakDisk(directory: string): () => void {
  rmSync(directory, { recursive: true });
  writeFileSync(directory, '');
  return () => rmSync(directory);
}

test('a late change of what was attached before touches no later attachment of the same interface', () => {
  const store = new AttachmentStore({ directory: makeDirectory(), logger });
  const later = { ...record, id: randomUUID() };
  store.put(later);
  store.update({ ...record, state: 'detaching' });
  store.delete(record);
  expect(store.list()).toEqual([later]);
});

test('the next daemon finds what is written, also when the directory was taken away meanwhile', () => {
  const directory = makeDirectory();
  const store = new AttachmentStore({ directory, logger });
  rmSync(directory, { recursive: true });
  store.put(record);
  expect(listed(directory)).toEqual([record]);
  store.delete(record);
  expect(listed(directory)).toEqual([]);
  expect(readdirSync(directory)).toEqual([]);
});

test('what must be written down before it is done is refused when it cannot be', () => {
  const directory = makeDirectory();
  const store = new AttachmentStore({ directory, logger });
  const mend = breakDisk(directory);
  expect(() => store.put(record)).toThrow(expect.objectContaining({ code: 'RESOURCE_EXHAUSTED' }));
  expect(store.list()).toEqual([]);
  mend();
  store.put(record);
  expect(listed(directory)).toEqual([record]);
});

test('what is undone counts at once, and is written when that is possible', () => {
  const directory = makeDirectory();
  const store = new AttachmentStore({ directory, logger });
  store.put(record);
  const mend = breakDisk(directory);
  store.update({ ...record, state: 'detaching' });
  expect(store.get(record)?.state).toBe('detaching');
  expect(store.written).toBe(false);
  expect(() => store.flush()).toThrow();
  mend();
  store.flush();
  expect(store.written).toBe(true);
  expect(listed(directory)).toMatchObject([{ state: 'detaching' }]);
});

test('a device is given to nobody while the file of its last holder could come back', () => {
  const directory = makeDirectory();
  const store = new AttachmentStore({ directory, logger });
  store.put(record);
  // A file that cannot be removed, on a disk that takes others.
  const file = join(directory, readdirSync(directory)[0] ?? '');
  rmSync(file);
  mkdirSync(file);
  store.delete(record);
  expect(store.holderOf(record.deviceId)).toBeUndefined();
  const next = attachmentOf({ containerId: 'next' });
  expect(() => store.put(next)).toThrow('cannot be written down');
  expect(store.list()).toEqual([]);
  rmdirSync(file);
  store.put(next);
  expect(listed(directory)).toEqual([next]);
});

test('nothing is written that could not be read again', () => {
  const store = new AttachmentStore({ directory: makeDirectory(), logger });
  const ipam = { type: '../sh', env: {}, config: '' };
  expect(() => store.put({ ...record, ipam })).toThrow('ipam.type');
  expect(store.list()).toEqual([]);
});

const forged = {
  'a program outside of CNI_PATH': { type: '../../bin/sh', env: { CNI_PATH: '/opt/cni/bin' }, config: '' },
  'no name': { type: '..', env: { CNI_PATH: '/opt/cni/bin' }, config: '' },
  'a directory that depends on the daemon’s': { type: 'sh', env: { CNI_PATH: '.:/opt/cni/bin' }, config: '' },
};
test.each(Object.entries(forged))('a record that names %s is set aside', (_what, ipam) => {
  const directory = makeDirectory();
  new AttachmentStore({ directory, logger });
  const text = JSON.stringify({ version: 1, key: 'pod/net1', record: { ...record, ipam } });
  writeFileSync(join(directory, 'forged.json'), text, { mode: 0o600 });
  const store = new AttachmentStore({ directory, logger });
  expect(store.list()).toEqual([]);
  expect(store.unreadable()).toMatchObject([{ reason: expect.stringMatching(/ipam\.(type|env\.CNI_PATH)/) }]);
});

test('a record that others may write is set aside, and its clearing is told', async () => {
  const directory = makeDirectory();
  new AttachmentStore({ directory, logger }).put(record);
  const [name = ''] = readdirSync(directory);
  chmodSync(join(directory, name), 0o666);
  const store = new AttachmentStore({ directory, logger });
  expect(store.unreadable()).toHaveLength(1);
  const changed = vi.fn();
  store.onChange(changed);
  rmSync(join(directory, 'set-aside', name));
  await vi.waitFor(() => expect(changed).toHaveBeenCalled());
  expect(store.unreadable()).toEqual([]);
});

test('an attachment whose record somebody deletes is known to the next daemon all the same', async () => {
  const directory = makeDirectory();
  const stop = new AbortController();
  const store = new AttachmentStore({ directory, logger });
  store.put(record);
  store.keepOnDisk(stop.signal);
  rmSync(directory, { recursive: true });
  await vi.waitFor(() => expect(readdirSync(directory)).toHaveLength(1));
  stop.abort();
  expect(listed(directory)).toEqual([record]);
});
