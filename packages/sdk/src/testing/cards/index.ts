/**
 * Machines with cards that the operator's own plugins serve, and without: data for {@link fakeSysfs} and for the
 * `--machine` of the conformance suite.
 */
import type { FakeMachine } from '../machine.ts';
import { ipuDpu, ipuHost } from './intel-ipu.ts';
import { netsecDpu, netsecHost } from './intel-netsec.ts';
import { marvellDpu, marvellHost } from './marvell.ts';

/** By product, the host's side and the DPU's. */
export const cards = {
  marvell: { host: marvellHost, dpu: marvellDpu },
  intelIpu: { host: ipuHost, dpu: ipuDpu },
  intelNetsec: { host: netsecHost, dpu: netsecDpu },
};

/** A server with network cards of the same makers that are no DPUs, and functions that look like a part of one. */
export function ordinaryServer(): FakeMachine {
  const nic = { vendor: '8086', device: '1592', netdevs: [{ name: 'ens2f0' }] };
  return {
    dmiProduct: 'PowerEdge R750',
    pci: [
      { ...nic, address: '0000:4b:00.0', sriov: { totalVfs: 8, numVfs: 2, device: '1889' } },
      { address: '0000:4c:00.0', vendor: '177d', device: 'a01e' },
      // The storage function of an IPU.
      { address: '0000:6a:00.1', vendor: '8086', device: '1452', class: '010802' },
      // A network function of an IPU without the netdev for its channel.
      { address: '0000:6a:00.2', vendor: '8086', device: '1452', netdevs: [{ name: 'ens5f2' }] },
    ],
  };
}
