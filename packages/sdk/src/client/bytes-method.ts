import type { Method } from '../wire/grpc/method.ts';

/**
 * A method with the messages as they are on the wire, to send what no well-formed client would: unknown fields, broken
 * encodings.
 */
export function bytesMethod({
  path,
  requestStream,
  responseStream,
}: AnyMethod): Method<Buffer, Buffer, Buffer, Buffer> {
  const same = (bytes: Buffer) => bytes;
  return {
    path,
    requestStream,
    responseStream,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
}

type AnyMethod = Pick<Method<never, never, unknown, unknown>, 'path' | 'requestStream' | 'responseStream'>;
