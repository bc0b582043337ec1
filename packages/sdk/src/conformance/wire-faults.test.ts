/** Each group of checks finds what is broken on the wire, and nothing else. */
import { expect, test } from 'vitest';
import { DpuError } from '../errors.ts';
import type { Tamper } from './testing/breaking-proxy.ts';
import { examine, failedIds, groupsOf } from './testing/examine.ts';
import { maxVfs, memoryVsp } from './testing/memory-vsp.ts';

type Names = { name: string };
type Ports = { bridgePorts: Names[] };
type VfCount = { vfCnt: number };
type Devices = { devices: Record<string, { ID: string; health: string }> };
type LogicalBridgeRequest = {
  logicalBridge: { name: string; spec: { vni?: number } | null } | null;
  updateMask?: { paths: string[] };
};
type PortRequest = { bridgePort: Names; updateMask?: { paths: string[] } };
let calls = 0;
let extra: Names | undefined;
/** Two updates are in flight. */
let both = Promise.withResolvers<void>();
const unimplemented = () => Promise.reject(new DpuError('UNIMPLEMENTED', 'not yet'));

function renamed({ devices }: Devices, rename: (id: string) => string): Devices {
  const entries = Object.values(devices).map(({ ID, health }) => [rename(ID), { ID: rename(ID), health }]);
  return { devices: Object.fromEntries(entries) };
}

function withSpec(request: LogicalBridgeRequest, spec: object): object {
  return { ...request, logicalBridge: { ...request.logicalBridge, spec } };
}

/** As it was, which is what an Update without a change answers. */
function getBridge(request: LogicalBridgeRequest, forward: (request: object) => Promise<object>): Promise<object> {
  return forward({ ...request, updateMask: { paths: ['spec.vlan_id'] } });
}

/** All that there is goes meanwhile. */
async function makesAllAnew({ vfCnt }: VfCount, forward: (request: object) => Promise<object>): Promise<object> {
  if (vfCnt > 0) await forward({ vfCnt: 0 });
  return forward({ vfCnt });
}

function unfinished(port: object, status: string, details: string): object {
  const components = [{ name: 'programming', status, details }];
  return { ...port, status: { operStatus: 'BP_OPER_STATUS_DOWN', components } };
}

const uplink = { type: 'Uplink', status: 'CONDITION_STATUS_FALSE', reason: 'NoCarrier', message: 'check the cable' };

const bug = async () => {
  throw new DpuError('INTERNAL', 'a bug, in mac_address and elsewhere');
};

