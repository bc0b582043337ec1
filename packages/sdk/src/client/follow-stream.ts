import type { DpuError } from '../errors.ts';
import type { MessageStream } from './connection.ts';

interface StreamCallbacks<Message> {
  onMessage: (message: Message) => void;
  /** Called once, unless the stream was stopped: without an error where the server has ended it. */
  onEnd: (error: DpuError | undefined) => void;
}

/** Returns what stops it; nothing is called back afterwards. */
export function followStream<Message>(
  stream: MessageStream<Message>,
  { onMessage, onEnd }: StreamCallbacks<Message>,
): () => void {
  let ended = false;
  const end = (error: DpuError | undefined) => {
    if (ended) return;
    ended = true;
    onEnd(error);
  };
  stream.on('data', (message) => {
    if (!ended) onMessage(message);
  });
  stream.on('error', end);
  // An error follows the end of a stream that failed.
  stream.on('end', () => setImmediate(() => end(undefined)));
  return () => {
    ended = true;
    stream.cancel();
  };
}
