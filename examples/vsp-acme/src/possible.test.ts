import {
  type BridgePort,
  type Change,
  DpuError,
  type NetworkFunction,
  networkFunctionName,
  type ServiceChain,
  type Wanted,
} from '@dpu-operator/sdk';
import { expect, it } from 'vitest';
import { possibleOf } from './possible.ts';

const macs = ['02:00:00:00:00:00', '02:00:00:00:00:01', '02:00:00:00:00:02'];
const [first = '', second = '', third = ''] = macs;
const devices = {
  areVfs: false,
  indexOf: (mac: string) => {
    if (macs.includes(mac)) return macs.indexOf(mac);
    throw new DpuError('NOT_FOUND', mac);
  },
};
const port = (name: string): BridgePort => ({ name, macAddress: first, type: 'ACCESS', logicalBridges: [] });
const portChange = (name: string): Change => ({ kind: 'bridgePort', name, before: undefined, after: port(name) });
const functionChange = (after: NetworkFunction): Change => ({
  kind: 'networkFunction',
  name: networkFunctionName(after),
  before: undefined,
  after,
});

/** What is wanted once the changes are made. */
function wantedBy(changed: readonly Change[]): Wanted {
  const bridgePorts = new Map<string, BridgePort>();
  const networkFunctions = new Map<string, NetworkFunction>();
  const serviceChains = new Map<string, ServiceChain>();
  for (const { kind, name, after } of changed) {
    if (kind === 'bridgePort' && after) bridgePorts.set(name, after);
    if (kind === 'networkFunction' && after) networkFunctions.set(name, after);
    if (kind === 'serviceChain' && after) serviceChains.set(name, after);
  }
  return { logicalBridges: new Map(), bridgePorts, networkFunctions, serviceChains };
}

const codesOf = (changed: Change[], areVfs = false) => {
  const { failed } = possibleOf(wantedBy(changed), changed, { ...devices, areVfs });
  return Object.fromEntries([...failed].map(([name, outcome]) => [name, 'code' in outcome && outcome.code]));
};

it('refuses a port of a VF that is none, beside one that is', () => {
  const changed = ['host0-1', 'host1-0', 'host0-128', 'host0-1-0a1b2c3d'].map((id) => portChange(`bridgePorts/${id}`));
  expect(codesOf(changed)).toEqual({
    'bridgePorts/host1-0': 'INVALID_ARGUMENT',
    'bridgePorts/host0-128': 'RESOURCE_EXHAUSTED',
    'bridgePorts/host0-1-0a1b2c3d': 'FAILED_PRECONDITION',
  });
  const { wanted } = possibleOf(wantedBy(changed), changed, devices);
  expect([...wanted.bridgePorts.keys()]).toEqual(['bridgePorts/host0-1']);
});

it('refuses functions without a device, or on another bridge', () => {
  const missing = functionChange({ input: first, output: '02:00:00:00:00:09' });
  const elsewhere = functionChange({ input: first, output: second, bridgeId: '0a1b2c3d' });
  expect(codesOf([missing])).toEqual({ [missing.name]: 'NOT_FOUND' });
  expect(codesOf([elsewhere])).toEqual({ [elsewhere.name]: 'INVALID_ARGUMENT' });
});

it('leaves a chain as it was that cannot be as it shall', () => {
  const before = { name: 'serviceChains/edge', networkFunctions: [{ input: first, output: second }] };
  const after = { ...before, networkFunctions: [{ input: first, output: '02:00:00:00:00:09' }] };
  const changed: Change[] = [{ kind: 'serviceChain', name: before.name, before, after }];
  const { wanted, failed } = possibleOf(wantedBy(changed), changed, devices);
  expect(failed.get(before.name)).toMatchObject({ code: 'NOT_FOUND' });
  expect(wanted.serviceChains.get(before.name)).toBe(before);
});

it('gives a VF to a port or to a function on one node, not to both', () => {
  const nf = functionChange({ input: second, output: third });
  const taken = portChange('bridgePorts/host0-2');
  expect(codesOf([taken, nf], true)).toEqual({ [nf.name]: 'FAILED_PRECONDITION' });
  expect(codesOf([nf, taken], true)).toEqual({ [taken.name]: 'FAILED_PRECONDITION' });
  expect(codesOf([nf, taken])).toEqual({});
  const gone: Change = { kind: 'bridgePort', name: taken.name, before: port(taken.name), after: undefined };
  expect(codesOf([gone, nf], true)).toEqual({});
});
