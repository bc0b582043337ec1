/** Messages of requests and answers, for services whose resources can be updated. */
import { DpuError } from '../../errors.ts';

/** @throws DpuError INVALID_ARGUMENT naming the field that the caller left out. */
export function required<T>(message: T | null, field: string): T {
  if (!message) throw new DpuError('INVALID_ARGUMENT', `${field} is missing`);
  return message;
}

/**
 * What a plugin answered, in the words of the wire.
 *
 * @throws DpuError INTERNAL when that cannot be said: the plugin is at fault and not the caller, whose fault the same
 * would be in a request.
 */
export function fromPlugin<Answer, Wire>(answer: Answer, toWire: (answer: Answer) => Wire): Wire {
  try {
    return toWire(answer);
  } catch (cause) {
    throw new DpuError('INTERNAL', `the plugin's answer is wrong: ${DpuError.from(cause).message}`, { cause });
  }
}

/** An answer as the caller would get it, with all fields there. */
export function received<ResponseIn, ResponseOut>(
  method: { responseSerialize(value: ResponseIn): Buffer; responseDeserialize(bytes: Buffer): ResponseOut },
  response: ResponseIn,
): ResponseOut {
  return method.responseDeserialize(method.responseSerialize(response));
}
