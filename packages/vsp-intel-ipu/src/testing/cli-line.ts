/** A line of `cli_client -cq` for a function of the card. */
export function cliLine(mac: string, vsi: number, isVf = false): string {
  const hex = `0x${vsi.toString(16)}`;
  const ids = `fn_id: ${hex} host_id: 0x0 is_vf: ${isVf ? 'yes' : 'no'} vsi_id: ${hex} vport_id ${hex}`;
  return `${ids} is_created: yes is_enabled: yes mac addr: ${mac}`;
}
