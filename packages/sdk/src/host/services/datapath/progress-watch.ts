import type { handleServerStreamingCall } from '@grpc/grpc-js';
import { DpuError } from '../../../errors.ts';
import { toServiceError } from '../../../wire/grpc/service-error.ts';
import type { PluginSession } from '../../session.ts';

/**
 * Sends the names of objects with which the card is at another point than before. Those of one turn of the event loop,
 * and those that come while the reader is behind, go together.
 *
 * @param closing Ends the streams with UNAVAILABLE, so that callers try again.
 */
export function watchProgress(
  session: Pick<PluginSession, 'onProgress'>,
  closing: AbortSignal,
): handleServerStreamingCall<unknown, { names: string[] }> {
  return (call) => {
    const names = new Set<string>();
    let isScheduled = false;
    let isBehind = false;
    const send = () => {
      isScheduled = false;
      if (isBehind || names.size === 0) return;
      isBehind = !call.write({ names: [...names] });
      names.clear();
    };
    call.on('drain', () => {
      isBehind = false;
      send();
    });
    const forget = session.onProgress((name) => {
      names.add(name);
      if (isScheduled) return;
      isScheduled = true;
      setImmediate(send);
    });
    const end = () => {
      forget();
      names.clear();
      closing.removeEventListener('abort', onClosing);
    };
    const onClosing = () => {
      end();
      call.emit('error', toServiceError(new DpuError('UNAVAILABLE', 'the VSP is shutting down; connect again')));
    };
    call.on('cancelled', end);
    closing.addEventListener('abort', onClosing);
    // Who watches knows from now on that nothing is missed.
    call.write({ names: [] });
  };
}
