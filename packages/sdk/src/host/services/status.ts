import type { handleServerStreamingCall, Server } from '@grpc/grpc-js';
import { DpuError } from '../../errors.ts';
import { statusService } from '../../wire/grpc/definitions.ts';
import { toServiceError } from '../../wire/grpc/service-error.ts';
import { cardStatusToWire } from '../../wire/mapping/card-status.ts';
import type { PluginSession } from '../session.ts';
import type { StatusBoard } from '../status/status-board.ts';
import { watchProgress } from './datapath/progress-watch.ts';

/** Milliseconds for which changes are gathered. */
const gatherMs = 100;

/**
 * Sends all that the plugin says of its card, and all of it again after a change; and the names of objects that the card
 * goes on with. Before Init too.
 *
 * @param closing Ends the streams with UNAVAILABLE, so that callers try again.
 */
export function addStatus(server: Server, session: PluginSession, board: StatusBoard, closing: AbortSignal): void {
  const WatchStatus: handleServerStreamingCall<unknown, ReturnType<typeof cardStatusToWire>> = (call) => {
    const watcher = board.watcher();
    let timer: NodeJS.Timeout | undefined;
    let sent: string | undefined;
    const send = () => {
      timer = undefined;
      const { events, ...status } = watcher.next();
      const text = JSON.stringify(status);
      if (text === sent && events.length === 0) return;
      sent = text;
      call.write(cardStatusToWire({ ...status, events }));
    };
    const forget = board.onChange(() => {
      timer ??= setTimeout(send, gatherMs);
    });
    const end = () => {
      forget();
      clearTimeout(timer);
      closing.removeEventListener('abort', onClosing);
    };
    const onClosing = () => {
      // What the plugin said last is worth having.
      if (timer) send();
      end();
      call.emit('error', toServiceError(new DpuError('UNAVAILABLE', 'the VSP is shutting down; connect again')));
    };
    call.on('cancelled', end);
    closing.addEventListener('abort', onClosing);
    send();
  };
  server.addService(statusService, { WatchStatus, WatchProgress: watchProgress(session, closing) });
}
