/**
 * The native module through which C functions are called. It is loaded when it is first needed: what imports the SDK
 * and asks the kernel nothing pays nothing. Of the npm package `koffi` only the part for this machine is used, which
 * needs no install script.
 */
import { createRequire } from 'node:module';
import { DpuError } from '../../errors.ts';

type Argument = number | string | Buffer;

/** A C function whose result is a number. */
export interface NativeFunction {
  (...args: readonly Argument[]): number;
  /** On a thread of libuv's pool. `errno` of the call can be read in the callback. */
  async(...args: readonly (Argument | ((error: unknown, result: number) => void))[]): void;
}

/** Readiness of a file descriptor, from libuv's own loop: no thread waits. */
export interface PollHandle {
  close(): void;
  unref(): void;
}

/** The part of koffi 3.3.4 that is used (its index.d.ts). */
export interface Koffi {
  load(library: string | null): { func(name: string, result: string, parameters: readonly string[]): NativeFunction };
  errno(): number;
  node: { poll(fd: number, events: { readable: boolean }, callback: () => void): PollHandle };
}

let loaded: Koffi | undefined;

/** @throws DpuError UNIMPLEMENTED on another platform, or where npm was told to leave optional packages out */
export function koffi(): Koffi {
  if (loaded) return loaded;
  const name = `@koromix/koffi-linux-${process.arch}`;
  try {
    const native: Koffi = createRequire(import.meta.url)(name);
    loaded = native;
    return native;
  } catch (cause) {
    throw new DpuError('UNIMPLEMENTED', `netlink needs the package ${name}, which is not installed`, { cause });
  }
}
