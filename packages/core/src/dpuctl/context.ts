import type { KubeStore } from '../kube/index.ts';

/** What a command works with. */
export interface Context {
  store: KubeStore;
  /** The operator's. */
  namespace: string;
  /** Writes a line of the command's output. */
  print(text: string): void;
}

/** What was asked for cannot be done as it is: the words say what to do. */
export class UsageError extends Error {}
