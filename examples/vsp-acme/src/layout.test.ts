import type { BridgePort } from '@dpu-operator/sdk';
import { describe, expect, it } from 'vitest';
import { layOut } from './layout.ts';
import { functionPortName } from './names.ts';
import { emptyState, type PlacedFunction } from './state.ts';

const red = { name: 'logicalBridges/red-bridge', vlanId: 20 };
const port = (vf: number, changes: Partial<BridgePort> = {}): BridgePort => ({
  name: `bridgePorts/host0-${vf}`,
  macAddress: '02:00:00:00:00:01',
  type: 'ACCESS',
  logicalBridges: [String(vf + 2)],
  ...changes,
});
const placed = (position: number, input: number, output: number, chain?: string): PlacedFunction => ({
  input: `02:00:00:00:01:0${input}`,
  output: `02:00:00:00:01:0${output}`,
  inputIndex: input,
  outputIndex: output,
  position,
  ...(chain && { chain }),
});
const bridgesOf = (ports: BridgePort[], functions: PlacedFunction[] = [], closed = false) => {
  const bridgePorts = new Map(ports.map((each) => [each.name, each]));
  const state = { logicalBridges: new Map([[red.name, red]]), bridgePorts, functions, closed };
  const layout = layOut(state, 'uplink', functionPortName);
  return Object.fromEntries([...layout.ports].map(([name, { bridge }]) => [name, bridge]));
};

it('needs nothing where nothing is asked for', () => {
  const { bridges, ports } = layOut(emptyState, 'uplink', functionPortName);
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

  it.each([
    ['NOT_FOUND', port(0, { logicalBridges: ['blue-bridge'] })],
    ['INVALID_ARGUMENT', port(0, { logicalBridges: ['red-bridge', '2'] })],
    ['INVALID_ARGUMENT', port(0, { name: 'bridgePorts/host1-0' })],
    ['RESOURCE_EXHAUSTED', port(128)],
  ])('are refused with %s', (code, refused) => {
    expect(() => bridgesOf([refused])).toThrow(expect.objectContaining({ code }));
  });
});

describe('network functions', () => {
  it('stand side by side between hosts and uplink', () => {
    expect(bridgesOf([], [placed(0, 0, 1), placed(0, 2, 3)])).toEqual({
      'acme-np0': 'acme-hosts',
      'acme-np1': 'acme-outside',
      'acme-np2': 'acme-hosts',
      'acme-np3': 'acme-outside',
      uplink: 'acme-outside',
    });
  });

  it('are passed one after the other in a chain', () => {
    const functions = [placed(0, 4, 5, 'c'), placed(1, 0, 1, 'c'), placed(2, 2, 3, 'c')];
    expect(bridgesOf([], functions)).toEqual({
      'acme-np4': 'acme-hosts',
      'acme-np5': 'acme-hop5',
      'acme-np0': 'acme-hop5',
      'acme-np1': 'acme-hop1',
      'acme-np2': 'acme-hop1',
      'acme-np3': 'acme-outside',
      uplink: 'acme-outside',
    });
  });

  it('are not gone around while those of a chain are away', () => {
    expect(bridgesOf([port(0)], [], true)).toEqual({ 'acme-rep0': 'acme-hosts', uplink: 'acme-outside' });
  });
});
