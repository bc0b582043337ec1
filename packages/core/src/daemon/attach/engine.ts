/**
 * Attaches a device to a pod's network namespace, and takes it back. Knows nothing of who asks: pod namespace, device
 * and network in, result out.
 *
 * Everything an attachment will do is written down before it is done ({@link AttachmentStore}) and undone from there,
 * so an attachment is complete or absent whatever kills the daemon.
 *
 * ADD: who has the device ({@link Holders}), what will be done (plan.ts), doing it ({@link Attacher}). Everything that
 * takes an attachment away ends in {@link Releaser}: a DEL, also one whose record was lost ({@link LostRecords}), a GC, an
 * ADD that failed, a namespace that vanished, a second try ({@link Orphans}). Requests of one interface go one by one.
 */
import type { Exec } from '@dpu-operator/sdk/linux';
import type { Logger } from 'pino';
import { CniError, cniCodes } from '../../cni-error.ts';
import { Ipam, NotInstalled } from '../ipam/index.ts';
import { LinkWatch } from '../link-watch.ts';
import { Attacher, type AttacherOptions } from './attacher.ts';
import { checkAttachment } from './check.ts';
import type { ChainMembership, DeviceAllocations, DpuIndex } from './collaborators.ts';
import type { DeviceHomes } from './device/device-homes.ts';
import { Devices } from './device/devices.ts';
import { PhysicalFunctions } from './device/vf-settings.ts';
import { Holders } from './holders.ts';
import { HostReturn } from './link/host-return.ts';
import { namespaceId } from './link/namespace.ts';
import { PodLinks } from './link/pod-links.ts';
import { numbered } from './network-function.ts';
import { unavailable } from './placement.ts';
import { Planner } from './plan.ts';
import { type Attachment, type AttachmentKey, describe, type IpamCall, keyOf } from './record/attachment.ts';
import { LostRecords } from './record/lost-record.ts';
import { Orphans } from './record/orphans.ts';
import type { AttachmentStore } from './record/store.ts';
import { type Released, Releaser } from './releaser.ts';
import type { AttachRequest, CheckRequest, DetachRequest } from './requests.ts';
import type { CniResult } from './result.ts';

type AttachLinks = Pick<PodLinks, keyof PodLinks>;

export interface AttachEngineOptions {
  store: AttachmentStore;
  homes: DeviceHomes;
  index: DpuIndex;
  exec: Exec;
  logger: Logger;
  /** Without it every network function is one by itself. */
  chains?: ChainMembership;
  /** Without it nothing is known of what the kubelet gave to whom. */
  allocations?: DeviceAllocations;
  /** Default: one of its own. */
  linkWatch?: Pick<LinkWatch, 'listen'>;
  /** These six for tests. */
  namespaceDirectory?: string;
  devices?: Devices;
  links?: AttachLinks;
  physicalFunctions?: Pick<PhysicalFunctions, 'read' | 'apply' | 'close'>;
  ipam?: Ipam;
  writeDeviceInfo?: AttacherOptions['writeDeviceInfo'];
}

export class AttachEngine {
  readonly #store: AttachmentStore;
  readonly #index: DpuIndex;
  readonly #logger: Logger;
  readonly #links: AttachLinks;
  readonly #physicalFunctions: Pick<PhysicalFunctions, 'close'>;
  readonly #ipam: Ipam;
  readonly #planner: Planner;
  readonly #attacher: Attacher;
  readonly #releaser: Releaser;
  readonly #homes: DeviceHomes;
  readonly #lost: LostRecords;
  readonly #holders: Holders;
  readonly #orphans: Orphans;
  readonly #linkWatch: Pick<LinkWatch, 'listen'>;
  readonly #closed = new AbortController();

