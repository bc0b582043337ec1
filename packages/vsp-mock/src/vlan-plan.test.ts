import { describe, expect, it } from 'vitest';
import { planPorts, type SwitchState } from './vlan-plan.ts';

const empty: SwitchState = { hostPorts: [], logicalBridges: [], networkFunctions: [] };
const access = (device: string, ...logicalBridges: string[]) => ({ device, type: 'ACCESS' as const, logicalBridges });
const trunk = (device: string, ...logicalBridges: string[]) => ({ device, type: 'TRUNK' as const, logicalBridges });
const red = { name: 'logicalBridges/red-bridge', vlanId: 20 };
const blue = { name: 'logicalBridges/blue-bridge', vlanId: 10 };

describe('planPorts', () => {
  it('puts the placeholders of host sides on one untagged bridge', () => {
    expect(planPorts({ ...empty, hostPorts: [access('a', '2'), access('b', '3'), access('c')] })).toEqual([
      { device: 'a', mode: 'access', tag: 0, trunks: [] },
      { device: 'b', mode: 'access', tag: 0, trunks: [] },
      { device: 'c', mode: 'access', tag: 0, trunks: [] },
    ]);
  });

  it('gives an access port the VLAN of its logical bridge, by full name or id', () => {
    const hostPorts = [access('a', 'logicalBridges/red-bridge'), access('b', 'blue-bridge')];
    expect(planPorts({ ...empty, hostPorts, logicalBridges: [red, blue] }).map((plan) => plan.tag)).toEqual([20, 10]);
  });

  it('takes a number for a logical bridge where one has that name', () => {
    const logicalBridges = [{ name: 'logicalBridges/1234', vlanId: 77 }];
    expect(planPorts({ ...empty, hostPorts: [access('a', '1234')], logicalBridges })[0]?.tag).toBe(77);
  });

  it('trunks the VLANs of a trunk port, and takes untagged frames only on the default bridge', () => {
    const hostPorts = [trunk('a', 'red-bridge', 'blue-bridge'), trunk('b', '5', 'red-bridge'), trunk('c')];
    expect(planPorts({ ...empty, hostPorts, logicalBridges: [red, blue] })).toEqual([
      { device: 'a', mode: 'trunk', trunks: [10, 20] },
      { device: 'b', mode: 'native-untagged', tag: 0, trunks: [0, 20] },
      { device: 'c', mode: 'native-untagged', tag: 0, trunks: [0] },
    ]);
  });

  it('lets every bridge reach the uplink while there is no network function', () => {
    expect(planPorts({ ...empty, logicalBridges: [red, blue], uplink: 'up' })).toEqual([
      { device: 'up', mode: 'native-untagged', tag: 0, trunks: [0, 10, 20] },
    ]);
  });

  it('leaves only network functions between inside and outside', () => {
    const state = {
      ...empty,
      hostPorts: [access('a', '2')],
      networkFunctions: [{ input: 'in', output: 'out' }],
      uplink: 'up',
    };
    expect(planPorts({ ...state, logicalBridges: [red] })).toEqual([
      { device: 'a', mode: 'access', tag: 0, trunks: [] },
      { device: 'in', mode: 'native-untagged', tag: 0, trunks: [0, 20] },
      { device: 'out', mode: 'dot1q-tunnel', tag: 4094, trunks: [] },
      { device: 'up', mode: 'dot1q-tunnel', tag: 4094, trunks: [] },
    ]);
  });

  it('takes a VLAN for the outside that no logical bridge has', () => {
    const logicalBridges = [{ name: 'logicalBridges/last', vlanId: 4094 }];
    const plans = planPorts({ ...empty, logicalBridges, networkFunctions: [{ input: 'in', output: 'out' }] });
    expect(plans.find((plan) => plan.device === 'out')?.tag).toBe(4093);
  });

  it('refuses a logical bridge that does not exist', () => {
    expect(() => planPorts({ ...empty, hostPorts: [access('a', 'green')] })).toThrow(
      expect.objectContaining({ code: 'NOT_FOUND', message: expect.stringContaining('"green"') }),
    );
  });

  it('refuses an access port of two bridges', () => {
    const hostPorts = [access('a', 'red-bridge', 'blue-bridge')];
    expect(() => planPorts({ ...empty, hostPorts, logicalBridges: [red, blue] })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});
