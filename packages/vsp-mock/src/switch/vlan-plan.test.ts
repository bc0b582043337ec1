import { describe, expect, it } from 'vitest';
import type { PortPlan } from './port-plan.ts';
import { planPorts, type SwitchState } from './vlan-plan.ts';

const empty: SwitchState = { hostPorts: [], vlans: [], chains: [], vlanChains: [], closed: false, closedVlans: [] };
const access = (device: string, ...vlans: number[]) => ({ device, type: 'ACCESS' as const, vlans });
const trunk = (device: string, ...vlans: number[]) => ({ device, type: 'TRUNK' as const, vlans });

describe('planPorts', () => {
  it('puts ports without a logical bridge on one untagged bridge, others on its VLAN', () => {
    expect(planPorts({ ...empty, hostPorts: [access('a'), access('b', 20)], vlans: [20] })).toEqual([
      { device: 'a', mode: 'access', tag: 0, trunks: [] },
      { device: 'b', mode: 'access', tag: 20, trunks: [] },
    ]);
  });

  it('trunks the VLANs of a trunk port, and takes untagged frames only on the default bridge', () => {
    expect(planPorts({ ...empty, hostPorts: [trunk('a', 20, 10), trunk('b')], vlans: [10, 20] })).toEqual([
      { device: 'a', mode: 'trunk', trunks: [10, 20] },
      { device: 'b', mode: 'native-untagged', tag: 0, trunks: [0] },
    ]);
  });

  it('lets every bridge reach the uplink while there is no network function', () => {
    expect(planPorts({ ...empty, vlans: [20, 10], uplink: 'up' })).toEqual([
      { device: 'up', mode: 'native-untagged', tag: 0, trunks: [0, 10, 20] },
    ]);
  });

  it('leaves only network functions between inside and outside', () => {
    const state = {
      ...empty,
      hostPorts: [access('a')],
      chains: [[{ input: 'in', output: 'out' }]],
      uplink: 'up',
    };
    expect(planPorts({ ...state, vlans: [20] })).toEqual([
      { device: 'a', mode: 'access', tag: 0, trunks: [] },
      { device: 'in', mode: 'native-untagged', tag: 0, trunks: [0, 20], protected: true },
      { device: 'out', mode: 'dot1q-tunnel', tag: 4094, trunks: [], protected: true },
      { device: 'up', mode: 'dot1q-tunnel', tag: 4094, trunks: [] },
    ]);
  });

  it('takes a VLAN for the outside that no logical bridge has', () => {
    const plans = planPorts({ ...empty, vlans: [4094], chains: [[{ input: 'in', output: 'out' }]] });
    expect(plans.find((plan) => plan.device === 'out')?.tag).toBe(4093);
  });
});

const ports = (name: string) => ({ input: `${name}-in`, output: `${name}-out` });
const [f1, f2, f3, nat] = [ports('f1'), ports('f2'), ports('f3'), ports('nat')];
/** Devices by their VLAN; those of the inside have 0. */
function segments(plans: readonly PortPlan[]): Record<string, number | undefined> {
  return Object.fromEntries(plans.map(({ device, tag }) => [device, tag]));
}

