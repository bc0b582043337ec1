/** Network devices in namespaces, as far as attaching looks at them: what the real kernel here has no hardware for. */
import { DpuError } from '@dpu-operator/sdk';
import type { Link, Route } from '@dpu-operator/sdk/linux';
import type { PhysicalFunctions } from '../device/vf-settings.ts';
import { unsetMac } from '../device/vfio-device.ts';
import type { LinkIdentity } from '../link/link-identity.ts';
import type { HostProperties, PodLinks } from '../link/pod-links.ts';
import type { PhysicalFunction } from '../record/attachment.ts';

export interface ModelledDevice extends HostProperties {
  identity: LinkIdentity;
  /** Path of its namespace; '' is the daemon's. Undefined: in one that nobody can reach. */
  netns: string | undefined;
  up: boolean;
}

/** What the PF has set for a VF. */
type AdminSettings = PhysicalFunction['before'];

type Links = Pick<PodLinks, keyof PodLinks>;

export class ModelledKernel implements Links, Pick<PhysicalFunctions, 'apply' | 'read' | 'close'> {
  readonly devices: ModelledDevice[] = [];
  /** A VF that is not trusted refuses another MAC while the PF has set one, as Intel's and Marvell's drivers do. */
  admin: AdminSettings = {};
  addressesOfPod: Link['addresses'] = [];
  routesOfPod: Route[] = [];

  add(device: Partial<ModelledDevice> & Pick<ModelledDevice, 'name' | 'identity'>): ModelledDevice {
    const added = { netns: '', mac: '02:00:00:00:00:ff', mtu: 1500, up: false, ...device };
    this.devices.push(added);
    return added;
  }

  isPodNetns(): boolean {
    return true;
  }

  async identify(name: string): Promise<LinkIdentity> {
    const device = this.#in('').find((other) => other.name === name);
    if (!device) throw new DpuError('NOT_FOUND', name);
    return device.identity;
  }

  async moveIntoPod({ device: name, netns, ifName, mac, mtu }: Parameters<Links['moveIntoPod']>[0]): Promise<void> {
    const device = this.#in('').find((other) => other.name === name);
    if (!device) throw new DpuError('NOT_FOUND', name);
    if (mac !== undefined) this.#refuseMac(device, mac);
    Object.assign(device, { netns, name: ifName, mac: mac ?? device.mac, mtu: mtu ?? device.mtu, up: true });
  }

  async configure(): Promise<void> {}

  close(): void {}

  async read(): Promise<AdminSettings> {
    return { mac: unsetMac, ...this.admin };
  }

  async apply(_netdev: string, _vf: number, { mac, trust }: AdminSettings): Promise<void> {
    if (mac === unsetMac) delete this.admin.mac;
    else if (mac !== undefined) this.admin.mac = mac;
    if (trust !== undefined) this.admin.trust = trust;
  }

  async find(netns: string, ifName: string): Promise<Link | undefined> {
    const link = linkOf(this.#in(netns).find(({ name }) => name === ifName));
    return link && { ...link, addresses: this.addressesOfPod };
  }

  async routes(): Promise<Route[]> {
    return this.routesOfPod;
  }

  async findHere(identity: LinkIdentity): Promise<Link | undefined> {
    return linkOf(this.#identified('', identity));
  }

  async findInPod(netns: string, identity: LinkIdentity): Promise<Link | undefined> {
    return linkOf(this.#identified(netns, identity));
  }

  /** As the kernel does it, moves first and renames then. */
  async moveToHost({ netns, identity, onMoving, ...properties }: Parameters<Links['moveToHost']>[0]) {
    const device = this.#identified(netns, identity);
    if (!device) return 'absent' as const;
    onMoving?.();
    device.netns = '';
    this.#refuseTaken(device, properties.name);
    this.#change(device, properties);
    return 'moved' as const;
  }

  async reset(name: string, properties: HostProperties): Promise<void> {
    const device = this.#in('').find((other) => other.name === name);
    if (!device) throw new DpuError('NOT_FOUND', name);
    this.#refuseTaken(device, properties.name);
    this.#change(device, properties);
  }

  #in(netns: string): ModelledDevice[] {
    return this.devices.filter((device) => device.netns === netns);
  }

  #identified(netns: string, { pciAddress, ifindex }: LinkIdentity): ModelledDevice | undefined {
    return this.#in(netns).find(({ identity }) =>
      pciAddress === undefined ? identity.ifindex === ifindex : identity.pciAddress === pciAddress,
    );
  }

  #refuseTaken(device: ModelledDevice, name: string): void {
    if (this.#in('').some((other) => other !== device && other.name === name)) {
      throw new DpuError('ALREADY_EXISTS', `${name} is an interface there`);
    }
  }

  #change(device: ModelledDevice, properties: HostProperties): void {
    this.#refuseMac(device, properties.mac);
    Object.assign(device, properties, { netns: '', up: false });
  }

  #refuseMac(device: ModelledDevice, mac: string): void {
    const isVf = device.identity.pciAddress !== undefined;
    const isSet = this.admin.mac !== undefined && this.admin.mac !== mac && this.admin.trust !== 'on';
    if (isVf && isSet && device.mac !== mac) throw new DpuError('PERMISSION_DENIED', 'the PF has set its MAC');
  }
}

const linkOf = (device: ModelledDevice | undefined): Link | undefined =>
  device && {
    name: device.name,
    index: device.identity.ifindex,
    mac: device.mac,
    mtu: device.mtu,
    up: device.up,
    running: device.up,
    addresses: [],
  };
