/** The configuration on standard input. A runtime writes it at once; who does not must not keep a process for ever. */
import { CniError, codes } from './spec.ts';
import { now, Received, readable } from './system.ts';

/** A configuration has some kilobytes; that of GC lists every pod of a node. */
const maxBytes = 2 * 1024 * 1024;
const timeoutMs = 10_000;

/** @throws CniError 5 when it does not end in time or is too long */
export function readInput(): Uint8Array {
  const deadline = now() + timeoutMs;
  const received = new Received();
  for (;;) {
    if (!readable(0, deadline)) throw failed(`did not end within ${timeoutMs / 1000} s`);
    if (received.readFrom(0) === 0) return received.bytes;
    if (received.bytes.length > maxBytes) throw failed(`has more than ${maxBytes} bytes`);
  }
}

function failed(what: string): CniError {
  return new CniError(codes.ioFailure, `the network configuration on standard input ${what}`);
}
