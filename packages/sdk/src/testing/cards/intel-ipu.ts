/** Intel IPU E2100, as a host sees it and as its compute complex sees itself. */
import type { FakeMachine, FakePciFunction, FakeWire } from '../machine.ts';

const intel = '8086';
const physicalFunction = '1452';
const virtualFunction = '145c';

export interface IpuHostOptions {
  address?: string;
  numVfs?: number;
  totalVfs?: number;
  heldBack?: boolean;
  /** Of the netdev whose name ends in d2, which is the channel to the card. */
  channel?: FakeWire;
  wire?: FakeWire;
}

/** One physical function with several netdevs, d1 to d3 beside its own. */
export function ipuHost(options: IpuHostOptions = {}): FakeMachine {
  const { address = '0000:6a:00.0', numVfs = 0, totalVfs = 64, heldBack = false, channel, wire } = options;
  const card = ipuFunction(address, 'ens5f0', channel);
  const sriov = {
    totalVfs,
    numVfs,
    device: virtualFunction,
    driver: 'idpf',
    netdev: 'ens5f0v{vf}',
    heldBack,
    ...(wire && { wire }),
  };
  return { dmiProduct: 'PowerEdge R750', pci: [{ ...card, sriov }] };
}

export interface IpuDpuOptions {
  /** Of the netdev whose name ends in d3, which is the channel to the host. */
  channel?: FakeWire;
}

/** Its own functions have the ids that the host sees. */
export function ipuDpu({ channel }: IpuDpuOptions = {}): FakeMachine {
  const pci = [ipuFunction('0000:00:01.6', 'enp0s1f0', undefined, channel)];
  return { dmiProduct: 'Intel IPU Adapter E2100-CCQDA2', macPrefix: '02:00:00:01', pci };
}

function ipuFunction(address: string, name: string, d2?: FakeWire, d3?: FakeWire): FakePciFunction {
  const wires = [undefined, undefined, d2, d3];
  const netdevs = ['', 'd1', 'd2', 'd3'].map((port, devPort) => {
    const wire = wires[devPort];
    return { name: `${name}${port}`, devPort, ...(wire && { wire }) };
  });
  return { address, vendor: intel, device: physicalFunction, driver: 'idpf', netdevs };
}
