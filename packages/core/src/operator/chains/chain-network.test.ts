import { expect, test } from 'vitest';
import type { DpuNetwork } from '../../api/kinds/dpu-network.ts';
import type { ServiceFunctionChain } from '../../api/kinds/service-function-chain.ts';
import { chainNetwork } from './chain-network.ts';
import { chainOf } from './testing.ts';

const lastTransitionTime = '2026-01-01T00:00:00Z';

function blue(
  spec: DpuNetwork['spec'],
  { reason = 'Ready', generation = 1, seen = generation, vlanId }: Partial<Said> = {},
): DpuNetwork {
  const ready = { type: 'Ready', status: 'True' as const, message: 'said so', lastTransitionTime };
  return {
    apiVersion: 'config.openshift.io/v1',
    kind: 'DpuNetwork',
    metadata: { name: 'blue', generation },
    spec,
    status: {
      conditions: [{ ...ready, reason, observedGeneration: seen }],
      ...(vlanId !== undefined && { vlanId }),
    },
  };
}
interface Said {
  reason: string;
  generation: number;
  seen: number;
  vlanId: number;
}

function deleting(network: DpuNetwork): DpuNetwork {
  return { ...network, metadata: { ...network.metadata, deletionTimestamp: lastTransitionTime } };
}

const chain = (status?: ServiceFunctionChain['status']): ServiceFunctionChain => {
  const { spec, ...rest } = chainOf(['firewall']);
  return { ...rest, spec: { ...spec, network: 'blue' }, ...(status && { status }) };
};
const settled = chain({ network: 'blue', logicalBridge: 'vlan-7' });

test('a chain without a network is for all, also one that had a network before', () => {
  const { status } = settled;
  expect(chainNetwork({ ...chainOf(['firewall']), status }, () => undefined)).toEqual({ on: {} });
});

test.each([
  ['asked for', blue({ vlan: 7 }), 'vlan-7'],
  ['chosen', blue({}, { vlanId: 300 }), expect.stringMatching(/^dpunet-[0-9a-f]{8}-300$/)],
])('the bridge of a VLAN that is %s', (_, network, logicalBridge) => {
  expect(chainNetwork(chain(), () => network)).toEqual({ on: { network: 'blue', logicalBridge } });
});

test('VLAN 0 is the default bridge, which is that of all', () => {
  expect(chainNetwork(chain(), () => blue({ vlan: 0 }))).toEqual({ on: { network: 'blue' } });
});

const missing = { status: 'False', reason: 'NetworkMissing', failing: true };

test.each([
  ['is not there', undefined, 'is not there'],
  ['asks for a VLAN that another has', blue({ vlan: 7 }, { reason: 'VlanTaken' }), 'has no VLAN: said so'],
  ['is refused, perhaps for its VLAN, too', blue({ vlan: 7 }, { reason: 'NoVfs' }), 'has no VLAN: said so'],
  ['got no VLAN', blue({}), 'has no VLAN'],
  ['is being deleted', deleting(blue({ vlan: 7 })), 'is being deleted'],
])('a network that %s gives no bridge, and takes none from a chain that has one', (_, network, words) => {
  const fault = { ...missing, message: expect.stringContaining(`DpuNetwork blue ${words}`) };
  expect(chainNetwork(chain(), () => network)).toEqual({ fault });
  expect(chainNetwork(settled, () => network)).toEqual({ on: { network: 'blue', logicalBridge: 'vlan-7' }, fault });
  expect(chainNetwork(chain({ network: 'red', logicalBridge: 'vlan-9' }), () => network)).toEqual({ fault });
});

test('what a network asks for counts once its controller has looked at it', () => {
  const changed = blue({ vlan: 9 }, { generation: 2, seen: 1 });
  expect(chainNetwork(chain(), () => changed)).toEqual({ fault: expect.objectContaining({ reason: 'Pending' }) });
  expect(chainNetwork(settled, () => changed)).toEqual({ on: { network: 'blue', logicalBridge: 'vlan-7' } });
  const seen = blue({ vlan: 9 }, { generation: 2 });
  expect(chainNetwork(settled, () => seen)).toEqual({ on: { network: 'blue', logicalBridge: 'vlan-9' } });
});
