import { expect, it } from 'vitest';
import { parseForwardingTable } from './ovs.ts';

it('reads a forwarding table', () => {
  const text =
    ' port  VLAN  MAC                Age\n    3     0  7a:b8:08:fa:bd:6f    0\nLOCAL  4094  4e:55:e8:c1:6e:aa   17\n';
  expect(parseForwardingTable(text)).toEqual([
    { port: '3', vlan: 0, mac: '7a:b8:08:fa:bd:6f', ageSeconds: 0 },
    { port: 'LOCAL', vlan: 4094, mac: '4e:55:e8:c1:6e:aa', ageSeconds: 17 },
  ]);
});
