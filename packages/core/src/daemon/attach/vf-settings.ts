/** VF settings made through the physical function: `ip link set <pf> vf <n> …`. */
import { DpuError } from '@dpu-operator/sdk';
import type { Exec } from '@dpu-operator/sdk/linux';
import { z } from 'zod';
import type { PhysicalFunction } from './attachment.ts';
import type { HostDevice } from './devices.ts';
import { CniError, cniCodes } from './errors.ts';
import { type NetworkConfig, vfSettings } from './network-config.ts';

type Settings = PhysicalFunction['wanted'];

/**
 * What the configuration asks of the PF; undefined when nothing. A MAC goes through the PF too, where there is one: a
 * VF that is not trusted may not choose its own.
 * @throws CniError naming the field when the device has no PF
 */
export function wantedSettings(
  config: NetworkConfig,
  mac: string | undefined,
  device: HostDevice,
): Settings | undefined {
  const settings: Settings = vfSettings.parse(config);
  const [field] = Object.keys(settings);
  if (!device.physicalFunction) {
    if (field === undefined) return undefined;
    const why = `${device.name} is not an SR-IOV virtual function with its physical function on this node`;
    throw new CniError(cniCodes.invalidConfig, `network configuration: ${field} cannot be set: ${why}`);
  }
  if (settings.vlan === undefined && (settings.vlanQoS !== undefined || settings.vlanProto !== undefined)) {
    throw new CniError(cniCodes.invalidConfig, 'network configuration: vlanQoS and vlanProto need vlan');
  }
  if (mac === undefined && field === undefined) return undefined;
  return { ...settings, ...(mac !== undefined && { mac }) };
}

/** What `ip -json link show dev <pf>` says of a VF. Older iproute2 calls the address `mac`. */
const wireVf = z.looseObject({
  vf: z.int(),
  address: z.string().optional(),
  mac: z.string().optional(),
  vlan: z.int().optional(),
  qos: z.int().optional(),
  vlan_list: z
    .array(z.looseObject({ vlan: z.int(), qos: z.int().optional(), protocol: z.string().optional() }))
    .default([]),
  rate: z.looseObject({ max_tx: z.int(), min_tx: z.int() }).optional(),
  spoofchk: z.boolean().optional(),
  trust: z.boolean().optional(),
  link_state: z.enum(['auto', 'enable', 'disable']).optional().catch(undefined),
});
const wirePf = z.array(z.looseObject({ vfinfo_list: z.array(wireVf).default([]) }));

/** The present values of exactly the settings that will change. */
export async function readSettings(exec: Exec, netdev: string, vf: number, wanted: Settings): Promise<Settings> {
  const { stdout } = await exec('ip', ['-json', 'link', 'show', 'dev', netdev]);
  const found = wirePf.parse(JSON.parse(stdout))[0]?.vfinfo_list.find((info) => info.vf === vf);
  if (!found)
    throw new DpuError('NOT_FOUND', `${netdev} lists no VF ${vf}: does its driver report VFs (ip link show)?`);
  const vlan = found.vlan_list[0] ?? found;
  const mac = found.address ?? found.mac;
  return {
    ...(wanted.mac !== undefined && mac !== undefined && { mac }),
    ...(wanted.vlan !== undefined && { vlan: vlan.vlan ?? 0, vlanQoS: vlan.qos ?? 0, vlanProto: '802.1q' as const }),
    ...(wanted.min_tx_rate !== undefined && { min_tx_rate: found.rate?.min_tx ?? 0 }),
    ...(wanted.max_tx_rate !== undefined && { max_tx_rate: found.rate?.max_tx ?? 0 }),
    ...(wanted.spoofchk !== undefined && { spoofchk: found.spoofchk ? ('on' as const) : ('off' as const) }),
    ...(wanted.trust !== undefined && { trust: found.trust ? ('on' as const) : ('off' as const) }),
    ...(wanted.link_state !== undefined && { link_state: found.link_state ?? ('auto' as const) }),
  };
}

export async function applySettings(exec: Exec, netdev: string, vf: number, settings: Settings): Promise<void> {
  const { mac, vlan, vlanQoS, vlanProto, min_tx_rate, max_tx_rate, spoofchk, trust, link_state } = settings;
  const qos = vlan === 0 ? undefined : vlanQoS;
  const words = [
    ...(mac !== undefined ? ['mac', mac] : []),
    ...(vlan !== undefined ? ['vlan', `${vlan}`] : []),
    ...(qos !== undefined ? ['qos', `${qos}`] : []),
    ...(vlan && vlanProto !== undefined ? ['proto', vlanProto === '802.1ad' ? '802.1ad' : '802.1Q'] : []),
    ...(max_tx_rate !== undefined ? ['max_tx_rate', `${max_tx_rate}`] : []),
    ...(min_tx_rate !== undefined ? ['min_tx_rate', `${min_tx_rate}`] : []),
    ...(spoofchk !== undefined ? ['spoofchk', spoofchk] : []),
    ...(trust !== undefined ? ['trust', trust] : []),
    ...(link_state !== undefined ? ['state', link_state] : []),
  ];
  if (words.length > 0) await exec('ip', ['link', 'set', 'dev', netdev, 'vf', `${vf}`, ...words]);
}
