/** The Marvell plugin's DPU side on stand-ins, with an Open vSwitch of its own: needs root, openvswitch-switch, ping. */
import { exec } from '@dpu-operator/sdk/linux';
import type { StartedPlugin } from '@dpu-operator/sdk/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { bridgePort } from '../../support/network/bridge-port.ts';
import { type Netns, passes } from '../../support/network/netns.ts';
import { present } from '../vsp-mock/fixture.ts';
import { givePod, MarvellFixture } from './fixture.ts';

const outsideIp = '10.9.0.100';

let fixture: MarvellFixture;
let vsp: StartedPlugin;
let a: Netns;
let b: Netns;
let macs: string[];

const port = (vf: number, ...logicalBridges: string[]) => bridgePort(vf, macs[vf] ?? '', ...logicalBridges);
beforeAll(async () => {
  fixture = await MarvellFixture.create('mrv', 3);
  await fixture.outside.up('eth0', `${outsideIp}/24`);
  vsp = await fixture.start({ networkFunctionPorts: 4 });
  await fixture.init();
  [a, b] = [await fixture.netns('pod-a'), await fixture.netns('pod-b')];
  macs = [await givePod(fixture.host, 0, a, '10.9.0.1/24'), await givePod(fixture.host, 1, b, '10.9.0.2/24')];
});
afterAll(() => fixture?.[Symbol.asyncDispose]());

it('listens on the interface of the physical function', async () => {
  expect(vsp.plugin.address).toEqual({ ip: '[fe80::1%sdp0]', port: 8085 });
  const { addresses } = (await fixture.dpu.links.find('sdp0')) ?? { addresses: [] };
  expect(addresses).toContainEqual(expect.objectContaining({ address: 'fe80::1', prefixLength: 64 }));
});

it('hands out an end of each pair', async () => {
  const devices = await vsp.client.getDevices();
  expect(devices.map(({ id, healthy }) => [id, healthy])).toEqual(
    [0, 1, 2, 3].map((index) => [`nf_interface${index}`, true]),
  );
});

describe('ports of the host', () => {
  it('reach each other and the outside; an interface is up only while it is one', async () => {
    expect(await fixture.isUp('sdp1')).toBe(false);
    expect(await vsp.client.createBridgePort(port(0, '2'))).toMatchObject({ operStatus: 'UP' });
    await vsp.client.createBridgePort(port(1, '3'));
    await passes(a, '10.9.0.2');
    await passes(a, outsideIp);
    expect(await Promise.all(['sdp1', 'sdp2', 'sdp3'].map((name) => fixture.isUp(name)))).toEqual([true, true, false]);
  });

  it('of different logical bridges do not', async () => {
    await vsp.client.createLogicalBridge({ name: 'logicalBridges/five', vlanId: 5 });
    await vsp.client.updateBridgePort(port(1, 'five'));
    await passes(a, '10.9.0.2', false);
    await vsp.client.updateBridgePort(port(0, 'five'));
    await passes(a, '10.9.0.2');
    await passes(a, outsideIp, false);
    for (const vf of [0, 1]) await vsp.client.updateBridgePort(port(vf, `${vf + 2}`));
    await passes(a, outsideIp);
  });

  it('beyond the card, or of a physical function that it has not, are refused', async () => {
    await expect(vsp.client.createBridgePort({ ...port(0), name: 'host0-3' })).rejects.toMatchObject({
      code: 'OUT_OF_RANGE',
      message: expect.stringContaining('interfaces for 3 virtual functions'),
    });
    await expect(vsp.client.createBridgePort({ ...port(0), name: 'host1-0' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('settings.physicalFunctions'),
    });
  });

  it('wait for a network device that is late', async () => {
    const name = 'bridgePorts/host0-2';
    const late = '0002:0f:00.3';
    const [gone] = (await fixture.sysfs.snapshot()).pci.filter(({ address }) => address === late);
    expect(gone?.netdevs[0]?.name).toBe('sdp3');
    await fixture.sysfs.remove(late);
    const late0 = { address: late, vendor: '177d', device: 'a0f7' };
    macs[2] = '02:00:00:00:00:99';
    expect(await vsp.client.createBridgePort(port(2, '4'))).toMatchObject({
      operStatus: 'DOWN',
      components: [
        expect.objectContaining({ details: expect.stringContaining(`waits for the network device of ${late}`) }),
      ],
    });
    await fixture.host.links.batch(['link del vf2'], { force: true });
    await fixture.sysfs.add({ ...late0, netdevs: [{ name: 'sdp3', wire: { netns: fixture.host.path, peer: 'vf2' } }] });
    const status = async () => (await vsp.client.getBridgePort(name)).operStatus;
    await fixture.host.links.batch(['link set vf2 up']);
    await eventually('the port is up', status, (answer) => answer === 'UP');
    await vsp.client.deleteBridgePort(name, present);
    expect(await fixture.isUp('sdp3')).toBe(false);
  });
});

it('a port that somebody takes away is made again, also after the database has cut the plugin off', async () => {
  const env = { ...(process.env as Record<string, string>), OVS_RUNDIR: fixture.switchDirectory };
  const takeAway = () => fixture.vsctl('del-port', 'sdp1');
  await takeAway();
  await passes(a, outsideIp);
  await exec('ovs-appctl', ['--target=ovsdb-server', 'ovsdb-server/reconnect'], { env });
  // The first may go before the plugin listens again, and is looked for; of the second it can only be told.
  for (let times = 0; times < 2; times++) {
    await takeAway();
    await passes(a, outsideIp);
  }
});

it('a port that is deleted passes nothing, and its interface is down', async () => {
  await vsp.client.deleteBridgePort('bridgePorts/host0-1', present);
  await passes(a, '10.9.0.2', false);
  expect(await fixture.isUp('sdp2')).toBe(false);
});
