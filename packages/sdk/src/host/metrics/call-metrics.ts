import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ErrorCode } from '../../errors.ts';

/** From a heartbeat to an Init that waits for firmware. */
const buckets = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 30];

/** What a method's calls add to, looked up once. */
interface Tally {
  /** Answers by code. */
  codes: Map<'OK' | ErrorCode, number>;
  observe: (seconds: number) => void;
}

/**
 * Counts and times the calls of a VSP. prom-client finds a value by a text that it makes of the labels, which takes longer
 * than all the rest: here it does so when it is asked for the metrics.
 */
export class CallMetrics {
  readonly #seconds: Histogram<'method'>;
  readonly #tallies = new Map<string, Tally>();
  #inFlight = 0;

  constructor(registry: Registry) {
    const registers = [registry];
    const tallies = this.#tallies;
    const inFlight = () => this.#inFlight;
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
    this.#seconds = new Histogram({
      name: 'dpu_vsp_call_duration_seconds',
      help: 'Time from a call to its answer.',
      labelNames: ['method'],
      buckets,
      registers,
    });
    new Gauge({
      name: 'dpu_vsp_calls_in_flight',
      help: 'Calls not answered yet.',
      registers,
      collect() {
        this.set(inFlight());
      },
    });
  }

  /** Returns what takes the outcome. */
  started(method: string): (code: 'OK' | ErrorCode) => void {
    const start = performance.now();
    const { codes, observe } = this.#tally(method);
    this.#inFlight += 1;
    return (code) => {
      this.#inFlight -= 1;
      codes.set(code, (codes.get(code) ?? 0) + 1);
      observe((performance.now() - start) / 1000);
    };
  }

  #tally(method: string): Tally {
    const known = this.#tallies.get(method);
    if (known) return known;
    const { observe } = this.#seconds.labels(method);
    const tally: Tally = {
      codes: new Map(),
      observe,
    };
    this.#tallies.set(method, tally);
    return tally;
  }
}
