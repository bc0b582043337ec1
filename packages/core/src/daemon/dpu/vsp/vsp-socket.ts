/** The VSP's socket on the node: there, gone, or another one than before. */
import { type FSWatcher, lstatSync, mkdirSync, watch } from 'node:fs';
import { join } from 'node:path';

/** Milliseconds until a watch that ended by itself starts anew. */
const againMs = 1_000;

export interface VspSocket {
  path: string;
  /** Another one for every VSP that binds the path. */
  id: string;
}

/**
 * Tells of the socket as it appears, is replaced by a VSP that starts anew, and goes. Makes the directory, private to
 * root, because it is mounted into the VSP's pod and must be there first.
 *
 * @param onSocket called at once with what there is, and on each change; undefined where there is none
 */
export function watchSocket(
  options: { directory: string; name: string },
  onSocket: (socket: VspSocket | undefined) => void,
): { close(): void } {
  const path = join(options.directory, options.name);
  mkdirSync(options.directory, { recursive: true, mode: 0o700 });
  let known: string | undefined = 'not looked for yet';
  const look = () => {
    const stat = lstatSync(path, { throwIfNoEntry: false, bigint: true });
    // A link would lead the daemon wherever the VSP likes.
    const found = stat?.isSocket() ? `${stat.ino}/${stat.birthtimeNs}` : undefined;
    if (found === known) return;
    known = found;
    onSocket(found === undefined ? undefined : { path, id: found });
  };
  let closed = false;
  let watcher: FSWatcher | undefined;
  const start = () => {
    if (closed) return;
    watcher = watch(options.directory, (_event, name) => {
      if (name === options.name) look();
    });
    // What happened meanwhile was not told.
    watcher.on('error', () => {
      watcher?.close();
      setTimeout(start, againMs).unref();
    });
    look();
  };
  start();
  return {
    close: () => {
      closed = true;
      watcher?.close();
    },
  };
}
