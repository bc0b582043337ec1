/** The configuration on standard input. A runtime writes it at once; who does not must not keep a process for ever. */
import { CniError, codes } from './spec.ts';

/** A configuration has some kilobytes; that of GC lists every pod of a node. */
const maxBytes = 2 * 1024 * 1024;
const timeoutMs = 10_000;

/** @throws CniError 5 when it does not end in time or is too long */
export async function readInput(): Promise<Buffer> {
  // The cheapest way to read it that can be given up: `Bun.stdin.text()` costs 0.2 ms more.
  const reader = Bun.stdin.stream().getReader();
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    void reader.cancel();
  }, timeoutMs);
  const chunks: Uint8Array[] = [];
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
  return Buffer.concat(chunks);
}

function failed(what: string): CniError {
  return new CniError(codes.ioFailure, `the network configuration on standard input ${what}`);
}
