/** Intel NetSec Accelerator, as a host sees it and as it sees itself. */
import type { FakeMachine, FakePciFunction, FakeWire } from '../machine.ts';

const intel = '8086';
const hostPort = '1599';
const backplanePort = '124c';
const sfpPort = '124d';
const virtualFunction = '1889';
/** Where the extended configuration space has the serial number, without the head of its capability. */
const serialOffset = 0x150;

export interface NetsecHostOptions {
  /** Where its two ports are. Default: `0000:ca:00`. */
  slot?: string;
  /** Of both ports, 16 hex digits. */
  serial?: string;
  numVfs?: number;
  totalVfs?: number;
  /** Netdevs of virtual functions come when they are asked for. */
  heldBack?: boolean;
  /** Of the first port, which is the channel to the card. */
  channel?: FakeWire;
  /** Of virtual functions of the first port. Default: files alone. */
  wire?: FakeWire;
}

export function netsecHost(options: NetsecHostOptions = {}): FakeMachine {
  const { slot = '0000:ca:00', serial = '0000c9ffff00ab12', numVfs = 0, totalVfs = 128 } = options;
  const { heldBack = false, channel, wire } = options;
  const port = (index: number): FakePciFunction => ({
    address: `${slot}.${index}`,
    vendor: intel,
    device: hostPort,
    driver: 'ice',
    serial: { offset: serialOffset, hex: serial },
    netdevs: [{ name: `ens1f${index}`, ...(index === 0 && channel && { wire: channel }) }],
    sriov: {
      totalVfs,
      numVfs: index === 0 ? numVfs : 0,
      device: virtualFunction,
      driver: 'iavf',
      offset: index === 0 ? 8 : 8 + totalVfs,
      netdev: `ens1f${index}v{vf}`,
      heldBack,
      ...(index === 0 && wire && { wire }),
    },
  });
  return { dmiProduct: 'PowerEdge R750', pci: [port(0), port(1)] };
}

export interface NetsecDpuOptions {
  /** Where its four ports are. Default: `0000:f4:00`. */
  slot?: string;
  numVfs?: number;
  totalVfs?: number;
  heldBack?: boolean;
  /** Of the first backplane port, which is the channel to the host. */
  channel?: FakeWire;
  /** Of virtual functions of the first backplane port. Default: files alone. */
  wire?: FakeWire;
  /** Of the second SFP port. */
  sfp?: FakeWire;
}

/** Two SFP ports (functions 0 and 1) and two backplane ports (2 and 3). */
export function netsecDpu(options: NetsecDpuOptions = {}): FakeMachine {
  const { slot = '0000:f4:00', numVfs = 0, totalVfs = 128, heldBack = false, channel, wire, sfp } = options;
  const port = (index: number): FakePciFunction => {
    const isBackplane = index >= 2;
    const plugged = { 1: sfp, 2: channel }[index];
    return {
      address: `${slot}.${index}`,
      vendor: intel,
      device: isBackplane ? backplanePort : sfpPort,
      driver: 'ice',
      netdevs: [{ name: `eth${index}`, ...(plugged && { wire: plugged }) }],
      sriov: {
        totalVfs,
        numVfs: index === 2 ? numVfs : 0,
        device: virtualFunction,
        driver: 'iavf',
        offset: 8 - index + index * totalVfs,
        netdev: `eth${index}v{vf}`,
        heldBack,
        ...(index === 2 && wire && { wire }),
      },
    };
  };
  return { dmiProduct: 'NetSec Accelerator', macPrefix: '02:00:00:01', pci: [0, 1, 2, 3].map(port) };
}
