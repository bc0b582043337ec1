/** Looks for DPUs whenever something that the rules look at has changed. */
import { type Sysfs, type SysfsSnapshot, watchLinks } from '@dpu-operator/sdk/linux';
import { needsHardware } from '@dpu-operator/sdk/manifest';
import type { Logger } from 'pino';
import type { PluginCatalog } from '../../plugins/catalog.ts';
import type { NodeOrder } from '../node/node-order.ts';
import { confirmRemovals } from './confirm-removals.ts';
import { type DpuFinding, findDpus, type KnownDpu } from './find-dpus.ts';
import { mattersForDetection } from './link-filter.ts';
import { LookTimer } from './look-timer.ts';
import type { NameConflict } from './names.ts';

/** What the API server says that decides about detection. */
export interface DetectionOrders {
  readonly order: NodeOrder;
  readonly nodeLabels: Record<string, string> | undefined;
  readonly catalog: PluginCatalog;
}

export interface DetectorOptions {
  orders: DetectionOrders;
  sysfs: Pick<Sysfs, 'snapshot'>;
  nodeName: string;
  /** The DPUs that were detected before. */
  dpus: { known(): readonly KnownDpu[] };
  onFindings: (findings: readonly DpuFinding[]) => void;
  logger: Logger;
}

/** Milliseconds between looks while something is missing that comes back without an event: PCI functions, DMI tables. */
const firstRecheckMs = 1_000;
const longestRecheckMs = 30_000;

export class Detector {
  readonly #options: DetectorOptions;
  readonly #timer = new LookTimer(() => void this.look());
  #last: string | undefined;
  #signal: AbortSignal | undefined;
  #watchesLinks = false;
  #virtualFunctions: ReadonlySet<string> = new Set();
  #unpluggedSince: ReadonlyMap<string, number> = new Map();
  #recheckMs = firstRecheckMs;
  #work: Promise<void> = Promise.resolve();

  constructor(options: DetectorOptions) {
    this.#options = options;
  }

  /** From the next look on: also looks when hardware comes or goes, if a rule is about hardware. */
  watchHardware(signal: AbortSignal): void {
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#timer.close(), { once: true });
  }

  /** One look at a time; tells of the outcome when it is another than before. */
  look(): Promise<void> {
    this.#work = this.#work
      .then(() => this.#look())
      .catch((error) => this.#options.logger.error({ err: error }, 'detection failed; it is tried on the next change'));
    return this.#work;
  }

  async #look(): Promise<void> {
    if (this.#signal?.aborted) return;
    const { orders, dpus } = this.#options;
    const { order } = orders;
    const known = dpus.known();
    if (order.is === 'leave') {
      this.#timer.lookIn(undefined);
      this.#tell(
        known.map((dpu) => ({ dpu, presence: { is: 'unknown', reason: order.reason }, removal: order.reason })),
      );
      return;
    }
    const { findings, conflicts } = findDpus({
      catalog: orders.catalog,
      snapshot: await this.#snapshot(known),
      node: { name: this.#options.nodeName, labels: order.is === 'serve' ? orders.nodeLabels : undefined },
      mode: order.is === 'serve' ? order.mode : 'auto',
      known,
      takesNew: order.is === 'serve',
    });
    this.#warn(conflicts);
    const now = performance.now();
    const confirmed = confirmRemovals(findings, this.#unpluggedSince, now);
    this.#unpluggedSince = confirmed.since;
    this.#planRecheck(confirmed.findings, confirmed.dueInMs);
    this.#tell(confirmed.findings);
  }

  /** undefined where neither a rule nor a DPU that is known depends on hardware. */
  async #snapshot(known: readonly KnownDpu[]): Promise<SysfsSnapshot | undefined> {
    const releases = this.#options.orders.catalog.defaults();
    const hasRule = needsHardware(releases.map(({ plugin, manifest }) => ({ packageName: plugin, manifest })));
    if (!hasRule && !known.some(({ functions }) => functions)) return undefined;
    if (this.#signal && !this.#watchesLinks) this.#watchLinks(this.#signal);
    const snapshot = await this.#options.sysfs.snapshot();
    this.#virtualFunctions = new Set(snapshot.pci.filter(({ isVf }) => isVf).map(({ address }) => address));
    return snapshot;
  }

  /** A card that is plugged in brings its netdev. */
  #watchLinks(signal: AbortSignal): void {
    this.#watchesLinks = true;
    watchLinks(
      (change) => {
        if (mattersForDetection(change, this.#virtualFunctions)) this.#timer.changed();
      },
      { signal, onRestart: () => this.#timer.changed() },
    );
  }

  /** At growing intervals, and when a removal can be certain; not at all while nothing is missing. */
  #planRecheck(findings: readonly DpuFinding[], dueInMs = Number.POSITIVE_INFINITY): void {
    const isMissing = findings.some(({ presence, removal }) => presence.is === 'unknown' && !removal);
    if (!isMissing) this.#recheckMs = firstRecheckMs;
    this.#timer.lookIn(isMissing ? Math.min(this.#recheckMs, dueInMs) : undefined);
    if (isMissing) this.#recheckMs = Math.min(this.#recheckMs * 2, longestRecheckMs);
  }

  #warn(conflicts: readonly NameConflict[]): void {
    for (const { served, refused } of conflicts) {
      const places = (dpu: KnownDpu) => dpu.functions?.map(({ address }) => address).join(', ');
      this.#options.logger.error(
        { dpu: served.name, served: places(served), refused: places(refused), identifier: refused.identifier },
        'two DPUs of this node have one name: the second is not served',
      );
    }
  }

  #tell(findings: readonly DpuFinding[]): void {
    const text = JSON.stringify(findings);
    if (text === this.#last) return;
    this.#last = text;
    const dpus = Object.fromEntries(findings.map(({ dpu, presence }) => [dpu.name, presence.is]));
    this.#options.logger.info({ dpus }, 'DPUs looked for');
    this.#options.onFindings(findings);
  }
}
