import { expect, it } from 'vitest';
import { parseOvsTable } from './ovs-table.ts';

it('reads sets, maps, UUIDs and plain values', () => {
  const text = JSON.stringify({
    headings: ['name', 'ofport', 'error', 'trunks', 'external_ids', 'interfaces'],
    data: [
      ['p0', 3, ['set', []], ['set', [5, 6]], ['map', [['dpu-owner', 'd1']]], ['uuid', 'a-b']],
      ['p1', -1, 'no such device', 7, ['map', []], ['uuid', 'c-d']],
    ],
  });
  expect(parseOvsTable(text)).toEqual([
    { name: 'p0', ofport: 3, error: [], trunks: [5, 6], external_ids: { 'dpu-owner': 'd1' }, interfaces: 'a-b' },
    { name: 'p1', ofport: -1, error: 'no such device', trunks: 7, external_ids: {}, interfaces: 'c-d' },
  ]);
});
