/** Reads the bodies of requests, of which only so much is kept at a time: whoever reaches the Service can send some. */
import type { Readable } from 'node:stream';

/** Bytes. An object has 3 MB at most (`--max-request-bytes` of the API server), a review not much more. */
export const largestBody = 8 * 1024 * 1024;
/** Bytes. Up to here a body has its place in any case: so do the reviews of nearly all pods. */
const ordinaryBody = 64 * 1024;
/** Bytes of all that is beyond {@link ordinaryBody}: three times as much, while it becomes text, fits beside all connections. */
const mostKept = 16 * 1024 * 1024;

export type Body = { text: string } | { fault: 'TooLarge' | 'Busy' };

export class BodyReader {
  #kept = 0;

  /**
   * Reads it to its end in any case: an answer before the end of the question would be lost with the connection. By events: an
   * iterator takes as much of the processor as parsing the review.
   */
  read(request: Readable): Promise<Body> {
    let chunks: Buffer[] = [];
    let length = 0;
    let kept = 0;
    let fault: 'TooLarge' | 'Busy' | undefined;
    const keep = (bytes: number) => {
      this.#kept += bytes - kept;
      kept = bytes;
    };
    return new Promise<Body>((resolve, reject) => {
      request.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (!fault) keep(Math.max(0, length - ordinaryBody));
        if (length > largestBody) fault = 'TooLarge';
        else if (this.#kept > mostKept) fault ??= 'Busy';
        if (!fault) return void chunks.push(chunk);
        chunks = [];
        keep(0);
      });
      request.on('end', () => resolve(fault ? { fault } : { text: Buffer.concat(chunks).toString('utf8') }));
      request.on('error', reject);
    }).finally(() => keep(0));
  }
}
