/**
 * Attaches a device to a pod's network namespace, and takes it back. Knows nothing of who asks: pod namespace, device
 * and network in, result out.
 *
 * Everything an attachment will do is written down before it is done ({@link AttachmentStore}) and undone from there,
 * so an attachment is complete or absent whatever kills the daemon.
 */
import { randomUUID } from 'node:crypto';
import type { Exec } from '@dpu-operator/sdk/linux';
import type { Logger } from 'pino';
import { Ipam } from '../ipam/index.ts';
import { KeyedLock } from '../state/keyed-lock.ts';
import { type Attachment, type AttachmentKey, describe, type IpamCall, keyOf } from './attachment.ts';
import { checkAttachment } from './check.ts';
import { Devices } from './devices.ts';
import { CniError, cniCodes } from './errors.ts';
import { namespaceId } from './namespace.ts';
import { pairUp } from './network-function.ts';
import { Orphans } from './orphans.ts';
import { PodLinks } from './pod-links.ts';
import type { ChainMembership, DeviceEntry, DpuDirectory } from './ports.ts';
import { Releaser } from './releaser.ts';
import type { AttachRequest, CheckRequest } from './requests.ts';
import { type CniResult, type IpamResult, resultOf } from './result.ts';
import type { AttachmentStore } from './store.ts';
import { PhysicalFunctions, wantedSettings } from './vf-settings.ts';

export interface AttachEngineOptions {
  store: AttachmentStore;
  directory: DpuDirectory;
  exec: Exec;
  logger: Logger;
  /** Without it every network function is one by itself. */
  chains?: ChainMembership;
  /** These three for tests. */
  devices?: Devices;
  links?: PodLinks;
  ipam?: Ipam;
}

const noDpu = 'no DPU of this node is ready; see kubectl get dpu';

/** A network of this name attaches network functions where one node is host side and DPU side (contracts.md). */
const networkFunctionNetwork = 'dpunfcni-conf';

export class AttachEngine {
  readonly #store: AttachmentStore;
  readonly #directory: DpuDirectory;
  readonly #logger: Logger;
  readonly #chains: ChainMembership | undefined;
  readonly #devices: Devices;
  readonly #links: PodLinks;
  readonly #physicalFunctions = new PhysicalFunctions();
  readonly #ipam: Ipam;
  readonly #releaser: Releaser;
  readonly #orphans: Orphans;
  readonly #lock = new KeyedLock();
  /** What an earlier daemon did not finish. */
  readonly #leftOver: Attachment[];

