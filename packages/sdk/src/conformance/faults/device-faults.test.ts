/** What is wrong with devices on the wire, and the checks that find it. */
import { test } from 'vitest';
import { DpuError } from '../../errors.ts';
import { maxVfs } from '../testing/memory-vsp.ts';
import { findsFault, type WireFault } from '../testing/wire-faults.ts';

type VfCount = { vfCnt: number };
type Devices = { devices: Record<string, { ID: string; health: string }> };
type Chains = { serviceChains: object[] };

function renamed({ devices }: Devices, rename: (id: string) => string): Devices {
  const entries = Object.values(devices).map(({ ID, health }) => [rename(ID), { ID: rename(ID), health }]);
  return { devices: Object.fromEntries(entries) };
}

/** All that there is goes meanwhile. */
async function makesAllAnew({ vfCnt }: VfCount, forward: (request: object) => Promise<object>): Promise<object> {
  if (vfCnt > 0) await forward({ vfCnt: 0 });
  return forward({ vfCnt });
}

const counts: WireFault[] = [
  [
    'takes a negative number',
    { tampers: { SetNumVfs: async ({ vfCnt }: VfCount, forward) => forward({ vfCnt: Math.max(vfCnt, 0) }) } },
    ['devices.count-negative'],
  ],
  [
    'takes any number',
    { tampers: { SetNumVfs: async ({ vfCnt }: VfCount, forward) => forward({ vfCnt: Math.min(vfCnt, maxVfs) }) } },
    ['devices.count-beyond'],
  ],
  [
    'keeps its ports when its devices go',
    {
      tampers: { SetNumVfs: async ({ vfCnt }: VfCount, forward) => (vfCnt === 0 ? { vfCnt: 0 } : forward()) },
    },
    ['devices.count-zero', 'devices.zero-ports', 'devices.zero-chains'],
  ],
  [
    'does not say how many devices there can be',
    {
      tampers: {
        SetNumVfs: async (_, forward) =>
          forward().catch((error) => {
            throw new DpuError(DpuError.from(error).code, 'vf_cnt: too many');
          }),
      },
    },
    ['devices.count-beyond'],
  ],
  ['makes all anew for the same number', { tampers: { SetNumVfs: makesAllAnew } }, 'devices.count-repeat'],
  ['forgets its early ports when their devices come', { tampers: { SetNumVfs: makesAllAnew } }, 'bridge.port-early'],
  [
    'lists its chains when its devices are gone',
    {
      tampers: {
        ListServiceChains: async (_, forward) => {
          const { serviceChains } = (await forward()) as Chains;
          if (serviceChains.length > 0) return { serviceChains };
          return { serviceChains: [{ name: 'serviceChains/conformance-1' }] };
        },
      },
    },
    'devices.zero-chains',
  ],
];

/** Those that the watch, which is not broken, would show to others as well. */
const lists: WireFault[] = [
  [
    'tells of its devices by other ids',
    { tampers: { WatchDevices: async (_, forward) => renamed((await forward()) as Devices, (id) => `${id}x`) } },
    'devices.watch-first',
  ],
  [
    'has ids with spaces',
    {
      tampers: {
        GetDevices: async (_, forward) => renamed((await forward()) as Devices, (id) => id.replace('mem', 'mem ')),
      },
    },
    'devices.shape',
  ],
  [
    'has a device twice',
    {
      writes: {
        GetDevices: (answer, encode) => {
          const [first] = Object.entries((answer as Devices).devices);
          const again = first ? { devices: Object.fromEntries([first]) } : {};
          return Buffer.concat([encode(answer), encode(again)]);
        },
      },
    },
    'devices.once',
  ],
  [
    'has two devices in one place',
    {
      tampers: {
        GetDevices: async () => {
          const device = (id: string) => [id, { ID: id, health: 'Healthy', details: { pf: 0, vf: 1 } }];
          return { devices: Object.fromEntries(['mem0', 'mem1'].map(device)) };
        },
      },
    },
    'devices.places',
  ],
  [
    'has more virtual functions than it can have',
    {
      tampers: {
        GetVirtualFunctions: async () => ({
          resizing: 'VF_RESIZING_LIVE',
          physicalFunctions: [{ pf: 0, count: 9, maximum: 8 }],
        }),
      },
    },
    'devices.virtual-functions',
  ],
  [
    'gives containers another thing each time',
    () => {
      let calls = 0;
      return {
        tampers: {
          GetPluginInfo: async (_, forward) => {
            const answer = (await forward()) as { capabilities: string[] };
            return { ...answer, capabilities: [...answer.capabilities, 'CAPABILITY_DEVICE_ALLOCATION'] };
          },
          AllocateDevices: async () => ({ env: { ASKED: `${calls++}` } }),
        },
      };
    },
    'devices.allocate',
  ],
  [
    'has another word for health',
    {
      tampers: {
        GetDevices: async (_, forward) => {
          const { devices } = (await forward()) as Devices;
          return { devices: { ...devices, mem0: { ID: 'mem0', health: 'OK' } } };
        },
      },
    },
    'devices.health-words',
  ],
];

test.each([...counts, ...lists])('a VSP that %s is found out', (_name, broken, expected) =>
  findsFault(broken, expected),
);
