import protobuf from 'protobufjs/light.js';
import { expect, test } from 'vitest';
import type { Device } from '../../contract/contract.ts';
import { deviceService } from '../grpc/definitions.ts';
import { devicesFromWire, devicesToWire } from './devices.ts';

const full: Device = {
  id: '0000:01:00.2',
  healthy: false,
  reason: 'no carrier',
  numaNode: 1,
  pf: 0,
  vf: 0,
  kind: 'rdma',
  attributes: { speed: '25G', class: 'gold' },
};

const { responseSerialize, responseDeserialize } = deviceService.GetDevices;
const bytesOf = (devices: readonly Device[]) => responseSerialize(devicesToWire(devices));

test('every field crosses the wire', () => {
  const devices: Device[] = [
    full,
    { id: 'mlx5_core.sf.4', healthy: true, pf: 1, vf: 0, kind: 'auxiliary' },
    { id: 'vf9', healthy: true },
  ];
  expect(devicesFromWire(responseDeserialize(bytesOf(devices)))).toEqual(devices);
});

test('a Go daemon reads its own fields of the message, and the message is its own where there is no more', () => {
  const goField = (id: number, type: string): protobuf.IField => ({ id, type });
  const devices: protobuf.IMapField = { id: 1, keyType: 'string', type: 'Device' };
  const { root } = protobuf.Root.fromJSON({
    nested: {
      TopologyInfo: { fields: { node: goField(1, 'string') } },
      Device: {
        fields: { ID: goField(1, 'string'), health: goField(2, 'string'), topology: goField(3, 'TopologyInfo') },
      },
      List: { fields: { devices } },
    },
  });
  const list = root.lookupType('List');
  const read = list.toObject(list.decode(bytesOf([full])));
  const asInGo = { ID: full.id, health: 'Unhealthy', topology: { node: '1' } };
  expect(read).toEqual({ devices: { [full.id]: asInGo } });
  const plain = list.encode({ devices: { [full.id]: asInGo } }).finish();
  expect(bytesOf([{ id: full.id, healthy: false, numaNode: 1 }]).equals(plain)).toBe(true);
});

test('in whatever order the maps come, what is read is the same', () => {
  const devices: Device[] = [
    { id: 'vf01', healthy: true, attributes: { class: 'gold', speed: '25G' } },
    { id: 'vf1', healthy: true },
    { id: 'vf2', healthy: true },
    { id: 'vf10', healthy: true },
  ];
  const turned = devices.toReversed().map((device) => {
    const { attributes } = device;
    return attributes ? { ...device, attributes: Object.fromEntries(Object.entries(attributes).toReversed()) } : device;
  });
  const read = (each: readonly Device[]) => JSON.stringify(devicesFromWire(responseDeserialize(bytesOf(each))));
  expect(read(turned)).toBe(JSON.stringify(devices));
  expect(read(devices)).toBe(JSON.stringify(devices));
});

test('a healthy device has no reason, and a long one is cut', () => {
  const seen = (device: Device) => devicesFromWire(responseDeserialize(bytesOf([device])))[0]?.reason;
  expect(seen({ ...full, healthy: true })).toBeUndefined();
  expect(Buffer.byteLength(seen({ ...full, reason: 'x'.repeat(5_000) }) ?? '')).toBe(256);
});

test('what only a newer contract knows says nothing', () => {
  const { devices = {} } = devicesToWire([{ id: 'vf0', healthy: true, kind: 'vfio' }]);
  const bytes = responseSerialize({ devices: { vf0: { ...devices.vf0, details: { kind: 99 as never } } } });
  expect(devicesFromWire(responseDeserialize(bytes))).toEqual([{ id: 'vf0', healthy: true }]);
});

test.each<[string, Device[]]>([
  [
    'two devices have the id "vf0"',
    [
      { id: 'vf0', healthy: true },
      { id: 'vf0', healthy: true },
    ],
  ],
  ['the id "a b" is no PCI address and no name', [{ id: 'a b', healthy: true }]],
  ['the id "-" is no PCI address and no name', [{ id: '-', healthy: true }]],
  ['the id "" is no PCI address and no name', [{ id: '', healthy: true }]],
  ['healthy of device vf0 is "yes"', [{ id: 'vf0', healthy: 'yes' as never }]],
  ['numaNode of device vf0 is -1', [{ id: 'vf0', healthy: true, numaNode: -1 }]],
  ['kind of device vf0 is "sriov"', [{ id: 'vf0', healthy: true, kind: 'sriov' as never }]],
  ['device vf0 must have both pf and vf', [{ id: 'vf0', healthy: true, vf: 1 }]],
  ['vf of device vf0 is 1.5', [{ id: 'vf0', healthy: true, pf: 0, vf: 1.5 }]],
  [
    'devices vf0 and vf1 are both pf 0, vf 3',
    [
      { id: 'vf0', healthy: true, pf: 0, vf: 3 },
      { id: 'vf1', healthy: true, pf: 0, vf: 3 },
    ],
  ],
  ['the attribute "Speed" of device vf0', [{ id: 'vf0', healthy: true, attributes: { Speed: '25G' } }]],
  [
    'the attribute speed of device vf0 must be text',
    [{ id: 'vf0', healthy: true, attributes: { speed: 25 as never } }],
  ],
  [
    'device vf0 has 17 attributes',
    [{ id: 'vf0', healthy: true, attributes: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`a${i}`, ''])) }],
  ],
])('%s is the fault of the plugin', (message, devices) => {
  expect(() => devicesToWire(devices)).toThrow(
    expect.objectContaining({ code: 'INTERNAL', message: expect.stringContaining(message) }),
  );
});
