import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { Attachment } from './attachment.ts';
import { AttachmentStore } from './store.ts';

const logger = pino({ level: 'silent' });
const record: Attachment = {
  id: '6f6f3b9e-0f0c-4e83-8f0a-3c58c1a3b6f4',
  containerId: 'pod',
  ifName: 'net1',
  network: 'net',
  netns: '/run/netns/a',
  netnsId: '4:1',
  state: 'attached',
  role: 'hostPort',
  deviceId: 'vf3',
  dpuName: 'dpu',
  pf: 0,
  vf: 3,
  link: { name: 'vf3', mac: '', mtu: 1500 },
  mac: '02:00:00:00:00:03',
};

test('the next daemon finds what is written, also when the directory was taken away meanwhile', () => {
  const directory = join(mkdtempSync(join(tmpdir(), 'store-')), 'attachments');
  const store = new AttachmentStore({ directory, logger });
  rmSync(directory, { recursive: true });
  store.put(record);
  expect(new AttachmentStore({ directory, logger }).list()).toEqual([record]);
  store.delete(record);
  expect(new AttachmentStore({ directory, logger }).list()).toEqual([]);
});
