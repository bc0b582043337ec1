/** Names on the card's side, those of the Go operator's plugin. */
export const BRIDGE = 'br-mrv0';
/** Ends of the pairs that network functions get, and those that become ports of the bridge. */
export const GIVEN = 'nf_interface';
export const KEPT = 'dp_interface';
/** Of ports of DPDK, which have no network device. */
export const dpdkPortName = (pf: number, vf: number) => `vf${pf}-${vf}`;
export const DPDK_UPLINK = 'rpm0-dpdk';
