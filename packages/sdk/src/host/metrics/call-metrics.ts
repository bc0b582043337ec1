import { Counter, Gauge, type Registry } from 'prom-client';
import type { ErrorCode } from '../../errors.ts';

/** Seconds: from a heartbeat to an Init that waits for firmware. */
const buckets = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 30];
const durationName = 'dpu_vsp_call_duration_seconds';

/** What the calls of one method add to. */
export class MethodTally {
  /** Answers by code. */
  readonly codes = new Map<'OK' | ErrorCode, number>();
  /** Calls that took at most as long as a bucket has, and longer than the one before; at the end those that took longer than all. */
  readonly durations = new Array<number>(buckets.length + 1).fill(0);
  seconds = 0;
  inFlight = 0;

  ended(code: 'OK' | ErrorCode, milliseconds: number): void {
    const seconds = milliseconds / 1000;
    this.inFlight -= 1;
    this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
    this.seconds += seconds;
    let bucket = 0;
    while (bucket < buckets.length && seconds > (buckets[bucket] ?? 0)) bucket += 1;
    this.durations[bucket] = (this.durations[bucket] ?? 0) + 1;
  }
}

/**
 * Counts and times the calls of a VSP. prom-client finds a value by a text that it makes of the labels, which takes longer
 * than all the rest: here that is done when it is asked for the metrics.
 */
export class CallMetrics {
  readonly #tallies = new Map<string, MethodTally>();

  constructor(registry: Registry) {
    const registers = [registry];
    const tallies = this.#tallies;
    new Counter({
      name: 'dpu_vsp_calls_total',
      help: 'Calls answered, by gRPC method and status code.',
      labelNames: ['method', 'code'],
      registers,
      collect() {
        this.reset();
        for (const [method, { codes }] of tallies) {
          for (const [code, count] of codes) this.inc({ method, code }, count);
        }
      },
    });
    const durations = { name: durationName, get: async () => this.#durations() };
    // All that a registry asks of a metric; prom-client's types want one of its own classes.
    registry.registerMetric(durations as never);
    new Gauge({
      name: 'dpu_vsp_calls_in_flight',
      help: 'Calls not answered yet.',
      registers,
      collect() {
        let inFlight = 0;
        for (const tally of tallies.values()) inFlight += tally.inFlight;
        this.set(inFlight);
      },
    });
  }

  /** Returns what takes the outcome. */
  started(method: string): MethodTally {
    let tally = this.#tallies.get(method);
    if (!tally) {
      tally = new MethodTally();
      this.#tallies.set(method, tally);
    }
    tally.inFlight += 1;
    return tally;
  }

  /** As prom-client's Histogram gives it: each bucket holds those before it. */
  #durations() {
    const values: { metricName: string; labels: Record<string, string | number>; value: number }[] = [];
    for (const [method, { durations, seconds }] of this.#tallies) {
      let count = 0;
      for (const [index, calls] of durations.entries()) {
        count += calls;
        const labels = { le: buckets[index] ?? '+Inf', method };
        values.push({ labels, value: count, metricName: `${durationName}_bucket` });
      }
      values.push({ labels: { method }, value: seconds, metricName: `${durationName}_sum` });
      values.push({ labels: { method }, value: count, metricName: `${durationName}_count` });
    }
    return {
      name: durationName,
      help: 'Time from a call to its answer.',
      type: 'histogram',
      aggregator: 'sum',
      values,
    };
  }
}
