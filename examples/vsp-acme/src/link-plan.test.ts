import type { Link } from '@dpu-operator/sdk/linux';
import { expect, it } from 'vitest';
import { commandsFor, type LinkPlan } from './link-plan.ts';

const link = (name: string, changes: Partial<Link> = {}): Link => ({
  name,
  index: 1,
  mac: '02:00:00:00:00:01',
  mtu: 1450,
  up: true,
  running: true,
  addresses: [],
  ...changes,
});
const tunnel = { vni: 5, port: 4795, local: '192.0.2.1', remote: '192.0.2.2' };
const plan = (changes: Partial<LinkPlan>): LinkPlan => ({
  pairs: new Map(),
  tunnels: new Map(),
  bridges: new Map(),
  ports: new Map(),
  deletes: ({ name }) => name.startsWith('acme-'),
  releases: ({ name }) => ['acme-p', 'acme-t', 'uplink'].includes(name),
  ...changes,
});
const lines = (changes: Partial<LinkPlan>, ...links: Link[]) =>
  commandsFor(plan(changes), new Map(links.map((each) => [each.name, each]))).map((command) =>
    typeof command === 'string' ? command : command.join(' '),
  );

it('makes bridges, tunnels and pairs, and puts them together', () => {
  const commands = lines({
    bridges: new Map([['acme-b', { mac: '02:00:00:00:00:0b', owner: 'lan' }]]),
    tunnels: new Map([['acme-t', tunnel]]),
    pairs: new Map([['acme-p', { pod: 'acme-vf0', mac: '02:00:00:00:00:0a' }]]),
    ports: new Map([
      ['acme-t', { bridge: 'acme-b', owner: 'port' }],
      ['acme-p', { bridge: 'acme-b' }],
      ['uplink', { bridge: 'acme-b' }],
    ]),
  });
  expect(commands).toEqual([
    'link add acme-b address 02:00:00:00:00:0b mtu 1450 type bridge mcast_snooping 0',
    'link set acme-b addrgenmode none',
    'link set acme-b arp off up',
    'link add acme-t mtu 1450 type vxlan id 5 local 192.0.2.1 remote 192.0.2.2 dstport 4795 nolearning',
    'link set acme-t addrgenmode none',
    'link set acme-t up',
    'link add acme-vf0 address 02:00:00:00:00:0a mtu 1450 type veth peer name acme-p mtu 1450',
    'link set acme-p addrgenmode none',
    'link set acme-p up',
    'link set acme-b alias lan',
    'link set acme-t alias port',
    'link set acme-t master acme-b',
    'link set acme-p master acme-b',
  ]);
});

it('does nothing where all is as it shall be', () => {
  const bridges = new Map([['acme-b', { mac: '02:00:00:00:00:0b', owner: 'lan' }]]);
  const ports = new Map([
    ['acme-p', { bridge: 'acme-b' }],
    ['uplink', { bridge: 'acme-b' }],
  ]);
  const pairs = new Map([['acme-p', { pod: 'acme-vf0', mac: '02:00:00:00:00:0a' }]]);
  const bridge = link('acme-b', { kind: 'bridge', alias: 'lan' });
  const port = link('acme-p', { kind: 'veth', masterName: 'acme-b' });
  const uplink = link('uplink', { masterName: 'acme-b' });
  expect(lines({ bridges, ports, pairs }, bridge, port, uplink)).toEqual([]);
});

it('takes ports off their bridges before it puts any on another', () => {
  const bridges = new Map(['acme-a', 'acme-b'].map((name) => [name, { mac: '02:00:00:00:00:0b' }]));
  const ports = new Map([
    ['acme-p', { bridge: 'acme-b' }],
    ['uplink', { bridge: 'acme-b' }],
  ]);
  const pairs = new Map([['acme-p', { pod: 'acme-vf0', mac: '02:00:00:00:00:0a' }]]);
  const links = [
    link('acme-a', { kind: 'bridge' }),
    link('acme-b', { kind: 'bridge' }),
    link('acme-p', { kind: 'veth', masterName: 'acme-a' }),
    link('uplink', { masterName: 'acme-a' }),
  ];
  expect(lines({ bridges, ports, pairs }, ...links)).toEqual([
    'link set acme-p nomaster',
    'link set uplink nomaster',
    'link set acme-p master acme-b',
    'link set uplink master acme-b',
  ]);
});

it('makes a tunnel anew whose other end is another now', () => {
  const former = link('acme-t', { kind: 'vxlan', vxlan: { vni: 5, port: 4795, remote: '192.0.2.3' } });
  expect(lines({ tunnels: new Map([['acme-t', tunnel]]) }, former).slice(0, 2)).toEqual([
    'link del acme-t',
    expect.stringContaining('remote 192.0.2.2'),
  ]);
});

it("leaves others' links alone", () => {
  const ports = new Map([['uplink', { bridge: 'acme-b' }]]);
  const bridges = new Map([['acme-b', { mac: '02:00:00:00:00:0b' }]]);
  const bridge = link('acme-b', { kind: 'bridge' });
  const links = [bridge, link('uplink', { masterName: 'br0' }), link('br0', { kind: 'bridge', alias: 'lan' })];
  expect(lines({ bridges, ports }, ...links)).toEqual([]);
  expect(
    lines(
      { bridges, ports, deletes: () => false, releases: () => false },
      bridge,
      link('acme-p', { masterName: 'acme-b' }),
    ),
  ).toEqual([]);
});

it('leaves what may not go yet where it is', () => {
  const bridge = link('acme-b', { kind: 'bridge', alias: 'lan' });
  const port = link('acme-p', { masterName: 'acme-b', alias: 'port' });
  const mayGo =
    (owner: string) =>
    ({ alias }: Link) =>
      alias === owner;
  expect(lines({ deletes: mayGo('other'), releases: mayGo('other') }, bridge, port)).toEqual([]);
  expect(lines({ deletes: mayGo('lan'), releases: mayGo('port') }, bridge, port)).toEqual([
    'link set acme-p nomaster',
    'link set acme-p alias ""',
    'link del acme-b',
  ]);
});
