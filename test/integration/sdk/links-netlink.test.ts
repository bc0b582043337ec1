/** Links by netlink and ioctl do and see what `ip` and `ethtool` do and see: needs root, iproute2, ethtool. */
import { exec, type IpCommand, type Link, Links, NetlinkLinks } from '@dpu-operator/sdk/linux';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { installPrograms } from '../../support/programs/programs.ts';

const names = ['links-kernel', 'links-programs'] as const;
const [kernel, programs] = names.map((name) => `/var/run/netns/${name}`) as [string, string];
const byKernel = new NetlinkLinks(exec, kernel);
const byPrograms = new Links(exec, programs);

beforeAll(async () => {
  await installPrograms();
  for (const name of names) {
    await exec('ip', ['netns', 'del', name], { allowFailure: true });
    await exec('ip', ['netns', 'add', name]);
  }
});

afterAll(async () => {
  for (const name of names) await exec('ip', ['netns', 'del', name]);
});

const mac = (end: number) => `02:00:00:00:00:0${end}`;
const commands: IpCommand[] = [
  { create: { name: 'vf0', kind: 'veth', mac: mac(1), mtu: 1400, peer: { name: 'rep0', mac: mac(2), mtu: 1300 } } },
  { set: 'rep0', up: true },
  'link set vf0 up',
  { create: { name: 'vf0', kind: 'veth', peer: { name: 'rep1' } } },
  { create: { name: 'br0', kind: 'bridge', mac: mac(3), up: true } },
  ['link', 'set', 'rep0', 'master', 'br0'],
  'addr add 192.0.2.1/24 dev br0',
  'addr add fd00::1/64 dev br0',
  {
    create: {
      name: 'vx4',
      kind: 'vxlan',
      mac: mac(4),
      mtu: 1450,
      vxlan: { vni: 7, port: 4790, local: '192.0.2.1', remote: '192.0.2.2' },
    },
  },
  {
    create: {
      name: 'vx6',
      kind: 'vxlan',
      mac: mac(5),
      vxlan: { vni: 8, port: 4790, local: 'fd00::1', remote: 'fd00::2' },
    },
  },
  { create: { name: 'gone', kind: 'bridge', mac: mac(6) } },
  { delete: 'gone' },
  { delete: 'gone' },
  { set: 'gone', up: false },
];

/** Without what the kernel does in its own time, and the index that `ip` leaves out beside a name. */
function seen(links: readonly Link[]) {
  return links.map(({ running: _, addresses, peer, ...link }) => ({
    ...link,
    peer: peer?.name ?? peer?.index,
    addresses: addresses.filter(({ scope }) => scope === 'global'),
  }));
}

it('make, change and see the same links, and refuse the same commands', async () => {
  const [ours, theirs] = await Promise.all([byKernel.batchAndList(commands), byPrograms.batchAndList(commands)]);
  const outcome = ({ failures }: typeof ours) => failures.map(({ line, error }) => ({ line, code: error.code }));
  expect(outcome(ours)).toEqual([
    { line: 3, code: 'ALREADY_EXISTS' },
    { line: 12, code: 'NOT_FOUND' },
    { line: 13, code: 'NOT_FOUND' },
  ]);
  expect(outcome(theirs)).toEqual(outcome(ours));
  expect(seen(ours.links)).toEqual(seen(theirs.links));
  expect(ours.links.find(({ name }) => name === 'vx4')?.vxlan?.remote).toBe('192.0.2.2');
  expect(seen(await byKernel.list())).toEqual(seen(await new Links(exec, kernel).list()));
  expect(seen([await byKernel.find('rep0')].flatMap((link) => link ?? []))).toEqual(
    seen(ours.links.filter(({ name }) => name === 'rep0')),
  );
  await expect(byKernel.list({ kind: 'veth' })).resolves.toHaveLength(2);
  await expect(byKernel.find('gone')).resolves.toBeUndefined();
  const tunnels = ['-d', '-j', 'link', 'show', 'type', 'vxlan'];
  const details = async (name: string) => {
    const { stdout } = await exec('ip', ['-n', name, ...tunnels]);
    return JSON.parse(stdout).map((link: { linkinfo: unknown }) => link.linkinfo);
  };
  expect(await details(names[0])).toEqual(await details(names[1]));
});

