import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ErrorCode } from '../../errors.ts';

/** From a heartbeat to an Init that waits for firmware. */
const buckets = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 30];

/** Counts and times the calls of a VSP. */
export class CallMetrics {
  readonly #calls: Counter<'method' | 'code'>;
  readonly #seconds: Histogram<'method'>;
  readonly #inFlight: Gauge;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#calls = new Counter({
      name: 'dpu_vsp_calls_total',
      help: 'Calls answered, by gRPC method and status code.',
      labelNames: ['method', 'code'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'dpu_vsp_call_duration_seconds',
      help: 'Time from a call to its answer.',
      labelNames: ['method'],
      buckets,
      registers,
    });
    this.#inFlight = new Gauge({ name: 'dpu_vsp_calls_in_flight', help: 'Calls not answered yet.', registers });
  }

  /** Returns what takes the outcome. */
  started(method: string): (code: 'OK' | ErrorCode) => void {
    const start = performance.now();
    this.#inFlight.inc();
    return (code) => {
      this.#inFlight.dec();
      this.#calls.inc({ method, code });
      this.#seconds.observe({ method }, (performance.now() - start) / 1000);
    };
  }
}
