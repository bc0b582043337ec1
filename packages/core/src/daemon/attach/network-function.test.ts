import { expect, test } from 'vitest';
import type { Attachment } from './attachment.ts';
import { completePair } from './network-function.ts';

const attachment = (ifName: string, more: Partial<Attachment> = {}): Attachment => ({
  id: '6f6f3b9e-0f0c-4e83-8f0a-3c58c1a3b6f4',
  containerId: 'pod',
  ifName,
  network: 'dpunfcni-conf',
  netns: '/run/netns/a',
  netnsId: '4:1',
  state: 'attached',
  role: 'networkFunction',
  deviceId: `dev-${ifName}`,
  dpuName: 'dpu',
  pf: 0,
  vf: 0,
  link: { name: `dev-${ifName}`, mac: '', mtu: 1500 },
  mac: `mac-${ifName}`,
  ...more,
});

test('the lower number is the input, whichever comes first', () => {
  const [one, two, ten] = ['net1', 'net2', 'net10'].map((name) => attachment(name));
  if (!one || !two || !ten) throw new Error();
  expect(completePair(two, [one, two])?.networkFunction).toEqual({ input: 'mac-net1', output: 'mac-net2' });
  expect(completePair(one, [one, two])?.networkFunction).toEqual({ input: 'mac-net1', output: 'mac-net2' });
  expect(completePair(ten, [two, ten])?.networkFunction).toEqual({ input: 'mac-net2', output: 'mac-net10' });
});

test('a partner is of the same pod and DPU, and free', () => {
  const added = attachment('net2');
  const paired = { networkFunction: { input: 'a', output: 'b' } };
  const others: Partial<Attachment>[] = [
    { containerId: 'other' },
    { dpuName: 'other' },
    { role: 'hostPort' },
    { state: 'detaching' },
    paired,
  ];
  for (const other of others) expect(completePair(added, [attachment('net1', other), added])).toBeUndefined();
});
