/** The unix socket that a VSP serves on. */
import { lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { DpuError } from '../errors.ts';

/** sun_path of unix(7), without its closing zero. */
const maximumPathBytes = 107;

/**
 * Makes way for a socket: removes one that a killed process left behind.
 *
 * @throws DpuError INVALID_ARGUMENT when the path is too long, NOT_FOUND when its directory does not exist,
 * ALREADY_EXISTS when another process answers on it or it is something else than a socket.
 */
export async function prepareSocket(path: string): Promise<void> {
  if (Buffer.byteLength(path) > maximumPathBytes) {
    throw new DpuError(
      'INVALID_ARGUMENT',
      `socket ${path}: a path may have ${maximumPathBytes} bytes; use a shorter one`,
    );
  }
  const there = await lstat(path).catch(absent);
  if (!there) {
    if (await lstat(dirname(path)).catch(absent)) return;
    throw new DpuError('NOT_FOUND', `socket ${path}: its directory does not exist; create it first`);
  }
  if (!there.isSocket()) throw new DpuError('ALREADY_EXISTS', `${path} is not a socket; remove it or use another path`);
  if (await answers(path)) {
    throw new DpuError('ALREADY_EXISTS', `another process serves ${path}; stop it or use another path`);
  }
  await unlink(path).catch(absent);
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

function answers(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(path);
  socket.once('connect', () => resolve(true));
  socket.once('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}
