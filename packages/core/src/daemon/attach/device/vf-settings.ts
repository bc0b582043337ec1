/** VF settings made through the physical function. */
import { DpuError } from '@dpu-operator/sdk';
import { Netlink, type Vf, type VfVlan } from '@dpu-operator/sdk/linux';
import { omitUndefined } from '@dpu-operator/sdk/wire';
import { CniError, cniCodes } from '../../../cni-error.ts';
import { type NetworkConfig, vfSettings } from '../network-config.ts';
import type { PhysicalFunction } from '../record/attachment.ts';
import type { HostDevice } from './devices.ts';

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

type PfLinks = Pick<Netlink, 'listVfs' | 'setVf' | 'close'>;

/** VFs through their physical functions. */
export class PhysicalFunctions {
  readonly #open: () => PfLinks;
  #links: PfLinks | undefined;

  /** @param open for tests */
  constructor(open: () => PfLinks = () => new Netlink()) {
    this.#open = open;
  }

  /** The present values of exactly the settings that will change. */
  async read(netdev: string, vf: number, wanted: Settings): Promise<Settings> {
    const found = await this.#find(netdev, vf);
    return omitUndefined({
      mac: wanted.mac === undefined ? undefined : found.mac,
      ...(wanted.vlan !== undefined && vlanSettings(found)),
      min_tx_rate: wanted.min_tx_rate === undefined ? undefined : (found.minTxRate ?? 0),
      max_tx_rate: wanted.max_tx_rate === undefined ? undefined : (found.maxTxRate ?? 0),
      spoofchk: wanted.spoofchk === undefined ? undefined : onOff(found.spoofCheck),
      trust: wanted.trust === undefined ? undefined : onOff(found.trust),
      link_state: wanted.link_state === undefined ? undefined : (found.linkState ?? 'auto'),
    });
  }

  async apply(netdev: string, vf: number, settings: Settings): Promise<void> {
    const { mac, vlan, vlanQoS, vlanProto, spoofchk, trust, link_state } = settings;
    if (Object.keys(settings).length === 0) return;
    await this.#pf.setVf(
      netdev,
      vf,
      omitUndefined({
        mac,
        vlan: vlan === undefined ? undefined : vlanOf(vlan, vlanQoS, vlanProto),
        ...(await this.#rates(netdev, vf, settings)),
        spoofCheck: spoofchk === undefined ? undefined : spoofchk === 'on',
        trust: trust === undefined ? undefined : trust === 'on',
        linkState: link_state,
      }),
    );
  }

  close(): void {
    this.#links?.close();
    this.#links = undefined;
  }

  /** A driver takes both at once. */
  async #rates(netdev: string, vf: number, { min_tx_rate, max_tx_rate }: Settings) {
    if (min_tx_rate === undefined && max_tx_rate === undefined) return {};
    const both = min_tx_rate !== undefined && max_tx_rate !== undefined;
    const present = both ? undefined : await this.#find(netdev, vf);
    return {
      minTxRate: min_tx_rate ?? present?.minTxRate ?? 0,
      maxTxRate: max_tx_rate ?? present?.maxTxRate ?? 0,
    };
  }

  async #find(netdev: string, vf: number): Promise<Vf> {
    const found = (await this.#pf.listVfs(netdev)).find(({ number }) => number === vf);
    if (found) return found;
    throw new DpuError('NOT_FOUND', `${netdev} lists no VF ${vf}: does its driver report VFs (ip link show)?`);
  }

  get #pf(): PfLinks {
    this.#links ??= this.#open();
    return this.#links;
  }
}

function vlanSettings({ vlan }: Vf): Pick<Settings, 'vlan' | 'vlanQoS' | 'vlanProto'> {
  return { vlan: vlan?.id ?? 0, vlanQoS: vlan?.qos ?? 0, vlanProto: vlan?.protocol ?? '802.1q' };
}

/** Without a VLAN there is nothing that the other two could say. */
function vlanOf(id: number, qos = 0, protocol: VfVlan['protocol'] = '802.1q'): VfVlan {
  return id === 0 ? { id, qos: 0, protocol: '802.1q' } : { id, qos, protocol };
}

const onOff = (value: boolean | undefined): 'on' | 'off' => (value ? 'on' : 'off');
