/** Who was turned away at the channel: counted, and logged once for each reason and address. */
import type { Logger } from 'pino';
import { Counter } from 'prom-client';
import { registry } from '../../kube/process/metrics.ts';

const refused = new Counter({
  name: 'dpu_operator_channel_refused_total',
  help: 'Connections of hosts that were refused, by reason.',
  labelNames: ['reason'] as const,
  registers: [registry],
});

/** Whoever calls must not fill the memory, or the log, with addresses. */
const mostLogged = 1_000;

export class Refusals {
  readonly #logger: Logger;
  readonly #logged = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add(reason: string, address: string, message: string): void {
    refused.inc({ reason });
    const key = `${reason} ${address}`;
    if (this.#logged.has(key) || this.#logged.size > mostLogged) return;
    this.#logged.add(key);
    if (this.#logged.size > mostLogged) this.#logger.warn('refused connections from further addresses are not logged');
    else this.#logger.warn({ reason, address }, `a connection was refused: ${message}`);
  }
}
