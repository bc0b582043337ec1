/** Where a plugin makes metrics of its own: in the host's registry, but not under the host's names. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { DpuError } from '../../errors.ts';
import type {
  MetricOptions,
  PluginCounter,
  PluginGauge,
  PluginHistogram,
  PluginMetrics,
} from '../../plugin-metrics.ts';

const reserved = /^(dpu|process|nodejs)_/;
/** The daemon's. */
const reservedLabels: ReadonlySet<string> = new Set(['dpu', 'plugin']);

export class OwnMetrics implements PluginMetrics {
  readonly #registry: Registry;
  readonly #names = new Set<string>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  counter(options: MetricOptions): PluginCounter {
    return new Counter(this.#checked(options));
  }

  gauge({ read, ...options }: Parameters<PluginMetrics['gauge']>[0]): PluginGauge {
    const collect = read && { collect: () => read(gauge) };
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
