import { describe, expect, it } from 'vitest';
import { type BridgeState, type HostPort, planPorts } from './bridge-plan.ts';

const host = (device: string, vlans: number[] = [], type: HostPort['type'] = 'ACCESS'): HostPort => {
  return { device, mac: '02:00:00:00:00:01', type, vlans };
};
const fn = (name: string) => ({ input: `${name}-in`, output: `${name}-out` });
const ports = (more: Partial<BridgeState>) => {
  const nothing = { hostPorts: [], chains: [], closed: false };
  return planPorts({ ...nothing, uplink: 'up', hostToHost: 'direct', ...more });
};
const isolated = { mode: 'trunk', trunks: [4095], protected: false };

it('while nothing stands between hosts and uplink, tags keep VLANs apart', () => {
  expect(ports({ hostPorts: [host('h1'), host('h2', [5]), host('h3', [7, 6], 'TRUNK')] })).toEqual([
    { device: 'h1', mode: 'access', tag: 0, trunks: [], protected: false },
    { device: 'h2', mode: 'access', tag: 5, trunks: [], protected: false },
    { device: 'h3', mode: 'trunk', trunks: [6, 7], protected: false },
    { device: 'up', mode: 'native-untagged', tag: 0, trunks: [], protected: false },
  ]);
});

it('ports of functions and the uplink behind them have no part in what the bridge does by itself', () => {
  expect(ports({ chains: [[fn('a')]] })).toEqual([
    { device: 'a-in', ...isolated },
    { device: 'a-out', ...isolated },
    { device: 'up', ...isolated },
  ]);
});

it('hosts that reach each other through functions do not before the flows are there', () => {
  const hostPorts = [host('h1'), host('h2')];
  const kept = ports({ chains: [[fn('a')]], hostPorts, hostToHost: 'function' }).filter((port) => port.protected);
  expect(kept.map(({ device }) => device)).toEqual(['h1', 'h2']);
});

describe('with functions for one VLAN', () => {
  const vlanChains = [{ vlan: 5, functions: [fn('a')] }];
  const hostPorts = [host('h1'), host('h2', [5]), host('h3', [6, 5], 'TRUNK')];

  it('the bridge leads the others to the uplink, and not that one', () => {
    expect(ports({ vlanChains, hostPorts }).slice(3)).toEqual([
      { device: 'a-in', ...isolated },
      { device: 'a-out', ...isolated },
      { device: 'up', mode: 'native-untagged', tag: 0, trunks: [0, 6], protected: false },
    ]);
  });

  it('its hosts alone are kept from each other', () => {
    const kept = ports({ vlanChains, hostPorts, hostToHost: 'function' }).filter((port) => port.protected);
    expect(kept.map(({ device }) => device)).toEqual(['h2']);
  });

  it('closed, it stays away from the uplink without them', () => {
    expect(ports({ closedVlans: [5], hostPorts }).at(-1)).toMatchObject({ device: 'up', trunks: [0, 6] });
  });
});
