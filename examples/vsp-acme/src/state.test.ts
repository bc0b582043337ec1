import type { BridgePort } from '@dpu-operator/sdk';
import type { Link } from '@dpu-operator/sdk/linux';
import { expect, it } from 'vitest';
import { layOut } from './layout.ts';
import { functionPortName } from './names.ts';
import { type DpuState, recall } from './state.ts';

const red = { name: 'logicalBridges/red-bridge', vlanId: 20, vni: 7, vtepIpPrefix: '2001:db8::1/64' };
const port: BridgePort = {
  name: 'bridgePorts/host0-12',
  macAddress: '02:00:00:00:00:01',
  type: 'TRUNK',
  logicalBridges: ['logicalBridges/red-bridge', '3'],
};
const placed = (position: number, input: number, chain?: string) => ({
  input: `02:00:00:00:01:0${input}`,
  output: `02:00:00:00:02:0${input}`,
  inputIndex: input,
  outputIndex: input + 1,
  position,
  ...(chain && { chain }),
});

function linksOf(state: DpuState): Link[] {
  const { bridges, ports } = layOut(state, 'uplink', functionPortName);
  const aliases = [...bridges, ...[...ports].map(([name, { alias }]) => [name, alias] as const)];
  const rest = { index: 1, mac: '', mtu: 1450, up: true, running: true, addresses: [] };
  return aliases.map(([name, alias]) => ({ name, ...rest, ...(alias && { alias }) }));
}

it('is read from the links as it was written', () => {
  const state: DpuState = {
    logicalBridges: new Map([[red.name, red]]),
    bridgePorts: new Map([[port.name, port]]),
    functions: [placed(0, 4, 'serviceChains/web-chain'), placed(1, 0, 'serviceChains/web-chain')],
    closed: true,
  };
  expect(recall(linksOf(state), functionPortName)).toEqual(state);
  const single: DpuState = { ...state, functions: [placed(0, 2)], closed: false };
  expect(recall(linksOf(single).reverse(), functionPortName)).toEqual(single);
});

it("is not read from others' links", () => {
  const [link] = linksOf({
    logicalBridges: new Map([[red.name, red]]),
    bridgePorts: new Map(),
    functions: [],
    closed: false,
  });
  expect(recall([{ ...(link as Link), name: 'eth0' }], functionPortName).logicalBridges.size).toBe(0);
});

it('has what a link can keep', () => {
  const logicalBridges = Array.from({ length: 10 }, (_, index) => `logicalBridges/bridge-number-${index}`);
  const bridges = new Map(logicalBridges.map((name, index) => [name, { name, vlanId: index + 1 }]));
  const state = {
    logicalBridges: bridges,
    bridgePorts: new Map([[port.name, { ...port, logicalBridges }]]),
    functions: [],
    closed: false,
  };
  expect(() => layOut(state, 'uplink', functionPortName)).toThrow(
    expect.objectContaining({ code: 'RESOURCE_EXHAUSTED' }),
  );
});
