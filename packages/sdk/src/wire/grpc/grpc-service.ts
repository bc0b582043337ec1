/** From the description of a protobuf service to what grpc-js serves and calls. */
import type { MethodDefinition } from '@grpc/grpc-js';
import type protobuf from 'protobufjs/light.js';

/**
 * The methods of a service by their names.
 *
 * @param root with its types resolved
 * @param fullName the service's name with its package, e.g. `v1beta1.Registration`
 * @param conversion how messages look in JavaScript
 */
export function grpcService(
  root: protobuf.Namespace,
  fullName: string,
  conversion: protobuf.IConversionOptions,
): Record<string, MethodDefinition<object, object>> {
  const codec = (type: protobuf.Type | null) => {
    if (!type) throw new Error(`${fullName} names a message that its descriptor does not hold`);
    return {
      // The writer of protobufjs makes Buffers where there is a global Buffer.
      serialize: (value: object) => type.encode(type.fromObject(value)).finish() as Buffer,
      deserialize: (bytes: Buffer): object => type.toObject(type.decode(bytes), conversion),
    };
  };
  const methods = root.lookupService(fullName).methodsArray.map((rpc) => {
    const request = codec(rpc.resolvedRequestType);
    const response = codec(rpc.resolvedResponseType);
    const definition: MethodDefinition<object, object> = {
      path: `/${fullName}/${rpc.name}`,
      requestStream: rpc.requestStream ?? false,
      responseStream: rpc.responseStream ?? false,
      requestSerialize: request.serialize,
      requestDeserialize: request.deserialize,
      responseSerialize: response.serialize,
      responseDeserialize: response.deserialize,
    };
    return [rpc.name, definition] as const;
  });
  return Object.fromEntries(methods);
}