describe('planPorts with chains', () => {
  const twoChains = {
    ...empty,
    chains: [
      [f1, f2],
      [f3, nat],
    ],
    uplink: 'up',
  };

  it('joins each output to the next input, by a VLAN of their own', () => {
    expect(planPorts({ ...empty, chains: [[f1, f2, f3]], vlans: [20], uplink: 'up' })).toEqual([
      { device: 'f1-in', mode: 'native-untagged', tag: 0, trunks: [0, 20], protected: true },
      { device: 'f1-out', mode: 'dot1q-tunnel', tag: 4093, trunks: [] },
      { device: 'f2-in', mode: 'dot1q-tunnel', tag: 4093, trunks: [] },
      { device: 'f2-out', mode: 'dot1q-tunnel', tag: 4092, trunks: [] },
      { device: 'f3-in', mode: 'dot1q-tunnel', tag: 4092, trunks: [] },
      { device: 'f3-out', mode: 'dot1q-tunnel', tag: 4094, trunks: [], protected: true },
      { device: 'up', mode: 'dot1q-tunnel', tag: 4094, trunks: [] },
    ]);
  });

  it('keeps chains apart from each other', () => {
    const plans = planPorts({ ...empty, chains: [[nat], [f1, f2], [f3]], uplink: 'up' });
    const ends = ['nat-in', 'f1-in', 'f3-in', 'nat-out', 'f2-out', 'f3-out'];
    expect(plans.filter((plan) => plan.protected).map(({ device }) => device)).toEqual(ends);
    const inside = { 'nat-in': 0, 'f1-in': 0, 'f3-in': 0 };
    const outside = { 'nat-out': 4094, 'f2-out': 4094, 'f3-out': 4094, up: 4094 };
    expect(segments(plans)).toEqual({ ...inside, 'f1-out': 4093, 'f2-in': 4093, ...outside });
  });

  it('leaves the other chains in their VLANs when one goes', () => {
    const before = planPorts(twoChains);
    const after = planPorts({ ...empty, chains: [[f3, nat]], uplink: 'up' }, before);
    const left = before.filter(({ device }) => !device.startsWith('f1') && !device.startsWith('f2'));
    expect(after).toEqual(left);
  });

  it('gives no two segments one VLAN when an order is turned round', () => {
    const before = planPorts(twoChains);
    const after = segments(
      planPorts(
        {
          ...empty,
          chains: [
            [f2, f1],
            [f3, nat],
          ],
          uplink: 'up',
        },
        before,
      ),
    );
    expect(after).toMatchObject({ 'f2-in': 0, 'f1-out': 4094, up: 4094, 'f3-out': 4092, 'nat-in': 4092 });
    expect(after['f2-out']).toBe(after['f1-in']);
    expect([4094, 4092]).not.toContain(after['f2-out']);
  });

  it('moves a hop away from the VLAN that a logical bridge takes', () => {
    const before = planPorts({ ...empty, chains: [[f1, f2]], uplink: 'up' });
    const after = segments(planPorts({ ...empty, chains: [[f1, f2]], vlans: [4093], uplink: 'up' }, before));
    expect(after).toMatchObject({ 'f1-out': 4092, 'f2-in': 4092, up: 4094 });
  });

  it('keeps the uplink outside while it is closed', () => {
    expect(planPorts({ ...empty, uplink: 'up', closed: true })).toEqual([
      { device: 'up', mode: 'dot1q-tunnel', tag: 4094, trunks: [] },
    ]);
  });

  it('says when the VLANs are used up', () => {
    const vlans = Array.from({ length: 4093 }, (_, index) => index + 1);
    expect(() => planPorts({ ...empty, chains: [[f1, f2]], vlans })).toThrow(
      expect.objectContaining({ code: 'RESOURCE_EXHAUSTED' }),
    );
    expect(planPorts({ ...empty, chains: [[f1]], vlans })).toHaveLength(2);
  });
});

describe('planPorts with a chain for one VLAN', () => {
  const others = Array.from({ length: 4096 }, (_, vlan) => vlan).filter((vlan) => vlan !== 20);
  const state = { ...empty, vlanChains: [{ vlan: 20, functions: [f1, f2] }], vlans: [20, 30], uplink: 'up' };

  it('leads that one through it, and all others past it', () => {
    expect(planPorts(state)).toEqual([
      { device: 'f1-out', mode: 'dot1q-tunnel', tag: 4094, trunks: [] },
      { device: 'f2-in', mode: 'dot1q-tunnel', tag: 4094, trunks: [] },
      { device: 'swdpu-inner', mode: 'native-untagged', tag: 0, trunks: [0, 30], peer: 'swdpu-outer' },
      { device: 'f1-in', mode: 'access', tag: 20, trunks: [], protected: true },
      { device: 'f2-out', mode: 'access', tag: 20, trunks: [], protected: true, outer: true },
      { device: 'swdpu-outer', mode: 'native-untagged', tag: 0, trunks: others, peer: 'swdpu-inner', outer: true },
      { device: 'up', mode: 'native-untagged', tag: 0, trunks: [], outer: true },
    ]);
  });

  it('leads the others through the chains that are for all', () => {
    const plans = planPorts({ ...state, chains: [[nat]] });
    expect(plans.find(({ device }) => device === 'nat-in')?.trunks).toEqual([0, 30]);
    expect(segments(plans)).toMatchObject({ 'nat-out': 4094, 'swdpu-inner': 4094, 'f1-in': 20, 'f2-out': 20 });
  });

  it('passes nothing of a VLAN whose chain is away', () => {
    const plans = planPorts({ ...state, vlanChains: [], closedVlans: [20] });
    expect(plans.map(({ device }) => device)).toEqual(['swdpu-inner', 'swdpu-outer', 'up']);
    expect(plans.find(({ device }) => device === 'swdpu-inner')?.trunks).toEqual([0, 30]);
    expect(plans.find(({ device }) => device === 'swdpu-outer')?.trunks).toEqual(others);
  });
});