/** What is broken on the wire, and the checks that must find it: those and no others. */
const wireFaults: [string, Record<string, Tamper>, string[]][] = [
  [
    'answers before Init',
    { Ping: async () => ({ timestamp: '1790000000000000000', responderId: 'x' }) },
    ['lifecycle.before-init'],
  ],
  [
    'answers Inits at the same time differently',
    {
      Init: async (_, forward) => {
        calls++;
        const answer = await forward();
        const atOnce = calls--;
        return { ...answer, port: 50_151 + (atOnce > 1 ? atOnce : 0) };
      },
    },
    ['lifecycle.init-concurrent'],
  ],
  [
    'has no port for the daemon',
    { Init: async (_, forward) => ({ ...(await forward()), port: 0 }) },
    ['lifecycle.init-answer'],
  ],
  [
    'serves the other side as well',
    { Init: async (request: object, forward) => forward({ ...request, dpuMode: true }) },
    ['lifecycle.wrong-mode'],
  ],
  [
    'serves another DPU as well',
    { Init: async (request: object, forward) => forward({ ...request, dpuIdentifier: 'conformance' }) },
    ['lifecycle.wrong-identifier'],
  ],
  [
    'pings without a name',
    { Ping: async (_, forward) => ({ ...(await forward()), responderId: '' }) },
    ['lifecycle.ping'],
  ],
  [
    'keeps a capability to itself',
    {
      GetPluginInfo: async (_, forward) => {
        const answer = (await forward()) as { capabilities: string[] };
        return { ...answer, capabilities: answer.capabilities.filter((name) => name !== 'CAPABILITY_NETWORK_CONFIG') };
      },
    },
    ['lifecycle.capabilities'],
  ],
  [
    'takes a negative number',
    { SetNumVfs: async ({ vfCnt }: VfCount, forward) => forward({ vfCnt: Math.max(vfCnt, 0) }) },
    ['devices.count-negative'],
  ],
  [
    'takes any number',
    { SetNumVfs: async ({ vfCnt }: VfCount, forward) => forward({ vfCnt: Math.min(vfCnt, maxVfs) }) },
    ['devices.count-beyond'],
  ],
  [
    'answers bare names',
    { GetBridgePort: async (_, forward) => ({ ...(await forward()), name: 'host0-0' }) },
    [
      'bridge.port-create',
      'bridge.port-full-name',
      'bridge.port-create-other',
      'bridge.port-trunk',
      'bridge.port-early',
    ],
  ],
  [
    'ignores allow_missing of Delete',
    { DeleteBridgePort: async (request: object, forward) => forward({ ...request, allowMissing: false }) },
    ['bridge.delete-allow-missing'],
  ],
  [
    'always allows what is missing',
    { DeleteBridgePort: async (request: object, forward) => forward({ ...request, allowMissing: true }) },
    ['bridge.delete-missing'],
  ],
  [
    'ignores page tokens that it does not know',
    {
      ListBridgePorts: async (request: { pageToken: string }, forward) =>
        forward(request.pageToken.startsWith('not') ? {} : request),
    },
    ['bridge.list-bad-token'],
  ],
  [
    'takes negative page sizes',
    {
      ListBridgePorts: async (request: { pageSize: number }, forward) =>
        forward({ ...request, pageSize: Math.max(request.pageSize, 0) }),
    },
    ['bridge.list-bad-size'],
  ],
  [
    'sends more than a page',
    {
      ListBridgePorts: async (request: { pageSize: number }, forward) =>
        forward({ ...request, pageSize: request.pageSize === 2 ? 5 : request.pageSize }),
    },
    ['bridge.list-pages'],
  ],
  [
    'has only one page',
    { ListBridgePorts: async (_, forward) => ({ ...(await forward()), nextPageToken: '' }) },
    ['bridge.list-pages', 'bridge.list-while-changing'],
  ],
  [
    'loses ports of many',
    {
      ListBridgePorts: async (_, forward) => {
        const page = (await forward()) as Ports;
        return { ...page, bridgePorts: page.bridgePorts.filter(({ name }) => !name.endsWith('-77')) };
      },
    },
    ['bridge.many-ports'],
  ],
  [
    'ignores masks',
    { UpdateBridgePort: async (request: object, forward) => forward({ ...request, updateMask: null }) },
    ['bridge.update-mask', 'bridge.update-clear', 'bridge.update-unknown-path'],
  ],
  [
    'ignores paths that it does not know',
    {
      UpdateBridgePort: async (request: { updateMask: { paths: string[] } | null }, forward) =>
        forward({
          ...request,
          updateMask: { paths: request.updateMask?.paths.filter((path) => !/colour|^name|status/.test(path)) ?? [] },
        }),
    },
    ['bridge.update-unknown-path'],
  ],
  [
    'creates what it is to update',
    { UpdateBridgePort: async (request: object, forward) => forward({ ...request, allowMissing: true }) },
    ['bridge.update-missing'],
  ],
  [
    'never creates what it is to update',
    { UpdateBridgePort: async (request: object, forward) => forward({ ...request, allowMissing: false }) },
    ['bridge.update-allow-missing'],
  ],
  [
    'makes a wrong error of a missing MAC address',
    {
      CreateBridgePort: async (request: { bridgePort: { spec: { macAddress: Buffer } | null } | null }, forward) =>
        request.bridgePort?.spec?.macAddress.length === 6 || !request.bridgePort?.spec ? forward() : bug(),
    },
    ['errors.port-address'],
  ],
  [
    'has only UNKNOWN where a port is missing',
    { GetLogicalBridge: async (_, forward) => forward().catch(() => Promise.reject(new Error('none'))) },
    ['bridge.bridge-vlan-range', 'bridge.bridge-delete', 'errors.get-missing'],
  ],
  [
    'has a chain in the order of its addresses',
    {
      GetServiceChain: async (_, forward) => {
        const chain = (await forward()) as { networkFunctions: { input: string }[] };
        return { ...chain, networkFunctions: [...chain.networkFunctions].sort((a, b) => (a.input < b.input ? -1 : 1)) };
      },
    },
    ['chains.create', 'chains.update'],
  ],
  [
    'makes INTERNAL of a repeated network function',
    {
      DeleteNetworkFunction: async (request: object, forward) => forward(request),
      CreateNetworkFunction: async (request: { input: string }, forward) => {
        if (!/^[0-9a-f:]{17}$/i.test(request.input)) return bug();
        return forward();
      },
    },
    ['network-functions.bad-address'],
  ],
  [
    'takes a network configuration once',
    {
      SetDpuNetworkConfig: async (request: { isAccelerated: boolean }, forward) => {
        if (request.isAccelerated && calls++ > 0) throw new DpuError('ALREADY_EXISTS', 'is set');
        return forward();
      },
    },
    ['network-config.set', 'network-config.again'],
  ],
  [
    'adds devices for a configuration that it has',
    {
      SetDpuNetworkConfig: async (request: { isAccelerated: boolean }, forward) => {
        if (request.isAccelerated) calls++;
        return forward();
      },
      GetDevices: async (_, forward) => {
        const answer = (await forward()) as Devices;
        const more = calls > 4 ? { extra: { ID: 'extra', health: 'Healthy' } } : {};
        return { devices: { ...answer.devices, ...more } };
      },
    },
    ['network-config.again'],
  ],
  [
    'serves a method less than it announces',
    { UpdateLogicalBridge: async () => unimplemented() },
    ['lifecycle.methods'],
  ],
  [
    'drops the VNI on Create',
    {
      CreateLogicalBridge: async (request: LogicalBridgeRequest, forward) => {
        const { vni: _, ...spec } = request.logicalBridge?.spec ?? {};
        return forward(request.logicalBridge?.spec ? withSpec(request, spec) : request);
      },
    },
    ['bridge.bridge-vxlan', 'bridge.bridge-update-vxlan'],
  ],
  [
    'drops the tunnel end point on Update',
    {
      UpdateLogicalBridge: async (request: LogicalBridgeRequest, forward) => {
        const isVtep = request.updateMask?.paths.includes('spec.vtep_ip_prefix');
        return isVtep ? getBridge(request, forward) : forward();
      },
    },
    ['bridge.bridge-update-vxlan'],
  ],
  [
    'lists logical bridges without their VXLAN',
    {
      ListLogicalBridges: async (_, forward) => {
        const page = (await forward()) as { logicalBridges: { spec: object }[] };
        return {
          ...page,
          logicalBridges: page.logicalBridges.map((bridge) => ({ ...bridge, spec: { ...bridge.spec, vni: 7 } })),
        };
      },
    },
    ['bridge.bridge-vxlan'],
  ],
  [
    'lists what it had no room for',
    {
      CreateBridgePort: async (request: object, forward) => {
        try {
          return await forward(request);
        } catch (error) {
          const { bridgePort } = request as { bridgePort: { name: string; spec: object } };
          if (DpuError.from(error).code === 'RESOURCE_EXHAUSTED')
            extra = { ...bridgePort, name: `bridgePorts/${bridgePort.name}` };
          throw error;
        }
      },
      ListBridgePorts: async (_, forward) => {
        const page = (await forward()) as Ports;
        return { ...page, bridgePorts: extra ? [...page.bridgePorts, extra] : page.bridgePorts };
      },
    },
    ['bridge.many-ports'],
  ],
  [
    'loses one of two updates at once',
    {
      UpdateBridgePort: async (request: PortRequest, forward) => {
        calls++;
        if (calls === 2) both.resolve();
        // One that comes alone, as in the other checks, goes on after a while.
        await Promise.race([both.promise, new Promise((resolve) => setTimeout(resolve, 3_000).unref())]);
        const isLost = calls > 1 && request.updateMask?.paths[0] === 'spec.logical_bridges';
        const answer = isLost ? request.bridgePort : await forward();
        calls = 0;
        both = Promise.withResolvers<void>();
        return answer;
      },
    },
    ['concurrency.updates'],
  ],
  [
    'moves a port before it finds that its bridge is missing',
    {
      UpdateBridgePort: async (request: PortRequest, forward) => {
        if (request.updateMask?.paths.length === 2) {
          await forward({ ...request, updateMask: { paths: ['spec.mac_address'] } });
        }
        return forward(request);
      },
    },
    ['errors.nothing-changes'],
  ],
  [
    'has another code for a chain of what it lacks',
    {
      CreateServiceChain: async (_, forward) =>
        forward().catch((error) => {
          const { code, message } = DpuError.from(error);
          throw new DpuError(code === 'NOT_FOUND' ? 'INTERNAL' : code, message);
        }),
    },
    ['chains.partial-failure', 'chains.unknown-interface'],
  ],
  [
    'keeps its ports when its devices go',
    { SetNumVfs: async ({ vfCnt }: VfCount, forward) => (vfCnt === 0 ? { vfCnt: 0 } : forward()) },
    ['devices.count-zero', 'devices.zero-ports', 'devices.zero-chains'],
  ],
  [
    'does not say how many devices there can be',
    {
      SetNumVfs: async (_, forward) =>
        forward().catch((error) => {
          throw new DpuError(DpuError.from(error).code, 'vf_cnt: too many');
        }),
    },
    ['devices.count-beyond'],
  ],
];

