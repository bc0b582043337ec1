/** Looks for DPUs whenever something that the rules look at has changed. */
import type { PciChange, Sysfs, SysfsSnapshot, watchPci } from '@dpu-operator/sdk/linux';
import { needsHardware, needsVpd } from '@dpu-operator/sdk/manifest';
import type { Logger } from 'pino';
import type { PluginCatalog } from '../../plugins/catalog.ts';
import type { LinkWatch } from '../link-watch.ts';
import type { NodeOrder } from '../node/node-order.ts';
import { confirmRemovals } from './confirm-removals.ts';
import { type DpuFinding, findDpus } from './find-dpus.ts';
import type { KnownDpu } from './known-dpu.ts';
import { mattersForDetection } from './link-filter.ts';
import { LookTimer } from './look-timer.ts';

/** What the API server says that decides about detection. */
export interface DetectionOrders {
  readonly order: NodeOrder;
  readonly nodeLabels: Record<string, string> | undefined;
  /** Of the Node object; undefined where there is none. */
  readonly nodeUid: string | undefined;
  readonly catalog: PluginCatalog;
  /** Which of the plugins are no more, for certain; undefined where that could not be learned of all. */
  gonePlugins(plugins: readonly string[]): Promise<ReadonlySet<string> | undefined>;
}

export interface DetectorOptions {
  orders: DetectionOrders;
  sysfs: Pick<Sysfs, 'snapshot'>;
  nodeName: string;
  /** The DPUs that were detected before. */
  dpus: { known(): readonly KnownDpu[] };
  onFindings: (findings: readonly DpuFinding[]) => void;
  logger: Logger;
  links: Pick<LinkWatch, 'listen'>;
  watchPci: typeof watchPci;
}

/** Milliseconds between looks while something is missing that comes back without an event, such as a DMI table. */
const firstRecheckMs = 1_000;
const longestRecheckMs = 30_000;

export class Detector {
  readonly #options: DetectorOptions;
  readonly #timer = new LookTimer(() => void this.look());
  #last: string | undefined;
  #signal: AbortSignal | undefined;
  #watchesHardware = false;
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

  /** One look at a time; reports the outcome when it has changed. */
  look(): Promise<void> {
    this.#work = this.#work
      .then(() => this.#look())
      .catch((error) => this.#options.logger.error({ err: error }, 'detection failed; it is tried on the next change'));
    return this.#work;
  }

  /** Reports the outcome also when it has not changed. */
  lookAnew(): Promise<void> {
    this.#last = undefined;
    return this.look();
  }

  async #look(): Promise<void> {
    if (this.#signal?.aborted) return;
    const { orders, dpus } = this.#options;
    const { order } = orders;
    const known = dpus.known();
    if (order.is === 'leave') {
      this.#timer.lookIn(undefined);
      this.#report(
        known.map((dpu) => ({ dpu, presence: { is: 'unknown', reason: order.reason }, removal: order.reason })),
      );
      return;
    }
    const missing = known.map(({ plugin }) => plugin).filter((plugin) => plugin && !orders.catalog.has(plugin));
    const gonePlugins = missing.length > 0 ? await orders.gonePlugins(missing) : new Set<string>();
    const findings = findDpus({
      catalog: orders.catalog,
      gonePlugins: gonePlugins ?? new Set(),
      snapshot: await this.#snapshot(known),
      node: {
        name: this.#options.nodeName,
        uid: order.is === 'serve' ? orders.nodeUid : undefined,
        labels: order.is === 'serve' ? orders.nodeLabels : undefined,
      },
      mode: order.is === 'serve' ? order.mode : 'auto',
      known,
      takesNew: order.is === 'serve',
    });
    const now = performance.now();
    const confirmed = confirmRemovals(findings, this.#unpluggedSince, now);
    this.#unpluggedSince = confirmed.since;
    this.#planRecheck(gonePlugins === undefined || isAnyMissing(confirmed.findings), confirmed.dueInMs);
    this.#report(confirmed.findings);
  }

  /** undefined where neither a rule nor a DPU that is known depends on hardware. */
  async #snapshot(known: readonly KnownDpu[]): Promise<SysfsSnapshot | undefined> {
    const releases = this.#options.orders.catalog.defaults();
    const plugins = releases.map(({ plugin, manifest }) => ({ packageName: plugin, manifest }));
    if (!needsHardware(plugins) && !known.some(({ functions }) => functions)) return undefined;
    if (this.#signal && !this.#watchesHardware) this.#watch(this.#signal);
    const snapshot = await this.#options.sysfs.snapshot({ vpd: needsVpd(plugins) });
    this.#virtualFunctions = new Set(snapshot.pci.filter(({ isVf }) => isVf).map(({ address }) => address));
    return snapshot;
  }

  /** The driver of a card may make its netdev long after the card was plugged in, and another may be renamed. */
  #watch(signal: AbortSignal): void {
    this.#watchesHardware = true;
    const { links, watchPci } = this.#options;
    const pciChanged = ({ address }: PciChange) => {
      if (!this.#virtualFunctions.has(address)) this.#timer.changed();
    };
    watchPci(pciChanged, { signal, onRestart: () => this.#timer.changed() });
    links.listen(
      {
        changed: (change) => {
          if (mattersForDetection(change, this.#virtualFunctions)) this.#timer.changed();
        },
        missed: () => this.#timer.changed(),
      },
      signal,
    );
  }

  /** At growing intervals, and when a removal can be certain; not at all while all is known. */
  #planRecheck(isNeeded: boolean, dueInMs = Number.POSITIVE_INFINITY): void {
    this.#timer.lookIn(isNeeded ? Math.min(this.#recheckMs, dueInMs) : undefined);
    this.#recheckMs = isNeeded ? Math.min(this.#recheckMs * 2, longestRecheckMs) : firstRecheckMs;
  }

  #report(findings: readonly DpuFinding[]): void {
    const text = JSON.stringify(findings);
    if (text === this.#last) return;
    this.#last = text;
    const dpus = Object.fromEntries(findings.map(({ dpu, presence }) => [dpu.name, presence.is]));
    this.#options.logger.info({ dpus }, 'DPUs looked for');
    this.#options.onFindings(findings);
  }
}

const isAnyMissing = (findings: readonly DpuFinding[]): boolean =>
  findings.some(({ presence, removal }) => presence.is === 'unknown' && !removal);
