import { expect, test } from 'vitest';
import type { Attachment } from '../attach/record/attachment.ts';
import { attachmentsView } from './attachments.ts';

const attachment = (name: string, more: Partial<Attachment> = {}): Attachment => ({
  id: '6f6f3b9e-0f0c-4e83-8f0a-3c58c1a3b6f4',
  containerId: name,
  ifName: 'net1',
  network: 'net',
  netns: '/run/netns/a',
  netnsId: '4:1',
  state: 'attached',
  role: 'hostPort',
  deviceId: 'vf3',
  dpuName: 'a-host',
  pf: 0,
  vf: 3,
  link: { name: 'vf3', mac: '', mtu: 1500 },
  mac: '02:00:00:00:00:03',
  pod: { namespace: 'shop', name },
  ...more,
});

const nodeAttachments = (list: Attachment[], unreadable: { path: string; reason: string }[] = []) =>
  attachmentsView({ list: () => list, unreadable: () => unreadable });

test('pods use the DPU that serves them and the one whose device they have, until the device is back', () => {
  const { pods } = nodeAttachments([
    attachment('web'),
    attachment('firewall', { role: 'networkFunction', dpuName: 'a-dpu', deviceDpu: 'a-host' }),
    attachment('late', { state: 'detaching', deviceIsBack: true }),
    attachment('taken out', { state: 'detaching', functionIsAway: true }),
    attachment('other', { dpuName: 'b-host' }),
  ]);
  expect(pods('a-host')).toEqual(['shop/web', 'shop/firewall']);
  expect(pods('a-dpu')).toEqual(['shop/firewall']);
});

test('bridge ports and network functions that are being taken away are wanted no more', () => {
  const pair = { input: '02:00:00:00:00:01', output: '02:00:00:00:00:02' };
  const view = nodeAttachments([
    attachment('web', { bridgePort: 'host0-3' }),
    attachment('gone', { bridgePort: 'host0-4', state: 'detaching' }),
    attachment('nf', { ifName: 'net1', dpuName: 'a-dpu', networkFunction: pair }),
    attachment('nf', { ifName: 'net2', dpuName: 'a-dpu', networkFunction: pair }),
  ]);
  const port = { name: 'host0-3', macAddress: '02:00:00:00:00:03', type: 'ACCESS', logicalBridges: ['5'] };
  expect(view.bridgePorts('a-host')).toEqual([port]);
  expect(view.networkFunctions('a-dpu')).toEqual([pair]);
});

test('functions of chains are told apart from single ones, and go with the first of their interfaces', () => {
  const pair = (index: number) => ({ input: `02:00:00:00:0${index}:01`, output: `02:00:00:00:0${index}:02` });
  const member = (name: string, index: number) => ({ ...pair(index), chain: { name: 'shop/edge', function: name } });
  const view = nodeAttachments([
    attachment('single', { dpuName: 'a-dpu', networkFunction: pair(1) }),
    attachment('firewall', { dpuName: 'a-dpu', networkFunction: member('firewall', 2) }),
    attachment('firewall', { dpuName: 'a-dpu', ifName: 'net2', networkFunction: member('firewall', 2) }),
    attachment('nat', { dpuName: 'a-dpu', networkFunction: member('nat', 3), state: 'detaching' }),
    attachment('nat', { dpuName: 'a-dpu', ifName: 'net2', networkFunction: member('nat', 3) }),
    attachment('proxy', { dpuName: 'b-dpu', networkFunction: member('proxy', 4) }),
  ]);
  expect(view.networkFunctions('a-dpu')).toEqual([pair(1)]);
  expect(view.chainMembers?.('a-dpu')).toEqual([
    { chain: 'shop/edge', function: 'firewall', networkFunction: pair(2) },
  ]);
});

test('records that cannot be read are named, each with the reason', () => {
  const attached = nodeAttachments([], [{ path: '/a.json', reason: 'no JSON' }]);
  expect(attached.unreadable()).toEqual(['/a.json (no JSON)']);
});