test.each(wireFaults)('a VSP that %s is found out', async (_name, tampers, expected) => {
  calls = 0;
  extra = undefined;
  const report = await examine(memoryVsp(), { tampers, only: groupsOf(expected) });
  expect(failedIds(report)).toEqual(expected);
  expect(report.modes[0]?.left).toEqual([]);
});

/** Those that the watch, which is not broken, would show to others as well; and one that is no message. */
const alone: [string, Record<string, Tamper>, string][] = [
  ['fails to say its status', { WatchStatus: bug }, 'lifecycle.status-first'],
  [
    'says a condition twice',
    { WatchStatus: async (_, forward) => ({ ...(await forward()), conditions: [uplink, uplink] }) },
    'lifecycle.status-bounds',
  ],
  [
    'begins its progress with a name',
    { WatchProgress: async () => ({ names: ['bridgePorts/host0-0'] }) },
    'lifecycle.progress-first',
  ],
  [
    'is well for its heartbeat alone',
    { WatchStatus: async (_, forward) => ({ ...(await forward()), conditions: [{ ...uplink, type: 'Healthy' }] }) },
    'lifecycle.status-health',
  ],
  [
    'tells of its devices by other ids',
    {
      WatchDevices: async (_, forward) => renamed((await forward()) as Devices, (id) => `${id}x`),
    },
    'devices.watch-first',
  ],
  [
    'has ids with spaces',
    { GetDevices: async (_, forward) => renamed((await forward()) as Devices, (id) => id.replace('mem', 'mem ')) },
    'devices.shape',
  ],
  [
    'has two devices in one place',
    {
      GetDevices: async () => {
        const device = (id: string) => [id, { ID: id, health: 'Healthy', details: { pf: 0, vf: 1 } }];
        return { devices: Object.fromEntries(['mem0', 'mem1'].map(device)) };
      },
    },
    'devices.places',
  ],
  [
    'has more virtual functions than it can have',
    {
      GetVirtualFunctions: async () => ({
        resizing: 'VF_RESIZING_LIVE',
        physicalFunctions: [{ pf: 0, count: 9, maximum: 8 }],
      }),
    },
    'devices.virtual-functions',
  ],
  [
    'gives containers another thing each time',
    {
      GetPluginInfo: async (_, forward) => {
        const answer = (await forward()) as { capabilities: string[] };
        return { ...answer, capabilities: [...answer.capabilities, 'CAPABILITY_DEVICE_ALLOCATION'] };
      },
      AllocateDevices: async () => ({ env: { ASKED: `${calls++}` } }),
    },
    'devices.allocate',
  ],
  [
    'has another word for health',
    {
      GetDevices: async (_, forward) => {
        const { devices } = (await forward()) as Devices;
        return { devices: { ...devices, mem0: { ID: 'mem0', health: 'OK' } } };
      },
    },
    'devices.health-words',
  ],
  ['makes all anew for the same number', { SetNumVfs: makesAllAnew }, 'devices.count-repeat'],
  ['forgets its early ports when their devices come', { SetNumVfs: makesAllAnew }, 'bridge.port-early'],
  [
    'lists its chains when its devices are gone',
    {
      ListServiceChains: async (_, forward) => {
        const { serviceChains } = (await forward()) as { serviceChains: Names[] };
        if (serviceChains.length > 0) return { serviceChains };
        return { serviceChains: [{ name: 'serviceChains/conformance-1' }] };
      },
    },
    'devices.zero-chains',
  ],
  [
    'says in words of its own what a port waits for',
    { GetBridgePort: async (_, forward) => unfinished(await forward(), 'COMP_STATUS_PENDING', 'the firmware') },
    'bridge.port-components',
  ],
  [
    'fails without a code',
    { GetBridgePort: async (_, forward) => unfinished(await forward(), 'COMP_STATUS_ERROR', '{"message":"lost"}') },
    'bridge.port-components',
  ],
  [
    'has room for more ports than it says',
    {
      GetPluginInfo: async (_, forward) => {
        const answer = (await forward()) as { features: { name: string }[] };
        const features = answer.features.map((feature) =>
          feature.name === 'opi.bridge' ? { ...feature, limits: { maxBridgePorts: { number: 9 } } } : feature,
        );
        return { ...answer, features };
      },
    },
    'bridge.many-ports',
  ],
  [
    'keeps the room of a port that has gone',
    {
      DeleteBridgePort: async (_, forward) => {
        calls++;
        return forward();
      },
      CreateBridgePort: async (_, forward) => {
        if (calls > 0) throw new DpuError('RESOURCE_EXHAUSTED', 'no room in the table');
        return forward();
      },
    },
    'bridge.many-ports',
  ],
  [
    'takes an Init that failed for the only one',
    {
      Init: async (_, forward) => {
        if (calls > 0) throw new DpuError('FAILED_PRECONDITION', 'an Init has failed, restart me');
        return forward();
      },
    },
    'lifecycle.init-after-failure',
  ],
];

test.each(alone)('a VSP that %s is found out by the check for it', async (_name, tampers, expected) => {
  calls = 0;
  const onUndecodable = () => calls++;
  const report = await examine(memoryVsp(), { tampers, only: [expected], onUndecodable });
  expect(failedIds(report)).toEqual([expected]);
});
