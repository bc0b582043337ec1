/** Metrics of a plugin's own: the shapes of prom-client. */

export type MetricLabels = Readonly<Record<string, string | number>>;

/** Name, help and labels of a metric. */
export interface MetricOptions {
  /** As Prometheus takes it, with the vendor's name in front: `acme_tcam_entries`. A counter's ends in `_total`. */
  name: string;
  help: string;
  /** Not `dpu` and `plugin`, which are the daemon's, nor with `__` in front, which are Prometheus' own. */
  labelNames?: readonly string[];
}

/** A number that only grows. `inc` without a value adds 1. */
export interface PluginCounter {
  inc(value?: number): void;
  inc(labels: MetricLabels, value?: number): void;
}

/** A number that goes up and down. */
export interface PluginGauge extends PluginCounter {
  set(value: number): void;
  set(labels: MetricLabels, value: number): void;
  dec(value?: number): void;
  dec(labels: MetricLabels, value?: number): void;
  /** Forgets all values. */
  reset(): void;
}

/** How values are spread over buckets. */
export interface PluginHistogram {
  observe(value: number): void;
  observe(labels: MetricLabels, value: number): void;
}

/**
 * Makes metrics, which reach Prometheus through the daemon: with `dpu_vsp_` in front, and the labels `dpu` and `plugin`. All of a
 * VSP's together must stay below 1 MiB of text: labels have few values.
 *
 * @example
 * const dropped = metrics.counter({ name: 'acme_dropped_total', help: 'Frames dropped.', labelNames: ['port'] });
 * dropped.inc({ port: 'p0' });
 */
export interface PluginMetrics {
  /** @throws DpuError INVALID_ARGUMENT for a name that is none, or the host's; ALREADY_EXISTS. So do the others. */
  counter(options: MetricOptions): PluginCounter;
  /** @param options `read` is called before each scrape, to set what is asked for then only. */
  gauge(options: MetricOptions & { read?: (gauge: PluginGauge) => void | Promise<void> }): PluginGauge;
  /** @param options Upper bounds of the buckets. Default: those of prom-client, from 5 ms to 10 s. */
  histogram(options: MetricOptions & { buckets?: readonly number[] }): PluginHistogram;
}
