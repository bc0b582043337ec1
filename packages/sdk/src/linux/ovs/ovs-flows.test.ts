import { expect, it } from 'vitest';
import { parseFlows, replacement } from './ovs-flows.ts';

const cookie = '00000000000000d1';

it('replaces the flows of one cookie, and no other', () => {
  const flows = [
    { table: 0, priority: 100, match: 'in_port=3', actions: 'output:4' },
    { table: 21, priority: 1, match: '', actions: 'drop' },
  ];
  expect(replacement(cookie, flows)).toEqual([
    'delete cookie=0x00000000000000d1/-1',
    'add cookie=0x00000000000000d1,table=0,priority=100,in_port=3,actions=output:4',
    'add cookie=0x00000000000000d1,table=21,priority=1,actions=drop',
  ]);
});

it('refuses two flows of which the switch would keep one', () => {
  const flow = { table: 0, priority: 100, match: 'in_port=3', actions: 'drop' };
  expect(() => replacement(cookie, [flow, { ...flow, actions: 'output:4' }])).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: 'two flows match table=0,priority=100,in_port=3' }),
  );
});

it('reads what ovs-ofctl dumps', () => {
  const text = `OFPST_FLOW reply (OF1.4) (xid=0x2):
 cookie=0xd1, duration=5.2s, table=0, n_packets=12, n_bytes=900, idle_age=1, priority=100,in_port=3,dl_dst=02:00:00:00:00:01 actions=output:4
 cookie=0xd1, duration=5.2s, table=21, n_packets=0, n_bytes=0, priority=1 actions=resubmit(,22),resubmit(,23)
`;
  expect(parseFlows(text)).toEqual([
    { table: 0, priority: 100, match: 'in_port=3,dl_dst=02:00:00:00:00:01', actions: 'output:4', packets: 12 },
    { table: 21, priority: 1, match: '', actions: 'resubmit(,22),resubmit(,23)', packets: 0 },
  ]);
});
