/** Stand-ins for cards with links that move packets: needs root, ethtool, ping. */
import { exec, Links } from '@dpu-operator/sdk/linux';
import { cards, fakeSysfs } from '@dpu-operator/sdk/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

const namespaces = ['standin-host', 'standin-dpu', 'standin-card'];
const [host = '', dpu = '', card = ''] = namespaces.map((name) => `/var/run/netns/${name}`);
const [hostPf, dpuPf] = ['0000:ca:00.0', '0000:f4:00.2'];

async function removeNamespaces(): Promise<void> {
  for (const name of namespaces) await exec('ip', ['netns', 'del', name], { allowFailure: true });
}

beforeAll(async () => {
  await removeNamespaces();
  for (const name of namespaces) await exec('ip', ['netns', 'add', name]);
  // A device answers for its own addresses alone.
  await exec('nsenter', [`--net=${dpu}`, 'sysctl', '-qw', 'net.ipv4.conf.all.arp_ignore=1']);
});
afterAll(removeNamespaces);

const give = (netns: string, device: string, address: string) =>
  new Links(exec, netns).batch([`addr add ${address}/24 dev ${device}`, `link set ${device} up`]);

async function reaches(netns: string, device: string, address: string): Promise<boolean> {
  const ping = ['ping', '-c1', '-W1', '-I', device, address];
  return (await exec('nsenter', [`--net=${netns}`, ...ping], { allowFailure: true })).exitCode === 0;
}

const linkNames = async (netns: string) => (await new Links(exec, netns).list()).map(({ name }) => name);

it('a card switches between its virtual functions by the VLANs that were set for them', async () => {
  const wire = (peer: string) => ({ netns: card, peer, bridge: 'vlan{vlan}' });
  await using hostSide = await fakeSysfs({ ...cards.intelNetsec.host({ wire: wire('h{vf}') }), netns: host });
  await using dpuSide = await fakeSysfs({ ...cards.intelNetsec.dpu({ wire: wire('d{vf}') }), netns: dpu });
  for (const [sysfs, pf] of [
    [hostSide, hostPf],
    [dpuSide, dpuPf],
  ] as const) {
    const { sriov } = sysfs.platform();
    await sysfs.setVirtualFunctions(pf, 2);
    for (const vf of [0, 1]) await sriov.setVf(pf, vf, { vlan: { id: vf + 2, qos: 0, protocol: '802.1q' } });
  }
  expect(await linkNames(card)).toEqual(expect.arrayContaining(['h0', 'h1', 'd0', 'd1', 'vlan2', 'vlan3']));
  await give(host, 'ens1f0v0', '10.9.0.1');
  await give(dpu, 'eth2v0', '10.9.0.2');
  await give(dpu, 'eth2v1', '10.9.0.3');
  await expect.poll(() => reaches(host, 'ens1f0v0', '10.9.0.2')).toBe(true);
  expect(await reaches(host, 'ens1f0v0', '10.9.0.3')).toBe(false);
  const { mac } = (await new Links(exec, host).find('ens1f0v0')) ?? {};
  expect((await hostSide.netdevs('0000:ca:01.0'))[0]).toEqual({ name: 'ens1f0v0', mac });

  await hostSide.setVirtualFunctions(hostPf, 0);
  expect(await linkNames(host)).toEqual(['lo']);
  expect(await linkNames(card)).not.toContain('h0');
});
