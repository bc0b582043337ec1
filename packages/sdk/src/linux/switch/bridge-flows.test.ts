import { describe, expect, it } from 'vitest';
import { planFlows } from './bridge-flows.ts';
import type { BridgeState, HostPort } from './bridge-plan.ts';

const cookie = '00000000000000d1';
const host = (number: number, vlans: number[] = [], type: HostPort['type'] = 'ACCESS'): HostPort => ({
  device: `h${number}`,
  mac: `02:00:00:00:00:0${number}`,
  type,
  vlans,
});
const fn = (name: string) => ({ input: `${name}-in`, output: `${name}-out` });
const numbers = ['h1', 'h2', 'h3', 'a-in', 'a-out', 'b-in', 'b-out', 'up'];
const numberOf = (device: string) => {
  const index = numbers.indexOf(device);
  return index < 0 ? undefined : index + 1;
};

function state(more: Partial<BridgeState> = {}): BridgeState {
  const nothing = { hostPorts: [], chains: [], closed: false };
  return { ...nothing, uplink: 'up', hostToHost: 'direct', ...more };
}

/** `table: match → actions`, by what each does. */
function flows(more: Partial<BridgeState>, numbered = numberOf): string[] {
  return planFlows(state(more), numbered, cookie).map(({ table, match, actions }) => `${table}: ${match} → ${actions}`);
}

it('while nothing stands between hosts and uplink there are none', () => {
  expect(flows({ hostPorts: [host(1), host(2, [5])] })).toEqual([]);
});

describe('with a function', () => {
  const chains = [[fn('a')]];

  it('hosts reach it, and it them by destination MAC; its output is the uplink, and back', () => {
    const planned = flows({ chains, hostPorts: [host(1)] });
    expect(planned).toEqual(
      expect.arrayContaining([
        '0: in_port=1,vlan_tci=0x0000/0x1fff → resubmit(,21)',
        '0: in_port=1,vlan_tci=0x1000/0x1fff → strip_vlan,resubmit(,21)',
        '0: in_port=1 → drop',
        '21:  → resubmit(,22)',
        '22:  → output:4',
        '0: in_port=4 → resubmit(,23)',
        '23: vlan_tci=0x0000/0x1fff,dl_dst=02:00:00:00:00:01 → output:1',
        '23: vlan_tci=0x0000/0x1fff → output:1',
        '0: in_port=5 → output:8',
        '0: in_port=8 → resubmit(,24)',
        '24:  → output:5',
      ]),
    );
    expect(planned.filter((flow) => flow.includes('in_port=5,dl_dst'))).toEqual([]);
  });

  it('frames of a logical bridge have its tag on the way, and find the ports of that bridge alone', () => {
    const hostPorts = [host(1, [5]), host(2, [5, 6], 'TRUNK'), host(3)];
    const planned = flows({ chains, hostPorts });
    expect(planned).toContain('0: in_port=1,vlan_tci=0x0000/0x1fff → mod_vlan_vid:5,resubmit(,21)');
    expect(planned.filter((flow) => flow.startsWith('0: in_port=2'))).toEqual([
      '0: in_port=2 → drop',
      '0: in_port=2,dl_vlan=6 → resubmit(,21)',
      '0: in_port=2,dl_vlan=5 → resubmit(,21)',
    ]);
    expect(planned).toContain('23: dl_vlan=5,dl_dst=02:00:00:00:00:01 → strip_vlan,output:1');
    expect(planned).toContain('23: dl_vlan=5,dl_dst=02:00:00:00:00:02 → output:2');
    expect(planned).toContain('23: dl_vlan=5 → output:2,strip_vlan,output:1');
    expect(planned).toContain('23: dl_vlan=6 → output:2');
    expect(planned).toContain('23: vlan_tci=0x0000/0x1fff → output:3');
  });

  it('hosts reach each other past it, or through it and turned round at its output', () => {
    const hostPorts = [host(1), host(2)];
    expect(flows({ chains, hostPorts })).toContain('21: vlan_tci=0x0000/0x1fff,dl_dst=02:00:00:00:00:02 → output:2');
    const through = flows({ chains, hostPorts, hostToHost: 'function' });
    expect(through.filter((flow) => flow.startsWith('21:'))).toEqual(['21:  → resubmit(,22)']);
    expect(through).toContain('0: in_port=5,dl_dst=02:00:00:00:00:02 → in_port');
  });

  it('of two ports with one MAC the first has it', () => {
    const hostPorts = [host(1), { ...host(2), mac: host(1).mac }];
    const back = flows({ chains, hostPorts }).filter((flow) => flow.startsWith('23:') && flow.includes('dl_dst'));
    expect(back).toEqual(['23: vlan_tci=0x0000/0x1fff,dl_dst=02:00:00:00:00:01 → output:1']);
  });

  it('one that the switch could not open passes nothing', () => {
    const planned = flows({ chains, hostPorts: [host(1)] }, (device) =>
      device === 'a-in' ? undefined : numberOf(device),
    );
    expect(planned.filter((flow) => /output:(5|8)/.test(flow))).toEqual([]);
  });
});

