/**
 * The native module through which C functions are called. It is loaded when it is first needed: what imports the SDK
 * and asks the kernel nothing pays nothing. Of the npm package `koffi` only the part for this machine is used, which
 * needs no install script.
 */
import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { DpuError } from '../../../errors.ts';

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
}

/** The part of koffi 3.3.4 that is used (its index.d.ts). */
export interface Koffi {
  load(library: string | null): { func(name: string, result: string, parameters: readonly string[]): NativeFunction };
  errno(): number;
  /** Of memory that stays where it is as long as the buffer is referred to. */
  address(bytes: Buffer): bigint;
  /** @param callback given 0, or a negative number where libuv found an error and stopped */
  node: { poll(fd: number, events: { readable: boolean }, callback: (status: number) => void): PollHandle };
}

let loaded: Koffi | undefined;

/** @throws DpuError UNIMPLEMENTED on another platform, or where npm was told to leave optional packages out */
export function koffi(): Koffi {
  loaded ??= load(`@koromix/koffi-linux-${process.arch}`);
  return loaded;
}

/** A plugin that holds this in its bundle may have come without the module: then the program that runs it has one. */
function load(name: string): Koffi {
  const places = [() => import.meta.url, () => realpathSync(process.argv[1] ?? '')];
  const causes: unknown[] = [];
  for (const place of places) {
    try {
      return createRequire(place())(name);
    } catch (cause) {
      causes.push(cause);
    }
  }
  throw new DpuError('UNIMPLEMENTED', `netlink needs the package ${name}, which is not installed`, {
    cause: causes[0],
  });
}