it('stop at the first command that fails, unless told otherwise', async () => {
  const one: IpCommand[] = [{ create: { name: 'vf0', kind: 'bridge' } }, { create: { name: 'late', kind: 'bridge' } }];
  await expect(byKernel.batch(one)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
  await expect(byKernel.find('late')).resolves.toBeUndefined();
  await expect(new NetlinkLinks(exec, '/var/run/netns/no-such').list()).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

it('remove several together, and say which of them cannot go', async () => {
  const kinds = [
    { name: 'out0', kind: 'veth', peer: { name: 'in0' } },
    { name: 'out1', kind: 'bridge' },
    { name: 'stays', kind: 'bridge' },
  ];
  await byKernel.batch(kinds.map((create) => ({ create })));
  const removed = async (...names: string[]) => {
    const failures = await byKernel.batch(
      names.map((name) => ({ delete: name })),
      { force: true },
    );
    return failures.map(({ line, error }) => [names[line], error.code]);
  };
  expect(await removed('out0', 'missing', 'out1')).toEqual([['missing', 'NOT_FOUND']]);
  const names = (await byKernel.list()).map(({ name }) => name);
  expect(names.filter((name) => /^(out|in)\d/.test(name))).toEqual([]);
  expect(names).toContain('stays');
  // Loopback cannot be removed, stays as it was, and keeps nobody else here.
  expect((await removed('lo', 'stays')).map(([name]) => name)).toEqual(['lo']);
  expect((await exec('ip', ['-netns', 'links-kernel', 'link', 'show', 'lo'])).stdout).toContain('group default');
  await expect(byKernel.find('stays')).resolves.toBeUndefined();
});

it('are all seen while a burst of new ones comes', { timeout: 60_000 }, async () => {
  const pairs = (count: number, one: string, two: string) =>
    Array.from({ length: count }, (_, index) => `link add ${one}${index} type veth peer name ${two}${index}`);
  const here = 100;
  const coming = 400;
  await byPrograms.batch(pairs(here, 'one', 'two'));
  let isComing = true;
  const burst = byPrograms.batch(pairs(coming, 'three', 'four')).finally(() => {
    isComing = false;
  });
  const links = new NetlinkLinks(exec, programs);
  const seen: string[][] = [];
  while (isComing) seen.push((await links.list({ kind: 'veth' })).map(({ name }) => name));
  await burst;
  const counts = seen.map((names) => names.filter((name) => /^(one|two)\d/.test(name)).length);
  expect(new Set(counts)).toEqual(new Set([2 * here]));
});

it('set offloads, which ethtool sees', async () => {
  const seen = async () => new Links(exec, kernel).activeOffloads('vf0', ['tx', 'rx', 'gro']);
  const before = await seen();
  await expect(byKernel.activeOffloads('vf0', ['tx', 'rx', 'gro'])).resolves.toEqual(before);
  await byKernel.enableOffloads('vf0', ['gro']);
  await byKernel.disableOffloads('vf0', ['tx', 'rx']);
  expect(await seen()).toEqual(['gro']);
  await byKernel.disableOffloads('vf0', ['gro']);
  await byKernel.enableOffloads('vf0', ['tx']);
  expect(await seen()).toEqual(['tx']);
  await expect(byKernel.disableOffloads('gone', ['tx'])).rejects.toMatchObject({ code: 'NOT_FOUND' });
  // Loopback has its checksums on for good.
  await expect(byKernel.disableOffloads('lo', ['tx'])).rejects.toThrow(/tx|offload/);
});
