/** What checks say of answers. Each throws a Breach that says what was and what should have been. */
import { isDeepStrictEqual } from 'node:util';
import { DpuError, type ErrorCode } from '../errors.ts';
import { Breach } from './breach.ts';
import { show } from './vsp/exchange.ts';

export function holds(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new Breach(otherwise);
}

export function same(actual: unknown, expected: unknown, what: string): void {
  if (!isDeepStrictEqual(actual, expected)) {
    throw new Breach(`${what} must be ${show(expected)}, is ${show(actual)}`);
  }
}

/** What servers answer to a message that cannot be decoded. */
export const undecodable: readonly ErrorCode[] = ['INTERNAL', 'INVALID_ARGUMENT', 'UNKNOWN', 'UNIMPLEMENTED'];

/** @param names What the error's text must contain one of: fields or resources. */
export async function refuses(
  call: Promise<unknown>,
  codes: ErrorCode | readonly ErrorCode[],
  names: readonly string[] = [],
): Promise<DpuError> {
  const wanted = typeof codes === 'string' ? [codes] : codes;
  const text = wanted.join(' or ');
  let error: DpuError;
  try {
    const answer = await call;
    throw new Breach(`the call must fail with ${text}, it answered ${show(answer)}`);
  } catch (cause) {
    if (cause instanceof Breach) throw cause;
    error = DpuError.from(cause);
  }
  if (!wanted.includes(error.code)) {
    throw new Breach(`the call must fail with ${text}, it failed with ${error.code}: ${error.message}`);
  }
  if (names.length > 0 && !names.some((name) => error.message.includes(name))) {
    throw new Breach(`the error must name ${names.join(' or ')}, it says: ${error.message}`);
  }
  return error;
}

/** The same text for the same content, whatever the order of a message's fields. */
export function ordered<T>(items: Iterable<T>): T[] {
  return [...items].sort((a, b) => (show(a) < show(b) ? -1 : 1));
}
