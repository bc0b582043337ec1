/** Marvell OCTEON 10, as a host sees it and as it sees itself. */
import type { FakeMachine, FakePciFunction, FakeWire } from '../machine.ts';
import { formatPciAddress, parsePciAddress } from '../pci-address.ts';

const cavium = '177d';
const physicalFunction = 'b900';
const virtualFunction = 'b903';
const systemInterface = 'a0f7';
const networkPort = 'a063';

export interface MarvellHostOptions {
  /** Addresses of its physical functions. Default: one, `0000:01:00.0`. */
  pfs?: readonly string[];
  numVfs?: number;
  totalVfs?: number;
  /** Of virtual functions of the physical function with that number. Default: files alone. */
  wire?: (pf: number) => FakeWire;
}

export function marvellHost(options: MarvellHostOptions = {}): FakeMachine {
  const { pfs = ['0000:01:00.0'], numVfs = 0, totalVfs = 64, wire } = options;
  const pci = pfs.map(
    (address, pf): FakePciFunction => ({
      address,
      vendor: cavium,
      device: physicalFunction,
      driver: 'octeon_ep',
      netdevs: [{ name: `enp1s0f${pf}` }],
      sriov: {
        totalVfs,
        numVfs,
        device: virtualFunction,
        driver: 'octeon_ep_vf',
        // Those of the first physical function, then those of the second.
        offset: 16 + pf * totalVfs,
        netdev: `enp1s0f${pf}v{vf}`,
        ...(wire && { wire: wire(pf) }),
      },
    }),
  );
  return { dmiProduct: 'PowerEdge R750', pci };
}

export interface MarvellDpuOptions {
  /** Physical functions that the host sees. Default: 1. */
  pfs?: number;
  /** Virtual functions that the host may have of each. Default: 8. */
  vfs?: number;
  /** Of the interface with that number. Default: files alone. */
  wire?: (index: number) => FakeWire;
  uplink?: FakeWire;
}

/** One interface for each physical function of the host, then one for each virtual one, by turns of the physical ones. */
export function marvellDpu({ pfs = 1, vfs = 8, wire, uplink }: MarvellDpuOptions = {}): FakeMachine {
  const { domain, routingId } = parsePciAddress('0002:0f:00.0');
  const interfaces = Array.from(
    { length: pfs * (vfs + 1) },
    (_, index): FakePciFunction => ({
      address: formatPciAddress({ domain, routingId: routingId + index }),
      vendor: cavium,
      device: systemInterface,
      driver: 'rvu_nicvf',
      netdevs: [{ name: `sdp${index}`, ...(wire && { wire: wire(index) }) }],
    }),
  );
  const port: FakePciFunction = {
    address: '0002:02:00.0',
    vendor: cavium,
    device: networkPort,
    driver: 'rvu_nicpf',
    netdevs: [{ name: 'rpm0', ...(uplink && { wire: uplink }) }],
  };
  return { compatible: ['marvell,cn10624', 'marvell,cn10k'], macPrefix: '02:00:00:01', pci: [port, ...interfaces] };
}