  constructor(options: AttachEngineOptions) {
    this.#store = options.store;
    this.#leftOver = this.#store.list().filter(({ state }) => state === 'attaching');
    this.#directory = options.directory;
    this.#logger = options.logger;
    this.#chains = options.chains;
    this.#devices = options.devices ?? new Devices();
    this.#links = options.links ?? new PodLinks();
    this.#ipam = options.ipam ?? new Ipam(options.exec);
    const { store, directory } = options;
    const helpers = { devices: this.#devices, links: this.#links, ipam: this.#ipam };
    const physicalFunctions = this.#physicalFunctions;
    this.#releaser = new Releaser({ store, directory, physicalFunctions, ...helpers });
    this.#orphans = new Orphans({ store, logger: options.logger, release: (record) => this.#releaseLocked(record) });
  }

  /** At the start, also beside the first requests: undoes what an earlier daemon left half done, and what lost its namespace. */
  async recover(): Promise<void> {
    await this.#orphans.release(this.#leftOver.splice(0));
    await this.#orphans.sweep();
  }

  /** Tries again now what could not be undone. Worth a call whenever a DPU becomes ready; else it happens by time. */
  retry(): Promise<void> {
    return this.#orphans.sweep();
  }

  /** Releases attachments whose namespace vanishes without a DEL, until the signal. */
  watch(signal: AbortSignal): void {
    this.#orphans.watch(signal);
  }

  close(): void {
    this.#orphans.close();
    this.#links.close();
    this.#physicalFunctions.close();
  }

  add(request: AttachRequest): Promise<CniResult> {
    return this.#lock.run(keyOf(request), async () => {
      const record = await this.#plan(request);
      try {
        return await this.#attach(request, record);
      } catch (error) {
        await this.#releaser.release(this.#store.get(record) ?? record).catch((undoing: unknown) => {
          this.#logger.error({ err: undoing, attachment: describe(record) }, 'a failed attachment is not undone yet');
          this.#orphans.retryLater();
        });
        throw error;
      }
    });
  }

  /** Succeeds when there is nothing (any more); the IPAM plugin is told even then. */
  del(key: AttachmentKey, ipam?: IpamCall): Promise<void> {
    return this.#lock.run(keyOf(key), async () => {
      const record = this.#store.get(key);
      if (record) await this.#releaser.release(record);
      else if (ipam) await this.#ipam.del(ipam);
    });
  }

  /** @throws CniError saying what is not as it was made */
  check(request: CheckRequest): Promise<void> {
    return this.#lock.run(keyOf(request), async () => {
      await checkAttachment(this.#store.get(request), request, this.#links);
      if (request.ipam) await this.#ipam.check(request.ipam);
    });
  }

  /** Releases every attachment of the network that is not among the valid ones. */
  async gc(network: string, valid: readonly AttachmentKey[]): Promise<void> {
    const keep = new Set(valid.map(keyOf));
    const stale = this.#store.list().filter((record) => record.network === network && !keep.has(keyOf(record)));
    const results = await Promise.allSettled(stale.map((record) => this.#releaseLocked(record)));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** @throws CniError 50 when an ADD could not succeed now */
  status(): void {
    if (this.#directory.sides().size > 0) return;
    throw new CniError(cniCodes.notAvailable, noDpu);
  }

  /** Decides what will be done and writes it down. */
  async #plan(request: AttachRequest): Promise<Attachment> {
    const { containerId, ifName, netns, network, pod } = request;
    const deviceId = network.runtimeConfig?.deviceID ?? network.deviceID;
    if (deviceId === undefined) {
      const why = 'deviceID is missing: the pod must request the device resource that its network names';
      throw new CniError(cniCodes.invalidConfig, `network configuration: ${why}`);
    }
    const place = this.#place(deviceId, network.name);
    const [netnsId] = await Promise.all([namespaceId(netns), request.ipam && this.#ipam.find(request.ipam)]);
    if (netnsId === undefined) {
      const hint = 'the sandbox is gone, or its mount does not reach the daemon';
      throw new CniError(cniCodes.unknownContainer, `${netns} is not a network namespace: ${hint}`);
    }
    await this.#makeRoom(request, deviceId);
    const device = this.#devices.read(deviceId);
    const wanted = wantedSettings(network, request.mac, device);
    const pf = device.physicalFunction;
    const before = wanted && pf && (await this.#physicalFunctions.read(pf.netdev, pf.vf, wanted));
    const { name, mac, mtu, pciAddress } = device;
    const record: Attachment = {
      id: randomUUID(),
      ...{ containerId, ifName, network: network.name, netns, netnsId, state: 'attaching', deviceId },
      ...{ role: place.role, dpuName: place.dpuName, pf: place.pf, vf: place.vf },
      ...(place.deviceDpu !== undefined && { deviceDpu: place.deviceDpu }),
      link: {
        name,
        mac,
        mtu,
        identity: await this.#links.identify(name),
        ...(pciAddress !== undefined && { pciAddress }),
      },
      mac: request.mac ?? mac,
      ...(pod && { pod: { namespace: pod.namespace, name: pod.name, ...(pod.uid !== undefined && { uid: pod.uid }) } }),
      ...(wanted && before && pf && { physicalFunction: { ...pf, wanted, before } }),
      ...(request.ipam && { ipam: request.ipam }),
      ...(place.role === 'hostPort' && { bridgePort: `host${place.pf}-${place.vf}` }),
    };
    // Nothing else runs between this and writing the record down.
    this.#refuseIfHeld(deviceId);
    this.#place(deviceId, network.name);
    this.#store.put(record);
    return record;
  }

  /** @throws CniError when no DPU offers the device (any more) */
  #place(deviceId: string, network: string): Omit<DeviceEntry, 'side'> & Pick<Attachment, 'role' | 'deviceDpu'> {
    const device = this.#directory.find(deviceId);
    if (!device) {
      if (this.#directory.sides().size === 0) throw new CniError(cniCodes.tryAgainLater, noDpu);
      const why = 'no DPU of this node that is ready has it; see kubectl get dpu';
      throw new CniError(cniCodes.deviceUnknown, `device ${deviceId}: ${why}`);
    }
    if (device.side === 'dpu') return { ...device, role: 'networkFunction' };
    const isForBoth = network === networkFunctionNetwork && this.#directory.sides().has('dpu');
    if (!isForBoth) return { ...device, role: 'hostPort' };
    const dpuSide = this.#directory.dpuSide();
    if (!dpuSide) throw new CniError(cniCodes.tryAgainLater, "this node's DPU side is not ready; see kubectl get dpu");
    return { ...device, ...dpuSide, deviceDpu: device.dpuName, role: 'networkFunction' };
  }

  /** Releases what stands in the way and may: remains of this interface, and a holder whose pod is gone. */
  async #makeRoom(request: AttachRequest, deviceId: string): Promise<void> {
    const own = this.#store.get(request);
    if (own) {
      const alive = own.state === 'attached' && (await namespaceId(own.netns)) === own.netnsId;
      if (alive) throw new CniError(cniCodes.invalidEnvironment, `${describe(own)} is attached already: DEL it first`);
      await this.#releaser.release(own);
    }
    const holder = this.#store.holderOf(deviceId);
    if (!holder) return;
    const gone = holder.state === 'detaching' || (await namespaceId(holder.netns)) !== holder.netnsId;
    if (gone) await this.#releaseLocked(holder);
    this.#refuseIfHeld(deviceId);
  }

  #refuseIfHeld(deviceId: string): void {
    const holder = this.#store.holderOf(deviceId);
    if (!holder) return;
    throw new CniError(cniCodes.deviceInUse, `device ${deviceId} is in use: it is ${describe(holder)}`);
  }

  /** All that does not depend on each other at once: the kernel's wait on the move hides the rest. */
  async #attach(request: AttachRequest, record: Attachment): Promise<CniResult> {
    const entering = this.#enter(request, record);
    const results = await Promise.allSettled([
      entering,
      this.#connect(record, entering),
      request.ipam && this.#allocate(request.ipam, record),
    ]);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    const addresses = results[2].status === 'fulfilled' ? results[2].value : undefined;
    if (addresses) await this.#configure(record, addresses);
    const { pciAddress } = record.link;
    const result = resultOf(
      request.network.cniVersion,
      {
        ...{ name: record.ifName, mac: record.mac, mtu: request.network.mtu ?? record.link.mtu, sandbox: record.netns },
        ...(pciAddress !== undefined && { pciAddress }),
      },
      addresses,
    );
    // Read again: a partner may have completed the pair meanwhile.
    this.#store.put({ ...(this.#store.get(record) ?? record), state: 'attached', result });
    return result;
  }

  async #enter({ network, mac }: AttachRequest, record: Attachment): Promise<void> {
    const { physicalFunction: pf, link, netns, ifName } = record;
    if (pf) await this.#physicalFunctions.apply(pf.netdev, pf.vf, pf.wanted);
    await this.#links.moveIntoPod({ device: link.name, netns, ifName, mac, mtu: network.mtu });
  }

  /** A plugin that refuses has handed out nothing, and may refuse the DEL just so: it is not asked. */
  async #allocate(ipam: IpamCall, record: Attachment): Promise<IpamResult> {
    try {
      return await this.#ipam.add(ipam);
    } catch (error) {
      const { ipam: _, ...rest } = this.#store.get(record) ?? record;
      if (error instanceof CniError) this.#store.put(rest);
      throw error;
    }
  }

  async #configure(record: Attachment, addresses: IpamResult): Promise<void> {
    if (addresses.ips.length + addresses.routes.length === 0) return;
    await this.#links.configure(record.netns, record.ifName, addresses);
  }

  async #connect(record: Attachment, entering: Promise<void>): Promise<void> {
    const dpu = this.#directory.dpu(record.dpuName);
    if (!dpu) throw new CniError(cniCodes.tryAgainLater, `DPU ${record.dpuName} went away; try again`);
    if (record.bridgePort !== undefined) {
      await dpu.dataPath.createBridgePort({
        name: record.bridgePort,
        macAddress: record.mac,
        type: 'ACCESS',
        logicalBridges: [`${record.vf + 2}`],
      });
      return;
    }
    const joined = await pairUp(record, this.#store, this.#chains);
    // A chain is passed as soon as it is given: its last device is to be in its pod.
    if (joined?.place) await entering;
    if (joined) await dpu.dataPath.createNetworkFunction(joined.networkFunction, joined.place);
  }

  #releaseLocked(record: Attachment): Promise<boolean> {
    return this.#lock.run(keyOf(record), async () => {
      const now = this.#store.get(record);
      // The same key may have been attached anew while this waited.
      if (now?.id !== record.id) return false;
      await this.#releaser.release(now);
      return true;
    });
  }
}
