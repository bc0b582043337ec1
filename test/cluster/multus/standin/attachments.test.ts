import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Attachment, AttachmentStore } from './attachments.ts';

let directory: string;
let store: AttachmentStore;

const attachment: Attachment = {
  label: 'team/net',
  ifname: 'net1',
  cniArgs: '',
  network: { name: 'net', cniVersion: '1.0.0', plugins: [{ type: 'dpu-cni' }] },
};

beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'attachments-')), 'store');
  store = new AttachmentStore(directory);
});

afterEach(() => rmSync(join(directory, '..'), { recursive: true }));

it('knows nothing of a sandbox it never saw', () => {
  expect(store.read('abc')).toBeUndefined();
  store.forget('abc');
});

it('reads what it wrote last, and leaves no other file', () => {
  store.write('abc', [attachment]);
  store.write('abc', [attachment, { ...attachment, ifname: 'net2', result: { ips: [] } }]);
  expect(store.read('abc')?.map(({ ifname }) => ifname)).toEqual(['net1', 'net2']);
  expect(readdirSync(directory)).toEqual(['abc.json']);
});

it('keeps sandboxes apart and forgets one', () => {
  store.write('a', [attachment]);
  store.write('b', []);
  store.forget('a');
  expect(store.read('a')).toBeUndefined();
  expect(store.read('b')).toEqual([]);
});

it('never leaves its directory', () => {
  store.write('../evil', []);
  expect(readdirSync(directory)).toEqual(['..%2Fevil.json']);
});
