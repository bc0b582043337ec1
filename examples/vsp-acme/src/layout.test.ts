import type { BridgePort, NetworkFunction, Wanted } from '@dpu-operator/sdk';
import { describe, expect, it } from 'vitest';
import { layOut } from './layout.ts';

const red = { name: 'logicalBridges/red-bridge', vlanId: 20 };
const port = (vf: number, changes: Partial<BridgePort> = {}): BridgePort => ({
  name: `bridgePorts/host0-${vf}`,
  macAddress: '02:00:00:00:00:01',
  type: 'ACCESS',
  logicalBridges: [String(vf + 2)],
  ...changes,
});
/** Its MACs are the names of its links. */
const nf = (input: number, output: number): NetworkFunction => ({
  input: `acme-np${input}`,
  output: `acme-np${output}`,
});

function layoutOf(ports: BridgePort[], changes: Partial<Wanted> = {}, isClosed = false) {
  const wanted: Wanted = {
    logicalBridges: new Map([[red.name, red]]),
    bridgePorts: new Map(ports.map((each) => [each.name, each])),
    networkFunctions: new Map(),
    serviceChains: new Map(),
    ...changes,
  };
  return layOut(wanted, { uplink: 'uplink', isClosed, functionPort: (mac) => mac });
}

function bridgesOf(...args: Parameters<typeof layoutOf>) {
  return Object.fromEntries([...layoutOf(...args).ports].map(([name, { bridge }]) => [name, bridge]));
}

it('needs nothing where nothing is asked for', () => {
  const { bridges, ports } = layoutOf([], { logicalBridges: new Map() });
  expect([bridges.size, ports.size]).toEqual([0, 0]);
});

describe('host ports', () => {
  it('are with the uplink on the bridge of the hosts', () => {
    expect(bridgesOf([port(0), port(1, { logicalBridges: [] })])).toEqual({
      'acme-rep0': 'acme-hosts',
      'acme-rep1': 'acme-hosts',
      uplink: 'acme-hosts',
    });
  });

  it('are on the bridge of their logical bridge, without a way outside', () => {
    const ports = [port(0, { logicalBridges: ['red-bridge'] }), port(1, { logicalBridges: [red.name], type: 'TRUNK' })];
    expect(bridgesOf(ports)).toEqual({ 'acme-rep0': 'acme-lan20', 'acme-rep1': 'acme-lan20' });
  });

  it('are on no bridge as a trunk of several', () => {
    const trunk = port(0, { logicalBridges: ['red-bridge', '2'], type: 'TRUNK' });
    expect(bridgesOf([trunk])).toEqual({ 'acme-rep0': undefined });
  });
});

describe('network functions', () => {
  it('stand side by side between hosts and uplink', () => {
    const networkFunctions = new Map([
      ['a', nf(0, 1)],
      ['b', nf(2, 3)],
    ]);
    expect(bridgesOf([], { networkFunctions })).toEqual({
      'acme-np0': 'acme-hosts',
      'acme-np1': 'acme-outside',
      'acme-np2': 'acme-hosts',
      'acme-np3': 'acme-outside',
      uplink: 'acme-outside',
    });
  });

  it('are passed one after the other in a chain', () => {
    const chain = { name: 'c', networkFunctions: [nf(4, 5), nf(0, 1), nf(2, 3)] };
    const layout = layoutOf([], { serviceChains: new Map([['c', chain]]) });
    expect(Object.fromEntries([...layout.ports].map(([name, { bridge }]) => [name, bridge]))).toEqual({
      'acme-np4': 'acme-hosts',
      'acme-np5': 'acme-hop5',
      'acme-np0': 'acme-hop5',
      'acme-np1': 'acme-hop1',
      'acme-np2': 'acme-hop1',
      'acme-np3': 'acme-outside',
      uplink: 'acme-outside',
    });
    expect(layout.ports.get('acme-np5')).toEqual({ bridge: 'acme-hop5', isolated: false, owner: 'c' });
    expect(layout.bridges.get('acme-hop5')).toBe('c');
  });

  it('are not gone around while those of a chain are away', () => {
    expect(bridgesOf([port(0)], {}, true)).toEqual({ 'acme-rep0': 'acme-hosts', uplink: 'acme-outside' });
  });
});
