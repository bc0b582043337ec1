/** An address of a link. */
export interface LinkAddress {
  family: 'inet' | 'inet6';
  /** Without the prefix. */
  address: string;
  prefixLength: number;
  /** `global`, `link`, `host`, … */
  scope: string;
}

/** A network device as one namespace sees it. */
export interface Link {
  name: string;
  index: number;
  /** Lower-case, colon-separated; empty for devices without one. */
  mac: string;
  mtu: number;
  /** Administratively up. */
  up: boolean;
  /** Up, and so is what it hangs on: it can carry packets. */
  running: boolean;
  /** `veth`, `vxlan`, `bridge`, …; undefined for hardware and loopback. */
  kind?: string;
  alias?: string;
  /** Further names; where a name is asked for, each of them is one. */
  altNames?: string[];
  /** Of the device behind it, where that is on the PCI bus: no namespace and no pod changes it. */
  pciAddress?: string;
  /** The MAC that the device came with; only hardware has one. */
  permanentMac?: string;
  /** The bridge or bond that it is a port of. */
  masterName?: string;
  /** The other end of a veth pair. Its name is known where that end is in the same namespace. */
  peer?: { name?: string; index?: number };
  /** Number of the namespace of what it hangs on (veth: the other end; VXLAN: the underlay), where that is another one. */
  linkNetnsId?: number;
  vxlan?: { vni: number; port: number; local?: string; remote?: string };
  addresses: LinkAddress[];
}
