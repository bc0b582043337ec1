/**
 * One record in one file: `{ version, key, record }`. The name is a hash of the key, so that no two keys share a file
 * and none is too long for one.
 *
 * Records decide what is undone and which programs run, so a file counts only when this user alone can have written
 * it. Whatever else carries such a name (a link, a FIFO, a directory, gigabytes) is named with a reason, and never
 * followed or waited for.
 */
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { z } from 'zod';

/** Raised when an older daemon would misread what is written. */
const version = 1;
/** Records have some kilobytes. */
const longest = 1024 * 1024;

export const extension = '.json';

const envelope = z.object({ version: z.int(), key: z.string(), record: z.unknown() });

export interface RecordFormat<T> {
  schema: z.ZodType<T>;
  /** The key of a record that tells it by itself. */
  keyOf?: ((record: T) => string) | undefined;
}

export interface StoredRecord<T> {
  key: string;
  record: T;
}

export const fileNameOf = (key: string): string => `${createHash('sha256').update(key).digest('hex')}${extension}`;

/** Whether a file's name is one that {@link fileNameOf} makes. */
export const isFileName = (name: string): boolean => /^[0-9a-f]{64}\.json$/.test(name);

export const encodeRecord = (key: string, record: unknown): string => JSON.stringify({ version, key, record });

/** @throws Error saying why the file holds no record */
export function readRecord<T>(path: string, format: RecordFormat<T>): StoredRecord<T> {
  const { version: its, key, record: stored } = parse(envelope, parseJson(readOwnFile(path)));
  if (its > version) throw new Error(`it has version ${its}, and this daemon knows those up to ${version}`);
  const record = parse(format.schema, stored);
  if (format.keyOf && format.keyOf(record) !== key) throw new Error(`its key ${key} is not that of its record`);
  return { key, record };
}

function readOwnFile(path: string): string {
  const file = open(path);
  try {
    const { mode, size, uid } = fstatSync(file);
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw new Error('it is no plain file');
    if (uid !== process.getuid?.()) throw new Error(`it belongs to user ${uid}`);
    if (mode & (constants.S_IWGRP | constants.S_IWOTH)) throw new Error('others than its owner may write it');
    if (size > longest) throw new Error(`it has ${size} bytes`);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

/** Follows no link, and does not wait for a FIFO's other end. */
function open(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // open(2): of a socket, and of a link that is not to be followed.
    if (code === 'ENXIO' || code === 'ELOOP') throw new Error('it is no plain file', { cause: error });
    throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error('it is not JSON', { cause });
  }
}

function parse<T>(schema: z.ZodType<T>, json: unknown): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new Error(`${issue?.path.join('.') || 'it'}: ${issue?.message}`);
}
