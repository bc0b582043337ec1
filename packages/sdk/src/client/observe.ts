/**
 * Every gRPC call of this process's clients, for whoever wants to look on (`dpu-vsp dev` prints them): a channel of
 * node:diagnostics_channel, which costs nothing while nobody has subscribed.
 */
import { channel } from 'node:diagnostics_channel';
import type { ErrorCode } from '../errors.ts';

/** A call and its answer, as an observer is told of it. */
export interface ObservedCall {
  /** Socket path or address of the server. */
  target: string;
  /** `/package.Service/Method`. */
  path: string;
  request: unknown;
  /** Milliseconds until the answer came; undefined for the later answers of a stream. */
  milliseconds: number | undefined;
  code: 'OK' | ErrorCode;
  /** The answer, or one of those of a stream. */
  response?: unknown;
  /** What went wrong, where the code is not OK. */
  message?: string;
}

const calls = channel('dpu-operator.grpc.call');

/** Returns what ends it. */
export function observeCalls(onCall: (call: ObservedCall) => void): () => void {
  const listener = (message: unknown) => onCall(message as ObservedCall);
  calls.subscribe(listener);
  return () => calls.unsubscribe(listener);
}

/** Notes when a call was made; undefined while nobody looks on. */
export function startCall(target: string, path: string, request: unknown) {
  if (!calls.hasSubscribers) return undefined;
  let start: number | undefined = performance.now();
  return (outcome: Pick<ObservedCall, 'code' | 'response' | 'message'>) => {
    const milliseconds = start === undefined ? undefined : performance.now() - start;
    start = undefined;
    calls.publish({ target, path, request, milliseconds, ...outcome } satisfies ObservedCall);
  };
}
