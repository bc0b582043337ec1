/** The cards that the operator's own plugins serve, as the tests' cluster has them without hardware. */
import { cards, type FakeMachine } from '@dpu-operator/sdk/testing';

export interface Card {
  /** Of the plugin's package. */
  directory: string;
  product: string;
  host: FakeMachine;
  dpu: FakeMachine;
  /** Netdevs of the host and of the DPU that are two ends of one wire through the card. */
  wires: [host: string, dpu: string][];
  /** Netdev of the DPU that leads outside. */
  uplink: string;
  /** Settings of each side's DataProcessingUnitConfig. The chain's function of the examples passes nothing between pods. */
  settings: { host: object; dpu: object };
  /** Of Open vSwitch on the DPU. */
  bridge: string;
}

/** Virtual functions: as many as the main job has pods, so that others only start with what those give back. */
export const cardVfs = 2;

const vfs = Array.from({ length: cardVfs }, (_, index) => index);

export const cardsByName: Record<string, Card> = {
  marvell: {
    directory: 'packages/vsp-marvell',
    product: 'Marvell DPU',
    host: cards.marvell.host(),
    dpu: cards.marvell.dpu({ vfs: cardVfs }),
    wires: [['enp1s0f0', 'sdp0'], ...vfs.map((vf): [string, string] => [`enp1s0f0v${vf}`, `sdp${vf + 1}`])],
    uplink: 'rpm0',
    settings: { host: { vfs: cardVfs }, dpu: { hostToHost: 'direct' } },
    bridge: 'br-mrv0',
  },
  netsec: {
    directory: 'packages/vsp-intel-netsec',
    product: 'Intel Netsec Accelerator',
    host: cards.intelNetsec.host(),
    dpu: cards.intelNetsec.dpu(),
    wires: [['ens1f0', 'eth2'], ...vfs.map((vf): [string, string] => [`ens1f0v${vf}`, `eth2v${vf}`])],
    uplink: 'eth1',
    settings: { host: { vfs: cardVfs }, dpu: { vfs: cardVfs, hostToHost: 'direct' } },
    bridge: 'br-secondary',
  },
};

/** Why a card that has a plugin is not here. */
const missing: Record<string, string> = {
  ipu: 'an Intel IPU leads frames by its P4 tables, which no stand-in on the cluster does yet; test/integration/vsp-intel-ipu.test.ts has one that does',
};

/** The card that CARD names. @throws Error that says which there are */
export function chosenCard(name = process.env.CARD ?? 'marvell'): Card {
  const card = cardsByName[name];
  if (!card) {
    const why = missing[name] === undefined ? '' : `: ${missing[name]}`;
    throw new Error(`CARD must be one of ${Object.keys(cardsByName).join(', ')}, not ${name}${why}`);
  }
  return card;
}
