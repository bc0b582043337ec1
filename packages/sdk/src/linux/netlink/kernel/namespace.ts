/**
 * Network namespaces. A thread is in a pod's namespace only within one synchronous call, so nothing else ever runs
 * there: sockets keep the namespace in which they were opened.
 */
import { closeSync, constants, openSync, statfsSync } from 'node:fs';
import { DpuError } from '../../../errors.ts';
import { fileError } from './kernel-error.ts';
import { enterNetworkNamespace } from './libc.ts';

/** linux/magic.h NSFS_MAGIC */
const nsfs = 0x6e736673;

/** A network namespace that stays the same while this is open, whatever its path leads to by then. */
export class NetworkNamespace {
  /** For messages to the kernel. */
  readonly fd: number;

  private constructor(fd: number) {
    this.fd = fd;
  }

  /** @throws DpuError NOT_FOUND where there is none (any more), RESOURCE_EXHAUSTED without file descriptors */
  static open(path: string): NetworkNamespace {
    const what = `network namespace ${JSON.stringify(path)}`;
    try {
      // Opening what is no namespace can wait (a FIFO) or do things (a device). A plain file is what is left of a
      // namespace of `ip netns` while it is being removed.
      if (statfsSync(path).type !== nsfs)
        throw new DpuError('NOT_FOUND', `${what}: there is no namespace at that path`);
      return new NetworkNamespace(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
    } catch (error) {
      throw error instanceof DpuError ? error : fileError(error, what);
    }
  }

  /** That of this thread; it stays open. */
  static get home(): NetworkNamespace {
    home ??= new NetworkNamespace(openSync('/proc/thread-self/ns/net', 'r'));
    return home;
  }

  /**
   * Does something there and comes back.
   *
   * @param work synchronous
   * @throws DpuError INVALID_ARGUMENT for a namespace of another kind
   */
  run<T>(work: () => T): T {
    if (this === home) return work();
    const { fd: wayBack } = NetworkNamespace.home;
    enterNetworkNamespace(this.fd);
    try {
      return work();
    } finally {
      comeBack(wayBack);
    }
  }

  close(): void {
    if (this !== home) closeSync(this.fd);
  }
}

let home: NetworkNamespace | undefined;

/** All that this process does next would hit the pod: nothing may run. */
function comeBack(wayBack: number): void {
  try {
    enterNetworkNamespace(wayBack);
  } catch (error) {
    console.error('cannot leave a network namespace:', error);
    process.abort();
  }
}
