/** Looks for DPUs whenever something that the rules look at has changed. */
import { type Sysfs, type SysfsSnapshot, watchLinks } from '@dpu-operator/sdk/linux';
import type { Logger } from 'pino';
import type { DpuOperatorConfig } from '../../api/index.ts';
import { isBeingDeleted, type Node } from '../../kube/index.ts';
import type { InstalledPlugin } from '../../plugins/installed.ts';
import { type DetectedDpu, detectDpus, needsHardware } from './rules.ts';

export interface DetectorOptions {
  plugins: readonly InstalledPlugin[];
  sysfs: Pick<Sysfs, 'snapshot'>;
  nodeName: string;
  /** Node and configuration as last seen. */
  node: () => Node | undefined;
  config: () => DpuOperatorConfig | undefined;
  onDetected: (dpus: DetectedDpu[]) => void;
  logger: Logger;
}

/** Milliseconds in which link events of one plugging are taken together. */
const settleMs = 500;

const nothing: SysfsSnapshot = { pci: [], dmiProduct: '' };

export class Detector {
  readonly #options: DetectorOptions;
  #last: string | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(options: DetectorOptions) {
    this.#options = options;
  }

  /** Looks again when links come or go, if any rule is about hardware: a card that is plugged in brings its netdev. */
  watchHardware(signal: AbortSignal): void {
    if (!needsHardware(this.#options.plugins)) return;
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
    const { plugins, sysfs, nodeName, node, config, onDetected, logger } = this.#options;
    const operatorConfig = config();
    const isWanted = operatorConfig && !isBeingDeleted(operatorConfig);
    // A node without an object is about to get one again, or to go: no reason to take its DPUs away.
    if (isWanted && !node()) return;
    const dpus = !isWanted
      ? []
      : detectDpus({
          plugins,
          snapshot: needsHardware(plugins) ? await sysfs.snapshot() : nothing,
          node: { name: nodeName, labels: node()?.metadata.labels ?? {} },
          mode: operatorConfig.spec.mode,
        });
    const text = JSON.stringify(dpus);
    if (text === this.#last) return;
    this.#last = text;
    logger.info({ dpus: dpus.map(({ name }) => name) }, 'DPUs detected');
    onDetected(dpus);
  }
}
