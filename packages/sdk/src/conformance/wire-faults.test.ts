/** Each group of checks finds what is broken on the wire, and nothing else. */
import { expect, test } from 'vitest';
import { DpuError } from '../errors.ts';
import type { Tamper } from './testing/breaking-proxy.ts';
import { examine, failedIds, groupsOf } from './testing/examine.ts';
import { maxVfs, memoryVsp } from './testing/memory-vsp.ts';

type Names = { name: string };
type Ports = { bridgePorts: Names[] };
type VfCount = { vfCnt: number };
let calls = 0;
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
    ['network-config.set'],
  ],
];

test.each(wireFaults)('a VSP that %s is found out', async (_name, tampers, expected) => {
  calls = 0;
  const report = await examine(memoryVsp(), { tampers, only: groupsOf(expected) });
  expect(failedIds(report)).toEqual(expected);
  expect(report.modes[0]?.left).toEqual([]);
});
