/** Follows with which resources a VSP's card goes on. */
import { DpuError } from '../errors.ts';
import { statusService } from '../wire/grpc/definitions.ts';
import type { Connection } from './connection.ts';
import { followStream } from './follow-stream.ts';

/** Who is told of resources that a VSP goes on programming after its answer. */
export interface ProgressCallbacks {
  /** The VSP serves it, and nothing is missed from now on. */
  onStart: () => void;
  onProgress: (names: readonly string[]) => void;
  /** Called once, unless the watch was stopped: UNIMPLEMENTED where the VSP has none. */
  onEnd: (error: DpuError) => void;
}

interface ProgressWatch extends ProgressCallbacks {
  connection: Connection;
}

/** Returns what stops the watch; nothing is called back afterwards. */
export function watchProgress({ connection, onStart, onProgress, onEnd }: ProgressWatch): () => void {
  let started = false;
  return followStream(connection.stream(statusService.WatchProgress, {}), {
    onMessage: ({ names }) => {
      if (!started) onStart();
      started = true;
      if (names.length > 0) onProgress(names);
    },
    onEnd: (error) => onEnd(error ?? new DpuError('UNAVAILABLE', 'the VSP ended the watch of its progress')),
  });
}
