import type { Failure } from '../result.ts';
import type { Exchange } from '../vsp/exchange.ts';

/** What came, what the contract demands and where, and the calls that led to it. */
export function describeFailure({ message, demands, document, exchanges }: Failure): string {
  const head = [message, `demanded: ${demands}`, `see: ${document}`];
  return [...head, ...(exchanges.length > 0 ? ['last calls:'] : []), ...exchanges.flatMap(lines)].join('\n');
}

function lines({ method, request, response, error, durationMs }: Exchange): string[] {
  const took = durationMs === undefined ? '' : ` (${durationMs.toFixed(1)} ms)`;
  return [`  ${method.slice(1)} ${request}`, `    ${response ?? error ?? 'no answer'}${took}`];
}
