/** Looks for DPUs whenever something that the rules look at has changed. */
import { type Sysfs, type SysfsSnapshot, watchLinks } from '@dpu-operator/sdk/linux';
import { needsHardware } from '@dpu-operator/sdk/manifest';
import type { Logger } from 'pino';
import type { DpuOperatorConfig } from '../../api/index.ts';
import { isBeingDeleted, type Node } from '../../kube/index.ts';
import type { PluginCatalog } from '../../plugins/catalog.ts';
import { type FoundDpu, findDpus, type KnownDpu } from './found.ts';

export interface DetectorOptions {
  /** The plugins as they are now. */
  catalog: () => PluginCatalog;
  sysfs: Pick<Sysfs, 'snapshot'>;
  nodeName: string;
  /** Node and configuration as last seen. */
  node: () => Node | undefined;
  config: () => DpuOperatorConfig | undefined;
  /** The DPUs that were detected before. */
  known: () => ReadonlyMap<string, KnownDpu>;
  onDetected: (dpus: FoundDpu[]) => void;
  logger: Logger;
}

/** Milliseconds in which link events of one plugging are taken together. */
const settleMs = 500;

const nothing: SysfsSnapshot = { pci: [], dmiProduct: '' };

export class Detector {
  readonly #options: DetectorOptions;
  #last: string | undefined;
  #signal: AbortSignal | undefined;
  #watchesLinks = false;
  #work: Promise<void> = Promise.resolve();

  constructor(options: DetectorOptions) {
    this.#options = options;
  }

  /** From the next look on: also looks when links come or go, if a rule is about hardware. */
  watchHardware(signal: AbortSignal): void {
    this.#signal = signal;
  }

  /** A card that is plugged in brings its netdev. */
  #watchLinks(signal: AbortSignal): void {
    this.#watchesLinks = true;
    let timer: NodeJS.Timeout | undefined;
    const soon = () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.look(), settleMs);
    };
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
    watchLinks(soon, { signal, onRestart: soon });
  }

  /** One look at a time; tells of the outcome when it is another than before. */
  look(): Promise<void> {
    this.#work = this.#work
      .then(() => this.#look())
      .catch((error) => this.#options.logger.error({ err: error }, 'detection failed; it is tried on the next change'));
    return this.#work;
  }

  async #look(): Promise<void> {
    const { sysfs, nodeName, node, config, known, onDetected, logger } = this.#options;
    const operatorConfig = config();
    const isWanted = operatorConfig && !isBeingDeleted(operatorConfig);
    // A node without an object is about to get one again, or to go: no reason to take its DPUs away.
    if (isWanted && !node()) return;
    const catalog = this.#options.catalog();
    const hardware = needsHardware(
      catalog.defaults().map(({ plugin, manifest }) => ({ packageName: plugin, manifest })),
    );
    if (hardware && this.#signal && !this.#watchesLinks) this.#watchLinks(this.#signal);
    const dpus = !isWanted
      ? []
      : findDpus({
          catalog,
          snapshot: hardware ? await sysfs.snapshot() : nothing,
          node: { name: nodeName, labels: node()?.metadata.labels ?? {} },
          mode: operatorConfig.spec.mode,
          known: known(),
        });
    const text = JSON.stringify(dpus);
    if (text === this.#last) return;
    this.#last = text;
    logger.info({ dpus: dpus.map(({ name }) => name) }, 'DPUs detected');
    onDetected(dpus);
  }
}
