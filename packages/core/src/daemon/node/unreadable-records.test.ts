import { expect, test } from 'vitest';
import type { EventInput } from '../../kube/index.ts';
import { UnreadableRecordsReport } from './unreadable-records.ts';

test('records that cannot be read are an event of the node, again only when there are others', () => {
  const messages: string[] = [];
  const event = async (object: { metadata: { name: string } }, { reason, message }: EventInput) => {
    messages.push(`${object.metadata.name} ${reason}: ${message}`);
  };
  let list: string[] = [];
  const report = new UnreadableRecordsReport({ list: () => list, events: { event }, nodeName: 'node-1' });
  report.update();
  expect(messages).toEqual([]);
  list = ['/a.json (it is not JSON)'];
  report.update();
  report.update();
  expect(messages).toEqual([
    expect.stringContaining('node-1 RecordUnreadable: records cannot be read: /a.json (it is not JSON)'),
  ]);
  list = [...list, '/b.json (cut short)'];
  report.update();
  expect(messages[1]).toContain('(it is not JSON) and 1 more;');
  list = [];
  report.update();
  expect(messages).toHaveLength(2);
});
