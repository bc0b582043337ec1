/** Where a plugin makes metrics of its own: in the host's registry, but not under the host's names. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Logger } from '../../contract/contract.ts';
import type {
  MetricOptions,
  PluginCounter,
  PluginGauge,
  PluginHistogram,
  PluginMetrics,
} from '../../contract/plugin-metrics.ts';
import { DpuError } from '../../errors.ts';
import { withDeadline } from '../calls/deadline.ts';

const reserved = /^(dpu|process|nodejs)_/;
/** The daemon's. */
const reservedLabels: ReadonlySet<string> = new Set(['dpu', 'plugin']);

/** Milliseconds that a read may take. The daemon waits a second for all metrics. */
const readMs = 500;

export class OwnMetrics implements PluginMetrics {
  readonly #registry: Registry;
  readonly #logger: Pick<Logger, 'warn'>;
  readonly #names = new Set<string>();

  constructor(registry: Registry, logger: Pick<Logger, 'warn'>) {
    this.#registry = registry;
    this.#logger = logger;
  }

  counter(options: MetricOptions): PluginCounter {
    return new Counter(this.#checked(options));
  }

  gauge({ read, ...options }: Parameters<PluginMetrics['gauge']>[0]): PluginGauge {
    const collect = read && { collect: this.#bounded(options.name, async () => read(gauge)) };
    const gauge: Gauge = new Gauge({ ...this.#checked(options), ...collect });
    return gauge;
  }

  histogram({ buckets, ...options }: Parameters<PluginMetrics['histogram']>[0]): PluginHistogram {
    return new Histogram({ ...this.#checked(options), ...(buckets && { buckets: [...buckets] }) });
  }

  /** Forgets what was made: the next attempt to create the plugin makes it again. */
  clear(): void {
    for (const name of this.#names) this.#registry.removeSingleMetric(name);
    this.#names.clear();
  }

  /**
   * What one read throws, or does not answer in time, is no matter of the other metrics, nor of the host's own: the gauge
   * keeps its last value.
   */
  #bounded(name: string, read: () => Promise<void>): () => Promise<void> {
    let running: Promise<void> | undefined;
    let isTold = false;
    return async () => {
      // One that hangs is not called once more for each scrape.
      running ??= read().finally(() => {
        running = undefined;
      });
      try {
        await withDeadline(`the read of ${name}`, readMs, running);
        isTold = false;
      } catch (error) {
        if (!isTold)
          this.#logger.warn({ err: error, metric: name }, 'a metric of the plugin is as it was: it was not read');
        isTold = true;
      }
    };
  }

  #checked({ name, help, labelNames = [] }: MetricOptions) {
    if (typeof name !== 'string' || !/^[a-zA-Z_][a-zA-Z0-9_]{0,127}$/.test(name)) {
      throw new DpuError(
        'INVALID_ARGUMENT',
        `name must be that of a metric, e.g. acme_frames_total, is ${JSON.stringify(name)}`,
      );
    }
    if (reserved.test(name)) {
      throw new DpuError('INVALID_ARGUMENT', `name: ${name} is of the host's; begin with the name of the vendor`);
    }
    if (typeof help !== 'string' || help === '')
      throw new DpuError('INVALID_ARGUMENT', `help of ${name} must be a text`);
    for (const label of labelNames) {
      const fault = labelFault(label);
      if (fault) throw new DpuError('INVALID_ARGUMENT', `labelNames of ${name}: ${label} ${fault}`);
    }
    if (this.#names.has(name)) throw new DpuError('ALREADY_EXISTS', `there is a metric ${name} already`);
    this.#names.add(name);
    return { name, help, labelNames: [...labelNames], registers: [this.#registry] };
  }
}

function labelFault(label: string): string | undefined {
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label)) return 'is no name of a label';
  if (reservedLabels.has(label)) return "is the daemon's";
  return label.startsWith('__') ? "is Prometheus' own, as all that begin with __" : undefined;
}