it('the functions of a chain are joined in order', () => {
  const planned = flows({ chains: [[fn('a'), fn('b')]] });
  expect(planned).toEqual(
    expect.arrayContaining([
      '22:  → output:4',
      '0: in_port=5 → output:6',
      '0: in_port=6 → output:5',
      '0: in_port=7 → output:8',
      '24:  → output:7',
    ]),
  );
});

it('with several chains, who was heard behind one is reached through it', () => {
  const planned = flows({ chains: [[fn('a')], [fn('b')]] });
  expect(planned).toContain('22:  → output:4,output:6');
  expect(planned).toContain('24:  → output:5,output:7');
  const learned = planned.filter((flow) => flow.includes('learn('));
  expect(
    learned.map((flow) => /^0: in_port=(\d).*learn\(table=(\d+)/.exec(flow)?.slice(1).join(' to ')).sort(),
  ).toEqual(['4 to 22', '5 to 24', '6 to 22', '7 to 24']);
  for (const flow of learned) expect(flow).toContain(`cookie=0x${cookie}`);
});

it('closed, nothing passes between hosts and uplink', () => {
  const planned = flows({ closed: true, hostPorts: [host(1), host(2)] });
  expect(planned.filter((flow) => flow.includes('output:8'))).toEqual([]);
  expect(planned.filter((flow) => flow.startsWith('22:') || flow.startsWith('24:'))).toEqual([]);
  expect(planned).toContain('21: vlan_tci=0x0000/0x1fff,dl_dst=02:00:00:00:00:02 → output:2');
});

describe('with a function for one VLAN', () => {
  const vlanChains = [{ vlan: 5, functions: [fn('a')] }];
  const hostPorts = [host(1), host(2, [5]), host(3, [5, 6], 'TRUNK')];
  const untagged = 'vlan_tci=0x0000/0x1fff';

  it('it has the frames of that one, without a tag; the others are left to the bridge', () => {
    const planned = flows({ vlanChains, hostPorts });
    expect(planned.filter((flow) => /^0: in_port=1\b/.test(flow))).toEqual([]);
    expect(planned.filter((flow) => flow.startsWith('0: in_port=3'))).toEqual([
      '0: in_port=3,dl_vlan=5 → resubmit(,21)',
    ]);
    expect(planned.filter((flow) => flow.startsWith('0: in_port=8'))).toEqual([
      '0: in_port=8,dl_vlan=5 → resubmit(,24)',
    ]);
    expect(planned.filter((flow) => /^2[24]:/.test(flow))).toEqual([
      '24: dl_vlan=5 → strip_vlan,output:5',
      '22: dl_vlan=5 → strip_vlan,output:4',
    ]);
    expect(planned).toContain(`0: in_port=4,${untagged} → mod_vlan_vid:5,resubmit(,23)`);
    expect(planned).toContain(`0: in_port=5,${untagged} → mod_vlan_vid:5,output:8`);
    expect(planned).toContain('0: in_port=4 → drop');
    expect(planned).toContain('23: dl_vlan=5 → output:3,strip_vlan,output:2');
  });

  it('another for all has none of its frames, and cannot send any', () => {
    const planned = flows({ vlanChains, chains: [[fn('b')]], hostPorts });
    expect(planned).toContain('22: dl_vlan=5 → strip_vlan,output:4');
    expect(planned).toContain('22:  → output:6');
    expect(planned).toContain('0: in_port=8 → resubmit(,24)');
    for (const port of [6, 7]) expect(planned).toContain(`0: in_port=${port},dl_vlan=5 → drop`);
  });

  it('hosts of that one alone are turned round at its output', () => {
    const through = flows({ vlanChains, chains: [[fn('b')]], hostPorts, hostToHost: 'function' });
    expect(through.filter((flow) => flow.endsWith('→ in_port')).sort()).toEqual(
      [
        '5,dl_dst=02:00:00:00:00:02',
        '5,dl_dst=02:00:00:00:00:03',
        '7,dl_dst=02:00:00:00:00:01',
        '7,dl_dst=02:00:00:00:00:03',
      ].map((match) => `0: in_port=${match} → in_port`),
    );
  });

  it('with several of them, what is learnt takes the tag off', () => {
    const planned = flows({ vlanChains: [...vlanChains, { vlan: 5, functions: [fn('b')] }], hostPorts });
    const learned = planned.filter((flow) => flow.includes('learn('));
    expect(learned).toHaveLength(8);
    for (const flow of learned) expect(flow).toContain('load:0->NXM_OF_VLAN_TCI[],output:');
  });

  it('closed, its frames go nowhere without one', () => {
    const planned = flows({ closedVlans: [5], chains: [[fn('b')]], hostPorts });
    for (const table of [22, 24]) expect(planned).toContain(`${table}: dl_vlan=5 → drop`);
  });
});
