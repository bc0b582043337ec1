/** The NetSec plugin on both sides of a card that stands in, with a real Open vSwitch: needs root, openvswitch-switch, ethtool, ping. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { StartedPlugin } from '@dpu-operator/sdk/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Netns, passes, transfer } from '../../support/network/netns.ts';
import { WireFunction } from '../../support/network/wire-function.ts';
import { present } from '../vsp-mock/fixture.ts';
import { backplanePort, hostPort, NetsecFixture } from './fixture.ts';

const outsideIp = '10.9.0.100';
const switchId = createHash('sha256').update('netsec-card').digest('hex').slice(0, 8);
const pidFile = `/run/netsec-${switchId}/ovs-vswitchd.pid`;
let fixture: NetsecFixture;
let host: StartedPlugin;
let dpu: StartedPlugin;
let a: Netns;
let b: Netns;
let macA: string;
let macB: string;

beforeAll(async () => {
  fixture = await NetsecFixture.create('netsec', { vfs: 3 });
  host = await fixture.start('host');
  dpu = await fixture.start('dpu');
  await host.client.init({ dpuMode: false, dpuIdentifier: '0000c9ffff00ab12' });
  await dpu.client.init({ dpuMode: true, dpuIdentifier: 'netsec-card' });
  await fixture.outside.up('eth0', `${outsideIp}/24`);
  [a, b] = [await fixture.netns('pod-a'), await fixture.netns('pod-b')];
  ({ mac: macA } = await fixture.hostNode.give('ens1f0v0', a, 'net1', '10.9.0.1/24'));
  ({ mac: macB } = await fixture.hostNode.give('ens1f0v1', b, 'net1', '10.9.0.2/24'));
});
afterAll(() => fixture?.[Symbol.asyncDispose]());

const port = (vf: number, macAddress: string, logicalBridges: string[] = [`${vf + 2}`]) =>
  dpu.client.createBridgePort({ name: `host0-${vf}`, macAddress, type: 'ACCESS', logicalBridges });
const removePort = (vf: number) => dpu.client.deleteBridgePort(`bridgePorts/host0-${vf}`, present);

it('sets up both ends of each virtual function alike', async () => {
  for (const [sysfs, pf] of [
    [fixture.hostSysfs, hostPort],
    [fixture.dpuSysfs, backplanePort],
  ] as const) {
    expect((await sysfs.vfSettings(pf)).map(({ vlan, trust, spoofCheck }) => [vlan?.id, trust, spoofCheck])).toEqual([
      [2, true, false],
      [3, true, false],
      [4, true, false],
    ]);
  }
  expect(await host.client.getDevices()).toHaveLength(3);
});

it('has a channel from the host to the card', async () => {
  const { exitCode } = await fixture.hostNode.run('ping', ['-c1', '-W5', 'fe80::1%ens1f0'], true);
  expect(exitCode).toBe(0);
});

it('a pod has traffic while its port is there, and no longer', async () => {
  expect(await a.reaches(outsideIp)).toBe(false);
  expect(await port(0, macA)).toMatchObject({ operStatus: 'UP' });
  await passes(a, outsideIp);
  expect(await transfer(a, fixture.outside, outsideIp, 1_000_000)).toBe(1_000_000);
  expect(await b.reaches(outsideIp)).toBe(false);
  await removePort(0);
  expect(await a.reaches(outsideIp)).toBe(false);
});

it('logical bridges keep pods apart by VLAN, and those of one together', async () => {
  for (const vlanId of [10, 20]) await dpu.client.createLogicalBridge({ name: `logicalBridges/lan-${vlanId}`, vlanId });
  await port(0, macA, ['logicalBridges/lan-10']);
  await port(1, macB, ['logicalBridges/lan-20']);
  expect(await a.reaches('10.9.0.2')).toBe(false);
  await removePort(1);
  await port(1, macB, ['logicalBridges/lan-10']);
  await passes(a, '10.9.0.2');
  for (const vf of [0, 1]) await removePort(vf);
  for (const vlanId of [10, 20]) await dpu.client.deleteLogicalBridge(`logicalBridges/lan-${vlanId}`, present);
});

it('another host port than the card can have is refused; one without its function waits, and says what to do', async () => {
  await expect(port(128, macA)).rejects.toMatchObject({
    code: 'OUT_OF_RANGE',
    message: expect.stringContaining(`${backplanePort} can have 128 virtual functions`),
  });
  await expect(
    dpu.client.createBridgePort({ name: 'host1-0', macAddress: macA, type: 'ACCESS', logicalBridges: [] }),
  ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  const { operStatus, components } = await port(3, macA);
  expect(operStatus).toBe('DOWN');
  expect(components?.map(({ details }) => details).join()).toContain(
    `${backplanePort} has 3 virtual functions, and VF 3 of the host none to end at: set \`vfs\``,
  );
  await removePort(3);
});

describe('a chain of two functions', () => {
  let first: WireFunction;
  let second: WireFunction;

  beforeAll(async () => {
    first = await WireFunction.create(fixture, fixture.dpuNode, 'first', ['nf_if0', 'nf_if1']);
    second = await WireFunction.create(fixture, fixture.dpuNode, 'second', ['nf_if2', 'nf_if3']);
    await port(0, macA);
    await dpu.client.createChain({ name: 'serviceChains/edge', networkFunctions: [first.nf, second.nf] });
    await passes(a, outsideIp);
  });

  it('is passed in order: what the first keeps, the second does not hear', async () => {
    const heard = async (fn: WireFunction) => {
      const before = await fn.heard('net1');
      expect(await a.reaches(outsideIp)).toBe(false);
      return (await fn.heard('net1')) - before;
    };
    await first.forwards(false);
    expect(await heard(second)).toBe(0);
    expect(await heard(first)).toBeGreaterThan(0);
    await first.forwards(true);
    await second.forwards(false);
    expect(await heard(second)).toBeGreaterThan(0);
    await second.forwards(true);
    await passes(a, outsideIp);
    expect(await transfer(a, fixture.outside, outsideIp, 1_000_000)).toBe(1_000_000);
  });

  it('is there again after the switch was killed', async () => {
    const pid = Number((await readFile(pidFile, 'utf8')).trim());
    process.kill(pid, 'SIGKILL');
    await passes(a, outsideIp);
    await expect.poll(async () => Number((await readFile(pidFile, 'utf8')).trim())).not.toBe(pid);
  });

  it('lets nothing pass once it is gone', async () => {
    await dpu.client.deleteChain('serviceChains/edge', present);
    expect(await a.reaches(outsideIp)).toBe(false);
  });

  afterAll(async () => {
    for (const fn of [first, second]) await fn?.netns.delete();
  });
});

it('takes everything away with the last virtual function', async () => {
  await removePort(0);
  expect(await dpu.client.setNumVfs(0)).toBe(0);
  expect(await fixture.dpuNode.names()).toEqual(['eth1', 'eth2', 'lo']);
});
