/** The P4Info of one build of fxp-net_linux-networking: its tables and actions that the plugin uses, with the ids they have there. */
import type { P4Info } from '../generated/p4/config/v1/P4Info.ts';

const prefix = 'linux_networking_control.';
const room = 100_000;

type Field = readonly [id: number, name: string, bits: number];
type Kind = 'EXACT' | 'TERNARY';

const table = (id: number, name: string, kind: Kind, fields: readonly Field[], actions: readonly string[]) => ({
  preamble: { id, name: `${prefix}${name}`, alias: name },
  matchFields: fields.map(([fieldId, field, bitwidth]) => ({
    id: fieldId,
    name: field,
    bitwidth,
    matchType: kind,
  })),
  actionRefs: actions.map((action) => ({ id: actionIds[action] ?? 0 })),
  size: `${room}`,
});

const action = (name: string, params: readonly Field[]) => ({
  preamble: { id: actionIds[name] ?? 0, name: `${prefix}${name}`, alias: name },
  params: params.map(([id, param, bitwidth]) => ({ id, name: param, bitwidth })),
});

export const actionIds: Readonly<Record<string, number>> = {
  set_source_port: 32890467,
  fwd_to_vsi: 26092385,
  l2_fwd_and_bypass_bridge: 31624713,
  l2_fwd: 19169916,
  set_bridge_id: 31939992,
  bypass: 24954025,
  ipv4_lpm_root_lut_action: 17061464,
  mir_prof_action: 19137704,
  // Not known from a card: any other.
  mirror_and_send: 18260000,
};

export const tableIds = {
  rx_source_port: 40351839,
  source_port_to_pr_map: 35934350,
  tx_acc_vsi: 42508227,
  tx_source_port: 39041593,
  vsi_to_vsi_loopback: 45509113,
  rx_phy_port_to_pr_map: 38721082,
  source_port_to_bridge_map: 33606489,
  l2_fwd_rx_table: 44842501,
  ipv4_lpm_root_lut: 41667918,
  tx_lag_table: 40757978,
  mir_prof: 40941464,
} as const;

const portId = 'vmeta.common.port_id';
const vsi = 'vmeta.common.vsi';
const sourcePort = 'user_meta.cmeta.source_port';
const vid = 'hdrs.vlan_ext[vmeta.common.depth].hdr.vid';
const padding: Field = [2, 'zero_padding', 16];
const forward: Field = [1, 'port', 32];

export const linuxNetworking: P4Info = {
  pkgInfo: { name: 'fxp-net_linux-networking', version: '3.0.0', arch: 'pna' },
  tables: [
    table(tableIds.rx_source_port, 'rx_source_port', 'EXACT', [[1, portId, 2], padding], ['set_source_port']),
    table(
      tableIds.source_port_to_pr_map,
      'source_port_to_pr_map',
      'EXACT',
      [
        [1, sourcePort, 16],
        [2, 'zero_padding', 8],
      ],
      ['fwd_to_vsi'],
    ),
    table(tableIds.tx_acc_vsi, 'tx_acc_vsi', 'EXACT', [[1, vsi, 11], padding], ['l2_fwd_and_bypass_bridge']),
    table(tableIds.tx_source_port, 'tx_source_port', 'TERNARY', [[1, vsi, 11]], ['set_source_port']),
    table(
      tableIds.vsi_to_vsi_loopback,
      'vsi_to_vsi_loopback',
      'EXACT',
      [
        [1, vsi, 11],
        [2, 'target_vsi', 11],
      ],
      ['fwd_to_vsi'],
    ),
    table(
      tableIds.rx_phy_port_to_pr_map,
      'rx_phy_port_to_pr_map',
      'EXACT',
      [[1, portId, 2], padding],
      ['fwd_to_vsi', 'mirror_and_send'],
    ),
    table(
      tableIds.source_port_to_bridge_map,
      'source_port_to_bridge_map',
      'TERNARY',
      [
        [1, sourcePort, 16],
        [2, vid, 12],
      ],
      ['set_bridge_id'],
    ),
    table(
      tableIds.l2_fwd_rx_table,
      'l2_fwd_rx_table',
      'EXACT',
      [
        [1, 'dst_mac', 48],
        [2, 'user_meta.pmeta.bridge_id', 8],
      ],
      ['l2_fwd'],
    ),
    table(
      tableIds.ipv4_lpm_root_lut,
      'ipv4_lpm_root_lut',
      'TERNARY',
      [[1, 'user_meta.cmeta.bit16_zeros', 16]],
      ['ipv4_lpm_root_lut_action'],
    ),
    table(
      tableIds.tx_lag_table,
      'tx_lag_table',
      'TERNARY',
      [
        [1, 'user_meta.cmeta.lag_group_id', 8],
        [2, 'hash', 3],
      ],
      ['bypass'],
    ),
    table(tableIds.mir_prof, 'mir_prof', 'EXACT', [[1, 'mirror_prof_key', 8]], ['mir_prof_action']),
  ],
  actions: [
    action('set_source_port', [[1, 'source_port', 16]]),
    action('fwd_to_vsi', [forward]),
    action('l2_fwd_and_bypass_bridge', [forward]),
    action('l2_fwd', [forward]),
    action('set_bridge_id', [[1, 'bridge_id', 8]]),
    action('bypass', []),
    action('ipv4_lpm_root_lut_action', [[1, 'ipv4_table_lpm_root', 32]]),
    action('mir_prof_action', [
      [3, 'port_dest_type', 32],
      [4, 'vport_id', 32],
      [5, 'mode', 1],
      [10, 'dest_id', 16],
      [18, 'func_valid', 1],
      [19, 'store_vsi', 1],
    ]),
    action('mirror_and_send', [
      [1, 'vsi', 32],
      [2, 'mirror_profile', 32],
    ]),
  ],
};
