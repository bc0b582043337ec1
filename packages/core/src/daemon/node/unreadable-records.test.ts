import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { EventInput } from '../../kube/index.ts';
import { AttachmentStore } from '../attach/store.ts';
import { attachmentOf } from '../attach/testing/attachment.ts';
import { reportUnreadableRecords } from './unreadable-records.ts';

test('a record that cannot be read is an event of the node, until it is deleted', () => {
  const directory = mkdtempSync(join(tmpdir(), 'unreadable-'));
  writeFileSync(join(directory, 'a.json'), '{', { mode: 0o600 });
  const attachments = new AttachmentStore({ directory, logger: pino({ level: 'silent' }) });
  const messages: string[] = [];
  const event = async (object: { metadata: { name: string } }, { reason, message }: EventInput) => {
    messages.push(`${object.metadata.name} ${reason}: ${message}`);
  };
  const end = reportUnreadableRecords({ attachments, events: { event }, nodeName: 'node-1' });
  const path = join(directory, 'set-aside/a.json');
  expect(messages).toEqual([expect.stringContaining(`node-1 RecordUnreadable: attachment record ${path} cannot be`)]);
  rmSync(path);
  attachments.put(attachmentOf());
  expect(messages).toHaveLength(1);
  end();
});
