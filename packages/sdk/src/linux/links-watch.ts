/** Link changes as they happen, from the kernel's notifications. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface LinkChange {
  name: string;
  deleted: boolean;
  /** What made it (IFLA_INFO_KIND): `veth`, `vxlan`; undefined for hardware, and where that was not told. */
  kind?: string;
  /** Of hardware on the PCI bus. */
  pciAddress?: string;
}

export interface WatchLinksOptions {
  signal: AbortSignal;
  /** Path of a network namespace; that of this process unless told. */
  netns?: string;
  /**
   * The watch ended by itself and starts anew; whatever changed in between was not seen, so the caller should look.
   */
  onRestart?: (reason: string) => void;
}

/** Milliseconds before an `ip monitor` that ended is started again: long enough not to spin where `ip` is missing. */
const RESTART_DELAY_MS = 1_000;

/** Calls `onChange` for every link that is made, changed, moved or deleted until the signal aborts. */
export function watchLinks(onChange: (change: LinkChange) => void, options: WatchLinksOptions): void {
  const { signal, netns } = options;
  if (signal.aborted) return;
  const monitor = ['ip', '-oneline', 'monitor', 'link'];
  const [file, ...args] = netns ? ['nsenter', `--net=${netns}`, ...monitor] : monitor;
  const child = spawn(file ?? 'ip', args, { stdio: ['ignore', 'pipe', 'pipe'], signal });
  let lastWords = '';
  child.stderr.on('data', (chunk: Buffer) => {
    lastWords = `${chunk}`.trim() || lastWords;
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const change = parseLinkChange(line);
    if (change) onChange(change);
  });
  child.on('error', (error) => {
    lastWords = error.message;
  });
  child.on('close', () => {
    if (signal.aborted) return;
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', cancel);
      watchLinks(onChange, options);
      options.onRestart?.(`ip monitor ended: ${lastWords || 'no reason given'}`);
    }, RESTART_DELAY_MS);
    const cancel = () => clearTimeout(timer);
    signal.addEventListener('abort', cancel, { once: true });
  });
}

/** A line of `ip -oneline monitor link`: `[Deleted ]<index>: <name>[@<peer>]: <flags> …`. */
export function parseLinkChange(line: string): LinkChange | undefined {
  const [, deleted, name] = /^(Deleted )?\d+: ([^:@\s]+)[:@]/.exec(line) ?? [];
  return name === undefined ? undefined : { name, deleted: deleted !== undefined };
}
