import { mkdirSync, mkdtempSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { attachment } from '../../daemon/attach/attachment.ts';
import { DeviceHomes } from '../../daemon/attach/device-homes.ts';
import { Devices } from '../../daemon/attach/devices.ts';
import { AttachmentStore } from '../../daemon/attach/store.ts';
import { parseGoRecord, readGoRecords } from './go-records.ts';
import { NodeWork } from './node-work.ts';
import { attachmentOf, dpuOf } from './taken-over.ts';

/** As the Go daemon writes it: the configuration of the network with what it filled in. */
const conf = {
  cniVersion: '0.4.0',
  name: 'dpu-cni',
  type: 'dpu-cni',
  ipam: { type: 'whereabouts' },
  deviceID: '0000:01:00.3',
  Master: 'ens1f0',
  MAC: '',
  vlan: 0,
  VFID: 2,
  OrigVfState: { HostIFName: 'ens1f0v2', EffectiveMAC: '02:00:00:00:00:0A', AdminMAC: '', Vlan: 0, Trust: false },
  min_tx_rate: null,
  runtimeConfig: {},
};
const name = `${'ab'.repeat(32)}-net1`;

function directory(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'dpusriov-'));
  mkdirSync(join(root, 'pci'));
  for (const [path, text] of Object.entries(files)) writeFileSync(join(root, path), text);
  return root;
}

test('a record is read with the namespace that is in the file of its device', () => {
  const root = directory({ [name]: JSON.stringify(conf), 'pci/0000:01:00.3': '/var/run/netns/cni-1\n' });
  expect(readGoRecords(root)).toEqual({
    unreadable: [],
    records: [
      {
        containerId: 'ab'.repeat(32),
        ifName: 'net1',
        network: 'dpu-cni',
        deviceId: '0000:01:00.3',
        pf: 'ens1f0',
        vf: 2,
        askedMac: '',
        hostName: 'ens1f0v2',
        hostMac: '02:00:00:00:00:0a',
        netns: '/var/run/netns/cni-1',
        writtenAt: expect.any(Number),
      },
    ],
  });
});

test('of two records of a device the last that was written comes first', () => {
  const old = `${'cd'.repeat(32)}-net1`;
  const root = directory({ [name]: JSON.stringify(conf), [old]: JSON.stringify(conf) });
  utimesSync(join(root, old), 1, 1);
  expect(readGoRecords(root).records.map(({ containerId }) => containerId)).toEqual(['ab'.repeat(32), 'cd'.repeat(32)]);
});

test('the way back takes our record, and keeps the file of a pod that runs, however often it is gone', async () => {
  const ended = { ...conf, deviceID: '0000:01:00.4' };
  const endedName = `${'ef'.repeat(32)}-net1`;
  const root = directory({
    [name]: JSON.stringify(conf),
    'pci/0000:01:00.3': '/proc/self/ns/net',
    [endedName]: JSON.stringify(ended),
    'pci/0000:01:00.4': '/nowhere',
  });
  const logger = pino({ level: 'silent' });
  const store = new AttachmentStore({ directory: join(root, 'attachments'), logger });
  store.put(attachmentOf({ ...found, link }));
  const devices = new Devices(join(root, 'sys'));
  const homes = new DeviceHomes({ directory: join(root, 'homes'), logger });
  const options = { goDirectory: root, namespaces: [], allocations: [], dpus: [], store, homes, devices };
  for (const _ of [1, 2]) {
    await new NodeWork(options).restore();
    expect(store.list()).toEqual([]);
    expect(readGoRecords(root).records).toMatchObject([{ deviceId: '0000:01:00.3', netns: '/proc/self/ns/net' }]);
    expect(readdirSync(join(root, 'pci'))).toEqual(['0000:01:00.3']);
  }
});

test('what is no record is named with the reason, and where there is no directory there is none', () => {
  const root = directory({ [name]: '{', 'x-y': '{"VFID":1}', plain: '{}' });
  expect(readGoRecords(root)).toEqual({
    records: [],
    unreadable: expect.arrayContaining([
      expect.stringContaining(`${name}: `),
      'plain: is not <container>-<interface>',
      expect.stringContaining('x-y: deviceID: '),
    ]),
  });
  expect(readGoRecords(join(root, 'none'))).toEqual({ records: [], unreadable: [] });
});

const link = {
  index: 7,
  name: 'net1',
  mac: '02:00:00:00:00:0b',
  mtu: 1500,
  up: true,
  running: true,
  pciAddress: '0000:01:00.3',
};
const found = {
  record: { ...parseGoRecord(name, JSON.stringify(conf)), netns: '/var/run/netns/cni-1', writtenAt: 1 },
  netnsId: '4:5',
  dpuName: 'marvell-dpu-0000-01-00.0-host',
  pod: { namespace: 'default', name: 'p' },
  pciAddress: '0000:01:00.3',
  pfAddress: '0000:01:00.0',
};

test('our daemon reads what is made of a record, and gives the device back as it was', () => {
  const made = attachmentOf({ ...found, link });
  expect(attachment.parse(made)).toMatchObject({
    state: 'attached',
    role: 'hostPort',
    bridgePort: 'host0-2',
    mac: '02:00:00:00:00:0b',
    link: {
      name: 'ens1f0v2',
      mac: '02:00:00:00:00:0a',
      mtu: 1500,
      pciAddress: '0000:01:00.3',
      pfAddress: '0000:01:00.0',
      identity: { ifindex: 7, pciAddress: '0000:01:00.3' },
    },
  });
  expect(made).not.toHaveProperty('physicalFunction');
});

test('a MAC that was asked for is taken off the physical function again', () => {
  const record = { ...found.record, askedMac: '02:00:00:00:00:0c' };
  expect(attachment.parse(attachmentOf({ ...found, record, link }))).toMatchObject({
    mac: '02:00:00:00:00:0c',
    physicalFunction: { netdev: 'ens1f0', vf: 2, before: { mac: '00:00:00:00:00:00' } },
  });
});

test('a device without a netdev stays where it is', () => {
  const record = { ...found.record, hostName: '', hostMac: '' };
  expect(attachment.parse(attachmentOf({ ...found, record, link: undefined }))).toMatchObject({
    vfio: true,
    link: { name: '0000:01:00.3' },
  });
});

test.each([
  ['the only one', ['a-host'], undefined, 'a-host'],
  ['the one with its address', ['x-0000-01-00.0-host', 'x-0000-02-00.0-host'], '0000:02:00.0', 'x-0000-02-00.0-host'],
  ['none, rather than any', ['a-host', 'b-host'], '0000:02:00.0', undefined],
  ['none on a node without', [], undefined, undefined],
])('the DPU of a device is %s', (_, names, pfAddress, expected) => {
  const dpus = names.map((dpu) => ({ name: dpu, isDpuSide: false }));
  expect(dpuOf([...dpus, { name: 'other-dpu', isDpuSide: true }], pfAddress)).toBe(expected);
});