  constructor(options: AttachEngineOptions) {
    const { store, homes, index, exec, logger, chains } = options;
    const devices = options.devices ?? new Devices();
    const links = options.links ?? new PodLinks();
    const ipam = options.ipam ?? new Ipam({ exec });
    this.#store = store;
    this.#index = index;
    this.#logger = logger;
    this.#links = links;
    this.#ipam = ipam;
    this.#linkWatch = options.linkWatch ?? new LinkWatch();
    const physicalFunctions = options.physicalFunctions ?? new PhysicalFunctions();
    this.#physicalFunctions = physicalFunctions;
    this.#planner = new Planner({ index, devices, links, ipam, physicalFunctions });
    this.#attacher = new Attacher({
      store,
      index,
      chains,
      links,
      ipam,
      physicalFunctions,
      pci: devices.pci,
      logger,
      writeDeviceInfo: options.writeDeviceInfo,
    });
    const hostReturn = new HostReturn({ devices, index, links, physicalFunctions });
    this.#releaser = new Releaser({ store, index, hostReturn, ipam, logger });
    this.#homes = homes;
    this.#lost = new LostRecords({ store, homes, index, links });
    this.#holders = new Holders({
      store,
      allocations: options.allocations,
      release: (holder) => this.#releaseOrphan(holder),
    });
    this.#orphans = new Orphans({
      store,
      logger,
      directory: options.namespaceDirectory,
      release: (record) => this.#releaseOrphan(record),
    });
    giveUpUnfinished(store);
  }

  /** At the start, also beside the first requests: undoes what an earlier daemon left half done, and what lost its namespace. */
  recover(): Promise<void> {
    return this.#orphans.recover();
  }

  /** Tries again now what could not be undone. Worth a call whenever a DPU becomes ready; else it happens by time. */
  retry(): Promise<void> {
    return this.#orphans.retry();
  }

  /**
   * Releases attachments whose namespace vanishes without a DEL, and devices that come back late, until the signal or
   * the end of this engine.
   */
  watch(signal: AbortSignal): void {
    const ended = AbortSignal.any([signal, this.#closed.signal]);
    this.#orphans.watch(ended);
    this.#linkWatch.listen(
      {
        changed: (change) => this.#orphans.linkChanged(change),
        missed: () => void this.retry(),
      },
      ended,
    );
  }

  close(): void {
    this.#closed.abort();
    this.#orphans.close();
    this.#links.close();
    this.#physicalFunctions.close();
  }

  /** @param signal its caller has left: what was done is undone, before another request of the same interface */
  add(request: AttachRequest, signal?: AbortSignal): Promise<CniResult> {
    return this.#store.lock.run(keyOf(request), async () => {
      refuseAbandoned(signal);
      const record = await this.#prepare(request, signal);
      try {
        const result = await this.#attacher.attach(request, record);
        refuseAbandoned(signal);
        // Read again: a partner may have completed the pair meanwhile.
        this.#store.put({ ...(this.#store.get(record) ?? record), state: 'attached', result });
        return result;
      } catch (error) {
        await this.#undo(record);
        throw error;
      }
    });
  }

  /** Succeeds when there is nothing (any more); the IPAM plugin is told even then. */
  del(request: DetachRequest): Promise<void> {
    return this.#store.lock.run(keyOf(request), async () => {
      const record = this.#store.get(request) ?? (await this.#lost.find(request));
      if (!record) {
        if (request.ipam) await this.#freeUnrecorded(request, request.ipam);
        return;
      }
      if ((await this.#releaser.release(withAddresses(record, request))) === 'deviceAwaited')
        this.#orphans.retryLater();
    });
  }

  /**
   * Records end with a reboot, what plugins wrote to disk does not: they are told. What they answer to a configuration
   * that is wrong (by now) must not hold the pod, to which nothing is attached; one that is out of reach is asked again.
   */
  async #freeUnrecorded(key: AttachmentKey, ipam: IpamCall): Promise<void> {
    try {
      await this.#ipam.del(ipam);
    } catch (error) {
      if (CniError.from(error).code === cniCodes.tryAgainLater) throw error;
      this.#logger.warn(
        { err: error, container: key.containerId, ifName: key.ifName },
        'IPAM DEL of what is not attached',
      );
    }
  }

  /** @throws CniError saying what is not as it was made */
  check(request: CheckRequest): Promise<void> {
    return this.#store.lock.run(keyOf(request), async () => {
      await checkAttachment(this.#store.get(request), request, this.#links);
      if (request.ipam) await this.#ipam.check(request.ipam);
    });
  }

  /** Releases every attachment of the network that is not among the valid ones, and lets the IPAM plugin do so. */
  async gc(network: string, valid: readonly AttachmentKey[], ipam?: IpamCall): Promise<void> {
    const keep = new Set(valid.map(keyOf));
    const stale = this.#store.list().filter((record) => record.network === network && !keep.has(keyOf(record)));
    const results = await Promise.allSettled(stale.map((record) => this.#releaseLocked(record)));
    await (ipam && this.#ipam.gc(ipam).catch(ignoreNotInstalled));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    if (results.some((result) => result.status === 'fulfilled' && result.value === 'deviceAwaited')) {
      this.#orphans.retryLater();
    }
  }

  /** @throws CniError 50 when an ADD could not succeed now */
  async status(ipam?: IpamCall): Promise<void> {
    const reason = unavailable(this.#index);
    if (reason !== undefined) throw new CniError(cniCodes.notAvailable, reason);
    if (ipam) await this.#ipam.status(ipam);
  }

  /** Decides what will be done, and writes it down. */
  async #prepare(request: AttachRequest, signal: AbortSignal | undefined): Promise<Attachment> {
    const intent = await this.#planner.intentOf(request);
    await this.#releaseOwn(request);
    await this.#holders.clear(intent.deviceId, request, signal);
    const record = await this.#planner.recordOf(request, intent);
    refuseAbandoned(signal);
    // Nothing else runs between this and writing the record down.
    this.#holders.refuseIfHeld(intent.deviceId);
    const ordered = numbered(record, this.#store.list());
    this.#store.put(ordered);
    if (!record.vfio) this.#homes.note(intent.deviceId, record.link);
    return ordered;
  }

  /** Remains of this interface go. @throws CniError when it is attached */
  async #releaseOwn(key: AttachmentKey): Promise<void> {
    const own = this.#store.get(key);
    if (!own) return;
    const isAlive = own.state === 'attached' && (await namespaceId(own.netns)) === own.netnsId;
    if (isAlive) throw new CniError(cniCodes.invalidEnvironment, `${describe(own)} is attached already: DEL it first`);
    if ((await this.#releaser.release(own)) === 'complete') return;
    throw new CniError(cniCodes.tryAgainLater, `device ${own.deviceId} is not back yet from what was ${describe(own)}`);
  }

  async #undo(record: Attachment): Promise<void> {
    try {
      const released = await this.#releaser.release(this.#store.get(record) ?? record);
      if (released === 'deviceAwaited') this.#orphans.retryLater();
    } catch (err) {
      this.#logger.error({ err, attachment: describe(record) }, 'a failed attachment is not undone yet');
      this.#orphans.retryLater();
    }
  }

  /** Undefined where a request has finished or undone it meanwhile. */
  #releaseOrphan(record: Attachment): Promise<Released | undefined> {
    return this.#store.lock.run(keyOf(record), async () => {
      const now = this.#store.get(record);
      if (now?.id !== record.id) return undefined;
      const isAlive = now.state === 'attached' && (await namespaceId(now.netns)) === now.netnsId;
      return isAlive ? undefined : this.#releaser.release(now);
    });
  }

  #releaseLocked(record: Attachment): Promise<Released | undefined> {
    return this.#store.lock.run(keyOf(record), async () => {
      const now = this.#store.get(record);
      // The same key may have been attached anew while this waited.
      return now?.id === record.id ? this.#releaser.release(now) : undefined;
    });
  }
}

/** What an earlier daemon did not finish is to be undone, by whoever comes first: a request, or `recover`. */
function giveUpUnfinished(store: AttachmentStore): void {
  for (const record of store.list()) {
    if (record.state === 'attaching') store.update({ ...record, state: 'detaching' });
  }
}

/** What was taken over from another daemon has no configuration of its addresses but this one. */
function withAddresses(record: Attachment, { ipam }: DetachRequest): Attachment {
  return record.state === 'attached' && !record.ipam && ipam ? { ...record, ipam } : record;
}

function refuseAbandoned(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new CniError(cniCodes.tryAgainLater, 'the caller did not wait: what was done is undone');
}

function ignoreNotInstalled(error: unknown): void {
  if (!(error instanceof NotInstalled)) throw error;
}
