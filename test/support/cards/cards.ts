/** The cards that the operator's own plugins serve, as the tests' cluster has them without hardware. */
import { cards, type FakeMachine } from '@dpu-operator/sdk/testing';
import type { Uplink } from '../network/external.ts';
import { physicalPort, vfEnd } from './fxp.ts';
import { cardNetns, type IpuLinks } from './ipu-inside.ts';

export interface Card {
  /** Of the plugin's package. */
  directory: string;
  product: string;
  host: FakeMachine;
  dpu: FakeMachine;
  /** Netdevs of the host and of the DPU that are two ends of one wire through the card. */
  wires: [host: string, dpu: string][];
  /** Netdev of the DPU that leads outside. */
  uplink: Uplink;
  /** Settings of each side's DataProcessingUnitConfig. The chain's function of the examples passes nothing between pods. */
  settings: { host: object; dpu: object };
  /** Shows in the DPU's plugin which MACs its bridge has learnt. */
  learnt: string[];
  /** Asks the DPU's plugin for the VLAN of a port of its bridge. */
  vlanOf?: (netdev: string) => string[];
  /** Of an Intel IPU, behind whose interfaces there is more than a wire. */
  ipu?: IpuLinks;
}

/** Virtual functions: as many as the main job has pods, so that others only start with what those give back. */
const cardVfs = 2;

const vfs = Array.from({ length: cardVfs }, (_, index) => index);

const tagOf = (port: string): string[] => ['ovs-vsctl', 'get', 'port', port, 'tag'];

const ipuChannel = 'enp0s1f0d3';
const ipuVfs = vfs.map((vf) => `ens5f0v${vf}`);
const ipuInterfaces = Array.from({ length: 16 }, (_, index) => {
  const name = index === 0 ? 'enp0s1f0' : `enp0s1f0d${index}`;
  return name === ipuChannel ? undefined : name;
});
/** In a network that nodes have no other use for, as for the default's. */
const ipuSettings = { channel: { hostAddress: '198.18.7.1', dpuAddress: '198.18.7.2' } };

export const cardsByName: Record<string, Card> = {
  marvell: {
    directory: 'packages/vsp-marvell',
    product: 'Marvell DPU',
    host: cards.marvell.host(),
    dpu: cards.marvell.dpu({ vfs: cardVfs }),
    wires: [['enp1s0f0', 'sdp0'], ...vfs.map((vf): [string, string] => [`enp1s0f0v${vf}`, `sdp${vf + 1}`])],
    uplink: { name: 'rpm0' },
    settings: { host: { vfs: cardVfs }, dpu: { hostToHost: 'direct' } },
    learnt: ['ovs-appctl', 'fdb/show', 'br-mrv0'],
    vlanOf: tagOf,
  },
  netsec: {
    directory: 'packages/vsp-intel-netsec',
    product: 'Intel Netsec Accelerator',
    host: cards.intelNetsec.host(),
    dpu: cards.intelNetsec.dpu(),
    wires: [['ens1f0', 'eth2'], ...vfs.map((vf): [string, string] => [`ens1f0v${vf}`, `eth2v${vf}`])],
    uplink: { name: 'eth1' },
    settings: { host: { vfs: cardVfs }, dpu: { vfs: cardVfs, hostToHost: 'direct' } },
    learnt: ['ovs-appctl', 'fdb/show', 'br-secondary'],
    vlanOf: tagOf,
  },
  ipu: {
    directory: 'packages/vsp-intel-ipu',
    product: 'Intel IPU E2100',
    host: cards.intelIpu.host(),
    dpu: cards.intelIpu.dpu(),
    wires: [['ens5f0d2', ipuChannel], ...ipuVfs.map((name, vf): [string, string] => [name, vfEnd(vf)])],
    uplink: { name: physicalPort, netns: cardNetns },
    settings: { host: ipuSettings, dpu: ipuSettings },
    learnt: ['bridge', 'fdb', 'show', 'br', 'br-ipu'],
    ipu: { interfaces: ipuInterfaces, vfs: ipuVfs },
  },
};

/** The card that CARD names. @throws Error that says which there are */
export function chosenCard(name = process.env.CARD ?? 'marvell'): Card {
  const card = cardsByName[name];
  if (!card) throw new Error(`CARD must be one of ${Object.keys(cardsByName).join(', ')}, not ${name}`);
  return card;
}
