/** Waits until a VSP's card is programmed: what the answer to a creation says may be only that it goes on. */
import { type BridgePort, DpuError, type ErrorCode, errorCodes, type ResourceStatus } from '@dpu-operator/sdk';
import { backoffDelay } from '../../retry-backoff.ts';
import type { PortNews } from './vsp-progress.ts';

/** Milliseconds that a creation waits: as long as for any answer of a VSP, shorter than a host waits for the DPU side. */
const deadlineMs = 8_000;
/** Between questions to a VSP that does not tell by itself. */
const pauses = { initialMs: 50, maxMs: 1_000 };

/**
 * Resolves when the port is no longer being programmed. A VSP that says nothing of it, as those for the Go operator, is
 * not asked.
 *
 * @param made What the VSP answered.
 * @param news What it tells of the port since before it was asked.
 * @throws DpuError what the card failed with; DEADLINE_EXCEEDED with what it waits for
 */
export async function portIsProgrammed(
  made: BridgePort,
  get: (name: string) => Promise<BridgePort>,
  news: Pick<PortNews, 'next'>,
): Promise<void> {
  const until = performance.now() + deadlineMs;
  let port = made;
  for (let asked = 1; ; asked += 1) {
    const failure = failureOf(port);
    if (failure) throw failure;
    const pending = detailsOf(port, 'PENDING');
    if (!pending) return;
    const leftMs = until - performance.now();
    if (leftMs <= 0) {
      const detail = `bridge port ${made.name} is not up after ${deadlineMs / 1000} s: ${pending.message}`;
      throw new DpuError('DEADLINE_EXCEEDED', detail);
    }
    await news.next(backoffDelay(asked, pauses), leftMs);
    port = await get(made.name);
  }
}

/** What the card has failed with. */
function failureOf(port: BridgePort): DpuError | undefined {
  const failure = detailsOf(port, 'ERROR');
  return failure && new DpuError(codeOf(failure.code), failure.message);
}

/** Why frames do not pass a port that was asked for: it failed, or is being programmed again; undefined where they do. */
export function whyNotProgrammed(port: BridgePort): DpuError | undefined {
  const pending = detailsOf(port, 'PENDING');
  return failureOf(port) ?? (pending && new DpuError('UNAVAILABLE', pending.message));
}

/** Whether the card is done with it, as far as the VSP says. */
export function isProgrammed(port: BridgePort): boolean {
  return whyNotProgrammed(port) === undefined;
}

/** What tells of a port that it is still being programmed. */
export function pendingStatus(reason: string): ResourceStatus {
  return {
    operStatus: 'DOWN',
    components: [{ name: 'programming', status: 'PENDING', details: JSON.stringify({ message: reason }) }],
  };
}

interface Details {
  code?: unknown;
  message: string;
}

/** What the first component with this status says: JSON by the contract, text of others as it is. */
function detailsOf({ components = [] }: BridgePort, status: 'PENDING' | 'ERROR'): Details | undefined {
  const component = components.find((each) => each.status === status);
  if (!component) return undefined;
  const { name, details = '' } = component;
  try {
    const parsed: unknown = JSON.parse(details);
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed && typeof parsed.message === 'string') {
      return { message: parsed.message, ...('code' in parsed && { code: parsed.code }) };
    }
  } catch {}
  return { message: details || `${name} is ${status}` };
}

function codeOf(code: unknown): ErrorCode {
  const isKnown = (text: unknown): text is ErrorCode => typeof text === 'string' && Object.hasOwn(errorCodes, text);
  return isKnown(code) ? code : 'INTERNAL';
}
