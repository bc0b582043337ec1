/**
 * What of the kernel Node's API lacks: unix sockets by calls that wait, and waiting with an end. The `native` functions
 * are libc's; system.json binds them where scriptc compiles the program, so they exist in that program only.
 */
import { readSync, statSync } from 'node:fs';

declare function nativeSocket(domain: number, type: number, protocol: number): number;
declare function nativeConnect(fd: number, address: Uint8Array): number;
declare function nativeSetsockopt(fd: number, level: number, option: number, value: Uint8Array): number;
declare function nativeSend(fd: number, data: Uint8Array, flags: number): number;
declare function nativePoll(entries: Uint8Array, timeoutMs: number): number;

/** bits/socket.h, asm-generic/socket.h and bits/poll.h: the same on x86-64 and arm64. */
const AF_UNIX = 1;
const SOCK_STREAM_CLOEXEC = 1 | 0o2000000;
const SOL_SOCKET = 1;
const SO_SNDTIMEO = 21;
const MSG_DONTWAIT_NOSIGNAL = 0x40 | 0x4000;
const POLLIN = 1;
const POLLOUT = 4;

/** `sun_path` of linux/un.h, without the NUL at its end. */
const maxPathBytes = 107;

/** @returns now, in milliseconds; only differences mean anything */
export const now = (): number => performance.now();

/** Waits until a read would not wait. @returns false when `deadline` (of `now`) is there first */
export const readable = (fd: number, deadline: number): boolean => ready(fd, POLLIN, deadline);

/** Waits until a write of a memory page would not wait. @returns false when `deadline` (of `now`) is there first */
export const writable = (fd: number, deadline: number): boolean => ready(fd, POLLOUT, deadline);

function ready(fd: number, event: number, deadline: number): boolean {
  const entry = new Uint8Array(8);
  const view = new DataView(entry.buffer);
  view.setInt32(0, fd, true);
  view.setInt16(4, event, true);
  // A span of bytes is handed over as its address and its length, and poll wants the number of its entries there: one.
  const entries = entry.subarray(0, 1);
  for (;;) {
    const left = Math.ceil(deadline - now());
    const found = nativePoll(entries, Math.max(0, left));
    if (found > 0) return true;
    // A signal ends a wait early.
    if (left <= 0) return false;
  }
}

/** @returns the file descriptor. @throws Error with the reason */
export function connectUnix(path: string, timeoutMs: number): number {
  const name = new TextEncoder().encode(path);
  if (name.length > maxPathBytes) throw new Error(`the path of a socket has at most ${maxPathBytes} bytes`);
  const fd = nativeSocket(AF_UNIX, SOCK_STREAM_CLOEXEC, 0);
  if (fd < 0) throw new Error('no socket can be opened');
  // It is connecting that this bounds: a daemon that accepts nobody has a full queue.
  nativeSetsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, timeval(timeoutMs));
  const address = new Uint8Array(2 + name.length + 1);
  address[0] = AF_UNIX;
  address.set(name, 2);
  const deadline = now() + timeoutMs;
  if (nativeConnect(fd, address) === 0) return fd;
  if (now() >= deadline) throw new Error(`nobody accepted a connection within ${timeoutMs} ms`);
  // The reason of libc is out of reach; the usual one is that there is no such file, and that this tells.
  statSync(path);
  throw new Error('nobody listens there');
}

function timeval(ms: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Math.floor(ms / 1000), true);
  view.setUint32(8, (ms % 1000) * 1000, true);
  return bytes;
}

/** @throws Error when not all is taken before `deadline` (of `now`) */
export function sendAll(fd: number, data: Uint8Array, deadline: number): void {
  let sent = 0;
  while (sent < data.length) {
    if (!writable(fd, deadline)) throw new Error('it does not take the request');
    const count = nativeSend(fd, data.subarray(sent), MSG_DONTWAIT_NOSIGNAL);
    if (count < 0) throw new Error('it closed the connection');
    sent += count;
  }
}

/** Bytes as they come, in one piece of memory. */
export class Received {
  #bytes = new Uint8Array(16 * 1024);
  #length = 0;

  /** Reads once, what is there. @returns how much that was: 0 at the end */
  readFrom(fd: number): number {
    if (this.#length === this.#bytes.length) {
      const larger = new Uint8Array(this.#length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    const count = readSync(fd, this.#bytes, this.#length, this.#bytes.length - this.#length, null);
    this.#length += count;
    return count;
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}
