/** Messages of requests and answers, for services whose resources can be updated. */
import { DpuError } from '../../../errors.ts';

/** @throws DpuError INVALID_ARGUMENT naming the field that the caller left out. */
export function required<T>(message: T | null, field: string): T {
  if (!message) throw new DpuError('INVALID_ARGUMENT', `${field} is missing`);
  return message;
}

/** An answer as the caller would get it, with all fields there. */
export function received<ResponseIn, ResponseOut>(
  method: { responseSerialize(value: ResponseIn): Buffer; responseDeserialize(bytes: Buffer): ResponseOut },
  response: ResponseIn,
): ResponseOut {
  return method.responseDeserialize(method.responseSerialize(response));
}
