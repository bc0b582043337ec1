import { mkdirSync, mkdtempSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DeviceHomes } from '../../daemon/attach/device/device-homes.ts';
import { Devices } from '../../daemon/attach/device/devices.ts';
import { attachment } from '../../daemon/attach/record/attachment.ts';
import { AttachmentStore } from '../../daemon/attach/record/store.ts';
import { createLogger } from '../../log.ts';
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
      },
    ],
  });
});

test('of two records of a device the later one has the namespace: the Go daemon leaves those of pods that ended', () => {
  const text = JSON.stringify(conf);
  const root = directory({ 'later-net1': text, 'earlier-net1': text, 'pci/0000:01:00.3': '/var/run/netns/cni-1' });
  utimesSync(join(root, 'earlier-net1'), 1000, 1000);
  const { records } = readGoRecords(root);
  expect(records.map(({ containerId, netns }) => [containerId, netns])).toEqual([
    ['later', '/var/run/netns/cni-1'],
    ['earlier', ''],
  ]);
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
  record: { ...parseGoRecord(name, JSON.stringify(conf)), netns: '/var/run/netns/cni-1' },
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

test('the way back takes from the Go daemon only what has ended', async () => {
  const devices = { taken: '0000:01:00.3', ended: '0000:01:00.4', left: '0000:01:00.5' };
  const records = Object.entries(devices).map(([id, deviceID]) => [
    `${id}-net1`,
    JSON.stringify({ ...conf, deviceID }),
  ]);
  const alive = '/proc/self/ns/net';
  const root = directory({
    ...Object.fromEntries(records),
    'pci/0000:01:00.3': alive,
    'pci/0000:01:00.4': '/var/run/netns/no-such',
    'pci/0000:01:00.5': alive,
  });
  const logger = createLogger('silent');
  const state = mkdtempSync(join(tmpdir(), 'migrate-'));
  const store = new AttachmentStore({ directory: join(state, 'attachments'), logger });
  store.put(attachmentOf({ ...found, record: { ...found.record, containerId: 'taken' }, link }));
  const homes = new DeviceHomes({ directory: join(state, 'homes'), logger });
  store.put(
    attachmentOf({
      ...found,
      record: { ...found.record, containerId: 'since', deviceId: '0000:01:00.6', netns: alive },
      link,
    }),
  );
  const options = {
    goDirectory: root,
    namespaces: [],
    allocations: [{ namespace: 'default', name: 'since', device: '0000:01:00.6' }],
    dpus: [],
    store,
    homes,
    devices: new Devices(),
  };
  // A pod that was attached while the way back began: the Go daemon does not know it.
  expect(await new NodeWork(options).restore()).toEqual([
    { pod: 'default/since', device: '0000:01:00.6', state: 'ours' },
  ]);
  expect(store.list()).toMatchObject([{ containerId: 'since' }]);
  expect(readdirSync(root).sort()).toEqual(['left-net1', 'pci', 'taken-net1']);
  expect(readdirSync(join(root, 'pci')).sort()).toEqual(['0000:01:00.3', '0000:01:00.5']);
});

test('what our daemon wrote down before the Go daemon gave the device to another pod is replaced', async () => {
  const withoutNetdev = { ...conf, OrigVfState: {} };
  const root = directory({ 'new-net1': JSON.stringify(withoutNetdev), 'pci/0000:01:00.3': '/proc/self/ns/net' });
  const logger = createLogger('silent');
  const state = mkdtempSync(join(tmpdir(), 'migrate-'));
  const store = new AttachmentStore({ directory: join(state, 'attachments'), logger });
  const record = { ...found.record, containerId: 'old', netns: '/var/run/netns/no-such' };
  store.put(attachmentOf({ ...found, record, link }));
  const work = new NodeWork({
    goDirectory: root,
    namespaces: [],
    allocations: [{ namespace: 'default', name: 'p', device: '0000:01:00.3' }],
    dpus: [{ name: 'card-host', isDpuSide: false }],
    store,
    homes: new DeviceHomes({ directory: join(state, 'homes'), logger }),
    devices: new Devices(),
  });
  expect(await work.look()).toEqual([{ pod: 'default/p', device: '0000:01:00.3', state: 'kept' }]);
  expect(store.list()).toMatchObject([{ containerId: 'old' }]);
  await work.import();
  expect(store.list()).toMatchObject([{ containerId: 'new', netns: '/proc/self/ns/net' }]);
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
