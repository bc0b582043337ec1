/** Intel IPU E2100, as a host sees it and as its compute complex sees itself. */
import { omitUndefined } from '../../omit-undefined.ts';
import type { FakeMachine, FakeNetdev, FakePciFunction, FakeWire } from '../machine.ts';

const intel = '8086';
const physicalFunction = '1452';
const virtualFunction = '145c';
/** Netdevs of the host's function: its own, and d1 to d3. */
const hostNetdevs = 4;

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
  const netdevs = netdevsOf('ens5f0', hostNetdevs, (index) => ({ wire: index === 2 ? channel : undefined }));
  const sriov = {
    totalVfs,
    numVfs,
    device: virtualFunction,
    driver: 'idpf',
    netdev: 'ens5f0v{vf}',
    heldBack,
    ...(wire && { wire }),
  };
  return { dmiProduct: 'PowerEdge R750', pci: [{ ...ipuFunction(address, netdevs), sriov }] };
}

export interface IpuDpuOptions {
  /** How many interfaces its firmware gives it, `enp0s1f0`, `enp0s1f0d1`, …. Default: 16. */
  interfaces?: number;
  /** Of the interface with that number, of which 3 is the channel to the host. Default: files alone. */
  wire?: (index: number) => FakeWire | undefined;
  /** Of the interface with that number. Default: it makes them up. */
  mac?: (index: number) => string;
}

/** Its own functions have the ids that the host sees. */
export function ipuDpu({ interfaces = 16, wire, mac }: IpuDpuOptions = {}): FakeMachine {
  const netdevs = netdevsOf('enp0s1f0', interfaces, (index) => ({ wire: wire?.(index), mac: mac?.(index) }));
  const pci = [ipuFunction('0000:00:01.6', netdevs)];
  return { dmiProduct: 'Intel IPU Adapter E2100-CCQDA2', macPrefix: '02:00:00:01', pci };
}

function netdevsOf(
  name: string,
  count: number,
  more: (index: number) => { wire?: FakeWire | undefined; mac?: string | undefined },
): FakeNetdev[] {
  return Array.from({ length: count }, (_, devPort) =>
    omitUndefined({ name: devPort === 0 ? name : `${name}d${devPort}`, devPort, ...more(devPort) }),
  );
}

function ipuFunction(address: string, netdevs: FakeNetdev[]): FakePciFunction {
  return { address, vendor: intel, device: physicalFunction, driver: 'idpf', netdevs };
}
