/** Port settings in the terms of Open vSwitch (ovs-vswitchd.conf.db(5), table Port). */
export interface PortPlan {
  device: string;
  /** On the bridge between the other one and the uplink. */
  outer?: true;
  /** The port that it leads to, on the other bridge: it has no link. */
  peer?: string;
  mode: 'access' | 'trunk' | 'native-untagged' | 'dot1q-tunnel';
  tag?: number;
  /** Empty: none are given. */
  trunks: readonly number[];
  /** No frame passes from one protected port to another. */
  protected?: true;
}
