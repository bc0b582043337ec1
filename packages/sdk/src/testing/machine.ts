/** What a stand-in for a machine's hardware is made of: data, which also passes as JSON from one process to another. */

export interface FakeMachine {
  pci?: FakePciFunction[];
  /** What the firmware calls the machine; without it there is no DMI table. */
  dmiProduct?: string;
  /** `compatible` of the device tree's root; without it there is no device tree. */
  compatible?: string[];
  /** Path of the network namespace that netdevs with a `wire` are made in. Default: that of the process. */
  netns?: string;
  /** First four bytes of the MAC addresses that it makes up. Default: `02:00:00:00`. */
  macPrefix?: string;
}

/** A PCI function of a machine that is made up. */
export interface FakePciFunction {
  /** `0000:01:00.0` */
  address: string;
  /** Four hex digits. */
  vendor: string;
  device: string;
  /** Six hex digits. Default: a network controller (`020000`). */
  class?: string;
  netdevs?: FakeNetdev[];
  /** Name of its driver; without it there is none. */
  driver?: string;
  /** Four hex digits each. */
  subsystem?: { vendor: string; device: string };
  /** Written into the configuration space at an offset (bytes), as hex digits. */
  serial?: { offset: number; hex: string };
  /** Device Serial Number capability: 16 hex digits, as lspci writes them without its dashes. */
  dsn?: string;
  /** Serial number in the Vital Product Data. */
  vpdSerial?: string;
  /** Address of the PCI bridge above it, a function that was added before. Default: it is on the root bus. */
  behind?: string;
  /** The NUMA node. Default: -1 (none). */
  numaNode?: number;
  sriov?: FakeSriov;
}

/** With a name alone it gets a MAC address of its own. */
export interface FakeNetdev {
  name: string;
  mac?: string;
  /** `dev_port`, for functions with several. Default: 0. */
  devPort?: number;
  /** `phys_port_name`; without it there is none. */
  physPortName?: string;
  /** What it is plugged into. Without it the netdev is files alone, and no link. */
  wire?: FakeWire;
}

/** Makes a netdev a link that moves packets: one end of a veth pair, whose other end is the card's. Needs root. */
export interface FakeWire {
  /** Path of the network namespace that stands for the card, or for what the cable leads to. */
  netns: string;
  /** Name of the other end there. For virtual functions with `{vf}`, their index. */
  peer: string;
  /**
   * A bridge there that the other end becomes a port of, made where there is none. For virtual functions with `{vf}`, or
   * with `{vlan}`, the VLAN that was set for it by {@link Sriov.setVf} (0 before): the switch within a card.
   */
  bridge?: string;
}

/** SR-IOV of a physical function. */
export interface FakeSriov {
  /** sriov_totalvfs: how many virtual functions it can have. */
  totalVfs: number;
  /** Device id of the virtual functions, four hex digits. */
  device: string;
  /** How many there are from the start. Default: 0. */
  numVfs?: number;
  /** From the physical function's address to that of the first virtual function. Default: 16 (01:00.0 → 01:02.0). */
  offset?: number;
  /** From one virtual function to the next. Default: 1. */
  stride?: number;
  /** Name of the driver of the virtual functions; without it there is none. */
  driver?: string;
  /** Names of their netdevs, with `{vf}`. Default: that of the physical function and `v{vf}`; none where it has none. */
  netdev?: string;
  wire?: FakeWire;
  /** Their netdevs come when {@link FakeSysfs.probe} is called: later, or never. Default: at once. */
  heldBack?: boolean;
}
