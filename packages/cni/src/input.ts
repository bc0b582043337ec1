/** The configuration on standard input. A runtime writes it at once; who does not must not keep a process for ever. */
import { CniError, codes } from './spec.ts';

/** A configuration has some kilobytes; that of GC lists every pod of a node. */
const maxBytes = 2 * 1024 * 1024;
const timeoutMs = 10_000;

/** @throws CniError 5 when it does not end in time or is too long */
export async function readInput(): Promise<Uint8Array> {
  const reader = Bun.stdin.stream().getReader();
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    void reader.cancel();
  }, timeoutMs);
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (timedOut) throw failed(`did not end within ${timeoutMs / 1000} s`);
    if (done) break;
    size += value.length;
    if (size > maxBytes) throw failed(`has more than ${maxBytes} bytes`);
    chunks.push(value);
  }
  clearTimeout(timer);
  const [first] = chunks;
  return chunks.length === 1 && first ? first : new Blob(chunks).bytes();
}

function failed(what: string): CniError {
  return new CniError(codes.ioFailure, `the network configuration on standard input ${what}`);
}
