/** Follows what a VSP says of its card. */
import type { CardStatus } from '../contract/card-status.ts';
import { DpuError } from '../errors.ts';
import { statusService } from '../wire/grpc/definitions.ts';
import { cardStatusFromWire } from '../wire/mapping/card-status.ts';
import type { Connection } from './connection.ts';
import { followStream } from './follow-stream.ts';

export interface StatusWatch {
  connection: Connection;
  onStatus: (status: CardStatus) => void;
  /** Called once, unless the watch was stopped: UNIMPLEMENTED where the VSP says nothing of its card. */
  onEnd: (error: DpuError) => void;
}

/** Returns what stops the watch; nothing is called back afterwards. */
export function watchStatus({ connection, onStatus, onEnd }: StatusWatch): () => void {
  return followStream(connection.stream(statusService.WatchStatus, {}), {
    onMessage: (status) => onStatus(cardStatusFromWire(status)),
    onEnd: (error) => onEnd(error ?? new DpuError('UNAVAILABLE', 'the VSP ended the watch of its status')),
  });
}
