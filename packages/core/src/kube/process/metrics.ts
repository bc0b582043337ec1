import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** The process's metrics; served by serveMetrics. */
export const registry = new Registry();

export function collectProcessMetrics(): void {
  // The library's own 10 ms make an idle process wake up a hundred times a second: half a percent of a core.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 1_000 });
}

const labelNames = ['controller'] as const;

/** By controller. */
const queues = new Map<string, { depth: number }>();

new Gauge({
  name: 'dpu_operator_queue_depth',
  help: 'Keys that wait for a reconciliation or are in one.',
  labelNames,
  registers: [registry],
  // When it is asked for: a queue changes thousands of times while a fleet is looked at.
  collect() {
    for (const [controller, { depth }] of queues) this.set({ controller }, depth);
  },
});

export const controllerMetrics = {
  /** @param queue of which the depth is told from now on */
  measureDepth: (controller: string, queue: { depth: number }): void => {
    queues.set(controller, queue);
  },
  retries: new Counter({
    name: 'dpu_operator_reconcile_retries_total',
    help: 'Reconciliations that failed and are tried again.',
    labelNames,
    registers: [registry],
  }),
  seconds: new Histogram({
    name: 'dpu_operator_reconcile_seconds',
    help: 'Duration of reconciliations in seconds.',
    labelNames: ['controller', 'result'] as const,
    buckets: [0.005, 0.025, 0.1, 0.5, 2, 10],
    registers: [registry],
  }),
};
