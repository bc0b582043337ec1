/**
 * Frames through the Intel IPU's plugin: what its entries and its bridges, Linux's or those of a real Open vSwitch of the
 * card, make of them; and its interfaces as they come and go. Needs root, openvswitch-switch, ping.
 */
import { exec } from '@dpu-operator/sdk/linux';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MachineSwitch } from '../../support/network/machine-switch.ts';
import { type Netns, passes } from '../../support/network/netns.ts';
import { WireFunction } from '../../support/network/wire-function.ts';
import { givePod } from '../vsp-marvell/fixture.ts';
import { present, SoftwareDpuFixture } from '../vsp-mock/fixture.ts';
import { IpuFixture, vfMac } from './fixture.ts';

const outsideIp = '10.9.0.100';
const otherIp = '10.9.0.2';
/** Stands for the third VF of the host. */
const foreignPort = 'enp0s1f0d8';

const port = (vf: number, ...logicalBridges: string[]) => {
  return { name: `host0-${vf}`, macAddress: vfMac(vf), type: 'ACCESS' as const, logicalBridges };
};

describe.each(['linux', 'ovs'] as const)('with bridges of %s', (bridge) => {
  let fixture: SoftwareDpuFixture;
  let ipu: IpuFixture;
  let ovs: MachineSwitch | undefined;
  let a: Netns;
  let b: Netns;
  let fn: WireFunction;

  const onCardsSwitch = (...command: string[]) => exec('ovs-vsctl', [`--db=unix:${ovs?.database}`, ...command]);
  const heard = async (): Promise<boolean> => {
    const before = await fn.heard('net1');
    const pings = 20;
    await a.run('ping', ['-q', '-c', `${pings}`, '-i', '0.01', '-W', '1', outsideIp], true);
    return (await fn.heard('net1')) - before >= pings;
  };

  beforeAll(async () => {
    fixture = await SoftwareDpuFixture.create(`ipu${bridge}`);
    const database = `/run/ipu-test-${bridge}`;
    const settings = bridge === 'ovs' ? { bridge, ovsDatabase: `${database}/db.sock` } : { bridge };
    ipu = await IpuFixture.create(fixture, {
      vfs: 3,
      settings,
      prepare: async (acc) => {
        if (bridge === 'ovs') {
          ovs = await new MachineSwitch(database, acc).create();
          await onCardsSwitch('add-br', 'br-foreign', '--', 'set', 'bridge', 'br-foreign', 'datapath_type=netdev');
          await onCardsSwitch('add-port', 'br-foreign', foreignPort);
        } else {
          await acc.links.batch(['link add br-foreign type bridge', `link set ${foreignPort} master br-foreign`]);
        }
      },
    });
    await ipu.outside.up('eth0', `${outsideIp}/24`);
    [a, b] = [await fixture.netns('pod-a'), await fixture.netns('pod-b')];
    for (const pod of [a, b]) await pod.quiet();
    await givePod(ipu.host, 0, a, '10.9.0.1/24');
    await givePod(ipu.host, 1, b, `${otherIp}/24`);
  });
  afterAll(async () => {
    await ipu?.[Symbol.asyncDispose]();
    await ovs?.stop();
    await fixture?.[Symbol.asyncDispose]();
  });

  it('a host’s port reaches the outside and another port once both are made, and not before', async () => {
    await ipu.vsp.client.createBridgePort(port(0, '2'));
    await passes(a, outsideIp);
    expect(await a.reaches(otherIp)).toBe(false);
    await ipu.vsp.client.createBridgePort(port(1, '3'));
    await passes(a, otherIp);
  });

  it('a port whose interface another bridge has fails alone, and is not taken from there', async () => {
    await expect(ipu.vsp.client.createBridgePort(port(2, '4'))).rejects.toThrow(
      bridge === 'ovs'
        ? `a port ${foreignPort} that this plugin did not make`
        : `${foreignPort} is a port of br-foreign`,
    );
    await passes(a, otherIp);
    await passes(a, outsideIp);
    expect((await ipu.vsp.client.getBridgePort('bridgePorts/host0-0')).operStatus).toBe('UP');
    if (bridge === 'ovs') {
      expect((await onCardsSwitch('port-to-br', foreignPort)).stdout.trim()).toBe('br-foreign');
    } else expect((await ipu.acc.links.find(foreignPort))?.masterName).toBe('br-foreign');
  });

  it('a bridge that somebody deletes is made again', async () => {
    if (bridge === 'ovs') await onCardsSwitch('del-br', 'br-ipu');
    else await ipu.acc.links.batch(['link del br-ipu']);
    await passes(a, outsideIp);
    await passes(a, otherIp);
  });

  it.runIf(bridge === 'ovs')('so is a port, also after the database has cut the plugin off', async () => {
    await ovs?.cutOff();
    for (let times = 0; times < 2; times++) {
      await onCardsSwitch('del-port', 'enp0s1f0d6');
      await passes(a, outsideIp);
    }
  });

  it('logical bridges are apart', async () => {
    await ipu.vsp.client.createLogicalBridge({ name: 'logicalBridges/five', vlanId: 5 });
    await ipu.vsp.client.updateBridgePort(port(1, 'five'));
    await passes(a, otherIp, false);
    await ipu.vsp.client.updateBridgePort(port(1, '3'));
    await passes(a, otherIp);
  });

  it('what leads to the outside goes through a network function, and past it once that is gone', async () => {
    fn = await WireFunction.create(fixture, ipu.acc, 'function', ['enp0s1f0d11', 'enp0s1f0d12']);
    await ipu.vsp.client.createNetworkFunction(fn.nf);
    await passes(a, outsideIp);
    expect(await heard()).toBe(true);
    await fn.forwards(false);
    await passes(a, outsideIp, false);
    await fn.forwards(true);
    await passes(a, outsideIp);
    await ipu.vsp.client.deleteNetworkFunction(fn.nf);
    await passes(a, outsideIp);
    expect(await heard()).toBe(false);
  });

  it('a restart interrupts nothing, and knows the devices again that pods have', async () => {
    await ipu.restart();
    await ipu.vsp.client.createBridgePort(port(0, '2'));
    await passes(a, outsideIp);
    await passes(a, otherIp);
    expect((await ipu.vsp.client.getDevices()).filter(({ healthy }) => !healthy)).toEqual([]);
    // Links that stand in end with the pod; a card's come back.
    await fn.netns.delete();
    await expect
      .poll(async () => (await ipu.vsp.client.getDevices()).find(({ id }) => id === 'enp0s1f0d11'))
      .toMatchObject({ healthy: false, reason: expect.stringContaining('has a network device enp0s1f0d11') });
  });

  it('the channel gets its address back, and the uplink’s link is told, as the kernel tells of them', async () => {
    const channel = 'enp0s1f0d3';
    const addresses = async () => (await ipu.acc.links.find(channel))?.addresses.map(({ address }) => address);
    expect(await addresses()).toEqual(['192.168.1.2']);
    await ipu.acc.links.batch([`addr flush dev ${channel}`]);
    await expect.poll(addresses).toEqual(['192.168.1.2']);
    for (const up of [false, true]) {
      await ipu.setCarrier(4, up);
      await expect.poll(() => ipu.status?.links).toEqual([{ name: 'enp0s1f0d4', up }]);
    }
  });

  it('a port that is deleted passes nothing', async () => {
    await ipu.vsp.client.completeReplay();
    await passes(a, otherIp, false);
    await ipu.vsp.client.deleteBridgePort('bridgePorts/host0-0', present);
    await passes(a, outsideIp, false);
    await ipu.fxp.settled();
  });
});
