/** The node that a software DPU works on. */
import { type Exec, exec } from '@dpu-operator/sdk/linux';

export interface Platform {
  /** Runs programs in the node's network namespace. */
  exec: Exec;
  /** Path of that namespace; undefined where it is that of this process. */
  netns?: string;
  /** Where container runtimes keep the network namespaces of pods. */
  netnsDirectory: string;
  /** Only root may write here. */
  runDirectory: string;
  /** Where the commands of Open vSwitch look by themselves, so that they show this switch to whoever debugs it. */
  ovsDirectory?: string;
}

/** This machine, or one of its network namespaces taken for a node. */
export function linuxPlatform(netns?: string): Platform {
  const places = { netnsDirectory: '/var/run/netns', runDirectory: '/run' };
  if (netns === undefined) return { ...places, exec, ovsDirectory: '/var/run/openvswitch' };
  const inside: Exec = (file, args, options) => exec('nsenter', [`--net=${netns}`, file, ...args], options);
  return { ...places, netns, exec: inside };
}

/** Runs one task after the other, in the order they came. */
export class Serial {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task, task);
    this.#last = result.catch(() => {});
    return result;
  }
}
