import { koffi, type NativeFunction } from './netlink/kernel/koffi.ts';

let mallocTrim: NativeFunction | undefined;

/**
 * Has the C library give freed memory back to the kernel: compilers of V8 leave 12 MB of it in its arenas. Only glibc can
 * (malloc_trim(3)); elsewhere this does nothing.
 */
export function trimHeap(): void {
  try {
    mallocTrim ??= koffi().load('libc.so.6').func('malloc_trim', 'int', ['size_t']);
    mallocTrim(0);
  } catch {
    // Not glibc, or without the native module: the memory stays.
  }
}
